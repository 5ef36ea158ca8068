DROP POLICY own_dealers ON regions;
DROP INDEX camera_states_away, alerts_by_due, alerts_by_dealer, entries_by_dealer, complaints_by_dealer, inspections_by_time;
DROP TABLE standings, region_figures, dealer_figures, complaint_lives, figure_marks;
DROP FUNCTION farsight_regions();
