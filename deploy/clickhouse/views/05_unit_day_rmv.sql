DROP VIEW IF EXISTS unit_day_rmv SYNC;
CREATE MATERIALIZED VIEW unit_day_rmv
REFRESH EVERY 5 MINUTE APPEND TO unit_day AS
WITH
    {{since unit_day}} AS since,
    touched AS (
        SELECT DISTINCT policy, operational_unit, toDate(window_start, 'Europe/Paris') AS day
        FROM unit_hour
        WHERE version >= since
    )
{{rollup unit_day}};

ALTER TABLE unit_day_rmv
    {{comments policy operational_unit department power_class day charge_point_hours station_hours}},
    {{comments core sessions live extras open_failures_at_end oldest_open_failure_ms hours}},
    {{comments final_rows source_revisions source_version version is_deleted}},
    MODIFY COMMENT 'Sums again the days of units in which an hour changed.';
