ALTER TABLE watches DROP COLUMN shut_at;
-- What was noted of appeals stays: no row security lets a migration remove it.
ALTER TABLE changes DROP CONSTRAINT changes_list_check,
    ADD CONSTRAINT changes_list_check CHECK (list IN ('statements', 'rectifications')) NOT VALID;
