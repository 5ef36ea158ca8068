ALTER TABLE watches DROP COLUMN shut_at;
