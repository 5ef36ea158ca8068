-- Appeals are pulled by their latest change too.
ALTER TABLE changes DROP CONSTRAINT changes_list_check,
    ADD CONSTRAINT changes_list_check CHECK (list IN ('statements', 'rectifications', 'appeals'));
