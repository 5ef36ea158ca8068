-- Alerts with a life: a number, what they cost, until when, before whom and until when there; and the notices that
-- tell of it, written in the transaction that caused them.

-- The owner, who may be no superuser, sees all tenants' rows for as long as this takes.
ALTER TABLE alerts NO FORCE ROW LEVEL SECURITY;
ALTER TABLE marks NO FORCE ROW LEVEL SECURITY;
ALTER TABLE touched NO FORCE ROW LEVEL SECURITY;

ALTER TABLE alerts
    ADD COLUMN alert_id bigint,
    ADD COLUMN region_code text NOT NULL DEFAULT '',
    ADD COLUMN amount bigint NOT NULL DEFAULT 0,
    ADD COLUMN due_at timestamptz,
    ADD COLUMN level text NOT NULL DEFAULT 'dealer' CHECK (level IN ('dealer', 'district-manager', 'region-director', 'hq')),
    ADD COLUMN level_since timestamptz,
    ADD COLUMN holder_code text,
    ADD COLUMN escalates_at timestamptz,
    ADD COLUMN flaps integer NOT NULL DEFAULT 0,
    -- When opening, escalating or coming back was last told; when coming back is yet to be.
    ADD COLUMN told_at timestamptz,
    ADD COLUMN tell_at timestamptz;

-- Alerts of before: numbered as they opened, at the dealer since then, escalating by the standard hours.
UPDATE alerts a
SET alert_id = n.number, level_since = a.opened_at, told_at = a.opened_at,
    escalates_at = a.opened_at + CASE a.severity WHEN 'critical' THEN interval '24 hours' WHEN 'warning' THEN interval '72 hours' END
FROM (SELECT tenant_id, family, subject, resolved_at,
             row_number() OVER (PARTITION BY tenant_id ORDER BY opened_at, family COLLATE "C", subject COLLATE "C", resolved_at) AS number
      FROM alerts) n
WHERE (n.tenant_id, n.family, n.subject, n.resolved_at) = (a.tenant_id, a.family, a.subject, a.resolved_at);
-- What they cost and until when, their checks say when they look at everything the next time.
INSERT INTO touched (tenant_id, check_name, import_id) SELECT tenant_id, check_name, 0 FROM marks ON CONFLICT DO NOTHING;

ALTER TABLE alerts
    ALTER COLUMN alert_id SET NOT NULL,
    ALTER COLUMN level_since SET NOT NULL,
    ALTER COLUMN told_at SET NOT NULL;
CREATE UNIQUE INDEX alerts_by_number ON alerts (tenant_id, alert_id);
CREATE INDEX alerts_by_escalation ON alerts (tenant_id, escalates_at) WHERE resolved_at = 'infinity' AND escalates_at IS NOT NULL;
CREATE INDEX alerts_yet_to_tell ON alerts (tenant_id, tell_at) WHERE resolved_at = 'infinity' AND tell_at IS NOT NULL;

-- What people are to be told of, in the order of committing: whoever writes here has the tenant's turn of the books.
CREATE TABLE notices (
    tenant_id integer NOT NULL,
    notice_id bigint NOT NULL,
    kind text NOT NULL,
    alert_id bigint,
    severity text NOT NULL,
    dealer_code text NOT NULL,
    region_code text NOT NULL,
    level text NOT NULL,
    -- Who held the post it came to, and who acknowledged it.
    holder_code text,
    actor text,
    at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, notice_id)
);
GRANT SELECT, INSERT ON notices TO farsight_app;
ALTER TABLE notices ENABLE ROW LEVEL SECURITY;
CREATE POLICY own_tenant ON notices USING (tenant_id = (SELECT nullif(current_setting('farsight.tenant', true), '')::integer));
ALTER TABLE notices FORCE ROW LEVEL SECURITY;

ALTER TABLE alerts FORCE ROW LEVEL SECURITY;
ALTER TABLE marks FORCE ROW LEVEL SECURITY;
ALTER TABLE touched FORCE ROW LEVEL SECURITY;
