-- Evidence on its way in from a phone, who looked at what was handed in, and the inspection desk.

-- A file that is being sent. Its bytes lie in the evidence store's incoming area, piece by piece; what is known of them
-- is here, so that any replica takes the next piece.
CREATE TABLE uploads (
    tenant_id integer NOT NULL REFERENCES tenants,
    upload_id text NOT NULL,
    dealer_code text NOT NULL,
    subject text NOT NULL,
    file_name text NOT NULL,
    sent_by text NOT NULL,
    length bigint NOT NULL CHECK (length > 0),
    received bigint NOT NULL DEFAULT 0 CHECK (received BETWEEN 0 AND length),
    state text NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'stored', 'finished', 'refused')),
    begun_at timestamptz NOT NULL,
    ends_at timestamptz NOT NULL,
    -- Since stored: what it is.
    sha256 text,
    media_type text,
    stored_at timestamptz,
    -- Since finished: the handing it became.
    handing_id bigint,
    -- When refused: why.
    refusal_code text,
    refusal text,
    PRIMARY KEY (tenant_id, upload_id),
    CHECK ((state IN ('stored', 'finished')) <= (sha256 IS NOT NULL)),
    CHECK ((state = 'finished') <= (handing_id IS NOT NULL)),
    CHECK ((state = 'refused') = (refusal_code IS NOT NULL))
);
CREATE INDEX uploads_by_sender ON uploads (tenant_id, sent_by) WHERE state IN ('open', 'stored');
CREATE INDEX uploads_by_end ON uploads (tenant_id, ends_at);
CALL farsight_keep_to_tenant('uploads', 'SELECT, INSERT, UPDATE, DELETE');
CALL farsight_keep_to_dealers('uploads');

-- A piece of it: where it begins, and the name of its object.
CREATE TABLE upload_pieces (
    tenant_id integer NOT NULL,
    upload_id text NOT NULL,
    at_byte bigint NOT NULL,
    bytes bigint NOT NULL CHECK (bytes > 0),
    piece text NOT NULL,
    PRIMARY KEY (tenant_id, upload_id, at_byte),
    FOREIGN KEY (tenant_id, upload_id) REFERENCES uploads ON DELETE CASCADE
);
CALL farsight_keep_to_tenant('upload_pieces', 'SELECT, INSERT, DELETE');
CALL farsight_keep_to_dealers('upload_pieces', $c$EXISTS (SELECT FROM uploads u
    WHERE u.tenant_id = upload_pieces.tenant_id AND u.upload_id = upload_pieces.upload_id)$c$);

-- Who looked at what in which hour: the audit log has it once, however many pictures a page shows how often.
CREATE TABLE evidence_looks (
    tenant_id integer NOT NULL REFERENCES tenants,
    sha256 text NOT NULL,
    seen_by text NOT NULL,
    hour timestamptz NOT NULL,
    original boolean NOT NULL,
    PRIMARY KEY (tenant_id, sha256, seen_by, hour, original)
);
CREATE INDEX evidence_looks_by_hour ON evidence_looks (tenant_id, hour);
CALL farsight_keep_to_tenant('evidence_looks', 'SELECT, INSERT, DELETE');

-- What a person has judged of a visit, before it is confirmed.
CREATE TABLE judgements (
    tenant_id integer NOT NULL REFERENCES tenants,
    day date NOT NULL,
    dealer_code text NOT NULL,
    item_code text NOT NULL,
    result text NOT NULL CHECK (result IN ('pass', 'fail', 'na', 'not-visible')),
    judged_by text NOT NULL,
    judged_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, day, dealer_code, item_code),
    FOREIGN KEY (tenant_id, day, dealer_code) REFERENCES visits
);
CALL farsight_keep_to_tenant('judgements', 'SELECT, INSERT, UPDATE, DELETE');
CALL farsight_keep_to_dealers('judgements');

-- A visit whose judgement was confirmed, and the inspection it became.
CREATE TABLE judged_visits (
    tenant_id integer NOT NULL REFERENCES tenants,
    day date NOT NULL,
    dealer_code text NOT NULL,
    inspection_id text NOT NULL,
    judged_by text NOT NULL,
    confirmed_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, day, dealer_code),
    UNIQUE (tenant_id, inspection_id),
    FOREIGN KEY (tenant_id, day, dealer_code) REFERENCES visits
);
CALL farsight_keep_to_tenant('judged_visits', 'SELECT, INSERT');
CALL farsight_keep_to_dealers('judged_visits');

-- The picture of a camera that shows its hall as it should be.
CREATE TABLE standard_pictures (
    tenant_id integer NOT NULL REFERENCES tenants,
    camera_code text NOT NULL,
    dealer_code text NOT NULL,
    sha256 text NOT NULL,
    taken_at timestamptz NOT NULL,
    chosen_by text NOT NULL,
    chosen_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, camera_code)
);
CALL farsight_keep_to_tenant('standard_pictures', 'SELECT, INSERT, UPDATE');
CALL farsight_keep_to_dealers('standard_pictures');

CREATE INDEX handings_by_dealer ON handings (tenant_id, dealer_code, handing_id);
