-- rule: OVRS
-- number: 13
-- threshold: any
-- what: charge points with more than 60 sessions in the day
-- value: countIf(sessions > 60)
SELECT operational_unit, charge_point_id, count() AS sessions
FROM (
    SELECT
        s.operational_unit AS operational_unit,
        s.charge_point_id AS charge_point_id,
        s.started_at AS started_at,
        s.ended_at AS ended_at,
        s.energy_wh AS energy_wh,
        s.duration_ms AS duration_ms,
        s.received_at AS received_at,
        p.power_w AS power_w
    FROM (
        SELECT operational_unit, charge_point_id, started_at, ended_at, energy_wh, duration_ms, received_at
        FROM charge_session FINAL
        WHERE started_at >= {{sessions_start}} AND started_at < {{sessions_end}}
    ) AS s
    LEFT ANY JOIN {{directory}} AS p ON s.charge_point_id = p.charge_point_id
)
GROUP BY operational_unit, charge_point_id
