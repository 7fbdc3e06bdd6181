CREATE OR REPLACE VIEW v_unit_day AS
SELECT
    operational_unit,
    day,
    charge_point_hours,
    station_hours,
    hours,
    toUInt16(dateDiff('hour', toDateTime(day, 'Europe/Paris'), toDateTime(day + 1, 'Europe/Paris'))) AS expected_hours,
    charge_point_hours / nullIf(hours, 0) AS mean_charge_points,
    {{core}},
    {{sessions}},
    {{live}},
    {{extras}},
    {{times}},
    open_failures_at_end,
    oldest_open_failure_ms,
    {{archive:ratios}},
    {{archive:station_ratios}},
    final_rows > 0 AND final_rows = charge_point_hours + station_hours AND hours = expected_hours AS is_final,
    if(is_final, toInt64(sessions) - toInt64(live_sessions), NULL) AS late_sessions
FROM (
    SELECT
        operational_unit,
        day,
        sum(charge_point_hours) AS charge_point_hours,
        sum(station_hours) AS station_hours,
        {{sum:core}},
        {{sum:sessions}},
        {{sum:live}},
        {{sum:extras}},
        sum(open_failures_at_end) AS open_failures_at_end,
        max(oldest_open_failure_ms) AS oldest_open_failure_ms,
        max(hours) AS hours,
        sum(final_rows) AS final_rows
    FROM unit_day FINAL
    WHERE policy = {{policy}}
    GROUP BY operational_unit, day
);

ALTER TABLE v_unit_day
    {{comments operational_unit day charge_point_hours station_hours hours expected_hours mean_charge_points}},
    {{comments core sessions live extras times open_failures_at_end oldest_open_failure_ms ratios}},
    {{comments station_ratios is_final late_sessions}},
    MODIFY COMMENT 'Days of units, Europe/Paris, with the derived ratios.';
