DROP TABLE camera_rules;
