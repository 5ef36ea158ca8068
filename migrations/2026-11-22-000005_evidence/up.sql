-- Evidence: what is in the evidence store, and who handed it in, when, for what. The content itself lies in the store,
-- under its SHA-256.

CREATE TABLE evidence (
    tenant_id integer NOT NULL REFERENCES tenants,
    sha256 text NOT NULL,
    bytes bigint NOT NULL,
    media_type text NOT NULL,
    width integer,
    height integer,
    -- The perceptual hash of a picture; its turned and mirrored forms are told from it.
    fingerprint bigint,
    flaws text[] NOT NULL DEFAULT '{}',
    -- What the picture's own metadata says, which its maker can forge: local time, and place.
    taken_local timestamp,
    lat double precision,
    lon double precision,
    stored_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, sha256)
);

-- Each time a content was handed in. `likeness` says where it, or nearly it, was handed in before: a hint for a person.
CREATE TABLE handings (
    tenant_id integer NOT NULL REFERENCES tenants,
    handing_id bigint NOT NULL,
    sha256 text NOT NULL,
    source text NOT NULL CHECK (source IN ('person', 'camera')),
    handed_in_by text NOT NULL,
    handed_in_at timestamptz NOT NULL,
    subject text NOT NULL,
    dealer_code text NOT NULL,
    file_name text NOT NULL,
    likeness text NOT NULL,
    PRIMARY KEY (tenant_id, handing_id),
    FOREIGN KEY (tenant_id, sha256) REFERENCES evidence
);
CREATE INDEX handings_by_content ON handings (tenant_id, sha256);
CREATE INDEX handings_by_subject ON handings (tenant_id, subject);

DO $$
DECLARE
    fenced text;
BEGIN
    FOREACH fenced IN ARRAY ARRAY['evidence', 'handings'] LOOP
        EXECUTE format('GRANT SELECT, INSERT ON %I TO farsight_app', fenced);
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', fenced);
        EXECUTE format(
            'CREATE POLICY own_tenant ON %I USING (tenant_id = (SELECT nullif(current_setting(''farsight.tenant'', true), '''')::integer))',
            fenced);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', fenced);
    END LOOP;
END
$$;
