SELECT
    policy,
    level,
    code,
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
    -- Gauges are those of the last hour that the territory has, also for a key that has no such hour.
    SELECT *, window_start = max(if(charge_points + stations > 0, window_start, toDateTime(0, 'UTC'))) OVER (
        PARTITION BY policy, level, code, day
    ) AS is_last
    FROM (
        SELECT
            policy,
            place.1 AS level,
            place.2 AS code,
            power_class,
            toDate(window_start, 'Europe/Paris') AS day,
            window_start,
            sum(charge_points) AS charge_points,
            sum(stations) AS stations,
            {{sum:core}},
            {{sum:sessions}},
            {{sum:live}},
            {{sum:extras}},
            sum(open_failures_at_end) AS open_failures_at_end,
            max(oldest_open_failure_ms) AS oldest_open_failure_ms,
            sum(final_rows) AS final_rows,
            sum(source_revisions) AS source_revisions,
            max(source_version) AS source_version,
            1 AS present
        FROM (
            SELECT *
            FROM unit_hour FINAL
            PREWHERE (policy, toDate(window_start, 'Europe/Paris')) IN touched
                AND window_start >= (SELECT toDateTime(min(day), 'Europe/Paris') FROM touched)
                AND window_start < (SELECT toDateTime(max(day) + 1, 'Europe/Paris') FROM touched)
        ) AS h
        LEFT ANY JOIN {{department}} AS t USING (department)
        ARRAY JOIN [('country', '00'), ('region', region), ('department', department)] AS place
        GROUP BY policy, level, code, power_class, day, window_start
        UNION ALL
        SELECT
            policy,
            toString(level),
            code,
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
        FROM territory_day FINAL
        PREWHERE level != 'epci' AND (policy, day) IN touched
    )
)
GROUP BY policy, level, code, power_class, day
