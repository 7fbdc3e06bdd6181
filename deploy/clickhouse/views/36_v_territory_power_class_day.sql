CREATE OR REPLACE VIEW v_territory_power_class_day AS
SELECT
    level,
    code,
    name,
    population,
    power_class,
    day,
    charge_point_hours,
    hours,
    toUInt16(dateDiff('hour', toDateTime(day, 'Europe/Paris'), toDateTime(day + 1, 'Europe/Paris'))) AS expected_hours,
    charge_point_hours / nullIf(hours, 0) AS mean_charge_points,
    {{core}},
    {{sessions}},
    {{live}},
    {{times}},
    open_failures_at_end,
    oldest_open_failure_ms,
    {{archive:ratios}},
    final_rows > 0 AND final_rows = charge_point_hours AND hours = expected_hours AS is_final,
    if(is_final, toInt64(sessions) - toInt64(live_sessions), NULL) AS late_sessions,
    mean_charge_points * 100000 / nullIf(population, 0) AS charge_points_per_100k,
    sessions * 100000 / nullIf(population, 0) AS sessions_per_100k
FROM (
    SELECT
        h.level AS level,
        h.code AS code,
        h.power_class AS power_class,
        t.name AS name,
        t.population AS population,
        h.day AS day,
        h.charge_point_hours AS charge_point_hours,
        h.hours AS hours,
        {{h:core}},
        {{h:sessions}},
        {{h:archived_live}},
        h.open_failures_at_end AS open_failures_at_end,
        h.oldest_open_failure_ms AS oldest_open_failure_ms,
        h.final_rows AS final_rows
    FROM (
        SELECT
            level,
            code,
            power_class,
            day,
            sum(charge_point_hours) AS charge_point_hours,
            {{sum:core}},
            {{sum:sessions}},
            {{sum:live}},
            sum(open_failures_at_end) AS open_failures_at_end,
            max(oldest_open_failure_ms) AS oldest_open_failure_ms,
            max(hours) AS hours,
            sum(final_rows) AS final_rows
        FROM territory_day FINAL
        WHERE policy = {{policy}} AND power_class != ''
        GROUP BY level, code, power_class, day
    ) AS h
    LEFT ANY JOIN (SELECT toString(level) AS level, code, name, population FROM territory FINAL) AS t
        ON toString(h.level) = t.level AND h.code = t.code
);

ALTER TABLE v_territory_power_class_day
    {{comments level code name population power_class day charge_point_hours hours expected_hours}},
    {{comments mean_charge_points core sessions live times open_failures_at_end oldest_open_failure_ms ratios}},
    {{comments is_final late_sessions charge_points_per_100k sessions_per_100k}},
    MODIFY COMMENT 'Days of territories by power class, Europe/Paris, with the derived ratios.';
