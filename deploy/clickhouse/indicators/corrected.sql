INSERT INTO indicator (code, variant, level, target, period, category, timestamp, value, extras, version, is_deleted)
WITH
    stored AS (
        SELECT level, target, category, value, extras
        FROM indicator FINAL
        WHERE code = {{code}} AND variant = 'corrected' AND period = {{period}} AND timestamp = {{timestamp}}
    ),
    computed AS (
        SELECT level, target, category, argMax(v, p) AS value, argMax(x, p) AS more, toUInt8(max(p) = 0) AS is_deleted
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
            -- Every target and category in force, with nothing in it.
            SELECT place.1, place.2, category, 0, {{zero_extras}}, 1
            FROM (
                SELECT DISTINCT arrayJoin({{places}}) AS place
                FROM (SELECT * FROM x_directory(at = {{directory_at}}) WHERE in_force)
                UNION DISTINCT
                SELECT arrayJoin(if({{has_nation}}, [(toUInt8(0), '00')], [])) AS place
            )
            ARRAY JOIN {{categories}} AS category
            WHERE place.2 != '' AND {{has_zeros}}
            UNION ALL
            -- What is stored: a key that gets nothing else has vanished.
            SELECT level, target, category, 0, '', 0
            FROM stored
        )
        GROUP BY level, target, category
    ),
    daily AS (
        SELECT level, target, category, sum(d.value) AS total
        FROM indicator AS d FINAL
        WHERE code = {{code}} AND variant = 'corrected' AND period = 'd' AND timestamp >= {{timestamp}} AND timestamp < {{timestamp_end}}
        GROUP BY level, target, category
    )
SELECT {{code}}, 'corrected', level, target, {{period}}, category, {{timestamp}}, value, extras, now64(3), is_deleted
FROM (
    SELECT
        c.level AS level,
        c.target AS target,
        c.category AS category,
        assumeNotNull(c.value) AS value,
        arrayFilter(part -> part != '', [
            if(c.is_deleted, '', c.more),
            if({{has_daily_mean}} AND NOT c.is_deleted, concat('"daily_mean":', toString(d.total / {{days}})), '')
        ]) AS parts,
        if(empty(parts), '', concat('{', arrayStringConcat(parts, ','), '}')) AS extras,
        c.is_deleted AS is_deleted
    FROM computed AS c
    LEFT ANY JOIN daily AS d ON c.level = d.level AND c.target = d.target AND c.category = d.category
)
-- Rows that stand as they are stored are not written.
WHERE NOT is_deleted AND (level, target, category, value, extras) NOT IN (SELECT level, target, category, value, extras FROM stored)
    OR is_deleted
