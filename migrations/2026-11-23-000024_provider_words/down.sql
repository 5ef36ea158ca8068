DROP POLICY own_dealers ON first_answers;
DROP POLICY own_dealers ON identity_members;
DROP POLICY own_dealers ON identity_groups;
DROP POLICY own_dealers ON identities;
DROP POLICY own_dealers ON sign_ins_under_way;
DROP POLICY own_dealers ON claim_rules;
DROP POLICY own_dealers ON identity_providers;
ALTER TABLE sessions DROP COLUMN provider_session;
ALTER TABLE identities DROP COLUMN claims;
