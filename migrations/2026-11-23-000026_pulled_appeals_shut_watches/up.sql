-- Appeals are numbered when they are pulled, like statements and orders to mend.
ALTER TABLE changes DROP CONSTRAINT changes_list_check,
    ADD CONSTRAINT changes_list_check CHECK (list IN ('statements', 'rectifications', 'appeals'));

-- Since when nothing is taken in from a watched place, for the tokens of its machine were revoked; adding it again opens it.
ALTER TABLE watches ADD COLUMN shut_at timestamptz;
