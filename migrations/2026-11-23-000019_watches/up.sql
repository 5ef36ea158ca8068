-- Watched places: folders and buckets that others put files with facts into.
CREATE TABLE watches (
    tenant_id integer NOT NULL,
    watch_code text NOT NULL,
    url text NOT NULL,
    -- Whose facts they are, and of which tables ('*': of all).
    user_id integer NOT NULL,
    tables text[] NOT NULL,
    -- Whether good rows are taken in though others are bad.
    lenient boolean NOT NULL,
    added_at timestamptz NOT NULL,
    added_by text NOT NULL,
    looked_at timestamptz,
    failing_since timestamptz,
    last_error text,
    PRIMARY KEY (tenant_id, watch_code),
    FOREIGN KEY (tenant_id, user_id) REFERENCES users (tenant_id, user_id)
);
CALL farsight_keep_to_tenant('watches', 'SELECT, INSERT, UPDATE, DELETE');
CALL farsight_keep_to_dealers('watches', 'false');

-- Files that lay there: `mark` changes with what a file holds. Seen: it is taken in when it is the same at the next look.
-- Done: it was taken in or refused, in the transaction that wrote this; `told`: the result lies beside it.
CREATE TABLE watched_files (
    tenant_id integer NOT NULL,
    watch_code text NOT NULL,
    name text NOT NULL,
    mark text NOT NULL,
    state text NOT NULL CHECK (state IN ('seen', 'done')),
    seen_at timestamptz NOT NULL,
    done_at timestamptz,
    result text,
    told boolean NOT NULL DEFAULT false,
    CHECK ((state = 'done') = (done_at IS NOT NULL AND result IS NOT NULL)),
    PRIMARY KEY (tenant_id, watch_code, name),
    FOREIGN KEY (tenant_id, watch_code) REFERENCES watches
);
CALL farsight_keep_to_tenant('watched_files', 'SELECT, INSERT, UPDATE, DELETE');
-- What a part of a network sends is remembered in the transaction of its scope; no page shows it.
CALL farsight_keep_to_dealers('watched_files', 'true');
