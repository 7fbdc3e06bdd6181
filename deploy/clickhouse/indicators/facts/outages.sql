SELECT p.*, e.charge_point_id != '' AS long_outage
FROM (
    SELECT * FROM (
        {{points}}
    )
    WHERE required_ms > 0
) AS p
LEFT ANY JOIN (
    SELECT charge_point_id
    FROM failure_episode FINAL
    WHERE policy = {{policy}} AND entity_type = 'charge_point' AND opened_at + INTERVAL 7 DAY < {{end}}
        AND (closed_at IS NULL OR closed_at >= greatest({{start}}, opened_at + INTERVAL 7 DAY))
) AS e ON p.charge_point_id = e.charge_point_id
