-- The number of an alert's latest change, for who pulls: given out under the turn of the books, so in the order of committing.
-- A notice tells people of what they are to know; a due date that moves is a change and no notice.
CREATE SEQUENCE alert_changes;
GRANT USAGE ON SEQUENCE alert_changes TO farsight_app;
ALTER TABLE alerts
    ADD COLUMN change bigint NOT NULL DEFAULT nextval('alert_changes'),
    ADD COLUMN changed_at timestamptz NOT NULL DEFAULT now();
ALTER TABLE alerts ALTER COLUMN changed_at DROP DEFAULT;
CREATE INDEX alerts_by_change ON alerts (tenant_id, change);
