SELECT
    charge_point_id,
    started_at,
    ended_at,
    any(region) AS region,
    any(department) AS department,
    any(epci) AS epci,
    any(operational_unit) AS operational_unit,
    any(siren_amenageur) AS siren_amenageur,
    any(supply) AS supply,
    maxIf(c.energy_wh, c.energy_wh * 36000000 < 11 * c.power_w * c.duration_ms) AS energy_wh
FROM (
    {{copies}}
) AS c
WHERE is_known
GROUP BY charge_point_id, started_at, ended_at
