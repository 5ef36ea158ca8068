DELETE FROM sum_months WHERE kind = 'homes';
DELETE FROM home_sums;
ALTER TABLE home_sums DROP COLUMN idle, ADD COLUMN vehicles bigint NOT NULL, ADD COLUMN away bigint NOT NULL;
ALTER TABLE sum_months ADD COLUMN away_days bigint NOT NULL DEFAULT 0;
