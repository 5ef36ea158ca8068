DROP TRIGGER alerts_keep_states ON alerts;
DROP FUNCTION keep_alert_states();
DROP TABLE alert_states;
