SELECT
    policy,
    operational_unit,
    department,
    power_class,
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
    sum(revision) AS source_revisions,
    max(source_version) AS source_version,
    now64(3) AS version,
    toUInt8(max(present) = 0) AS is_deleted
FROM (
    SELECT
        policy,
        operational_unit,
        department,
        power_class,
        window_start,
        toUInt64(1) AS charge_points,
        toUInt64(0) AS stations,
        {{core}},
        {{zero:sessions}},
        {{h:live}},
        {{zero:extras}},
        open_failures_at_end,
        oldest_open_failure_ms,
        toUInt64(phase = 'final') AS final_rows,
        toUInt64(revision) AS revision,
        version AS source_version,
        1 AS present
    FROM (
        SELECT
            policy,
            operational_unit,
            code_insee_commune,
            power_class,
            window_start,
            {{core}},
            {{sessions}},
            open_failures_at_end,
            oldest_open_failure_ms,
            phase,
            revision,
            version
        FROM charge_point_hour FINAL
        -- Of the key, so that it may be asked before FINAL: one hour of a day is read, and then the rest of its rows.
        PREWHERE window_start IN (SELECT window_start FROM touched) AND (policy, operational_unit, window_start) IN touched
        WHERE phase != 'provisional'
    ) AS h
    LEFT ANY JOIN {{commune}} AS t USING (code_insee_commune)
    UNION ALL
    SELECT
        policy,
        operational_unit,
        department,
        '' AS power_class,
        window_start,
        0,
        1,
        {{zero:core}},
        {{zero:sessions}},
        {{zero:live}},
        {{extras}},
        0,
        0,
        toUInt64(phase = 'final'),
        toUInt64(revision),
        version,
        1
    FROM (
        SELECT
            policy,
            operational_unit,
            code_insee_commune,
            window_start,
            {{extras}},
            phase,
            revision,
            version
        FROM station_hour FINAL
        -- Of the key, so that it may be asked before FINAL: one hour of a day is read, and then the rest of its rows.
        PREWHERE window_start IN (SELECT window_start FROM touched) AND (policy, operational_unit, window_start) IN touched
        WHERE phase != 'provisional'
    ) AS h
    LEFT ANY JOIN {{commune}} AS t USING (code_insee_commune)
    UNION ALL
    SELECT
        policy,
        operational_unit,
        department,
        power_class,
        window_start,
        0,
        0,
        {{zero:core}},
        1,
        toUInt64(copies - 1),
        toUInt64(flagged),
        toUInt64(successful_2min),
        toUInt64(successful_3min),
        if(flagged, 0, duration_ms),
        if(flagged, 0, energy_wh),
        if(flagged, energy_wh, 0),
        {{zero:live}},
        {{zero:extras}},
        0,
        0,
        0,
        0,
        0,
        1
    FROM (
        SELECT
            policy,
            operational_unit,
            code_insee_commune,
            power_class,
            toStartOfHour(started_at) AS window_start,
            copies,
            flagged,
            successful_2min,
            successful_3min,
            duration_ms,
            energy_wh
        FROM distinct_session FINAL
        PREWHERE (policy, operational_unit, toStartOfHour(started_at)) IN touched
    ) AS h
    LEFT ANY JOIN {{commune}} AS t USING (code_insee_commune)
    UNION ALL
    -- The keys that exist today: one that gets nothing else has vanished.
    SELECT
        policy,
        operational_unit,
        department,
        power_class,
        window_start,
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
    FROM unit_hour FINAL
    PREWHERE (policy, operational_unit, window_start) IN touched
)
GROUP BY policy, operational_unit, department, power_class, window_start
