-- Coming into a person's scope, made cheap: it stands before every page.

-- As before, with the user's row read once: so that regions lead to dealers by the index.
CREATE OR REPLACE FUNCTION farsight_dealers_of(who integer, today date) RETURNS SETOF text LANGUAGE plpgsql STABLE AS $$
DECLARE
    person users;
BEGIN
    SELECT * INTO person FROM users u WHERE u.user_id = who;
    RETURN QUERY
    SELECT unnest(person.dealers)
    UNION
    SELECT d.dealer_code FROM dealers d
    WHERE d.tenant_id = person.tenant_id AND d.region_code = ANY (person.regions)
        AND d.superseded_at = 'infinity' AND NOT d.voided AND NOT EXISTS (
        SELECT FROM dealer_regions m WHERE m.tenant_id = d.tenant_id AND m.dealer_code = d.dealer_code
            AND m.superseded_at = 'infinity' AND NOT m.voided AND m."from" <= today)
    UNION
    SELECT m.dealer_code FROM dealer_regions m
    WHERE m.tenant_id = person.tenant_id AND m.region_code = ANY (person.regions)
        AND m.superseded_at = 'infinity' AND NOT m.voided AND m."from" <= today AND NOT EXISTS (
        SELECT FROM dealer_regions l WHERE l.tenant_id = m.tenant_id AND l.dealer_code = m.dealer_code
            AND l.superseded_at = 'infinity' AND NOT l.voided AND l."from" <= today AND l."from" > m."from");
END
$$;

-- What a person's scope rests on has this stamp: the user's row, the imports of dealers and their moves, and the day.
CREATE INDEX imports_of_dealers ON imports (tenant_id, import_id) WHERE fact_table IN ('dealers', 'dealer_regions');

-- Keeps for the transaction which dealers and regions are a person's, and which regions' names they see: their own, and
-- those that their dealers are or were in. To be called before the role farsight_person is taken on.
--
-- A connection remembers what it worked out, in one of a few settings of its own, and takes it again as long as the stamp
-- is the same.
CREATE FUNCTION farsight_enter(who integer, today date) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    person users;
    stamp text;
    memo CONSTANT text := 'farsight.memo_' || who % 16;
    known text[];
    own text[];
    named text[];
BEGIN
    SELECT * INTO person FROM users u WHERE u.user_id = who;
    SELECT concat_ws('/', person.tenant_id, who, today, array_to_string(person.regions, ','), array_to_string(person.dealers, ','),
        (SELECT import_id FROM imports WHERE fact_table IN ('dealers', 'dealer_regions') ORDER BY import_id DESC LIMIT 1)) INTO stamp;
    known := string_to_array(current_setting(memo, true), '|');
    IF known[1] IS DISTINCT FROM stamp THEN
        SELECT coalesce(array_agg(code), '{}') INTO own FROM farsight_dealers_of(who, today) AS code;
        -- A dealer that is theirs by its region, and never moved, has no region but theirs.
        SELECT coalesce(array_agg(region_code), '{}') INTO named FROM (
            SELECT unnest(person.regions) AS region_code
            UNION
            SELECT d.region_code FROM dealers d WHERE d.dealer_code = ANY (person.dealers)
            UNION
            SELECT unnest(ARRAY[m.region_code, d.region_code]) FROM unnest(own) AS code
                JOIN dealer_regions m ON m.dealer_code = code LEFT JOIN dealers d ON d.dealer_code = code) AS regions;
        known := ARRAY[stamp, array_to_string(own, ','), coalesce(array_to_string(person.regions, ','), ''), array_to_string(named, ',')];
        PERFORM set_config(memo, array_to_string(known, '|'), false);
    END IF;
    PERFORM set_config('farsight.dealers', known[2], true), set_config('farsight.regions', known[3], true),
        set_config('farsight.named_regions', known[4], true);
END
$$;

CREATE FUNCTION farsight_named_regions() RETURNS SETOF text LANGUAGE sql STABLE PARALLEL SAFE AS
$$ SELECT unnest(string_to_array(current_setting('farsight.named_regions', true), ',')) $$;

DROP POLICY own_dealers ON regions;
CALL farsight_keep_to_dealers('regions', 'region_code IN (SELECT farsight_named_regions())');

-- The list of alerts in its own order.
CREATE INDEX alerts_by_weight ON alerts (tenant_id, array_position(ARRAY['critical', 'warning', 'notice'], severity), opened_at, alert_id)
    WHERE resolved_at = 'infinity';
