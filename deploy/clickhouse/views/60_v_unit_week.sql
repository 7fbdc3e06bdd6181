CREATE OR REPLACE VIEW v_unit_week AS
WITH
    (SELECT any(policy) FROM policy FINAL WHERE is_default) AS the_policy,
    (SELECT max(window_start) FROM station_hour WHERE policy = the_policy AND phase != 'provisional') AS last_hour,
    last_hour - INTERVAL 167 HOUR AS first_hour
SELECT
    operational_unit,
    first_hour,
    last_hour,
    stations,
    charge_points,
    up_ms / nullIf(up_ms + down_ms, 0) AS availability,
    (up_ms + down_ms) / nullIf(required_ms, 0) AS coverage,
    failures,
    returns,
    time_to_return_p50_s,
    time_to_return_p90_s,
    open_failures,
    oldest_open_failure_opened_at
FROM (
    SELECT
        h.operational_unit AS operational_unit,
        uniqExact(h.station_id) AS stations,
        uniqExact(h.charge_point_id) AS charge_points,
        sum(h.free_ms + h.occupied_ms + h.reserved_ms + h.in_service_ms) AS up_ms,
        sum(h.out_of_service_ms) AS down_ms,
        up_ms + down_ms + sum(h.unknown_short_ms + h.unknown_long_ms) AS required_ms,
        sum(h.failures) AS failures
    FROM charge_point_hour AS h FINAL
    WHERE h.policy = the_policy AND h.window_start BETWEEN first_hour AND last_hour AND h.phase != 'provisional'
    GROUP BY operational_unit
) AS hours
LEFT JOIN (
    SELECT
        e.operational_unit AS operational_unit,
        arraySort(groupArrayIf(assumeNotNull(e.time_to_return_ms), is_return)) AS times,
        length(times) AS returns,
        if(returns = 0, NULL, times[intDiv(returns * 50 + 99, 100)] / 1000) AS time_to_return_p50_s,
        if(returns = 0, NULL, times[intDiv(returns * 90 + 99, 100)] / 1000) AS time_to_return_p90_s,
        countIf(e.outcome = 'open') AS open_failures,
        if(open_failures = 0, NULL, minIf(e.opened_at, e.outcome = 'open')) AS oldest_open_failure_opened_at
    FROM (
        SELECT
            *,
            outcome = 'returned' AND NOT left_censored
                AND closed_at >= first_hour AND closed_at < last_hour + INTERVAL 1 HOUR AS is_return
        FROM failure_episode FINAL
        WHERE policy = the_policy AND entity_type = 'charge_point'
    ) AS e
    GROUP BY operational_unit
) AS episodes USING (operational_unit)
ORDER BY operational_unit;

ALTER TABLE v_unit_week
    {{comments operational_unit first_hour last_hour stations charge_points availability coverage failures returns}},
    {{comments time_to_return_p50_s time_to_return_p90_s open_failures oldest_open_failure_opened_at}},
    MODIFY COMMENT 'Operational units over the 168 hours that end with the newest complete one.';
