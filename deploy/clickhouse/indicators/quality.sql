INSERT INTO indicator (code, variant, level, target, period, category, timestamp, value, extras, version, is_deleted)
WITH
    stored AS (
        SELECT level, target, value, extras
        FROM indicator FINAL
        WHERE code = 'qua' AND variant = {{variant}} AND period = 'd' AND category = {{code}} AND timestamp = {{timestamp}}
    ),
    computed AS (
        SELECT level, target, argMax(w, p) AS value, argMax(x, p) AS extras, toUInt8(max(p) = 0) AS is_deleted
        FROM (
            SELECT
                level,
                target,
                assumeNotNull(v) AS w,
                concat('{"number":{{number}},"threshold":{{threshold}},"fires":', if({{fires}}, 'true', 'false'), '}') AS x,
                1 AS p
            FROM (
                SELECT place.1 AS level, place.2 AS target, toFloat64({{value}}) AS v
                FROM (
                    {{facts}}
                )
                ARRAY JOIN {{places}} AS place
                WHERE place.2 != ''
                GROUP BY level, target
                HAVING v IS NOT NULL
            )
            UNION ALL
            SELECT level, target, 0, '', 0
            FROM stored
        )
        GROUP BY level, target
    )
SELECT 'qua', {{variant}}, level, target, 'd', {{code}}, {{timestamp}}, value, extras, now64(3), is_deleted
FROM computed
WHERE is_deleted OR (level, target, value, extras) NOT IN (SELECT level, target, value, extras FROM stored)
