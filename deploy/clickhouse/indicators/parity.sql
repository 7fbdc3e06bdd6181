INSERT INTO indicator (code, variant, level, target, period, category, timestamp, value, extras, version, is_deleted)
WITH
    stored AS (
        SELECT level, target, category, value, extras
        FROM indicator FINAL
        WHERE code = {{code}} AND variant = 'parity' AND period = {{period}} AND timestamp = {{timestamp}}
    ),
    computed AS (
        SELECT level, target, category, argMax(v, p) AS value, argMax(x, p) AS extras, max(p) AS kind
        FROM (
            SELECT
                place.1 AS level,
                place.2 AS target,
                {{category}} AS category,
                {{value}} AS v,
                {{extras}} AS x,
                2 AS p
            FROM (
                {{facts}}
            )
            ARRAY JOIN {{places}} AS place
            {{split}}
            WHERE place.2 != ''
            GROUP BY level, target, category
            HAVING v IS NOT NULL
            UNION ALL
            -- A target without data gets 0 and no category.
            SELECT place.1, place.2, '' AS category, 0, '', 1
            FROM (
                SELECT DISTINCT arrayJoin({{places}}) AS place
                FROM (SELECT * FROM x_directory(at = {{directory_at}}) WHERE in_force)
                UNION DISTINCT
                SELECT arrayJoin(if({{has_nation}}, [(toUInt8(0), '00')], [])) AS place
            )
            WHERE place.2 != '' AND {{has_zeros}}
            UNION ALL
            SELECT level, target, category, 0, '', 0
            FROM stored
        )
        GROUP BY level, target, category
    )
SELECT
    {{code}},
    'parity',
    level,
    target,
    {{period}},
    category,
    {{timestamp}},
    if(is_deleted, 0, assumeNotNull(value)),
    if(is_deleted, '', if(extras = '', '', concat('{', extras, '}'))),
    now64(3),
    is_deleted
FROM (
    SELECT *, kind = 0 OR (kind = 1 AND max(kind) OVER (PARTITION BY level, target) = 2) AS is_deleted
    FROM computed
)
WHERE NOT is_deleted AND (level, target, category, assumeNotNull(value), if(extras = '', '', concat('{', extras, '}')))
        NOT IN (SELECT level, target, category, value, extras FROM stored)
    OR is_deleted AND (level, target, category) IN (SELECT level, target, category FROM stored)
