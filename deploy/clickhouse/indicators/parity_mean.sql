INSERT INTO indicator (code, variant, level, target, period, category, timestamp, value, extras, version, is_deleted)
WITH
    stored AS (
        SELECT level, target, category, value, extras
        FROM indicator FINAL
        WHERE code = {{code}} AND variant = 'parity' AND period = {{period}} AND timestamp = {{timestamp}}
    ),
    computed AS (
        SELECT level, target, category, argMax(v, p) AS value, argMax(x, p) AS extras, toUInt8(max(p) = 0) AS is_deleted
        FROM (
            -- The mean of the daily rows that are there, as the original makes it.
            SELECT
                level,
                target,
                category,
                avg(d.value) AS v,
                concat('{"history":{', arrayStringConcat(arrayMap(
                    day -> concat('"', toString(toDate(day.1, 'Europe/Paris')), '":', toString(day.2)),
                    arraySort(groupArray((d.timestamp, d.value)))
                ), ','), '}}') AS x,
                1 AS p
            FROM indicator AS d FINAL
            WHERE code = {{code}} AND variant = 'parity' AND period = 'd' AND d.timestamp >= {{timestamp}} AND d.timestamp < {{timestamp_end}}
            GROUP BY level, target, category
            UNION ALL
            SELECT level, target, category, 0, '', 0
            FROM stored
        )
        GROUP BY level, target, category
    )
SELECT {{code}}, 'parity', level, target, {{period}}, category, {{timestamp}}, value, extras, now64(3), is_deleted
FROM computed
WHERE is_deleted OR (level, target, category, value, extras) NOT IN (SELECT level, target, category, value, extras FROM stored)
