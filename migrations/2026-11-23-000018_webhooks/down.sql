DROP INDEX deliveries_by_receiver;
DELETE FROM deliveries WHERE what = 'event' OR receiver LIKE 'webhook:%';
ALTER TABLE deliveries DROP COLUMN last_answer, DROP CONSTRAINT deliveries_what_check,
    ADD CONSTRAINT deliveries_what_check CHECK (what IN ('alerts', 'digest', 'test', 'reset'));
DROP TABLE webhook_cursors;
DROP TABLE webhooks;
