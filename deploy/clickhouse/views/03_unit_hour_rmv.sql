DROP VIEW IF EXISTS unit_hour_rmv SYNC;
CREATE MATERIALIZED VIEW unit_hour_rmv
REFRESH EVERY 1 MINUTE APPEND TO unit_hour AS
WITH
    {{since unit_hour}} AS since,
    touched AS (
        -- Without FINAL: a withdrawn row touches its group too.
        SELECT policy, operational_unit, window_start
        FROM charge_point_hour
        WHERE ingested_at >= since AND phase != 'provisional'
        UNION DISTINCT
        SELECT policy, operational_unit, window_start
        FROM station_hour
        WHERE ingested_at >= since AND phase != 'provisional'
        UNION DISTINCT
        SELECT policy, operational_unit, toStartOfHour(started_at) AS window_start
        FROM distinct_session
        WHERE version >= since
    )
{{rollup unit_hour}};

ALTER TABLE unit_hour_rmv
    {{comments policy operational_unit department power_class window_start charge_points stations}},
    {{comments core sessions live extras open_failures_at_end oldest_open_failure_ms}},
    {{comments final_rows source_revisions source_version version is_deleted}},
    MODIFY COMMENT 'Sums again the hours of units whose base rows or sessions changed.';
