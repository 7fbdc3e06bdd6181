-- Roles, limits and row policies of a real server; the local engine has no users. Run once, as an administrator, in the database
-- of the tables: `clickhouse-client --database qualicharge --multiquery < security.sql`. CI only parses it.

CREATE ROLE IF NOT EXISTS indicator_sink;
CREATE ROLE IF NOT EXISTS indicator_api;
CREATE ROLE IF NOT EXISTS analyst;
CREATE ROLE IF NOT EXISTS operator;

-- The sink inserts, reads its own audit, and looks at parts and refreshes.
GRANT INSERT ON qualicharge.* TO indicator_sink;
GRANT SELECT ON qualicharge.sink_batch TO indicator_sink;
GRANT SELECT ON qualicharge.schema_migration TO indicator_sink;
GRANT SELECT ON system.parts TO indicator_sink;
GRANT SELECT ON system.view_refreshes TO indicator_sink;

GRANT SELECT ON qualicharge.* TO indicator_api, analyst, operator;

CREATE SETTINGS PROFILE IF NOT EXISTS reader SETTINGS
    readonly = 2,
    max_execution_time = 60 MAX 120,
    max_memory_usage = 4000000000 MAX 4000000000,
    max_result_bytes = 1000000000,
    do_not_merge_across_partitions_select_final = 1
    TO indicator_api, analyst, operator;

CREATE QUOTA IF NOT EXISTS reader KEYED BY user_name
    FOR INTERVAL 1 HOUR MAX queries = 3600, execution_time = 1800, read_rows = 50000000000
    TO analyst, operator;

-- Which operational units a user may see.
CREATE TABLE IF NOT EXISTS user_unit (
    user String COMMENT 'Name of the user.',
    operational_unit LowCardinality(String) COMMENT 'Operational unit: the first five characters of the ids, the AFIREV prefix.'
)
ENGINE = ReplacingMergeTree
ORDER BY (user, operational_unit)
COMMENT 'Operational units that a user with role operator may see.';
GRANT SELECT ON qualicharge.user_unit TO operator;

-- Views run with the rights of who asks, so that the policies of tables hold in them.
CREATE ROW POLICY IF NOT EXISTS own_units ON qualicharge.charge_point, qualicharge.charge_point_revision,
    qualicharge.charge_point_status, qualicharge.charge_session, qualicharge.charge_point_hour, qualicharge.station_hour,
    qualicharge.failure_episode, qualicharge.rejected_event, qualicharge.latest_status, qualicharge.distinct_session,
    qualicharge.unit_hour, qualicharge.unit_day
    USING operational_unit IN (SELECT operational_unit FROM qualicharge.user_unit WHERE user = currentUser())
    TO operator;
CREATE ROW POLICY IF NOT EXISTS all_units ON qualicharge.charge_point, qualicharge.charge_point_revision,
    qualicharge.charge_point_status, qualicharge.charge_session, qualicharge.charge_point_hour, qualicharge.station_hour,
    qualicharge.failure_episode, qualicharge.rejected_event, qualicharge.latest_status, qualicharge.distinct_session,
    qualicharge.unit_hour, qualicharge.unit_day
    USING 1
    TO indicator_sink, indicator_api, analyst;
-- Coded indicators have the unit as target.
CREATE ROW POLICY IF NOT EXISTS own_targets ON qualicharge.indicator
    USING level != 5 OR target IN (SELECT operational_unit FROM qualicharge.user_unit WHERE user = currentUser())
    TO operator;
CREATE ROW POLICY IF NOT EXISTS all_targets ON qualicharge.indicator
    USING 1
    TO indicator_sink, indicator_api, analyst;
