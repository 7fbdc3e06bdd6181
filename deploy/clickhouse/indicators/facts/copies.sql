SELECT
    s.charge_point_id AS charge_point_id,
    s.station_id AS station_id,
    s.started_at AS started_at,
    s.ended_at AS ended_at,
    s.duration_ms AS duration_ms,
    s.energy_wh AS energy_wh,
    s.received_at AS received_at,
    s.source_offset AS source_offset,
    d.charge_point_id != '' AS is_known,
    d.operational_unit AS operational_unit,
    d.region AS region,
    d.department AS department,
    d.epci AS epci,
    d.siren_amenageur AS siren_amenageur,
    d.power_w AS power_w,
    d.power_class AS power_class,
    d.supply AS supply
FROM (
    SELECT *, duration_ms
    FROM charge_session FINAL
    WHERE started_at >= {{start}} AND started_at < {{end}}
) AS s
LEFT ANY JOIN (SELECT * FROM x_directory(at = {{now}}) WHERE in_force) AS d ON s.charge_point_id = d.charge_point_id
