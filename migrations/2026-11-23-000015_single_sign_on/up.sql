-- Coming in by somebody else's word: identity providers, what of their claims makes which role, and what they provision.

-- A provider that a tenant trusts. With dealers it is a dealer group's: it never makes anybody but users of those.
CREATE TABLE identity_providers (
    tenant_id integer NOT NULL REFERENCES tenants,
    provider_code text NOT NULL CHECK (provider_code ~ '^[a-z0-9][a-z0-9-]{0,39}$'),
    name text NOT NULL,
    issuer text NOT NULL,
    client_id text NOT NULL,
    client_secret_sealed bytea NOT NULL,
    scopes text[] NOT NULL,
    dealers text[] NOT NULL,
    -- Values of `acr` that count as a second factor, besides what `amr` says.
    strong_acr text[] NOT NULL,
    -- Whether it may take over an account that is there, by an equal address.
    links_by_email boolean NOT NULL,
    enabled boolean NOT NULL,
    -- The SHA-256 of the secret it provisions by; none: it may not.
    scim_sha256 bytea,
    scim_made_at timestamptz,
    changed_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, provider_code)
);
CALL farsight_keep_to_tenant('identity_providers', 'SELECT, INSERT, UPDATE');

-- What of a provider's claims makes which role and scope, looked at in order.
CREATE TABLE claim_rules (
    tenant_id integer NOT NULL REFERENCES tenants,
    provider_code text NOT NULL,
    place integer NOT NULL,
    claim text NOT NULL,
    value text NOT NULL,
    role text NOT NULL,
    regions text[] NOT NULL,
    dealers text[] NOT NULL,
    PRIMARY KEY (tenant_id, provider_code, place),
    FOREIGN KEY (tenant_id, provider_code) REFERENCES identity_providers
);
CALL farsight_keep_to_tenant('claim_rules', 'SELECT, INSERT, DELETE');

-- A sign-in that a browser was sent away for. Used once; nonce and PKCE verifier are sealed.
CREATE TABLE sign_ins_under_way (
    tenant_id integer NOT NULL REFERENCES tenants,
    state_sha256 bytea NOT NULL,
    provider_code text NOT NULL,
    secrets_sealed bytea NOT NULL,
    next text NOT NULL,
    ends_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, state_sha256),
    FOREIGN KEY (tenant_id, provider_code) REFERENCES identity_providers
);
CALL farsight_keep_to_tenant('sign_ins_under_way', 'SELECT, INSERT, DELETE');

-- A person as a provider knows them, and who they are here: nobody as long as no rule fits.
CREATE TABLE identities (
    tenant_id integer NOT NULL REFERENCES tenants,
    provider_code text NOT NULL,
    identity_id text NOT NULL,
    -- `sub` of the provider's tokens; none before the first sign-in of somebody provisioned.
    subject text,
    external_id text,
    user_name text NOT NULL,
    name text NOT NULL,
    -- Claims by the provider's provisioning, besides groups.
    attributes jsonb NOT NULL,
    active boolean NOT NULL,
    -- Whether provisioning looks after this person: then groups are what it says, not what a token says.
    provisioned boolean NOT NULL,
    user_id integer,
    -- When the provider shut the account; it opens again only what it shut itself.
    shut_at timestamptz,
    made_at timestamptz NOT NULL,
    changed_at timestamptz NOT NULL,
    deleted_at timestamptz,
    PRIMARY KEY (tenant_id, provider_code, identity_id),
    FOREIGN KEY (tenant_id, provider_code) REFERENCES identity_providers,
    FOREIGN KEY (tenant_id, user_id) REFERENCES users (tenant_id, user_id)
);
CREATE UNIQUE INDEX identities_by_subject ON identities (tenant_id, provider_code, subject);
CREATE UNIQUE INDEX identities_by_name ON identities (tenant_id, provider_code, lower(user_name));
CREATE UNIQUE INDEX identities_by_user ON identities (tenant_id, user_id);
CREATE INDEX identities_by_external_id ON identities (tenant_id, provider_code, external_id);
CALL farsight_keep_to_tenant('identities', 'SELECT, INSERT, UPDATE');

-- A group that a provider provisions; for the claim table its name is a value of `groups`.
CREATE TABLE identity_groups (
    tenant_id integer NOT NULL REFERENCES tenants,
    provider_code text NOT NULL,
    group_id text NOT NULL,
    external_id text,
    name text NOT NULL,
    made_at timestamptz NOT NULL,
    changed_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, provider_code, group_id),
    FOREIGN KEY (tenant_id, provider_code) REFERENCES identity_providers
);
CREATE UNIQUE INDEX identity_groups_by_name ON identity_groups (tenant_id, provider_code, lower(name));
CALL farsight_keep_to_tenant('identity_groups', 'SELECT, INSERT, UPDATE, DELETE');

CREATE TABLE identity_members (
    tenant_id integer NOT NULL REFERENCES tenants,
    provider_code text NOT NULL,
    group_id text NOT NULL,
    identity_id text NOT NULL,
    PRIMARY KEY (tenant_id, provider_code, group_id, identity_id),
    FOREIGN KEY (tenant_id, provider_code, group_id) REFERENCES identity_groups ON DELETE CASCADE,
    FOREIGN KEY (tenant_id, provider_code, identity_id) REFERENCES identities
);
CREATE INDEX identity_members_by_identity ON identity_members (tenant_id, provider_code, identity_id);
CALL farsight_keep_to_tenant('identity_members', 'SELECT, INSERT, DELETE');

-- By whose word a session began, and the sealed token to end it there too.
ALTER TABLE sessions
    ADD COLUMN provider_code text,
    ADD COLUMN token_sealed bytea;
