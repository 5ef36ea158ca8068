-- What the checks 4.6 to 4.12 look up, and sums of months over vehicles and work orders, so that no check reads those
-- tables whole. Sums are a cache: they may be emptied at any time, and are counted again from the facts.

CREATE INDEX surveys_by_dealer_and_time ON surveys (tenant_id, dealer_code, answered_at);
CREATE INDEX work_orders_by_completion ON work_orders (tenant_id, dealer_code, completed_at) WHERE completed_at IS NOT NULL;
CREATE INDEX work_orders_by_visit ON work_orders (tenant_id, vin, completed_at) WHERE completed_at IS NOT NULL;
CREATE INDEX part_prices_by_dealer ON part_prices (tenant_id, dealer_code, effective_on);
CREATE INDEX mystery_visits_by_dealer ON mystery_visits (tenant_id, dealer_code, visited_on);

-- Months of which sums of a kind (homes, faults) are kept; away_days is what homes were counted by. A month that facts
-- have touched is taken out, and counted again when it is asked for.
CREATE TABLE sum_months (
    tenant_id integer NOT NULL REFERENCES tenants,
    kind text NOT NULL CHECK (kind IN ('homes', 'faults')),
    month date NOT NULL,
    away_days bigint NOT NULL DEFAULT 0,
    orders bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (tenant_id, kind, month)
);

-- Vehicles a dealer was the home of at the month's end, and those that were away.
CREATE TABLE home_sums (
    tenant_id integer NOT NULL,
    month date NOT NULL,
    dealer_code text NOT NULL,
    vehicles bigint NOT NULL,
    away bigint NOT NULL,
    PRIMARY KEY (tenant_id, month, dealer_code)
);

-- Vehicles of a model with an order of a fault created in the month.
CREATE TABLE fault_sums (
    tenant_id integer NOT NULL,
    month date NOT NULL,
    model text NOT NULL,
    fault_code text NOT NULL,
    vehicles bigint NOT NULL,
    PRIMARY KEY (tenant_id, month, model, fault_code)
);

-- The same of any fault, by the least odometer of such an order.
CREATE TABLE early_fault_sums (
    tenant_id integer NOT NULL,
    month date NOT NULL,
    model text NOT NULL,
    km bigint NOT NULL,
    vehicles bigint NOT NULL,
    PRIMARY KEY (tenant_id, month, model, km)
);

DO $$
DECLARE
    named text;
BEGIN
    FOREACH named IN ARRAY ARRAY['sum_months', 'home_sums', 'fault_sums', 'early_fault_sums'] LOOP
        CALL farsight_keep_to_tenant(named, 'SELECT, INSERT, UPDATE, DELETE');
    END LOOP;
    CALL farsight_keep_to_dealers('home_sums');
    -- Of the whole network: nobody with a part of it sees them.
    CALL farsight_keep_to_dealers('fault_sums', 'false');
    CALL farsight_keep_to_dealers('early_fault_sums', 'false');
END
$$;
