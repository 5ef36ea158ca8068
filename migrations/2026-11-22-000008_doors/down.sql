DELETE FROM deliveries WHERE what = 'reset';
ALTER TABLE deliveries DROP CONSTRAINT deliveries_what_check,
    ADD CONSTRAINT deliveries_what_check CHECK (what IN ('alerts', 'digest', 'test'));
DROP INDEX dealers_by_region;
DROP TABLE password_resets;
DROP TABLE sessions;
ALTER TABLE users
    DROP CONSTRAINT users_by_number,
    DROP COLUMN user_id, DROP COLUMN name, DROP COLUMN language, DROP COLUMN password_hash,
    DROP COLUMN password_set_at, DROP COLUMN totp_sealed, DROP COLUMN totp_confirmed_at, DROP COLUMN totp_last_step,
    DROP COLUMN failures, DROP COLUMN locked_until, DROP COLUMN disabled_at;
DO $$
DECLARE
    named text;
BEGIN
    FOR named IN SELECT tablename FROM pg_policies WHERE schemaname = 'public' AND policyname = 'own_dealers' LOOP
        EXECUTE format('DROP POLICY own_dealers ON %I', named);
    END LOOP;
END
$$;
DROP PROCEDURE farsight_keep_to_tenant(text, text);
DROP PROCEDURE farsight_keep_to_dealers(text, text);
DROP FUNCTION farsight_dealers_of(integer, date);
DROP FUNCTION farsight_dealers();
