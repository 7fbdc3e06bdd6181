CREATE OR REPLACE VIEW v_unit_month_quality AS
SELECT
    operational_unit,
    month,
    charge_points,
    returns,
    time_to_return_p50_s,
    time_to_return_p90_s,
    time_to_return_p95_s,
    share_above_99,
    share_down_over_7d
FROM (
    SELECT
        p.operational_unit AS operational_unit,
        p.month AS month,
        count() AS charge_points,
        countIf(p.is_covered AND p.up_ms * 100 > (p.up_ms + p.down_ms) * 99) / nullIf(countIf(p.is_covered), 0) AS share_above_99,
        countIf(
            p.required_ms > 0 AND arrayExists(
                outage -> outage.1 + INTERVAL 7 DAY < month_end AND outage.2 >= greatest(month_start, outage.1 + INTERVAL 7 DAY),
                o.outages
            )
        ) / nullIf(countIf(p.required_ms > 0), 0) AS share_down_over_7d
    FROM (
        SELECT
            h.operational_unit AS operational_unit,
            h.charge_point_id AS charge_point_id,
            toStartOfMonth(toDate(h.window_start, 'Europe/Paris')) AS month,
            toDateTime64(toDateTime(month, 'Europe/Paris'), 3, 'UTC') AS month_start,
            toDateTime64(toDateTime(month + INTERVAL 1 MONTH, 'Europe/Paris'), 3, 'UTC') AS month_end,
            sum(h.free_ms + h.occupied_ms + h.reserved_ms + h.in_service_ms) AS up_ms,
            sum(h.out_of_service_ms) AS down_ms,
            up_ms + down_ms + sum(h.unknown_short_ms + h.unknown_long_ms) AS required_ms,
            required_ms > 0 AND (up_ms + down_ms) * 2 >= required_ms AS is_covered
        FROM charge_point_hour AS h FINAL
        WHERE h.policy = {{policy}} AND h.phase != 'provisional'
        GROUP BY operational_unit, charge_point_id, month
    ) AS p
    LEFT ANY JOIN (
        SELECT
            operational_unit,
            charge_point_id,
            groupArray((opened_at, ifNull(closed_at, toDateTime64('2100-01-01 00:00:00', 3, 'UTC')))) AS outages
        FROM failure_episode FINAL
        WHERE policy = {{policy}} AND entity_type = 'charge_point'
        GROUP BY operational_unit, charge_point_id
    ) AS o ON p.operational_unit = o.operational_unit AND p.charge_point_id = o.charge_point_id
    GROUP BY operational_unit, month
) AS hours
LEFT ANY JOIN (
    SELECT
        operational_unit,
        toStartOfMonth(toDate(assumeNotNull(closed_at), 'Europe/Paris')) AS month,
        count() AS returns,
        arraySort(groupArray(assumeNotNull(time_to_return_ms))) AS times,
        toNullable(times[intDiv(returns * 50 + 99, 100)] / 1000) AS time_to_return_p50_s,
        toNullable(times[intDiv(returns * 90 + 99, 100)] / 1000) AS time_to_return_p90_s,
        toNullable(times[intDiv(returns * 95 + 99, 100)] / 1000) AS time_to_return_p95_s
    FROM failure_episode FINAL
    WHERE policy = {{policy}} AND entity_type = 'charge_point' AND outcome = 'returned' AND NOT left_censored
    GROUP BY operational_unit, month
) AS episodes USING (operational_unit, month);

ALTER TABLE v_unit_month_quality
    {{comments operational_unit month charge_points returns time_to_return_p50_s time_to_return_p90_s}},
    {{comments time_to_return_p95_s share_above_99 share_down_over_7d}},
    MODIFY COMMENT 'Units by month, Europe/Paris: what cannot be summed and is counted again from episodes and charge points.';
