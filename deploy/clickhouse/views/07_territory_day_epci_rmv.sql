DROP VIEW IF EXISTS territory_day_epci_rmv SYNC;
CREATE MATERIALIZED VIEW territory_day_epci_rmv
REFRESH EVERY 1 DAY OFFSET 3 HOUR APPEND TO territory_day AS
WITH
    now64(3) - INTERVAL 26 HOUR AS since,
    touched AS (
        SELECT DISTINCT policy, toDate(window_start, 'Europe/Paris') AS day
        FROM charge_point_hour
        WHERE ingested_at >= since AND phase != 'provisional'
        UNION DISTINCT
        SELECT DISTINCT policy, toDate(window_start, 'Europe/Paris') AS day
        FROM station_hour
        WHERE ingested_at >= since AND phase != 'provisional'
        UNION DISTINCT
        SELECT DISTINCT policy, toDate(started_at, 'Europe/Paris') AS day
        FROM distinct_session
        WHERE version >= since
    )
{{rollup territory_day_epci}};

ALTER TABLE territory_day_epci_rmv
    {{comments policy level code power_class day charge_point_hours station_hours}},
    {{comments core sessions live extras open_failures_at_end oldest_open_failure_ms hours}},
    {{comments final_rows source_revisions source_version version is_deleted}},
    MODIFY COMMENT 'Sums again the days of EPCI that changed since the day before.';
