ALTER TABLE policies DROP COLUMN drafted_by;
DROP TABLE policy_drafts;
