DROP INDEX notices_by_alert;
DROP INDEX imports_by_moment;
DROP TABLE first_answers;
DROP TABLE token_uses;
DROP TABLE tokens;
-- The owner, who may be no superuser, sees all tenants' rows for as long as this takes.
ALTER TABLE users NO FORCE ROW LEVEL SECURITY;
DELETE FROM users WHERE kind = 'machine';
ALTER TABLE users FORCE ROW LEVEL SECURITY, DROP CONSTRAINT users_machines_cannot_sign_in, DROP COLUMN kind;
