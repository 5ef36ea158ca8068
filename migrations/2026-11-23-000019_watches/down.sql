DROP TABLE watched_files;
DROP TABLE watches;
