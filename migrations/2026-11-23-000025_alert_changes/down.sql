ALTER TABLE alerts DROP COLUMN changed_at, DROP COLUMN change;
DROP SEQUENCE alert_changes;
