-- Telling people: by which channels, who wants to hear what, what goes out and what became of it.
-- A receiver is `person:ADDRESS` (a user, by e-mail), `channel:CODE`, or, in subscriptions, `role:NAME`.

-- Group robots, webhooks and mailboxes. `sealed` is where and with which keys, sealed by the operator's key; `robot_key`
-- is a hash of a robot's address, by which its pace is held; empty where there is no pace to hold.
CREATE TABLE channels (
    tenant_id integer NOT NULL REFERENCES tenants,
    channel_code text NOT NULL,
    kind text NOT NULL CHECK (kind IN ('email', 'wecom', 'dingtalk', 'feishu', 'webhook')),
    name text NOT NULL,
    sealed bytea NOT NULL,
    robot_key text NOT NULL,
    added_at timestamptz NOT NULL,
    added_by text NOT NULL,
    disabled_at timestamptz,
    disabled_why text,
    PRIMARY KEY (tenant_id, channel_code)
);

-- What a receiver wants to hear, as JSON; takes the place of what its role hears by default.
CREATE TABLE subscriptions (
    tenant_id integer NOT NULL REFERENCES tenants,
    receiver text NOT NULL,
    terms text NOT NULL,
    set_at timestamptz NOT NULL,
    set_by text NOT NULL,
    PRIMARY KEY (tenant_id, receiver)
);

-- Messages. The number goes out with each try, so that the receiver can drop repeats. While it is `sending`, `next_at`
-- is when it is due again if nobody says what became of it.
CREATE TABLE deliveries (
    tenant_id integer NOT NULL REFERENCES tenants,
    delivery_id uuid NOT NULL,
    receiver text NOT NULL,
    robot_key text NOT NULL,
    what text NOT NULL CHECK (what IN ('alerts', 'digest', 'test')),
    alerts bigint[] NOT NULL,
    message text NOT NULL,
    state text NOT NULL CHECK (state IN ('due', 'sending', 'delivered', 'gave-up', 'dropped')),
    -- All tries there were; and the failures since it was made, or since somebody had it delivered again.
    tries integer NOT NULL DEFAULT 0,
    failures integer NOT NULL DEFAULT 0,
    made_at timestamptz NOT NULL,
    next_at timestamptz NOT NULL,
    last_error text,
    delivered_at timestamptz,
    PRIMARY KEY (tenant_id, delivery_id)
);
CREATE INDEX deliveries_due ON deliveries (tenant_id, robot_key, next_at) WHERE state IN ('due', 'sending');
CREATE INDEX deliveries_by_state ON deliveries (tenant_id, state, made_at);

-- When robots were sent to, for their pace: written before the try, by its latest arrival, then by its end.
CREATE TABLE sent (
    tenant_id integer NOT NULL REFERENCES tenants,
    robot_key text NOT NULL,
    delivery_id uuid NOT NULL,
    try integer NOT NULL,
    at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, robot_key, delivery_id, try)
);

-- Up to which notice everybody was told.
CREATE TABLE telling_cursors (
    tenant_id integer NOT NULL REFERENCES tenants,
    notice_id bigint NOT NULL,
    PRIMARY KEY (tenant_id)
);

-- Notices held back until a receiver's quiet hours are over.
CREATE TABLE held (
    tenant_id integer NOT NULL REFERENCES tenants,
    receiver text NOT NULL,
    notice_id bigint NOT NULL,
    PRIMARY KEY (tenant_id, receiver, notice_id)
);

-- Open alerts that a receiver was told of: whoever was told is told when it is over, and nobody else.
CREATE TABLE told (
    tenant_id integer NOT NULL REFERENCES tenants,
    receiver text NOT NULL,
    alert_id bigint NOT NULL,
    PRIMARY KEY (tenant_id, receiver, alert_id)
);

-- The last local day for which a receiver's digest was made, or there was nothing to put into one.
CREATE TABLE digests (
    tenant_id integer NOT NULL REFERENCES tenants,
    receiver text NOT NULL,
    day date NOT NULL,
    PRIMARY KEY (tenant_id, receiver)
);

DO $$
DECLARE
    fenced text;
BEGIN
    FOREACH fenced IN ARRAY ARRAY['channels', 'subscriptions', 'deliveries', 'sent', 'telling_cursors', 'held', 'told', 'digests'] LOOP
        EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %I TO farsight_app', fenced);
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', fenced);
        EXECUTE format(
            'CREATE POLICY own_tenant ON %I USING (tenant_id = (SELECT nullif(current_setting(''farsight.tenant'', true), '''')::integer))',
            fenced);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', fenced);
    END LOOP;
END
$$;
REVOKE DELETE ON telling_cursors, digests FROM farsight_app;
