DROP TABLE change_stamps;
DROP TABLE changes;
