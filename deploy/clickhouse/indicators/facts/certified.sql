SELECT *
FROM (
    -- As the original: in the order of their starts, each row is compared with the one before it.
    SELECT *, lagInFrame((charge_point_id, started_at, ended_at, energy_wh)) OVER (
        ORDER BY charge_point_id, started_at, ended_at, received_at, source_offset
    ) AS previous
    FROM (
        {{copies}}
    )
    WHERE is_known
)
WHERE ended_at >= started_at AND energy_wh <= 1000000 AND energy_wh * 36000000 <= 11 * power_w * duration_ms
    AND NOT (charge_point_id = previous.1 AND started_at = previous.2 AND ended_at = previous.3 AND energy_wh = previous.4)
    AND NOT (charge_point_id = previous.1 AND started_at < previous.3)
