-- Homes of vehicles are kept by the days since each was last seen, so that whatever a policy calls away is counted from them:
-- they no longer depend on the policy, and a draft is replayed without counting vehicles again. Sums are a cache: those kept
-- so far are forgotten, and counted again when they are asked for.
DELETE FROM sum_months WHERE kind = 'homes';
DELETE FROM home_sums;
ALTER TABLE sum_months DROP COLUMN away_days;
ALTER TABLE home_sums DROP COLUMN vehicles, DROP COLUMN away, ADD COLUMN idle smallint[] NOT NULL;
COMMENT ON COLUMN home_sums.idle IS 'of each vehicle at home there at the month''s end, the days since its last visit, ascending';
