-- The books: tenants, policy, facts, what the checks found, the ledger, settlements, the audit log.
--
-- Every primary key begins with tenant_id, so that tables can be distributed by tenant. Row-level security is
-- forced on everything a tenant owns; the program works under the role farsight_app, which owns nothing.
-- The tables that grow have no foreign key to tenants: the tenant policy holds it, at no cost a row.

DO $$
DECLARE
    -- Since PostgreSQL 16 a role's maker may administer it without being able to take it.
    needed CONSTANT text := CASE WHEN current_setting('server_version_num')::integer >= 160000 THEN 'SET' ELSE 'MEMBER' END;
BEGIN
    BEGIN
        IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'farsight_app') THEN
            CREATE ROLE farsight_app NOLOGIN;
        END IF;
    EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; -- another database's migration came first
    END;
    IF NOT pg_has_role(current_user, 'farsight_app', needed) THEN
        EXECUTE format('GRANT farsight_app TO %I', current_user);
    END IF;
EXCEPTION WHEN insufficient_privilege THEN
    RAISE EXCEPTION 'user % may not make the role that the program works under; a superuser has to run once: CREATE ROLE farsight_app NOLOGIN; GRANT farsight_app TO %',
        current_user, quote_ident(current_user) USING ERRCODE = 'insufficient_privilege';
END
$$;

CREATE TABLE tenants (
    tenant_id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    code text NOT NULL UNIQUE,
    name text NOT NULL,
    time_zone text NOT NULL,
    currency text NOT NULL,
    first_judged_day date,
    simulated boolean NOT NULL,
    created_at timestamptz NOT NULL
);

CREATE TABLE policies (
    tenant_id integer NOT NULL REFERENCES tenants,
    version integer NOT NULL,
    name text NOT NULL,
    effective_on date NOT NULL,
    body text NOT NULL,
    published_at timestamptz NOT NULL,
    published_by text NOT NULL,
    PRIMARY KEY (tenant_id, version),
    UNIQUE (tenant_id, effective_on)
);

CREATE TABLE users (
    tenant_id integer NOT NULL REFERENCES tenants,
    email text NOT NULL,
    role text NOT NULL,
    regions text[] NOT NULL DEFAULT '{}',
    dealers text[] NOT NULL DEFAULT '{}',
    created_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, email)
);

-- One row a file (or other source) taken in; facts name it.
CREATE TABLE imports (
    tenant_id integer NOT NULL REFERENCES tenants,
    import_id bigint NOT NULL,
    fact_table text NOT NULL,
    source text NOT NULL,
    imported_by text NOT NULL,
    imported_at timestamptz NOT NULL,
    recorded_at timestamptz NOT NULL,
    row_count bigint NOT NULL,
    added bigint NOT NULL,
    corrected bigint NOT NULL,
    PRIMARY KEY (tenant_id, import_id)
);

-- Facts, bitemporal: the content that holds has superseded_at = infinity; a correction closes it and adds a row.
-- Scores and prices are in hundredths, amounts in minor units of the tenant's currency, months by their first day.

CREATE TABLE regions (
    tenant_id integer NOT NULL,
    region_code text NOT NULL,
    name text NOT NULL,
    voided boolean NOT NULL DEFAULT false,
    recorded_at timestamptz NOT NULL,
    superseded_at timestamptz NOT NULL DEFAULT 'infinity',
    import_id bigint NOT NULL,
    superseded_by bigint,
    line bigint NOT NULL,
    PRIMARY KEY (tenant_id, region_code, superseded_at)
);
CREATE INDEX regions_by_import ON regions (tenant_id, import_id);
CREATE INDEX regions_by_correction ON regions (tenant_id, superseded_by) WHERE superseded_by IS NOT NULL;

CREATE TABLE people (
    tenant_id integer NOT NULL,
    person_code text NOT NULL,
    name text NOT NULL,
    voided boolean NOT NULL DEFAULT false,
    recorded_at timestamptz NOT NULL,
    superseded_at timestamptz NOT NULL DEFAULT 'infinity',
    import_id bigint NOT NULL,
    superseded_by bigint,
    line bigint NOT NULL,
    PRIMARY KEY (tenant_id, person_code, superseded_at)
);
CREATE INDEX people_by_import ON people (tenant_id, import_id);
CREATE INDEX people_by_correction ON people (tenant_id, superseded_by) WHERE superseded_by IS NOT NULL;

CREATE TABLE dealers (
    tenant_id integer NOT NULL,
    dealer_code text NOT NULL,
    name text NOT NULL,
    region_code text NOT NULL,
    province text,
    city text,
    lat double precision,
    lon double precision,
    opened_on date NOT NULL,
    closed_on date,
    voided boolean NOT NULL DEFAULT false,
    recorded_at timestamptz NOT NULL,
    superseded_at timestamptz NOT NULL DEFAULT 'infinity',
    import_id bigint NOT NULL,
    superseded_by bigint,
    line bigint NOT NULL,
    PRIMARY KEY (tenant_id, dealer_code, superseded_at)
);
CREATE INDEX dealers_by_import ON dealers (tenant_id, import_id);
CREATE INDEX dealers_by_correction ON dealers (tenant_id, superseded_by) WHERE superseded_by IS NOT NULL;

CREATE TABLE dealer_regions (
    tenant_id integer NOT NULL,
    dealer_code text NOT NULL,
    "from" date NOT NULL,
    region_code text NOT NULL,
    voided boolean NOT NULL DEFAULT false,
    recorded_at timestamptz NOT NULL,
    superseded_at timestamptz NOT NULL DEFAULT 'infinity',
    import_id bigint NOT NULL,
    superseded_by bigint,
    line bigint NOT NULL,
    PRIMARY KEY (tenant_id, dealer_code, "from", superseded_at)
);
CREATE INDEX dealer_regions_by_import ON dealer_regions (tenant_id, import_id);
CREATE INDEX dealer_regions_by_correction ON dealer_regions (tenant_id, superseded_by) WHERE superseded_by IS NOT NULL;

CREATE TABLE posts (
    tenant_id integer NOT NULL,
    person_code text NOT NULL,
    role text NOT NULL,
    scope_code text NOT NULL,
    "from" date NOT NULL,
    "to" date,
    voided boolean NOT NULL DEFAULT false,
    recorded_at timestamptz NOT NULL,
    superseded_at timestamptz NOT NULL DEFAULT 'infinity',
    import_id bigint NOT NULL,
    superseded_by bigint,
    line bigint NOT NULL,
    PRIMARY KEY (tenant_id, person_code, role, scope_code, "from", superseded_at)
);
CREATE INDEX posts_by_import ON posts (tenant_id, import_id);
CREATE INDEX posts_by_correction ON posts (tenant_id, superseded_by) WHERE superseded_by IS NOT NULL;

CREATE TABLE bays (
    tenant_id integer NOT NULL,
    dealer_code text NOT NULL,
    effective_on date NOT NULL,
    bays bigint NOT NULL,
    voided boolean NOT NULL DEFAULT false,
    recorded_at timestamptz NOT NULL,
    superseded_at timestamptz NOT NULL DEFAULT 'infinity',
    import_id bigint NOT NULL,
    superseded_by bigint,
    line bigint NOT NULL,
    PRIMARY KEY (tenant_id, dealer_code, effective_on, superseded_at)
);
CREATE INDEX bays_by_import ON bays (tenant_id, import_id);
CREATE INDEX bays_by_correction ON bays (tenant_id, superseded_by) WHERE superseded_by IS NOT NULL;

CREATE TABLE calendar (
    tenant_id integer NOT NULL,
    "day" date NOT NULL,
    "kind" text NOT NULL,
    voided boolean NOT NULL DEFAULT false,
    recorded_at timestamptz NOT NULL,
    superseded_at timestamptz NOT NULL DEFAULT 'infinity',
    import_id bigint NOT NULL,
    superseded_by bigint,
    line bigint NOT NULL,
    PRIMARY KEY (tenant_id, "day", superseded_at)
);
CREATE INDEX calendar_by_import ON calendar (tenant_id, import_id);
CREATE INDEX calendar_by_correction ON calendar (tenant_id, superseded_by) WHERE superseded_by IS NOT NULL;

CREATE TABLE customer_base (
    tenant_id integer NOT NULL,
    dealer_code text NOT NULL,
    month date NOT NULL,
    base_customers bigint NOT NULL,
    visits bigint,
    voided boolean NOT NULL DEFAULT false,
    recorded_at timestamptz NOT NULL,
    superseded_at timestamptz NOT NULL DEFAULT 'infinity',
    import_id bigint NOT NULL,
    superseded_by bigint,
    line bigint NOT NULL,
    PRIMARY KEY (tenant_id, dealer_code, month, superseded_at)
);
CREATE INDEX customer_base_by_import ON customer_base (tenant_id, import_id);
CREATE INDEX customer_base_by_correction ON customer_base (tenant_id, superseded_by) WHERE superseded_by IS NOT NULL;

CREATE TABLE cameras (
    tenant_id integer NOT NULL,
    camera_code text NOT NULL,
    dealer_code text NOT NULL,
    snapshot_url text NOT NULL,
    working boolean,
    voided boolean NOT NULL DEFAULT false,
    recorded_at timestamptz NOT NULL,
    superseded_at timestamptz NOT NULL DEFAULT 'infinity',
    import_id bigint NOT NULL,
    superseded_by bigint,
    line bigint NOT NULL,
    PRIMARY KEY (tenant_id, camera_code, superseded_at)
);
CREATE INDEX cameras_by_import ON cameras (tenant_id, import_id);
CREATE INDEX cameras_by_correction ON cameras (tenant_id, superseded_by) WHERE superseded_by IS NOT NULL;

CREATE TABLE inspections (
    tenant_id integer NOT NULL,
    inspection_id text NOT NULL,
    item_code text NOT NULL,
    dealer_code text NOT NULL,
    inspected_at timestamptz NOT NULL,
    result text NOT NULL,
    "kind" text NOT NULL,
    voided boolean NOT NULL DEFAULT false,
    recorded_at timestamptz NOT NULL,
    superseded_at timestamptz NOT NULL DEFAULT 'infinity',
    import_id bigint NOT NULL,
    superseded_by bigint,
    line bigint NOT NULL,
    PRIMARY KEY (tenant_id, inspection_id, item_code, superseded_at)
);
CREATE INDEX inspections_by_import ON inspections (tenant_id, import_id);
CREATE INDEX inspections_by_correction ON inspections (tenant_id, superseded_by) WHERE superseded_by IS NOT NULL;
CREATE INDEX inspections_by_dealer ON inspections (tenant_id, dealer_code);

CREATE TABLE complaints (
    tenant_id integer NOT NULL,
    complaint_id text NOT NULL,
    dealer_code text NOT NULL,
    received_at timestamptz NOT NULL,
    dispatched_at timestamptz,
    severity text NOT NULL,
    category text NOT NULL,
    vin text,
    channel text,
    "text" text,
    voided boolean NOT NULL DEFAULT false,
    recorded_at timestamptz NOT NULL,
    superseded_at timestamptz NOT NULL DEFAULT 'infinity',
    import_id bigint NOT NULL,
    superseded_by bigint,
    line bigint NOT NULL,
    PRIMARY KEY (tenant_id, complaint_id, superseded_at)
);
CREATE INDEX complaints_by_import ON complaints (tenant_id, import_id);
CREATE INDEX complaints_by_correction ON complaints (tenant_id, superseded_by) WHERE superseded_by IS NOT NULL;
CREATE INDEX complaints_by_vehicle ON complaints (tenant_id, dealer_code, vin);

CREATE TABLE complaint_events (
    tenant_id integer NOT NULL,
    complaint_id text NOT NULL,
    "at" timestamptz NOT NULL,
    "kind" text NOT NULL,
    actor_role text,
    satisfied boolean,
    note text,
    voided boolean NOT NULL DEFAULT false,
    recorded_at timestamptz NOT NULL,
    superseded_at timestamptz NOT NULL DEFAULT 'infinity',
    import_id bigint NOT NULL,
    superseded_by bigint,
    line bigint NOT NULL,
    PRIMARY KEY (tenant_id, complaint_id, "at", "kind", superseded_at)
);
CREATE INDEX complaint_events_by_import ON complaint_events (tenant_id, import_id);
CREATE INDEX complaint_events_by_correction ON complaint_events (tenant_id, superseded_by) WHERE superseded_by IS NOT NULL;

CREATE TABLE employments (
    tenant_id integer NOT NULL,
    person_code text NOT NULL,
    dealer_code text NOT NULL,
    position text NOT NULL,
    "from" date NOT NULL,
    "to" date,
    leave_reason text,
    voided boolean NOT NULL DEFAULT false,
    recorded_at timestamptz NOT NULL,
    superseded_at timestamptz NOT NULL DEFAULT 'infinity',
    import_id bigint NOT NULL,
    superseded_by bigint,
    line bigint NOT NULL,
    PRIMARY KEY (tenant_id, person_code, dealer_code, position, "from", superseded_at)
);
CREATE INDEX employments_by_import ON employments (tenant_id, import_id);
CREATE INDEX employments_by_correction ON employments (tenant_id, superseded_by) WHERE superseded_by IS NOT NULL;
CREATE INDEX employments_by_dealer ON employments (tenant_id, dealer_code);

CREATE TABLE certificates (
    tenant_id integer NOT NULL,
    certificate_id text NOT NULL,
    person_code text NOT NULL,
    "kind" text NOT NULL,
    "level" text,
    issued_on date NOT NULL,
    expires_on date NOT NULL,
    revoked_on date,
    voided boolean NOT NULL DEFAULT false,
    recorded_at timestamptz NOT NULL,
    superseded_at timestamptz NOT NULL DEFAULT 'infinity',
    import_id bigint NOT NULL,
    superseded_by bigint,
    line bigint NOT NULL,
    PRIMARY KEY (tenant_id, certificate_id, superseded_at)
);
CREATE INDEX certificates_by_import ON certificates (tenant_id, import_id);
CREATE INDEX certificates_by_correction ON certificates (tenant_id, superseded_by) WHERE superseded_by IS NOT NULL;
CREATE INDEX certificates_by_person ON certificates (tenant_id, person_code);

CREATE TABLE work_orders (
    tenant_id integer NOT NULL,
    work_order_id text NOT NULL,
    dealer_code text NOT NULL,
    vin text NOT NULL,
    model text,
    fault_code text,
    reported_at timestamptz,
    created_at timestamptz NOT NULL,
    diagnosed_at timestamptz,
    promised_at timestamptz,
    completed_at timestamptz,
    fixed boolean,
    advisor_code text,
    technician_code text,
    "level" text,
    nev boolean,
    odometer_km bigint,
    confirmed_advisor boolean,
    confirmed_technician boolean,
    confirmed_inspector boolean,
    voided boolean NOT NULL DEFAULT false,
    recorded_at timestamptz NOT NULL,
    superseded_at timestamptz NOT NULL DEFAULT 'infinity',
    import_id bigint NOT NULL,
    superseded_by bigint,
    line bigint NOT NULL,
    PRIMARY KEY (tenant_id, work_order_id, superseded_at)
);
CREATE INDEX work_orders_by_import ON work_orders (tenant_id, import_id);
CREATE INDEX work_orders_by_correction ON work_orders (tenant_id, superseded_by) WHERE superseded_by IS NOT NULL;
CREATE INDEX work_orders_by_dealer_and_day ON work_orders (tenant_id, dealer_code, created_at);
CREATE INDEX work_orders_by_faulty_vehicle ON work_orders (tenant_id, vin) WHERE fault_code IS NOT NULL;

CREATE TABLE work_order_delays (
    tenant_id integer NOT NULL,
    work_order_id text NOT NULL,
    given_at timestamptz NOT NULL,
    reason text NOT NULL,
    promised_at timestamptz NOT NULL,
    voided boolean NOT NULL DEFAULT false,
    recorded_at timestamptz NOT NULL,
    superseded_at timestamptz NOT NULL DEFAULT 'infinity',
    import_id bigint NOT NULL,
    superseded_by bigint,
    line bigint NOT NULL,
    PRIMARY KEY (tenant_id, work_order_id, given_at, superseded_at)
);
CREATE INDEX work_order_delays_by_import ON work_order_delays (tenant_id, import_id);
CREATE INDEX work_order_delays_by_correction ON work_order_delays (tenant_id, superseded_by) WHERE superseded_by IS NOT NULL;

CREATE TABLE support_requests (
    tenant_id integer NOT NULL,
    request_id text NOT NULL,
    dealer_code text NOT NULL,
    vin text NOT NULL,
    fault_code text NOT NULL,
    requested_at timestamptz NOT NULL,
    resolved_at timestamptz,
    voided boolean NOT NULL DEFAULT false,
    recorded_at timestamptz NOT NULL,
    superseded_at timestamptz NOT NULL DEFAULT 'infinity',
    import_id bigint NOT NULL,
    superseded_by bigint,
    line bigint NOT NULL,
    PRIMARY KEY (tenant_id, request_id, superseded_at)
);
CREATE INDEX support_requests_by_import ON support_requests (tenant_id, import_id);
CREATE INDEX support_requests_by_correction ON support_requests (tenant_id, superseded_by) WHERE superseded_by IS NOT NULL;
CREATE INDEX support_requests_by_vehicle ON support_requests (tenant_id, dealer_code, vin);

CREATE TABLE surveys (
    tenant_id integer NOT NULL,
    response_id text NOT NULL,
    factor text NOT NULL,
    dealer_code text NOT NULL,
    employee_code text,
    answered_at timestamptz NOT NULL,
    score bigint NOT NULL,
    voided boolean NOT NULL DEFAULT false,
    recorded_at timestamptz NOT NULL,
    superseded_at timestamptz NOT NULL DEFAULT 'infinity',
    import_id bigint NOT NULL,
    superseded_by bigint,
    line bigint NOT NULL,
    PRIMARY KEY (tenant_id, response_id, factor, superseded_at)
);
CREATE INDEX surveys_by_import ON surveys (tenant_id, import_id);
CREATE INDEX surveys_by_correction ON surveys (tenant_id, superseded_by) WHERE superseded_by IS NOT NULL;

CREATE TABLE mystery_visits (
    tenant_id integer NOT NULL,
    visit_id text NOT NULL,
    dealer_code text NOT NULL,
    visited_on date NOT NULL,
    response bigint NOT NULL,
    attitude bigint NOT NULL,
    professionalism bigint NOT NULL,
    transparency bigint NOT NULL,
    voided boolean NOT NULL DEFAULT false,
    recorded_at timestamptz NOT NULL,
    superseded_at timestamptz NOT NULL DEFAULT 'infinity',
    import_id bigint NOT NULL,
    superseded_by bigint,
    line bigint NOT NULL,
    PRIMARY KEY (tenant_id, visit_id, superseded_at)
);
CREATE INDEX mystery_visits_by_import ON mystery_visits (tenant_id, import_id);
CREATE INDEX mystery_visits_by_correction ON mystery_visits (tenant_id, superseded_by) WHERE superseded_by IS NOT NULL;

CREATE TABLE feedback (
    tenant_id integer NOT NULL,
    feedback_id text NOT NULL,
    dealer_code text NOT NULL,
    channel text NOT NULL,
    received_at timestamptz NOT NULL,
    "kind" text NOT NULL,
    solved_at timestamptz,
    voided boolean NOT NULL DEFAULT false,
    recorded_at timestamptz NOT NULL,
    superseded_at timestamptz NOT NULL DEFAULT 'infinity',
    import_id bigint NOT NULL,
    superseded_by bigint,
    line bigint NOT NULL,
    PRIMARY KEY (tenant_id, feedback_id, superseded_at)
);
CREATE INDEX feedback_by_import ON feedback (tenant_id, import_id);
CREATE INDEX feedback_by_correction ON feedback (tenant_id, superseded_by) WHERE superseded_by IS NOT NULL;

CREATE TABLE callbacks (
    tenant_id integer NOT NULL,
    work_order_id text NOT NULL,
    "at" timestamptz NOT NULL,
    reached boolean NOT NULL,
    voided boolean NOT NULL DEFAULT false,
    recorded_at timestamptz NOT NULL,
    superseded_at timestamptz NOT NULL DEFAULT 'infinity',
    import_id bigint NOT NULL,
    superseded_by bigint,
    line bigint NOT NULL,
    PRIMARY KEY (tenant_id, work_order_id, "at", superseded_at)
);
CREATE INDEX callbacks_by_import ON callbacks (tenant_id, import_id);
CREATE INDEX callbacks_by_correction ON callbacks (tenant_id, superseded_by) WHERE superseded_by IS NOT NULL;

CREATE TABLE vehicles (
    tenant_id integer NOT NULL,
    vin text NOT NULL,
    model text NOT NULL,
    sold_on date NOT NULL,
    dealer_code text,
    voided boolean NOT NULL DEFAULT false,
    recorded_at timestamptz NOT NULL,
    superseded_at timestamptz NOT NULL DEFAULT 'infinity',
    import_id bigint NOT NULL,
    superseded_by bigint,
    line bigint NOT NULL,
    PRIMARY KEY (tenant_id, vin, superseded_at)
);
CREATE INDEX vehicles_by_import ON vehicles (tenant_id, import_id);
CREATE INDEX vehicles_by_correction ON vehicles (tenant_id, superseded_by) WHERE superseded_by IS NOT NULL;

CREATE TABLE part_prices (
    tenant_id integer NOT NULL,
    part_code text NOT NULL,
    effective_on date NOT NULL,
    dealer_code text NOT NULL DEFAULT '',
    price bigint NOT NULL,
    voided boolean NOT NULL DEFAULT false,
    recorded_at timestamptz NOT NULL,
    superseded_at timestamptz NOT NULL DEFAULT 'infinity',
    import_id bigint NOT NULL,
    superseded_by bigint,
    line bigint NOT NULL,
    PRIMARY KEY (tenant_id, part_code, effective_on, dealer_code, superseded_at)
);
CREATE INDEX part_prices_by_import ON part_prices (tenant_id, import_id);
CREATE INDEX part_prices_by_correction ON part_prices (tenant_id, superseded_by) WHERE superseded_by IS NOT NULL;

CREATE TABLE exams (
    tenant_id integer NOT NULL,
    person_code text NOT NULL,
    taken_on date NOT NULL,
    score bigint NOT NULL,
    voided boolean NOT NULL DEFAULT false,
    recorded_at timestamptz NOT NULL,
    superseded_at timestamptz NOT NULL DEFAULT 'infinity',
    import_id bigint NOT NULL,
    superseded_by bigint,
    line bigint NOT NULL,
    PRIMARY KEY (tenant_id, person_code, taken_on, superseded_at)
);
CREATE INDEX exams_by_import ON exams (tenant_id, import_id);
CREATE INDEX exams_by_correction ON exams (tenant_id, superseded_by) WHERE superseded_by IS NOT NULL;

CREATE TABLE rulings (
    tenant_id integer NOT NULL,
    ruling_id text NOT NULL,
    "kind" text NOT NULL,
    subject text NOT NULL,
    family text,
    decided_at timestamptz NOT NULL,
    decided_by text NOT NULL,
    amount bigint,
    note text,
    voided boolean NOT NULL DEFAULT false,
    recorded_at timestamptz NOT NULL,
    superseded_at timestamptz NOT NULL DEFAULT 'infinity',
    import_id bigint NOT NULL,
    superseded_by bigint,
    line bigint NOT NULL,
    PRIMARY KEY (tenant_id, ruling_id, superseded_at)
);
CREATE INDEX rulings_by_import ON rulings (tenant_id, import_id);
CREATE INDEX rulings_by_correction ON rulings (tenant_id, superseded_by) WHERE superseded_by IS NOT NULL;
CREATE INDEX rulings_by_subject ON rulings (tenant_id, subject);

-- What an evaluation has yet to look at: imports it has not seen (0: everything), by check.
CREATE TABLE touched (
    tenant_id integer NOT NULL,
    check_name text NOT NULL,
    import_id bigint NOT NULL,
    PRIMARY KEY (tenant_id, check_name, import_id)
);

-- Units that time alone will change.
CREATE TABLE wakes (
    tenant_id integer NOT NULL,
    check_name text NOT NULL,
    unit text NOT NULL,
    wake_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, check_name, unit)
);
CREATE INDEX wakes_by_time ON wakes (tenant_id, check_name, wake_at);

-- How far each check has judged.
CREATE TABLE marks (
    tenant_id integer NOT NULL REFERENCES tenants,
    check_name text NOT NULL,
    as_of timestamptz NOT NULL,
    run_id bigint NOT NULL,
    PRIMARY KEY (tenant_id, check_name)
);

CREATE TABLE runs (
    tenant_id integer NOT NULL REFERENCES tenants,
    run_id bigint NOT NULL,
    checks text[] NOT NULL,
    as_of timestamptz NOT NULL,
    ran_at timestamptz NOT NULL,
    whole boolean NOT NULL,
    posted bigint NOT NULL,
    reversed bigint NOT NULL,
    unchanged bigint NOT NULL,
    alerts_opened bigint NOT NULL,
    alerts_resolved bigint NOT NULL,
    PRIMARY KEY (tenant_id, run_id)
);

-- What a person is to look at; open while resolved_at = infinity, so that one key is open once.
CREATE TABLE alerts (
    tenant_id integer NOT NULL,
    family text NOT NULL,
    subject text NOT NULL,
    check_name text NOT NULL,
    clause text NOT NULL,
    unit text NOT NULL,
    dealer_code text NOT NULL,
    severity text NOT NULL,
    occurred_on date NOT NULL,
    detail text NOT NULL,
    opened_at timestamptz NOT NULL,
    acknowledged_at timestamptz,
    acknowledged_by text,
    resolved_at timestamptz NOT NULL DEFAULT 'infinity',
    PRIMARY KEY (tenant_id, family, subject, resolved_at)
);
CREATE INDEX alerts_by_unit ON alerts (tenant_id, check_name, unit) WHERE resolved_at = 'infinity';

-- The ledger. Only ever added to; `turn` counts the charges posted on one charge key, and a reversal has the
-- turn of the charge it reverses: no charge can be reversed twice, and of two that post the same turn one fails.
CREATE TABLE entries (
    tenant_id integer NOT NULL,
    entry_id bigint NOT NULL,
    kind text NOT NULL CHECK (kind IN ('charge', 'reversal')),
    reverses bigint,
    turn integer NOT NULL,
    period date NOT NULL,
    origin_period date NOT NULL,
    check_name text NOT NULL,
    family text NOT NULL,
    clause text NOT NULL,
    subject text NOT NULL,
    unit text NOT NULL,
    seat text NOT NULL,
    party_kind text NOT NULL,
    party_code text NOT NULL,
    dealer_code text NOT NULL,
    region_code text NOT NULL,
    occurred_on date NOT NULL,
    amount bigint NOT NULL CHECK (amount <> 0),
    policy_version integer NOT NULL,
    run_id bigint NOT NULL,
    posted_at timestamptz NOT NULL,
    CHECK ((kind = 'reversal') = (reverses IS NOT NULL)),
    PRIMARY KEY (tenant_id, entry_id),
    UNIQUE (tenant_id, family, subject, seat, turn, kind)
);
CREATE INDEX entries_by_unit ON entries (tenant_id, check_name, unit);
CREATE INDEX entries_by_period ON entries (tenant_id, period);

CREATE TABLE settlements (
    tenant_id integer NOT NULL REFERENCES tenants,
    period date NOT NULL,
    status text NOT NULL,
    as_of timestamptz NOT NULL,
    calculated_at timestamptz NOT NULL,
    calculated_by text NOT NULL,
    reviewed_at timestamptz,
    reviewed_by text,
    approved_at timestamptz,
    approved_by text,
    locked_at timestamptz,
    locked_by text,
    audit_head text,
    PRIMARY KEY (tenant_id, period)
);

-- A locked settlement's lines as they were, names and all.
CREATE TABLE settlement_lines (
    tenant_id integer NOT NULL REFERENCES tenants,
    period date NOT NULL,
    party_kind text NOT NULL,
    party_code text NOT NULL,
    name text NOT NULL,
    region_code text NOT NULL,
    penalties bigint NOT NULL,
    incentives bigint NOT NULL,
    reversals bigint NOT NULL,
    entry_count bigint NOT NULL,
    PRIMARY KEY (tenant_id, period, party_kind, party_code)
);

-- Decisions, exports and looks at evidence, as a hash chain.
CREATE TABLE audit_log (
    tenant_id integer NOT NULL REFERENCES tenants,
    seq bigint NOT NULL,
    at timestamptz NOT NULL,
    actor text NOT NULL,
    action text NOT NULL,
    subject text NOT NULL,
    detail text NOT NULL,
    previous_hash text NOT NULL,
    hash text NOT NULL,
    PRIMARY KEY (tenant_id, seq)
);

-- Nothing is posted into a locked period, whoever posts.
CREATE FUNCTION refuse_locked_periods() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    locked date;
BEGIN
    SELECT max(s.period) INTO locked
    FROM settlements s
    WHERE s.status = 'locked'
      AND EXISTS (SELECT FROM posted p WHERE p.tenant_id = s.tenant_id AND p.period <= s.period);
    IF locked IS NOT NULL THEN
        RAISE EXCEPTION 'period % is locked: nothing can be posted into it', to_char(locked, 'YYYY-MM')
            USING ERRCODE = 'check_violation', CONSTRAINT = 'entries_period_open';
    END IF;
    RETURN NULL;
END
$$;
CREATE TRIGGER entries_period_open AFTER INSERT ON entries
    REFERENCING NEW TABLE AS posted FOR EACH STATEMENT EXECUTE FUNCTION refuse_locked_periods();

-- A locked settlement and its lines never change.
CREATE FUNCTION refuse_locked_settlement() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.status = 'locked' THEN
        RAISE EXCEPTION 'settlement % is locked and never changes', to_char(OLD.period, 'YYYY-MM')
            USING ERRCODE = 'check_violation', CONSTRAINT = 'settlements_locked';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER settlements_locked BEFORE UPDATE ON settlements
    FOR EACH ROW EXECUTE FUNCTION refuse_locked_settlement();

DO $$
DECLARE
    fact text;
    facts CONSTANT text[] := ARRAY[
        'regions', 'people', 'dealers', 'dealer_regions', 'posts', 'bays',
        'calendar', 'customer_base', 'cameras', 'inspections', 'complaints', 'complaint_events',
        'employments', 'certificates', 'work_orders', 'work_order_delays', 'support_requests', 'surveys',
        'mystery_visits', 'feedback', 'callbacks', 'vehicles', 'part_prices', 'exams',
        'rulings'
    ];
    kept CONSTANT text[] := ARRAY['policies', 'imports', 'runs', 'entries', 'settlement_lines', 'audit_log'];
    changing CONSTANT text[] := ARRAY['users', 'marks', 'settlements'];
    passing CONSTANT text[] := ARRAY['touched', 'wakes'];
BEGIN
    GRANT SELECT ON tenants TO farsight_app;
    GRANT SELECT, INSERT, UPDATE ON alerts TO farsight_app;
    FOREACH fact IN ARRAY facts LOOP
        EXECUTE format('GRANT SELECT, INSERT, UPDATE (superseded_at, superseded_by) ON %I TO farsight_app', fact);
    END LOOP;
    FOREACH fact IN ARRAY kept LOOP
        EXECUTE format('GRANT SELECT, INSERT ON %I TO farsight_app', fact);
    END LOOP;
    FOREACH fact IN ARRAY changing LOOP
        EXECUTE format('GRANT SELECT, INSERT, UPDATE ON %I TO farsight_app', fact);
    END LOOP;
    FOREACH fact IN ARRAY passing LOOP
        EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %I TO farsight_app', fact);
    END LOOP;
    -- The scalar subquery is worked out once a statement, not once a row.
    FOREACH fact IN ARRAY facts || kept || changing || passing || ARRAY['tenants', 'alerts'] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', fact);
        EXECUTE format(
            'CREATE POLICY own_tenant ON %I USING (tenant_id = (SELECT nullif(current_setting(''farsight.tenant'', true), '''')::integer))',
            fact);
        IF fact <> 'tenants' THEN -- the owner adds and finds tenants
            EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', fact);
        END IF;
    END LOOP;
END
$$;
