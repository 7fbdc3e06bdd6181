SELECT
    h.operational_unit AS operational_unit,
    t.region AS region,
    t.department AS department,
    t.epci AS epci,
    '' AS siren_amenageur,
    h.power_class AS power_class,
    h.up_ms AS up_ms,
    h.down_ms AS down_ms,
    h.required_ms AS required_ms,
    h.occupied_ms AS occupied_ms,
    h.unknown_short_ms AS unknown_short_ms
FROM (
    SELECT
        b.operational_unit AS operational_unit,
        b.code_insee_commune AS code_insee_commune,
        b.power_class AS power_class,
        sum(b.free_ms + b.occupied_ms + b.reserved_ms + b.in_service_ms) AS up_ms,
        sum(b.out_of_service_ms) AS down_ms,
        up_ms + down_ms + sum(b.unknown_short_ms + b.unknown_long_ms) AS required_ms,
        sum(b.occupied_ms) AS occupied_ms,
        sum(b.unknown_short_ms) AS unknown_short_ms
    FROM charge_point_hour AS b FINAL
    WHERE b.policy = {{policy}} AND b.phase != 'provisional' AND b.window_start >= {{start}} AND b.window_start < {{end}}
    GROUP BY operational_unit, code_insee_commune, power_class
) AS h
LEFT ANY JOIN {{territory}} AS t ON h.code_insee_commune = t.code
