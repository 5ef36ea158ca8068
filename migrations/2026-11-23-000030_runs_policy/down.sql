ALTER TABLE runs DROP COLUMN newest_policy;
