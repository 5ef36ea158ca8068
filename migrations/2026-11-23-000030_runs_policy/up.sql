-- The newest policy version that a run knew: what is published later judges none of its entries anew. The moment of publishing
-- does not tell it, for it may lie before that of a run that did not see the version.
ALTER TABLE runs NO FORCE ROW LEVEL SECURITY;
ALTER TABLE policies NO FORCE ROW LEVEL SECURITY;

ALTER TABLE runs ADD COLUMN newest_policy integer;
-- Runs of before: by those moments, the best that is known of them.
UPDATE runs r
SET newest_policy = coalesce((SELECT max(version) FROM policies p WHERE p.tenant_id = r.tenant_id AND p.published_at <= r.ran_at), 1);
ALTER TABLE runs ALTER COLUMN newest_policy SET NOT NULL;

ALTER TABLE runs FORCE ROW LEVEL SECURITY;
ALTER TABLE policies FORCE ROW LEVEL SECURITY;
