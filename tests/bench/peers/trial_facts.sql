-- Tables for a trial of psql_copy.py: the facts of the import files, typed, keyed by tenant and their own code. A measurement uses
-- the DDL that the project generates from its own migrations instead, with the same keys and indexes as Farsight's tables.

CREATE TABLE regions (
    tenant_id integer NOT NULL DEFAULT 1, region_code text NOT NULL, name text NOT NULL,
    PRIMARY KEY (tenant_id, region_code));

CREATE TABLE people (
    tenant_id integer NOT NULL DEFAULT 1, person_code text NOT NULL, name text NOT NULL,
    PRIMARY KEY (tenant_id, person_code));

CREATE TABLE posts (
    tenant_id integer NOT NULL DEFAULT 1, person_code text NOT NULL, role text NOT NULL, scope_code text NOT NULL,
    "from" date NOT NULL, "to" date, voided boolean NOT NULL DEFAULT false,
    PRIMARY KEY (tenant_id, person_code, role, scope_code, "from"));

CREATE TABLE dealers (
    tenant_id integer NOT NULL DEFAULT 1, dealer_code text NOT NULL, name text NOT NULL, region_code text NOT NULL,
    province text, city text, lat double precision, lon double precision, opened_on date NOT NULL, closed_on date,
    voided boolean NOT NULL DEFAULT false,
    PRIMARY KEY (tenant_id, dealer_code));

CREATE TABLE dealer_regions (
    tenant_id integer NOT NULL DEFAULT 1, dealer_code text NOT NULL, "from" date NOT NULL, region_code text NOT NULL,
    voided boolean NOT NULL DEFAULT false,
    PRIMARY KEY (tenant_id, dealer_code, "from"));

CREATE TABLE bays (
    tenant_id integer NOT NULL DEFAULT 1, dealer_code text NOT NULL, effective_on date NOT NULL, bays integer NOT NULL,
    voided boolean NOT NULL DEFAULT false,
    PRIMARY KEY (tenant_id, dealer_code, effective_on));

CREATE TABLE customer_base (
    tenant_id integer NOT NULL DEFAULT 1, dealer_code text NOT NULL, month date NOT NULL, base_customers bigint NOT NULL,
    visits bigint, voided boolean NOT NULL DEFAULT false,
    PRIMARY KEY (tenant_id, dealer_code, month));

CREATE TABLE cameras (
    tenant_id integer NOT NULL DEFAULT 1, camera_code text NOT NULL, dealer_code text NOT NULL, snapshot_url text NOT NULL,
    working boolean, voided boolean NOT NULL DEFAULT false,
    PRIMARY KEY (tenant_id, camera_code));

CREATE TABLE inspections (
    tenant_id integer NOT NULL DEFAULT 1, inspection_id text NOT NULL, item_code text NOT NULL, dealer_code text NOT NULL,
    inspected_at timestamptz NOT NULL, result text NOT NULL, kind text, voided boolean NOT NULL DEFAULT false,
    PRIMARY KEY (tenant_id, inspection_id, item_code));

CREATE TABLE complaints (
    tenant_id integer NOT NULL DEFAULT 1, complaint_id text NOT NULL, dealer_code text NOT NULL, received_at timestamptz NOT NULL,
    dispatched_at timestamptz, severity text NOT NULL, category text NOT NULL, vin text, channel text, text text,
    voided boolean NOT NULL DEFAULT false,
    PRIMARY KEY (tenant_id, complaint_id));

CREATE TABLE complaint_events (
    tenant_id integer NOT NULL DEFAULT 1, complaint_id text NOT NULL, at timestamptz NOT NULL, kind text NOT NULL, actor_role text,
    satisfied boolean, note text, voided boolean NOT NULL DEFAULT false,
    PRIMARY KEY (tenant_id, complaint_id, at, kind));

CREATE TABLE employments (
    tenant_id integer NOT NULL DEFAULT 1, person_code text NOT NULL, dealer_code text NOT NULL, position text NOT NULL,
    "from" date NOT NULL, "to" date, leave_reason text, voided boolean NOT NULL DEFAULT false,
    PRIMARY KEY (tenant_id, person_code, dealer_code, position, "from"));

CREATE TABLE certificates (
    tenant_id integer NOT NULL DEFAULT 1, certificate_id text NOT NULL, person_code text NOT NULL, kind text NOT NULL, level text,
    issued_on date NOT NULL, expires_on date NOT NULL, revoked_on date, voided boolean NOT NULL DEFAULT false,
    PRIMARY KEY (tenant_id, certificate_id));

CREATE TABLE work_orders (
    tenant_id integer NOT NULL DEFAULT 1, work_order_id text NOT NULL, dealer_code text NOT NULL, vin text, model text,
    fault_code text, reported_at timestamptz, created_at timestamptz NOT NULL, diagnosed_at timestamptz, promised_at timestamptz,
    completed_at timestamptz, fixed boolean, advisor_code text, technician_code text, level text, nev boolean, odometer_km integer,
    confirmed_advisor boolean, confirmed_technician boolean, confirmed_inspector boolean, voided boolean NOT NULL DEFAULT false,
    PRIMARY KEY (tenant_id, work_order_id));

CREATE TABLE work_order_delays (
    tenant_id integer NOT NULL DEFAULT 1, work_order_id text NOT NULL, given_at timestamptz NOT NULL, reason text,
    promised_at timestamptz NOT NULL, voided boolean NOT NULL DEFAULT false,
    PRIMARY KEY (tenant_id, work_order_id, given_at));

CREATE TABLE support_requests (
    tenant_id integer NOT NULL DEFAULT 1, request_id text NOT NULL, dealer_code text NOT NULL, vin text NOT NULL,
    fault_code text NOT NULL, requested_at timestamptz NOT NULL, resolved_at timestamptz, voided boolean NOT NULL DEFAULT false,
    PRIMARY KEY (tenant_id, request_id));

CREATE TABLE rulings (
    tenant_id integer NOT NULL DEFAULT 1, ruling_id text NOT NULL, kind text NOT NULL, subject text NOT NULL, family text,
    decided_at timestamptz NOT NULL, decided_by text NOT NULL, amount numeric(18, 2), note text,
    voided boolean NOT NULL DEFAULT false,
    PRIMARY KEY (tenant_id, ruling_id));
