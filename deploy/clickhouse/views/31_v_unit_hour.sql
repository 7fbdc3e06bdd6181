CREATE OR REPLACE VIEW v_unit_hour AS
SELECT
    operational_unit,
    window_start,
    charge_points,
    stations,
    {{core}},
    {{sessions}},
    {{live}},
    {{extras}},
    {{times}},
    open_failures_at_end,
    oldest_open_failure_ms,
    {{archive:ratios}},
    {{archive:station_ratios}},
    final_rows > 0 AND final_rows = charge_points + stations AS is_final,
    if(is_final, toInt64(sessions) - toInt64(live_sessions), NULL) AS late_sessions
FROM (
    SELECT
        operational_unit,
        window_start,
        sum(charge_points) AS charge_points,
        sum(stations) AS stations,
        {{sum:core}},
        {{sum:sessions}},
        {{sum:live}},
        {{sum:extras}},
        sum(open_failures_at_end) AS open_failures_at_end,
        max(oldest_open_failure_ms) AS oldest_open_failure_ms,
        sum(final_rows) AS final_rows
    FROM unit_hour FINAL
    WHERE policy = {{policy}}
    GROUP BY operational_unit, window_start
);

ALTER TABLE v_unit_hour
    {{comments operational_unit window_start charge_points stations core sessions live extras times}},
    {{comments open_failures_at_end oldest_open_failure_ms ratios station_ratios is_final late_sessions}},
    MODIFY COMMENT 'Complete hours of units, with the derived ratios.';
