-- Webhooks: where a machine wants to be told what happens, and how far it was told.

-- `sealed` is the address and the signing keys, sealed by the operator's key; until `old_until` an earlier key signs too.
CREATE TABLE webhooks (
    tenant_id integer NOT NULL,
    webhook_id text NOT NULL,
    user_id integer NOT NULL,
    name text NOT NULL,
    host text NOT NULL,
    events text[] NOT NULL,
    sealed bytea NOT NULL,
    old_until timestamptz,
    made_at timestamptz NOT NULL,
    -- Since when nothing was taken by it.
    failing_since timestamptz,
    disabled_at timestamptz,
    disabled_why text,
    -- Whether it was switched off because nothing was taken by it: that is an alert.
    disabled_by_failure boolean NOT NULL DEFAULT false,
    PRIMARY KEY (tenant_id, webhook_id),
    FOREIGN KEY (tenant_id, user_id) REFERENCES users (tenant_id, user_id)
);
CREATE INDEX webhooks_by_user ON webhooks (tenant_id, user_id);
CALL farsight_keep_to_tenant('webhooks', 'SELECT, INSERT, UPDATE, DELETE');
CALL farsight_keep_to_dealers('webhooks', 'false');

-- Up to where a webhook was told of each kind of change.
CREATE TABLE webhook_cursors (
    tenant_id integer NOT NULL,
    webhook_id text NOT NULL,
    source text NOT NULL,
    seq bigint NOT NULL,
    key text NOT NULL,
    PRIMARY KEY (tenant_id, webhook_id, source),
    FOREIGN KEY (tenant_id, webhook_id) REFERENCES webhooks
);
CALL farsight_keep_to_tenant('webhook_cursors', 'SELECT, INSERT, UPDATE, DELETE');
CALL farsight_keep_to_dealers('webhook_cursors', 'false');

-- What goes to a webhook is a delivery too; what its receiver last answered is told to whoever subscribed.
ALTER TABLE deliveries DROP CONSTRAINT deliveries_what_check,
    ADD CONSTRAINT deliveries_what_check CHECK (what IN ('alerts', 'digest', 'test', 'reset', 'event')),
    ADD COLUMN last_answer text;
CREATE INDEX deliveries_by_receiver ON deliveries (tenant_id, receiver, made_at);
