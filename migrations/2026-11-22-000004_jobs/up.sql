-- Jobs: due times are rows. The queue that runs them is apalis's, in its own schema, and knows only which slot.

-- How far the due times of a tenant's job have been made into slots.
CREATE TABLE schedules (
    tenant_id integer NOT NULL REFERENCES tenants,
    job text NOT NULL,
    made_to timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, job)
);

-- A tenant whose jobs do not run until it is taken away.
CREATE TABLE pauses (
    tenant_id integer NOT NULL REFERENCES tenants,
    paused_at timestamptz NOT NULL,
    paused_by text NOT NULL,
    PRIMARY KEY (tenant_id)
);

-- A due time of a job. `part` is what it is split by (a dealer of the day's plan), or empty. `starts` counts how often
-- it was begun: who ends it has to name the start that it was, so that a process thought dead ends nothing.
-- `due_at`, `made_at`, `started_at` and `ended_at` are of the program's clock; `queued_at` and the queue's times are
-- of the database's. `task` is its row in the queue.
CREATE TABLE slots (
    tenant_id integer NOT NULL,
    job text NOT NULL,
    due_at timestamptz NOT NULL,
    part text NOT NULL DEFAULT '',
    state text NOT NULL CHECK (state IN ('queued', 'waiting', 'running', 'retry', 'done', 'gave-up', 'missed')),
    -- Whether somebody, or another job, asked for it: no later due time takes its place.
    called boolean NOT NULL DEFAULT false,
    stands_for bigint NOT NULL DEFAULT 0,
    starts integer NOT NULL DEFAULT 0,
    failures integer NOT NULL DEFAULT 0,
    losses integer NOT NULL DEFAULT 0,
    made_at timestamptz NOT NULL,
    queued_at timestamptz NOT NULL DEFAULT now(),
    next_at timestamptz,
    started_at timestamptz,
    ended_at timestamptz,
    worker text,
    outcome text,
    task text,
    PRIMARY KEY (tenant_id, job, due_at, part)
);
CREATE INDEX slots_unfinished ON slots (tenant_id, job, part, due_at)
    WHERE state IN ('queued', 'waiting', 'running', 'retry');
CREATE INDEX slots_given_up ON slots (tenant_id, due_at) WHERE state = 'gave-up';
CREATE INDEX slots_ended ON slots (tenant_id, ended_at) WHERE ended_at IS NOT NULL;

DO $$
DECLARE
    fenced text;
BEGIN
    FOREACH fenced IN ARRAY ARRAY['schedules', 'pauses', 'slots'] LOOP
        EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %I TO farsight_app', fenced);
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', fenced);
        EXECUTE format(
            'CREATE POLICY own_tenant ON %I USING (tenant_id = (SELECT nullif(current_setting(''farsight.tenant'', true), '''')::integer))',
            fenced);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', fenced);
    END LOOP;
END
$$;
