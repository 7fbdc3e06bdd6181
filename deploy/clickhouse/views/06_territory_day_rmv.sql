DROP VIEW IF EXISTS territory_day_rmv SYNC;
CREATE MATERIALIZED VIEW territory_day_rmv
REFRESH EVERY 5 MINUTE APPEND TO territory_day AS
WITH
    {{since territory_day level != 'epci'}} AS since,
    touched AS (
        SELECT DISTINCT policy, toDate(window_start, 'Europe/Paris') AS day
        FROM unit_hour
        WHERE version >= since
    )
{{rollup territory_day}};

ALTER TABLE territory_day_rmv
    {{comments policy level code power_class day charge_point_hours station_hours}},
    {{comments core sessions live extras open_failures_at_end oldest_open_failure_ms hours}},
    {{comments final_rows source_revisions source_version version is_deleted}},
    MODIFY COMMENT 'Sums again the days of country, regions and departments in which an hour changed.';
