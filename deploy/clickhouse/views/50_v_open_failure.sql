CREATE OR REPLACE VIEW v_open_failure AS
SELECT
    operational_unit,
    entity_type,
    station_id,
    charge_point_id,
    opened_at,
    greatest(0, dateDiff('millisecond', opened_at, (SELECT data_as_of FROM v_data_as_of))) AS age_ms,
    left_censored,
    onset_uncertain,
    unknown_inside,
    code_insee_commune,
    power_w
FROM v_failure_episode
WHERE outcome = 'open'
ORDER BY opened_at, station_id, charge_point_id;

ALTER TABLE v_open_failure
    {{comments operational_unit entity_type station_id charge_point_id opened_at age_ms}},
    {{comments left_censored onset_uncertain unknown_inside code_insee_commune power_w}},
    MODIFY COMMENT 'Failures that have not ended, the oldest first.';
