DROP TABLE notices;
DROP INDEX alerts_yet_to_tell, alerts_by_escalation, alerts_by_number;
ALTER TABLE alerts
    DROP COLUMN alert_id,
    DROP COLUMN region_code,
    DROP COLUMN amount,
    DROP COLUMN due_at,
    DROP COLUMN level,
    DROP COLUMN level_since,
    DROP COLUMN holder_code,
    DROP COLUMN escalates_at,
    DROP COLUMN flaps,
    DROP COLUMN told_at,
    DROP COLUMN tell_at;
