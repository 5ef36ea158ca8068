-- Where a tenant's cameras may be: the operator's rules, as JSON; without a row the safe ones of the program hold.
CREATE TABLE camera_rules (
    tenant_id integer NOT NULL REFERENCES tenants,
    rules text NOT NULL,
    set_at timestamptz NOT NULL,
    set_by text NOT NULL,
    PRIMARY KEY (tenant_id)
);
GRANT SELECT, INSERT, UPDATE ON camera_rules TO farsight_app;
ALTER TABLE camera_rules ENABLE ROW LEVEL SECURITY;
CREATE POLICY own_tenant ON camera_rules
    USING (tenant_id = (SELECT nullif(current_setting('farsight.tenant', true), '')::integer));
ALTER TABLE camera_rules FORCE ROW LEVEL SECURITY;
