DROP TABLE early_fault_sums, fault_sums, home_sums, sum_months;
DROP INDEX mystery_visits_by_dealer, part_prices_by_dealer, work_orders_by_visit, work_orders_by_completion, surveys_by_dealer_and_time;
