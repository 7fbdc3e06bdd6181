CREATE OR REPLACE VIEW v_station_week AS
WITH
    (SELECT any(policy) FROM policy FINAL WHERE is_default) AS the_policy,
    (SELECT max(window_start) FROM station_hour WHERE policy = the_policy AND phase != 'provisional') AS last_hour,
    last_hour - INTERVAL 167 HOUR AS first_hour
SELECT
    operational_unit,
    station_id,
    first_hour,
    last_hour,
    charge_points,
    up_ms / nullIf(up_ms + down_ms, 0) AS availability,
    (up_ms + down_ms) / nullIf(required_ms, 0) AS coverage,
    any_up_ms / nullIf(any_up_ms + all_down_ms, 0) AS availability_any,
    failures,
    returns,
    time_to_return_ms / nullIf(returns, 0) / 1000 AS mean_time_to_return_s,
    open_failures,
    oldest_open_failure_opened_at
FROM (
    SELECT
        h.operational_unit AS operational_unit,
        h.station_id AS station_id,
        max(h.charge_points) AS charge_points,
        sum(h.free_ms + h.occupied_ms + h.reserved_ms + h.in_service_ms) AS up_ms,
        sum(h.out_of_service_ms) AS down_ms,
        up_ms + down_ms + sum(h.unknown_short_ms + h.unknown_long_ms) AS required_ms,
        sum(h.any_up_ms) AS any_up_ms,
        sum(h.all_down_ms) AS all_down_ms,
        sum(h.failures) AS failures,
        sum(h.returns) AS returns,
        sum(h.time_to_return_ms) AS time_to_return_ms
    FROM station_hour AS h FINAL
    WHERE h.policy = the_policy AND h.window_start BETWEEN first_hour AND last_hour AND h.phase != 'provisional'
    GROUP BY operational_unit, station_id
) AS hours
LEFT JOIN (
    SELECT
        e.operational_unit AS operational_unit,
        e.station_id AS station_id,
        count() AS open_failures,
        if(open_failures = 0, NULL, min(e.opened_at)) AS oldest_open_failure_opened_at
    FROM failure_episode AS e FINAL
    WHERE e.policy = the_policy AND e.entity_type = 'charge_point' AND e.outcome = 'open'
    GROUP BY operational_unit, station_id
) AS episodes USING (operational_unit, station_id)
ORDER BY availability, open_failures DESC, station_id;

ALTER TABLE v_station_week
    {{comments operational_unit station_id first_hour last_hour charge_points availability coverage availability_any}},
    {{comments failures returns mean_time_to_return_s open_failures oldest_open_failure_opened_at}},
    MODIFY COMMENT 'Stations over the 168 hours that end with the newest complete one, the least available first.';
