CREATE OR REPLACE VIEW v_territory_hour AS
SELECT
    level,
    code,
    name,
    population,
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
    if(is_final, toInt64(sessions) - toInt64(live_sessions), NULL) AS late_sessions,
    charge_points * 100000 / nullIf(population, 0) AS charge_points_per_100k,
    sessions * 100000 / nullIf(population, 0) AS sessions_per_100k
FROM (
    SELECT
        h.level AS level,
        h.code AS code,
        t.name AS name,
        t.population AS population,
        h.window_start AS window_start,
        h.charge_points AS charge_points,
        h.stations AS stations,
        {{h:core}},
        {{h:sessions}},
        {{h:archived_live}},
        {{h:extras}},
        h.open_failures_at_end AS open_failures_at_end,
        h.oldest_open_failure_ms AS oldest_open_failure_ms,
        h.final_rows AS final_rows
    FROM (
        SELECT
            level,
            code,
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
        FROM territory_hour FINAL
        WHERE policy = {{policy}}
        GROUP BY level, code, window_start
    ) AS h
    LEFT ANY JOIN (SELECT toString(level) AS level, code, name, population FROM territory FINAL) AS t
        ON toString(h.level) = t.level AND h.code = t.code
);

ALTER TABLE v_territory_hour
    {{comments level code name population window_start charge_points stations core sessions live extras times}},
    {{comments open_failures_at_end oldest_open_failure_ms ratios station_ratios is_final late_sessions}},
    {{comments charge_points_per_100k sessions_per_100k}},
    MODIFY COMMENT 'Complete hours of country, regions and departments, with the derived ratios.';
