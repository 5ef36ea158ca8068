DROP TABLE camera_states;
DROP TABLE pictures;
DROP TABLE visits;
DROP TABLE draws;
DROP TABLE draw_chains;
DROP FUNCTION refuse_changed_draw();
DROP FUNCTION refuse_changed_chain();
