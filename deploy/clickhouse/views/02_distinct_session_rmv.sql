DROP VIEW IF EXISTS distinct_session_rmv SYNC;
CREATE MATERIALIZED VIEW distinct_session_rmv
REFRESH EVERY 1 MINUTE APPEND TO distinct_session AS
WITH
    {{since distinct_session}} AS since,
    touched AS (
        SELECT operational_unit, charge_point_id, min(started_at) AS lo, max(ended_at) AS hi
        FROM charge_session
        WHERE ingested_at >= since
        GROUP BY operational_unit, charge_point_id
    )
{{rollup distinct_session}};

ALTER TABLE distinct_session_rmv
    {{comments policy operational_unit charge_point_id started_at ended_at station_id code_insee_commune power_w energy_wh}},
    {{comments duration_ms copies flagged successful_2min successful_3min first_received_at version}},
    MODIFY COMMENT 'Judges again the sessions that new ones may have changed.';
