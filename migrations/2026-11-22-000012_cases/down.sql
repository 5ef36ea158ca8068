DROP INDEX entries_by_dealer_day;
DROP TABLE penalty_drafts;
DROP TABLE rectification_steps;
DROP TABLE rectifications;
DROP TABLE appeals;
