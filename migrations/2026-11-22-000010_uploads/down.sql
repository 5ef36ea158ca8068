DROP INDEX handings_by_dealer;
DROP TABLE standard_pictures;
DROP TABLE judged_visits;
DROP TABLE judgements;
DROP TABLE evidence_looks;
DROP TABLE upload_pieces;
DROP TABLE uploads;
