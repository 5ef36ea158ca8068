-- The vehicles sold in a month, from which the homes of the next month are made.
CREATE INDEX vehicles_by_sale ON vehicles (tenant_id, sold_on);
