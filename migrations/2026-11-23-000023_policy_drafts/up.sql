-- Drafts of policy versions: one person drafts, a second publishes. What was drafted is never changed.

CREATE TABLE policy_drafts (
    tenant_id integer NOT NULL REFERENCES tenants,
    draft_id bigint NOT NULL,
    name text NOT NULL,
    body text NOT NULL,
    drafted_by text NOT NULL,
    drafted_at timestamptz NOT NULL,
    state text NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'published', 'dropped')),
    decided_by text,
    decided_at timestamptz,
    version integer,
    PRIMARY KEY (tenant_id, draft_id),
    CHECK ((state = 'open') = (decided_at IS NULL)),
    CHECK ((state = 'published') = (version IS NOT NULL)),
    FOREIGN KEY (tenant_id, version) REFERENCES policies (tenant_id, version)
);
CALL farsight_keep_to_tenant('policy_drafts', 'SELECT, INSERT, UPDATE (state, decided_by, decided_at, version)');
CALL farsight_keep_to_dealers('policy_drafts', 'false');

-- Who drafted a version; nobody where it came with the tenant.
ALTER TABLE policies ADD COLUMN drafted_by text;
