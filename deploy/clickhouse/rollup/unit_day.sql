SELECT
    policy,
    operational_unit,
    department,
    power_class,
    day,
    sum(charge_points) AS charge_point_hours,
    sum(stations) AS station_hours,
    {{sum:core}},
    {{sum:sessions}},
    {{sum:live}},
    {{sum:extras}},
    sumIf(open_failures_at_end, is_last) AS open_failures_at_end,
    maxIf(oldest_open_failure_ms, is_last) AS oldest_open_failure_ms,
    toUInt16(uniqExactIf(window_start, charge_points + stations > 0)) AS hours,
    sum(final_rows) AS final_rows,
    sum(source_revisions) AS source_revisions,
    max(source_version) AS source_version,
    now64(3) AS version,
    toUInt8(max(present) = 0) AS is_deleted
FROM (
    -- Gauges are those of the last hour that the unit has, also for a key that has no such hour.
    SELECT *, window_start = max(if(charge_points + stations > 0, window_start, toDateTime(0, 'UTC'))) OVER (
        PARTITION BY policy, operational_unit, day
    ) AS is_last
    FROM (
        SELECT
            policy,
            operational_unit,
            department,
            power_class,
            toDate(window_start, 'Europe/Paris') AS day,
            window_start,
            charge_points,
            stations,
            {{core}},
            {{sessions}},
            {{live}},
            {{extras}},
            open_failures_at_end,
            oldest_open_failure_ms,
            final_rows,
            source_revisions,
            source_version,
            1 AS present
        FROM unit_hour FINAL
        PREWHERE (policy, operational_unit, toDate(window_start, 'Europe/Paris')) IN touched
            AND window_start >= (SELECT toDateTime(min(day), 'Europe/Paris') FROM touched)
            AND window_start < (SELECT toDateTime(max(day) + 1, 'Europe/Paris') FROM touched)
        UNION ALL
        SELECT
            policy,
            operational_unit,
            department,
            power_class,
            day,
            toDateTime(0, 'UTC'),
            0,
            0,
            {{zero:core}},
            {{zero:sessions}},
            {{zero:live}},
            {{zero:extras}},
            0,
            0,
            0,
            0,
            0,
            0
        FROM unit_day FINAL
        PREWHERE (policy, operational_unit, day) IN touched
    )
)
GROUP BY policy, operational_unit, department, power_class, day
