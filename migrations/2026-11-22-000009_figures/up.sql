-- Figures: what screens show of months, dealers and regions, worked out beforehand from facts and entries. Nothing
-- rests on them: they can be emptied at any time, and the next refresh makes the same again.

-- The regions of the transaction: what a person may see that is of a region and of no dealer.
CREATE FUNCTION farsight_regions() RETURNS SETOF text LANGUAGE sql STABLE PARALLEL SAFE AS
$$ SELECT unnest(string_to_array(current_setting('farsight.regions', true), ',')) $$;

-- How far the figures have seen the books, and what concerns the whole network.
CREATE TABLE figure_marks (
    tenant_id integer NOT NULL REFERENCES tenants,
    import_id bigint NOT NULL,
    entry_id bigint NOT NULL,
    policies integer NOT NULL,
    month date NOT NULL,
    silent_feeds text[] NOT NULL,
    refreshed_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id)
);

-- A complaint's clocks and what became of them; ends_at is when its last figure can change.
CREATE TABLE complaint_lives (
    tenant_id integer NOT NULL,
    complaint_id text NOT NULL,
    dealer_code text NOT NULL,
    received_at timestamptz NOT NULL,
    reply_due_at timestamptz,
    replied_at timestamptz,
    reply_late boolean NOT NULL,
    close_due_at timestamptz,
    closed_at timestamptz NOT NULL,
    close_late boolean NOT NULL,
    -- Waiting for the manufacturer's callback since; the last such wait's end, and how long all of them were.
    waiting_since timestamptz,
    answered_at timestamptz,
    waited_minutes bigint NOT NULL,
    ends_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, complaint_id)
);
CREATE INDEX complaint_lives_by_end ON complaint_lives (tenant_id, ends_at);
CREATE INDEX complaint_lives_to_reply ON complaint_lives (tenant_id, reply_due_at)
    WHERE replied_at IS NULL AND closed_at = 'infinity';
CREATE INDEX complaint_lives_to_close ON complaint_lives (tenant_id, close_due_at)
    WHERE waiting_since IS NULL AND closed_at = 'infinity';

-- A dealer's month. The region is that of the month's last day, of the running month the present one. Base and bays
-- are both there or neither is used: their ratio is the turnover.
CREATE TABLE dealer_figures (
    tenant_id integer NOT NULL,
    month date NOT NULL,
    dealer_code text NOT NULL,
    region_code text NOT NULL,
    is_open boolean NOT NULL,
    base_customers bigint,
    bays bigint,
    inspections bigint NOT NULL,
    passed bigint NOT NULL,
    failed bigint NOT NULL,
    complaints bigint NOT NULL,
    replies_late bigint NOT NULL,
    closings_late bigint NOT NULL,
    complaints_open bigint NOT NULL,
    complaints_overdue bigint NOT NULL,
    waiting bigint NOT NULL,
    waits bigint NOT NULL,
    waited_minutes bigint NOT NULL,
    certified bigint NOT NULL,
    required bigint NOT NULL,
    penalties bigint NOT NULL,
    incentives bigint NOT NULL,
    reversals bigint NOT NULL,
    PRIMARY KEY (tenant_id, month, dealer_code)
);
CREATE INDEX dealer_figures_by_dealer ON dealer_figures (tenant_id, dealer_code, month);

-- The sums of a region's dealers; region '' is the whole network. Base and bays are of dealers with both, covered is
-- the required posts that are filled.
CREATE TABLE region_figures (
    tenant_id integer NOT NULL,
    month date NOT NULL,
    region_code text NOT NULL,
    dealers bigint NOT NULL,
    base_customers bigint NOT NULL,
    bays bigint NOT NULL,
    inspections bigint NOT NULL,
    passed bigint NOT NULL,
    failed bigint NOT NULL,
    complaints bigint NOT NULL,
    replies_late bigint NOT NULL,
    closings_late bigint NOT NULL,
    complaints_open bigint NOT NULL,
    complaints_overdue bigint NOT NULL,
    waiting bigint NOT NULL,
    waits bigint NOT NULL,
    waited_minutes bigint NOT NULL,
    covered bigint NOT NULL,
    required bigint NOT NULL,
    penalties bigint NOT NULL,
    incentives bigint NOT NULL,
    reversals bigint NOT NULL,
    PRIMARY KEY (tenant_id, month, region_code)
);

-- How a dealer stands now: one row for lists and maps.
CREATE TABLE standings (
    tenant_id integer NOT NULL,
    dealer_code text NOT NULL,
    name text NOT NULL,
    region_code text NOT NULL,
    region_name text NOT NULL,
    province text NOT NULL,
    city text NOT NULL,
    lat double precision,
    lon double precision,
    opened_on date NOT NULL,
    closed_on date,
    is_open boolean NOT NULL,
    critical bigint NOT NULL,
    warning bigint NOT NULL,
    notice bigint NOT NULL,
    penalties bigint NOT NULL,
    incentives bigint NOT NULL,
    reversals bigint NOT NULL,
    turnover_month date,
    base_customers bigint,
    bays bigint,
    passed bigint NOT NULL,
    failed bigint NOT NULL,
    certified bigint NOT NULL,
    required bigint NOT NULL,
    complaints_open bigint NOT NULL,
    complaints_overdue bigint NOT NULL,
    PRIMARY KEY (tenant_id, dealer_code)
);
CREATE INDEX standings_by_region ON standings (tenant_id, region_code, dealer_code);

CREATE INDEX inspections_by_time ON inspections (tenant_id, inspected_at);
CREATE INDEX complaints_by_dealer ON complaints (tenant_id, dealer_code, received_at) WHERE superseded_at = 'infinity';
CREATE INDEX entries_by_dealer ON entries (tenant_id, dealer_code, entry_id);
CREATE INDEX alerts_by_dealer ON alerts (tenant_id, dealer_code, opened_at) WHERE resolved_at = 'infinity';
CREATE INDEX alerts_by_due ON alerts (tenant_id, due_at) WHERE resolved_at = 'infinity' AND due_at IS NOT NULL;
CREATE INDEX camera_states_away ON camera_states (tenant_id, camera_code) WHERE away_since IS NOT NULL;

DO $$
DECLARE
    named text;
BEGIN
    FOREACH named IN ARRAY ARRAY['figure_marks', 'complaint_lives', 'dealer_figures', 'region_figures', 'standings'] LOOP
        CALL farsight_keep_to_tenant(named, 'SELECT, INSERT, UPDATE, DELETE');
    END LOOP;
    FOREACH named IN ARRAY ARRAY['complaint_lives', 'dealer_figures', 'standings'] LOOP
        CALL farsight_keep_to_dealers(named);
    END LOOP;
    CALL farsight_keep_to_dealers('region_figures', 'region_code IN (SELECT farsight_regions())');
    -- A region's name is seen by whoever watches it, and by the dealers that are or were in it.
    CALL farsight_keep_to_dealers('regions', $c$region_code IN (SELECT farsight_regions())
        OR region_code IN (SELECT d.region_code FROM dealers d UNION SELECT m.region_code FROM dealer_regions m)$c$);
END
$$;
