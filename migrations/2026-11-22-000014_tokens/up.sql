-- Machines that enter with a token, and the answers they are given again when they ask again.

-- A machine is a user with role and scope like a person; it has no password and no way to get one.
ALTER TABLE users
    ADD COLUMN kind text NOT NULL DEFAULT 'person' CHECK (kind IN ('person', 'machine')),
    ADD CONSTRAINT users_machines_cannot_sign_in CHECK (kind = 'person' OR (password_hash IS NULL AND totp_sealed IS NULL));

-- A token of a machine. Only the hash of its secret is kept. While one replaces another, a machine has two.
CREATE TABLE tokens (
    tenant_id integer NOT NULL REFERENCES tenants,
    token_id integer GENERATED ALWAYS AS IDENTITY,
    user_id integer NOT NULL,
    secret_sha256 bytea NOT NULL,
    -- What it may do: read; take deeds; send facts of these tables ('*': of all).
    reads boolean NOT NULL,
    acts boolean NOT NULL,
    tables text[] NOT NULL,
    -- Requests a minute.
    rate integer NOT NULL CHECK (rate > 0),
    made_at timestamptz NOT NULL,
    made_by text NOT NULL,
    expires_at timestamptz NOT NULL,
    last_used_at timestamptz,
    revoked_at timestamptz,
    revoked_by text,
    PRIMARY KEY (tenant_id, token_id),
    UNIQUE (tenant_id, secret_sha256),
    FOREIGN KEY (tenant_id, user_id) REFERENCES users (tenant_id, user_id)
);
CREATE INDEX tokens_by_user ON tokens (tenant_id, user_id);
CALL farsight_keep_to_tenant('tokens', 'SELECT, INSERT, UPDATE');
CALL farsight_keep_to_dealers('tokens', 'false');

-- What a token was used for in which hour: the audit log has it once, however many requests there were.
CREATE TABLE token_uses (
    tenant_id integer NOT NULL,
    token_id integer NOT NULL,
    hour timestamptz NOT NULL,
    what text NOT NULL,
    PRIMARY KEY (tenant_id, token_id, hour, what),
    FOREIGN KEY (tenant_id, token_id) REFERENCES tokens
);
CREATE INDEX token_uses_by_hour ON token_uses (tenant_id, hour);
CALL farsight_keep_to_tenant('token_uses', 'SELECT, INSERT, DELETE');
CALL farsight_keep_to_dealers('token_uses', 'false');

-- The first answer to a request with an idempotency key, of the machine that sent it.
CREATE TABLE first_answers (
    tenant_id integer NOT NULL,
    user_id integer NOT NULL,
    key text NOT NULL,
    request_sha256 bytea NOT NULL,
    answer text NOT NULL,
    given_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, user_id, key),
    FOREIGN KEY (tenant_id, user_id) REFERENCES users (tenant_id, user_id)
);
CREATE INDEX first_answers_by_age ON first_answers (tenant_id, given_at);
CALL farsight_keep_to_tenant('first_answers', 'SELECT, INSERT, DELETE');

-- The latest moment of any import is asked for at each one.
CREATE INDEX imports_by_moment ON imports (tenant_id, recorded_at);

-- The latest notice of an alert tells machines when it changed.
CREATE INDEX notices_by_alert ON notices (tenant_id, alert_id, notice_id);
