SELECT
    policy,
    level,
    code,
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
    sum(source_revisions) AS source_revisions,
    max(source_version) AS source_version,
    now64(3) AS version,
    toUInt8(max(present) = 0) AS is_deleted
FROM (
    SELECT
        policy,
        place.1 AS level,
        place.2 AS code,
        power_class,
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
    FROM (
        SELECT * FROM unit_hour FINAL PREWHERE (policy, window_start) IN touched
    ) AS h
    LEFT ANY JOIN {{department}} AS t USING (department)
    ARRAY JOIN [('country', '00'), ('region', region), ('department', department)] AS place
    UNION ALL
    SELECT
        policy,
        toString(level),
        code,
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
    FROM territory_hour FINAL
    PREWHERE (policy, window_start) IN touched
)
GROUP BY policy, level, code, power_class, window_start
