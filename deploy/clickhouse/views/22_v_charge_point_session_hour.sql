CREATE OR REPLACE VIEW v_charge_point_session_hour AS
SELECT
    s.operational_unit AS operational_unit,
    s.station_id AS station_id,
    s.charge_point_id AS charge_point_id,
    toStartOfHour(s.started_at) AS window_start,
    count() AS sessions,
    sum(toUInt64(s.copies - 1)) AS duplicate_sessions,
    countIf(s.flagged) AS flagged_sessions,
    countIf(s.successful_2min) AS successful_sessions_2min,
    countIf(s.successful_3min) AS successful_sessions_3min,
    sumIf(s.duration_ms, NOT s.flagged) AS session_ms,
    sumIf(s.energy_wh, NOT s.flagged) AS energy_wh,
    sumIf(s.energy_wh, s.flagged) AS flagged_energy_wh
FROM (SELECT * FROM distinct_session FINAL WHERE policy = {{policy}}) AS s
GROUP BY operational_unit, station_id, charge_point_id, window_start;

ALTER TABLE v_charge_point_session_hour
    {{comments operational_unit station_id charge_point_id window_start sessions}},
    MODIFY COMMENT 'Sessions of the archive by charge point and hour of start.';
