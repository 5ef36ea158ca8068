DROP INDEX audit_log_by_action;
DROP INDEX entries_by_party;
DROP TABLE statement_answers;
DROP TABLE settlement_changes;
DROP TABLE settlement_totals;
DROP TABLE settlement_sums;
DROP TABLE settlement_parties;
DROP TABLE settlement_figures;
