-- A settlement's figures, kept while they are looked at, and what dealers say about their statements.

-- What each party is charged by clause: as it is now, as it was when last calculated, and the time before that.
CREATE TABLE settlement_figures (
    tenant_id integer NOT NULL REFERENCES tenants,
    period date NOT NULL,
    kept text NOT NULL CHECK (kept IN ('now', 'last', 'before')),
    party_kind text NOT NULL,
    party_code text NOT NULL,
    clause text NOT NULL,
    amount bigint NOT NULL,
    entry_count bigint NOT NULL,
    PRIMARY KEY (tenant_id, period, kept, party_kind, party_code, clause)
);
CALL farsight_keep_to_tenant('settlement_figures', 'SELECT, INSERT, UPDATE, DELETE');
CALL farsight_keep_to_dealers('settlement_figures', $c$party_kind = 'dealer' AND party_code IN (SELECT farsight_dealers())$c$);

-- The lines of a month as they are now: what an export adds up, kept so that a page need not.
CREATE TABLE settlement_parties (
    tenant_id integer NOT NULL REFERENCES tenants,
    period date NOT NULL,
    party_kind text NOT NULL,
    party_code text NOT NULL,
    name text NOT NULL,
    region_code text NOT NULL,
    penalties bigint NOT NULL,
    incentives bigint NOT NULL,
    reversals bigint NOT NULL,
    net bigint NOT NULL,
    entry_count bigint NOT NULL,
    PRIMARY KEY (tenant_id, period, party_kind, party_code)
);
CREATE INDEX settlement_parties_by_net ON settlement_parties (tenant_id, period, party_kind, net);
CREATE INDEX settlement_parties_by_party ON settlement_parties (tenant_id, party_code, period);
CALL farsight_keep_to_tenant('settlement_parties', 'SELECT, INSERT, UPDATE, DELETE');
CALL farsight_keep_to_dealers('settlement_parties', $c$party_kind = 'dealer' AND party_code IN (SELECT farsight_dealers())$c$);

-- The same entries by clause and region, added up from the ledger and not from the lines: the two must agree.
CREATE TABLE settlement_sums (
    tenant_id integer NOT NULL REFERENCES tenants,
    period date NOT NULL,
    clause text NOT NULL,
    region_code text NOT NULL,
    party_kind text NOT NULL,
    penalties bigint NOT NULL,
    incentives bigint NOT NULL,
    reversals bigint NOT NULL,
    entry_count bigint NOT NULL,
    PRIMARY KEY (tenant_id, period, clause, region_code, party_kind)
);
CALL farsight_keep_to_tenant('settlement_sums', 'SELECT, INSERT, UPDATE, DELETE');
CALL farsight_keep_to_dealers('settlement_sums', 'false');

-- When a month's figures were added up, and the whole ledger's own sum at that moment.
CREATE TABLE settlement_totals (
    tenant_id integer NOT NULL REFERENCES tenants,
    period date NOT NULL,
    figured_at timestamptz NOT NULL,
    stale boolean NOT NULL DEFAULT false,
    entry_sum bigint NOT NULL,
    entry_count bigint NOT NULL,
    PRIMARY KEY (tenant_id, period)
);
CALL farsight_keep_to_tenant('settlement_totals', 'SELECT, INSERT, UPDATE, DELETE');
CALL farsight_keep_to_dealers('settlement_totals', 'false');

-- What became different: since the last calculation, or between it and the one before.
CREATE TABLE settlement_changes (
    tenant_id integer NOT NULL REFERENCES tenants,
    period date NOT NULL,
    since text NOT NULL CHECK (since IN ('last', 'before')),
    party_kind text NOT NULL,
    party_code text NOT NULL,
    clause text NOT NULL,
    was bigint NOT NULL,
    became bigint NOT NULL,
    PRIMARY KEY (tenant_id, period, since, party_kind, party_code, clause)
);
CALL farsight_keep_to_tenant('settlement_changes', 'SELECT, INSERT, UPDATE, DELETE');
CALL farsight_keep_to_dealers('settlement_changes', $c$party_kind = 'dealer' AND party_code IN (SELECT farsight_dealers())$c$);

-- What a dealer says of a statement: of the whole (entry 0) that it is right, of a line that it is not.
CREATE TABLE statement_answers (
    tenant_id integer NOT NULL REFERENCES tenants,
    period date NOT NULL,
    dealer_code text NOT NULL,
    entry_id bigint NOT NULL,
    answer text NOT NULL CHECK (answer IN ('confirmed', 'disputed')),
    -- What was confirmed: something posted later is not.
    net bigint NOT NULL,
    entry_count bigint NOT NULL,
    reason text NOT NULL,
    said_at timestamptz NOT NULL,
    said_by text NOT NULL,
    reply text,
    replied_at timestamptz,
    replied_by text,
    CHECK ((answer = 'confirmed') = (entry_id = 0)),
    PRIMARY KEY (tenant_id, period, dealer_code, entry_id)
);
CREATE INDEX statement_answers_open ON statement_answers (tenant_id, period) WHERE answer = 'disputed' AND replied_at IS NULL;
CALL farsight_keep_to_tenant('statement_answers', 'SELECT, INSERT, UPDATE');
CALL farsight_keep_to_dealers('statement_answers');

CREATE INDEX entries_by_party ON entries (tenant_id, party_code, period);
CREATE INDEX audit_log_by_action ON audit_log (tenant_id, action, seq);
