CREATE OR REPLACE VIEW v_territory_day AS
SELECT
    level,
    code,
    name,
    population,
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
    if(is_final, toInt64(sessions) - toInt64(live_sessions), NULL) AS late_sessions,
    mean_charge_points * 100000 / nullIf(population, 0) AS charge_points_per_100k,
    sessions * 100000 / nullIf(population, 0) AS sessions_per_100k
FROM (
    SELECT
        h.level AS level,
        h.code AS code,
        t.name AS name,
        t.population AS population,
        h.day AS day,
        h.charge_point_hours AS charge_point_hours,
        h.station_hours AS station_hours,
        h.hours AS hours,
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
        FROM territory_day FINAL
        WHERE policy = {{policy}}
        GROUP BY level, code, day
    ) AS h
    LEFT ANY JOIN (SELECT toString(level) AS level, code, name, population FROM territory FINAL) AS t
        ON toString(h.level) = t.level AND h.code = t.code
);

ALTER TABLE v_territory_day
    {{comments level code name population day charge_point_hours station_hours hours expected_hours}},
    {{comments mean_charge_points core sessions live extras times open_failures_at_end oldest_open_failure_ms}},
    {{comments ratios station_ratios is_final late_sessions charge_points_per_100k sessions_per_100k}},
    MODIFY COMMENT 'Days of country, regions, departments and EPCI, Europe/Paris, with the derived ratios.';
