-- Since when nothing is taken in from a watched place, for the tokens of its machine were revoked; adding it again opens it.
ALTER TABLE watches ADD COLUMN shut_at timestamptz;
