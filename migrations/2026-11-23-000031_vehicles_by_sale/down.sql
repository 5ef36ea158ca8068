DROP INDEX vehicles_by_sale;
