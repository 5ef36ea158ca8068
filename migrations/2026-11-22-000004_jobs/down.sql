DROP TABLE slots;
DROP TABLE pauses;
DROP TABLE schedules;
