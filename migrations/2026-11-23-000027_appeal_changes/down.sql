-- Rows of appeals may be there: nobody reads them any more.
ALTER TABLE changes DROP CONSTRAINT changes_list_check,
    ADD CONSTRAINT changes_list_check CHECK (list IN ('statements', 'rectifications')) NOT VALID;
