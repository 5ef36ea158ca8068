-- What an alert said before each change, as far as it is exported: so that the books can be asked what they said on any day.
-- Only ever added to, by the database itself, whoever changes an alert.
CREATE TABLE alert_states (
    tenant_id integer NOT NULL,
    alert_id bigint NOT NULL,
    -- The number of the change that led to this state (alerts.change), and the moment at which the next one ended it.
    change bigint NOT NULL,
    until timestamptz NOT NULL,
    check_name text NOT NULL,
    clause text NOT NULL,
    dealer_code text NOT NULL,
    severity text NOT NULL,
    occurred_on date NOT NULL,
    acknowledged_at timestamptz,
    acknowledged_by text,
    resolved_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, alert_id, change)
);
CALL farsight_keep_to_tenant('alert_states', 'SELECT, INSERT');
CALL farsight_keep_to_dealers('alert_states');

CREATE FUNCTION keep_alert_states() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO alert_states
    SELECT b.tenant_id, b.alert_id, b.change, a.changed_at, b.check_name, b.clause, b.dealer_code, b.severity, b.occurred_on,
           b.acknowledged_at, b.acknowledged_by, b.resolved_at
    FROM before b JOIN after a USING (tenant_id, alert_id)
    WHERE (b.check_name, b.clause, b.dealer_code, b.severity, b.occurred_on, b.acknowledged_by, b.resolved_at)
        IS DISTINCT FROM (a.check_name, a.clause, a.dealer_code, a.severity, a.occurred_on, a.acknowledged_by, a.resolved_at);
    RETURN NULL;
END
$$;
CREATE TRIGGER alerts_keep_states AFTER UPDATE ON alerts
    REFERENCING OLD TABLE AS before NEW TABLE AS after FOR EACH STATEMENT EXECUTE FUNCTION keep_alert_states();
