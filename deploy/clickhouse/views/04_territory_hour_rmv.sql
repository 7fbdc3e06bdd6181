DROP VIEW IF EXISTS territory_hour_rmv SYNC;
CREATE MATERIALIZED VIEW territory_hour_rmv
REFRESH EVERY 1 MINUTE APPEND TO territory_hour AS
WITH
    {{since territory_hour}} AS since,
    touched AS (
        SELECT DISTINCT policy, window_start
        FROM unit_hour
        WHERE version >= since
    )
{{rollup territory_hour}};

ALTER TABLE territory_hour_rmv
    {{comments policy level code power_class window_start charge_points stations}},
    {{comments core sessions live extras open_failures_at_end oldest_open_failure_ms}},
    {{comments final_rows source_revisions source_version version is_deleted}},
    MODIFY COMMENT 'Sums again the hours of territories in which a unit changed.';
