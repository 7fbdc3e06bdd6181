-- rule: OCCT
-- number: 21
-- threshold: 0.2
-- what: direct-current, direct: share without a session among charge points occupied twice in the day
-- value: countIf(sessions = 0) / nullIf(count(), 0)
SELECT p.operational_unit AS operational_unit, s.sessions AS sessions
FROM (SELECT * FROM {{directory}} WHERE is_dc AND raccordement = 'Direct') AS p
LEFT ANY JOIN (
    SELECT charge_point_id, count() AS occupied
    FROM charge_point_status FINAL
    WHERE event_time >= {{sessions_start}} AND event_time < {{sessions_end}} AND occupation_pdc = 'occupe'
    GROUP BY charge_point_id
) AS o ON p.charge_point_id = o.charge_point_id
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
WHERE o.occupied >= 2
