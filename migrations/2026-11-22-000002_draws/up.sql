-- The draw of the spot check, the day's plan that follows from it, what the cameras gave, and how they are.
--
-- Fenced like the books: every primary key begins with tenant_id, row-level security is forced, the program's role
-- may change only what has to change.

-- A hash chain of day keys. The anchor is public from the moment the chain is made; the seed is sealed.
CREATE TABLE draw_chains (
    tenant_id integer NOT NULL REFERENCES tenants,
    chain_id integer NOT NULL,
    first_day date NOT NULL,
    length integer NOT NULL CHECK (length > 0),
    anchor text NOT NULL,
    sealed_seed bytea NOT NULL,
    made_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, chain_id),
    UNIQUE (tenant_id, first_day)
);

-- A day's draw: first the pool, then who is drawn, then, the day being over, the key.
CREATE TABLE draws (
    tenant_id integer NOT NULL REFERENCES tenants,
    day date NOT NULL,
    chain_id integer NOT NULL,
    day_index integer NOT NULL CHECK (day_index > 0),
    pool text[] NOT NULL,
    pool_sha256 text NOT NULL,
    sample_size integer NOT NULL,
    committed_at timestamptz NOT NULL,
    sample text[],
    reserve text[],
    follow_ups text[],
    drawn_at timestamptz,
    day_key text,
    revealed_at timestamptz,
    PRIMARY KEY (tenant_id, day),
    UNIQUE (tenant_id, chain_id, day_index),
    FOREIGN KEY (tenant_id, chain_id) REFERENCES draw_chains,
    CHECK ((drawn_at IS NULL) = (sample IS NULL) AND (drawn_at IS NULL) = (reserve IS NULL) AND (drawn_at IS NULL) = (follow_ups IS NULL)),
    CHECK ((day_key IS NULL) = (revealed_at IS NULL) AND (day_key IS NULL OR drawn_at IS NOT NULL))
);

-- A dealer to be looked at on a day.
CREATE TABLE visits (
    tenant_id integer NOT NULL REFERENCES tenants,
    day date NOT NULL,
    dealer_code text NOT NULL,
    kind text NOT NULL CHECK (kind IN ('draw', 'follow-up')),
    rank integer NOT NULL,
    due_at timestamptz NOT NULL,
    state text NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'inspectable', 'not-visible')),
    reason text,
    stands_for text,
    attempts integer NOT NULL DEFAULT 0,
    inspectable_cameras integer NOT NULL DEFAULT 0,
    concluded_at timestamptz,
    decided_by text,
    decided_at timestamptz,
    PRIMARY KEY (tenant_id, day, dealer_code),
    FOREIGN KEY (tenant_id, day) REFERENCES draws
);
CREATE INDEX visits_waiting ON visits (tenant_id, due_at) WHERE state = 'waiting';

-- A picture that a camera gave; the picture itself is in the evidence store under its hash.
CREATE TABLE pictures (
    tenant_id integer NOT NULL REFERENCES tenants,
    picture_id bigint NOT NULL,
    day date NOT NULL,
    dealer_code text NOT NULL,
    camera_code text NOT NULL,
    taken_at timestamptz NOT NULL,
    sha256 text NOT NULL,
    size_bytes bigint NOT NULL,
    width integer NOT NULL,
    height integer NOT NULL,
    fingerprint bigint NOT NULL,
    flaws text[] NOT NULL,
    state text NOT NULL CHECK (state IN ('candidate', 'fine', 'confirmed', 'dismissed')),
    confirmed_by text,
    confirmed_at timestamptz,
    PRIMARY KEY (tenant_id, picture_id),
    FOREIGN KEY (tenant_id, day, dealer_code) REFERENCES visits
);
CREATE INDEX pictures_by_visit ON pictures (tenant_id, day, dealer_code);
CREATE INDEX pictures_by_camera ON pictures (tenant_id, camera_code, picture_id);
CREATE INDEX pictures_to_confirm ON pictures (tenant_id, picture_id) WHERE state = 'candidate';

-- How each camera is, and how one signs in to it; the secret is sealed.
CREATE TABLE camera_states (
    tenant_id integer NOT NULL REFERENCES tenants,
    camera_code text NOT NULL,
    failures integer NOT NULL DEFAULT 0,
    away_since timestamptz,
    last_seen_at timestamptz,
    last_reason text,
    sign_in_user text,
    sealed_secret bytea,
    CHECK ((sign_in_user IS NULL) = (sealed_secret IS NULL)),
    PRIMARY KEY (tenant_id, camera_code)
);

-- A draw is only ever filled in, whoever tries.
CREATE FUNCTION refuse_changed_draw() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE'
        OR (NEW.tenant_id, NEW.day, NEW.chain_id, NEW.day_index, NEW.pool, NEW.pool_sha256, NEW.sample_size, NEW.committed_at)
            IS DISTINCT FROM
           (OLD.tenant_id, OLD.day, OLD.chain_id, OLD.day_index, OLD.pool, OLD.pool_sha256, OLD.sample_size, OLD.committed_at)
        OR (OLD.drawn_at IS NOT NULL AND (NEW.sample, NEW.reserve, NEW.follow_ups, NEW.drawn_at)
            IS DISTINCT FROM (OLD.sample, OLD.reserve, OLD.follow_ups, OLD.drawn_at))
        OR (OLD.revealed_at IS NOT NULL AND (NEW.day_key, NEW.revealed_at) IS DISTINCT FROM (OLD.day_key, OLD.revealed_at))
    THEN
        RAISE EXCEPTION 'the draw of % never changes: only what was empty is filled in', OLD.day
            USING ERRCODE = 'check_violation', CONSTRAINT = 'draws_kept';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER draws_kept BEFORE UPDATE OR DELETE ON draws FOR EACH ROW EXECUTE FUNCTION refuse_changed_draw();

-- A chain never changes.
CREATE FUNCTION refuse_changed_chain() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the chain of draws from % never changes', OLD.first_day
        USING ERRCODE = 'check_violation', CONSTRAINT = 'draw_chains_kept';
END
$$;
CREATE TRIGGER draw_chains_kept BEFORE UPDATE OR DELETE ON draw_chains FOR EACH ROW EXECUTE FUNCTION refuse_changed_chain();

GRANT SELECT, INSERT ON draw_chains TO farsight_app;
GRANT SELECT, INSERT, UPDATE (sample, reserve, follow_ups, drawn_at, day_key, revealed_at) ON draws TO farsight_app;
GRANT SELECT, INSERT, UPDATE (state, reason, attempts, inspectable_cameras, concluded_at, decided_by, decided_at) ON visits TO farsight_app;
GRANT SELECT, INSERT, UPDATE (state, confirmed_by, confirmed_at) ON pictures TO farsight_app;
GRANT SELECT, INSERT, UPDATE (failures, away_since, last_seen_at, last_reason, sign_in_user, sealed_secret) ON camera_states TO farsight_app;

DO $$
DECLARE
    own text;
BEGIN
    FOREACH own IN ARRAY ARRAY['draw_chains', 'draws', 'visits', 'pictures', 'camera_states'] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', own);
        EXECUTE format(
            'CREATE POLICY own_tenant ON %I USING (tenant_id = (SELECT nullif(current_setting(''farsight.tenant'', true), '''')::integer))',
            own);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', own);
    END LOOP;
END
$$;
