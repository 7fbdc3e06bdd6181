SELECT
    h.charge_point_id AS charge_point_id,
    h.operational_unit AS operational_unit,
    t.region AS region,
    t.department AS department,
    t.epci AS epci,
    '' AS siren_amenageur,
    h.power_w AS power_w,
    h.power_class AS power_class,
    h.up_ms AS up_ms,
    h.required_ms AS required_ms
FROM (
    -- A charge point counts once, where and as it last was.
    SELECT
        b.operational_unit AS operational_unit,
        b.charge_point_id AS charge_point_id,
        argMax(b.code_insee_commune, (b.window_start, b.station_id)) AS code_insee_commune,
        argMax(b.power_w, (b.window_start, b.station_id)) AS power_w,
        argMax(b.power_class, (b.window_start, b.station_id)) AS power_class,
        sum(b.free_ms + b.occupied_ms + b.reserved_ms + b.in_service_ms) AS up_ms,
        up_ms + sum(b.out_of_service_ms + b.unknown_short_ms + b.unknown_long_ms) AS required_ms
    FROM charge_point_hour AS b FINAL
    WHERE b.policy = {{policy}} AND b.phase != 'provisional' AND b.window_start >= {{start}} AND b.window_start < {{end}}
    GROUP BY operational_unit, charge_point_id
) AS h
LEFT ANY JOIN {{territory}} AS t ON h.code_insee_commune = t.code
