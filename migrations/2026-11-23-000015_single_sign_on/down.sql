ALTER TABLE sessions DROP COLUMN provider_code, DROP COLUMN token_sealed;
DROP TABLE identity_members;
DROP TABLE identity_groups;
DROP TABLE identities;
DROP TABLE sign_ins_under_way;
DROP TABLE claim_rules;
DROP TABLE identity_providers;
