-- rule: RATS
-- number: 49
-- threshold: 1 to 30
-- what: direct-current, direct: statuses per session
-- value: sum(statuses) / nullIf(sum(sessions), 0)
-- fires: v < 1 OR v > 30
SELECT p.operational_unit AS operational_unit, t.statuses AS statuses, s.sessions AS sessions
FROM (SELECT * FROM {{directory}} WHERE is_dc AND raccordement = 'Direct') AS p
LEFT ANY JOIN (
    SELECT charge_point_id, count() AS statuses
    FROM charge_point_status FINAL
    WHERE event_time >= {{sessions_start}} AND event_time < {{sessions_end}}
    GROUP BY charge_point_id
) AS t ON p.charge_point_id = t.charge_point_id
LEFT ANY JOIN (
    SELECT charge_point_id, count() AS sessions FROM (
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
    ) GROUP BY charge_point_id
) AS s ON p.charge_point_id = s.charge_point_id
