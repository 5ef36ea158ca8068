-- What people do about charges and orders: appeals, rectifications, discretionary penalties. None of it is a fact: what a
-- decision means for the books is a ruling, entered as a fact beside it.

-- A dealer contests an entry.
CREATE TABLE appeals (
    tenant_id integer NOT NULL REFERENCES tenants,
    appeal_id bigint NOT NULL,
    entry_id bigint NOT NULL,
    dealer_code text NOT NULL,
    body text NOT NULL,
    made_by text NOT NULL,
    made_at timestamptz NOT NULL,
    decide_by timestamptz NOT NULL,
    state text NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'upheld', 'rejected', 'withdrawn')),
    decided_by text,
    decided_at timestamptz,
    reason text,
    ruling_id text,
    PRIMARY KEY (tenant_id, appeal_id),
    FOREIGN KEY (tenant_id, entry_id) REFERENCES entries,
    CHECK ((state = 'open') = (decided_at IS NULL)),
    CHECK ((state = 'upheld') = (ruling_id IS NOT NULL))
);
CREATE UNIQUE INDEX appeals_open ON appeals (tenant_id, entry_id) WHERE state = 'open';
CREATE INDEX appeals_by_dealer ON appeals (tenant_id, dealer_code, made_at);
CREATE INDEX appeals_by_entry ON appeals (tenant_id, entry_id);
CALL farsight_keep_to_tenant('appeals', 'SELECT, INSERT, UPDATE');
CALL farsight_keep_to_dealers('appeals');

-- An order to mend that a person gave. Those of bay turnover follow from findings and have no row.
CREATE TABLE rectifications (
    tenant_id integer NOT NULL REFERENCES tenants,
    order_id bigint NOT NULL,
    dealer_code text NOT NULL,
    inspection_id text,
    title text NOT NULL,
    body text NOT NULL,
    due_on date NOT NULL,
    ordered_by text NOT NULL,
    ordered_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, order_id)
);
CREATE INDEX rectifications_by_dealer ON rectifications (tenant_id, dealer_code);
CALL farsight_keep_to_tenant('rectifications', 'SELECT, INSERT');
CALL farsight_keep_to_dealers('rectifications');

-- What happened on an order: handed in, accepted, sent back. Only ever added to. The key is the order's number, or
-- DEALER@MONTH of one of bay turnover.
CREATE TABLE rectification_steps (
    tenant_id integer NOT NULL REFERENCES tenants,
    order_key text NOT NULL,
    step integer NOT NULL,
    dealer_code text NOT NULL,
    kind text NOT NULL CHECK (kind IN ('handed-in', 'accepted', 'sent-back')),
    body text NOT NULL,
    done_by text NOT NULL,
    done_at timestamptz NOT NULL,
    ruling_id text,
    PRIMARY KEY (tenant_id, order_key, step)
);
CREATE INDEX rectification_steps_by_dealer ON rectification_steps (tenant_id, dealer_code, done_at);
CALL farsight_keep_to_tenant('rectification_steps', 'SELECT, INSERT');
CALL farsight_keep_to_dealers('rectification_steps');

-- A mishandled complaint, drafted by one person and decided by another.
CREATE TABLE penalty_drafts (
    tenant_id integer NOT NULL REFERENCES tenants,
    draft_id bigint NOT NULL,
    complaint_id text NOT NULL,
    dealer_code text NOT NULL,
    amount bigint NOT NULL CHECK (amount > 0),
    body text NOT NULL,
    drafted_by text NOT NULL,
    drafted_at timestamptz NOT NULL,
    state text NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'approved', 'refused', 'withdrawn')),
    decided_by text,
    decided_at timestamptz,
    reason text,
    ruling_id text,
    PRIMARY KEY (tenant_id, draft_id),
    CHECK ((state = 'open') = (decided_at IS NULL)),
    CHECK ((state = 'approved') = (ruling_id IS NOT NULL)),
    CHECK (state <> 'approved' OR decided_by <> drafted_by)
);
CREATE UNIQUE INDEX penalty_drafts_open ON penalty_drafts (tenant_id, complaint_id) WHERE state = 'open';
CREATE INDEX penalty_drafts_by_dealer ON penalty_drafts (tenant_id, dealer_code);
CALL farsight_keep_to_tenant('penalty_drafts', 'SELECT, INSERT, UPDATE');
CALL farsight_keep_to_dealers('penalty_drafts');

-- Lists of a dealer's entries.
CREATE INDEX entries_by_dealer_day ON entries (tenant_id, dealer_code, occurred_on);
