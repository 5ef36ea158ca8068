DROP INDEX work_orders_unfixed;
DROP INDEX complaint_events_that_close;
