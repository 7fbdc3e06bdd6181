CREATE OR REPLACE VIEW v_rollup_mismatch AS
SELECT
    policy,
    operational_unit,
    window_start,
    base_rows,
    rollup_rows,
    base_revisions,
    rollup_revisions,
    base_version,
    rollup_version,
    base_sessions,
    rollup_sessions
FROM (
    SELECT
        policy,
        operational_unit,
        window_start,
        sum(c.1) AS base_rows,
        sum(c.2) AS rollup_rows,
        sum(c.3) AS base_revisions,
        sum(c.4) AS rollup_revisions,
        max(c.5) AS base_version,
        max(c.6) AS rollup_version,
        sum(c.7) AS base_sessions,
        sum(c.8) AS rollup_sessions
    FROM (
        SELECT policy, operational_unit, window_start, (1, 0, revision, 0, version, 0, 0, 0) AS c
        FROM charge_point_hour FINAL
        WHERE phase != 'provisional'
        UNION ALL
        SELECT policy, operational_unit, window_start, (1, 0, revision, 0, version, 0, 0, 0) AS c
        FROM station_hour FINAL
        WHERE phase != 'provisional'
        UNION ALL
        SELECT policy, operational_unit, toStartOfHour(started_at) AS window_start, (0, 0, 0, 0, 0, 0, 1, 0) AS c
        FROM distinct_session FINAL
        UNION ALL
        SELECT
            policy,
            operational_unit,
            window_start,
            (0, charge_points + stations, 0, source_revisions, 0, source_version, 0, sessions) AS c
        FROM unit_hour FINAL
    )
    GROUP BY policy, operational_unit, window_start
)
WHERE (base_rows, base_revisions, base_version, base_sessions) != (rollup_rows, rollup_revisions, rollup_version, rollup_sessions);

ALTER TABLE v_rollup_mismatch
    {{comments policy operational_unit window_start base_rows rollup_rows base_revisions rollup_revisions}},
    {{comments base_version rollup_version base_sessions rollup_sessions}},
    MODIFY COMMENT 'Hours of units whose roll-up is not the sum of its base: must be empty but for what came in the last minutes.';
