SELECT
    s.charge_point_id AS charge_point_id,
    s.station_id AS station_id,
    s.started_at AS started_at,
    s.duration_ms AS duration_ms,
    s.energy_wh AS energy_wh,
    s.copies AS copies,
    s.flagged AS flagged,
    s.successful_2min AS successful_2min,
    s.successful_3min AS successful_3min,
    s.operational_unit AS operational_unit,
    d.region AS region,
    d.department AS department,
    d.epci AS epci,
    d.siren_amenageur AS siren_amenageur,
    d.power_class AS power_class,
    d.supply AS supply
FROM (
    SELECT *
    FROM distinct_session FINAL
    WHERE policy = {{policy}} AND started_at >= {{start}} AND started_at < {{end}}
) AS s
LEFT ANY JOIN (SELECT * FROM x_directory(at = {{first}})) AS d ON s.charge_point_id = d.charge_point_id
