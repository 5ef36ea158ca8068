DROP INDEX alerts_by_weight;
DROP POLICY own_dealers ON regions;
CALL farsight_keep_to_dealers('regions', $c$region_code IN (SELECT farsight_regions())
    OR region_code IN (SELECT d.region_code FROM dealers d UNION SELECT m.region_code FROM dealer_regions m)$c$);
DROP FUNCTION farsight_named_regions();
DROP FUNCTION farsight_enter(integer, date);
DROP INDEX imports_of_dealers;
CREATE OR REPLACE FUNCTION farsight_dealers_of(who integer, today date) RETURNS SETOF text LANGUAGE sql STABLE AS $$
    SELECT unnest(u.dealers) FROM users u WHERE u.user_id = who
    UNION
    SELECT d.dealer_code FROM users u JOIN dealers d ON d.tenant_id = u.tenant_id AND d.region_code = ANY (u.regions)
    WHERE u.user_id = who AND d.superseded_at = 'infinity' AND NOT d.voided AND NOT EXISTS (
        SELECT FROM dealer_regions m WHERE m.tenant_id = d.tenant_id AND m.dealer_code = d.dealer_code
            AND m.superseded_at = 'infinity' AND NOT m.voided AND m."from" <= today)
    UNION
    SELECT m.dealer_code FROM users u JOIN dealer_regions m ON m.tenant_id = u.tenant_id AND m.region_code = ANY (u.regions)
    WHERE u.user_id = who AND m.superseded_at = 'infinity' AND NOT m.voided AND m."from" <= today AND NOT EXISTS (
        SELECT FROM dealer_regions l WHERE l.tenant_id = m.tenant_id AND l.dealer_code = m.dealer_code
            AND l.superseded_at = 'infinity' AND NOT l.voided AND l."from" <= today AND l."from" > m."from")
$$;
