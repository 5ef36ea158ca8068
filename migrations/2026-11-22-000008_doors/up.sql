-- Coming in: passwords, second factors, sessions, resets; and the role that people with part of a network work under.

-- Under farsight_person a row of a dealer is seen only when the dealer is among those of the transaction
-- (farsight.dealers, a list of codes). It may do what farsight_app may, within that.
DO $$
DECLARE
    needed CONSTANT text := CASE WHEN current_setting('server_version_num')::integer >= 160000 THEN 'SET' ELSE 'MEMBER' END;
BEGIN
    BEGIN
        IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'farsight_person') THEN
            CREATE ROLE farsight_person NOLOGIN;
        END IF;
    EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; -- another database's migration came first
    END;
    IF NOT pg_has_role('farsight_person', 'farsight_app', 'USAGE') THEN
        GRANT farsight_app TO farsight_person;
    END IF;
    IF NOT pg_has_role(current_user, 'farsight_person', needed) THEN
        EXECUTE format('GRANT farsight_person TO %I', current_user);
    END IF;
EXCEPTION WHEN insufficient_privilege THEN
    RAISE EXCEPTION 'user % may not make the role that people work under; a superuser has to run once: CREATE ROLE farsight_person NOLOGIN; GRANT farsight_app TO farsight_person; GRANT farsight_person TO %',
        current_user, quote_ident(current_user) USING ERRCODE = 'insufficient_privilege';
END
$$;

ALTER TABLE users
    ADD COLUMN user_id integer GENERATED ALWAYS AS IDENTITY,
    ADD COLUMN name text NOT NULL DEFAULT '',
    ADD COLUMN language text NOT NULL DEFAULT '',
    ADD COLUMN password_hash text,
    ADD COLUMN password_set_at timestamptz,
    ADD COLUMN totp_sealed bytea,
    ADD COLUMN totp_confirmed_at timestamptz,
    ADD COLUMN totp_last_step bigint NOT NULL DEFAULT 0,
    ADD COLUMN failures integer NOT NULL DEFAULT 0,
    ADD COLUMN locked_until timestamptz,
    ADD COLUMN disabled_at timestamptz,
    ADD CONSTRAINT users_by_number UNIQUE (tenant_id, user_id);

CREATE INDEX dealers_by_region ON dealers (tenant_id, region_code) WHERE superseded_at = 'infinity';

-- The dealers of the transaction. Asked once a statement: a policy compares with it by a hashed subquery.
CREATE FUNCTION farsight_dealers() RETURNS SETOF text LANGUAGE sql STABLE PARALLEL SAFE AS
$$ SELECT unnest(string_to_array(current_setting('farsight.dealers', true), ',')) $$;

-- The dealers that a user sees on a day: those named, and those in the user's regions that day.
CREATE FUNCTION farsight_dealers_of(who integer, today date) RETURNS SETOF text LANGUAGE sql STABLE AS $$
    SELECT unnest(u.dealers) FROM users u WHERE u.user_id = who
    UNION
    SELECT d.dealer_code FROM users u JOIN dealers d ON d.tenant_id = u.tenant_id AND d.region_code = ANY (u.regions)
    WHERE u.user_id = who AND d.superseded_at = 'infinity' AND NOT d.voided AND NOT EXISTS (
        SELECT FROM dealer_regions m WHERE m.tenant_id = d.tenant_id AND m.dealer_code = d.dealer_code
            AND m.superseded_at = 'infinity' AND NOT m.voided AND m."from" <= today)
    UNION
    SELECT m.dealer_code FROM users u JOIN dealer_regions m ON m.tenant_id = u.tenant_id AND m.region_code = ANY (u.regions)
    WHERE u.user_id = who AND m.superseded_at = 'infinity' AND NOT m.voided AND m."from" <= today AND NOT EXISTS (
        SELECT FROM dealer_regions l WHERE l.tenant_id = m.tenant_id AND l.dealer_code = m.dealer_code
            AND l.superseded_at = 'infinity' AND NOT l.voided AND l."from" <= today AND l."from" > m."from")
$$;

-- Gives a table the policy that a person sees only their dealers' rows. To be called by each migration that makes a
-- table with a dealer in it; a test asks the schema whether it was.
CREATE PROCEDURE farsight_keep_to_dealers(named text, condition text DEFAULT 'dealer_code IN (SELECT farsight_dealers())')
LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('CREATE POLICY own_dealers ON %I AS RESTRICTIVE TO farsight_person USING (%s)', named, condition);
END
$$;

-- Makes a table one of a tenant's: row-level security by tenant, forced, and what the program may do with it.
CREATE PROCEDURE farsight_keep_to_tenant(named text, may text)
LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('GRANT %s ON %I TO farsight_app', may, named);
    EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', named);
    EXECUTE format(
        'CREATE POLICY own_tenant ON %I USING (tenant_id = (SELECT nullif(current_setting(''farsight.tenant'', true), '''')::integer))',
        named);
    EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', named);
END
$$;

DO $$
DECLARE
    named text;
BEGIN
    FOR named IN
        SELECT c.table_name FROM information_schema.columns c JOIN information_schema.tables t USING (table_schema, table_name)
        WHERE c.table_schema = 'public' AND c.column_name = 'dealer_code' AND t.table_type = 'BASE TABLE'
          AND c.table_name NOT IN ('alerts', 'vehicles', 'part_prices')
        ORDER BY 1
    LOOP
        CALL farsight_keep_to_dealers(named);
    END LOOP;
    CALL farsight_keep_to_dealers('alerts');
    -- A car is seen by the dealer that sold it; a price without a dealer is the manufacturer's, for all to see.
    CALL farsight_keep_to_dealers('vehicles');
    CALL farsight_keep_to_dealers('part_prices', $c$dealer_code = '' OR dealer_code IS NULL OR dealer_code IN (SELECT farsight_dealers())$c$);
    CALL farsight_keep_to_dealers('complaint_events', $c$EXISTS (SELECT FROM complaints c
        WHERE c.tenant_id = complaint_events.tenant_id AND c.complaint_id = complaint_events.complaint_id AND c.superseded_at = 'infinity')$c$);
    CALL farsight_keep_to_dealers('work_order_delays', $c$EXISTS (SELECT FROM work_orders w
        WHERE w.tenant_id = work_order_delays.tenant_id AND w.work_order_id = work_order_delays.work_order_id AND w.superseded_at = 'infinity')$c$);
    CALL farsight_keep_to_dealers('callbacks', $c$EXISTS (SELECT FROM work_orders w
        WHERE w.tenant_id = callbacks.tenant_id AND w.work_order_id = callbacks.work_order_id AND w.superseded_at = 'infinity')$c$);
    CALL farsight_keep_to_dealers('certificates', $c$EXISTS (SELECT FROM employments e
        WHERE e.tenant_id = certificates.tenant_id AND e.person_code = certificates.person_code AND e.superseded_at = 'infinity')$c$);
    -- A content is seen by those whose dealer it was handed in for.
    CALL farsight_keep_to_dealers('evidence', $c$EXISTS (SELECT FROM handings h
        WHERE h.tenant_id = evidence.tenant_id AND h.sha256 = evidence.sha256)$c$);
    CALL farsight_keep_to_dealers('settlement_lines', $c$party_kind = 'dealer' AND party_code IN (SELECT farsight_dealers())$c$);
END
$$;

-- A browser that is signed in. Only the hash of its secret is kept.
CREATE TABLE sessions (
    tenant_id integer NOT NULL REFERENCES tenants,
    secret_sha256 bytea NOT NULL,
    user_id integer NOT NULL,
    begun_at timestamptz NOT NULL,
    seen_at timestamptz NOT NULL,
    ends_at timestamptz NOT NULL,
    second_factor_at timestamptz,
    browser text NOT NULL,
    address text NOT NULL,
    PRIMARY KEY (tenant_id, secret_sha256),
    FOREIGN KEY (tenant_id, user_id) REFERENCES users (tenant_id, user_id)
);
CREATE INDEX sessions_by_user ON sessions (tenant_id, user_id);
CALL farsight_keep_to_tenant('sessions', 'SELECT, INSERT, UPDATE, DELETE');

-- A way to set a password without the old one: an invitation, or a reset. Only the hash of its secret is kept.
CREATE TABLE password_resets (
    tenant_id integer NOT NULL REFERENCES tenants,
    secret_sha256 bytea NOT NULL,
    user_id integer NOT NULL,
    made_at timestamptz NOT NULL,
    ends_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, secret_sha256),
    FOREIGN KEY (tenant_id, user_id) REFERENCES users (tenant_id, user_id)
);
CREATE INDEX password_resets_by_user ON password_resets (tenant_id, user_id, made_at);
CALL farsight_keep_to_tenant('password_resets', 'SELECT, INSERT, UPDATE, DELETE');

-- A mail with a reset's link is a delivery too.
ALTER TABLE deliveries DROP CONSTRAINT deliveries_what_check,
    ADD CONSTRAINT deliveries_what_check CHECK (what IN ('alerts', 'digest', 'test', 'reset'));
