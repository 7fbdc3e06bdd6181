CREATE OR REPLACE VIEW v_conservation AS
SELECT *
FROM (
    SELECT
        'charge_point' AS entity_type,
        policy,
        station_id,
        charge_point_id,
        window_start,
        phase,
        toUInt64(1) AS charge_points,
        {{covered}} AS covered_ms,
        toUInt64(3600000) AS expected_ms
    FROM charge_point_hour FINAL
    UNION ALL
    SELECT
        'station' AS entity_type,
        policy,
        station_id,
        '' AS charge_point_id,
        window_start,
        phase,
        charge_points,
        {{covered}} AS covered_ms,
        charge_points * 3600000 AS expected_ms
    FROM station_hour FINAL
)
WHERE if(phase = 'provisional', covered_ms > expected_ms, covered_ms != expected_ms);

ALTER TABLE v_conservation
    {{comments entity_type policy station_id charge_point_id window_start phase charge_points covered_ms expected_ms}},
    MODIFY COMMENT 'Hours whose nine states do not add up to the time covered: must be empty.';
