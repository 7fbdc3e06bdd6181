SELECT
    policy,
    'epci' AS level,
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
    sum(revision) AS source_revisions,
    max(source_version) AS source_version,
    now64(3) AS version,
    toUInt8(max(present) = 0) AS is_deleted
FROM (
    SELECT *, window_start = max(if(charge_points + stations > 0, window_start, toDateTime(0, 'UTC'))) OVER (
        PARTITION BY policy, code, day
    ) AS is_last
    FROM (
        SELECT
            policy,
            epci AS code,
            power_class,
            toDate(window_start, 'Europe/Paris') AS day,
            window_start,
            count() AS charge_points,
            toUInt64(0) AS stations,
            {{sum:core}},
            {{zero:sessions}},
            {{sum:h:live}},
            {{zero:extras}},
            sum(open_failures_at_end) AS open_failures_at_end,
            max(oldest_open_failure_ms) AS oldest_open_failure_ms,
            countIf(phase = 'final') AS final_rows,
            sum(h.revision) AS revision,
            max(h.version) AS source_version,
            1 AS present
        FROM (
            SELECT *, power_class
            FROM charge_point_hour FINAL
            PREWHERE (policy, toDate(window_start, 'Europe/Paris')) IN touched
                AND window_start >= (SELECT toDateTime(min(day), 'Europe/Paris') FROM touched)
                AND window_start < (SELECT toDateTime(max(day) + 1, 'Europe/Paris') FROM touched)
            WHERE phase != 'provisional'
        ) AS h
        LEFT ANY JOIN {{epci}} AS t USING (code_insee_commune)
        GROUP BY policy, code, power_class, day, window_start
        UNION ALL
        SELECT
            policy,
            epci AS code,
            '',
            toDate(window_start, 'Europe/Paris') AS day,
            window_start,
            0,
            count(),
            {{zero:core}},
            {{zero:sessions}},
            {{zero:live}},
            {{sum:extras}},
            0,
            0,
            countIf(phase = 'final'),
            sum(h.revision),
            max(h.version),
            1
        FROM (
            SELECT *
            FROM station_hour FINAL
            PREWHERE (policy, toDate(window_start, 'Europe/Paris')) IN touched
                AND window_start >= (SELECT toDateTime(min(day), 'Europe/Paris') FROM touched)
                AND window_start < (SELECT toDateTime(max(day) + 1, 'Europe/Paris') FROM touched)
            WHERE phase != 'provisional'
        ) AS h
        LEFT ANY JOIN {{epci}} AS t USING (code_insee_commune)
        GROUP BY policy, code, day, window_start
        UNION ALL
        SELECT
            policy,
            epci AS code,
            power_class,
            toDate(started_at, 'Europe/Paris') AS day,
            toStartOfHour(started_at),
            0,
            0,
            {{zero:core}},
            count(),
            sum(toUInt64(copies - 1)),
            countIf(flagged),
            countIf(successful_2min),
            countIf(successful_3min),
            sumIf(duration_ms, NOT flagged),
            sumIf(energy_wh, NOT flagged),
            sumIf(energy_wh, flagged),
            {{zero:live}},
            {{zero:extras}},
            0,
            0,
            0,
            0,
            0,
            1
        FROM (
            SELECT *, power_class
            FROM distinct_session FINAL
            PREWHERE (policy, toDate(started_at, 'Europe/Paris')) IN touched
        ) AS h
        LEFT ANY JOIN {{epci}} AS t USING (code_insee_commune)
        GROUP BY policy, code, power_class, day, toStartOfHour(started_at)
        UNION ALL
        SELECT
            policy,
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
        PREWHERE level = 'epci' AND (policy, day) IN touched
    )
)
GROUP BY policy, code, power_class, day
