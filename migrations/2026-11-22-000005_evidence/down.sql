DROP TABLE handings;
DROP TABLE evidence;
