SELECT
    u.operational_unit AS operational_unit,
    t.region AS region,
    u.department AS department,
    '' AS epci,
    '' AS siren_amenageur,
    u.power_class AS power_class,
    u.free_ms + u.occupied_ms + u.reserved_ms + u.in_service_ms AS up_ms,
    u.out_of_service_ms AS down_ms,
    up_ms + down_ms + u.unknown_short_ms + u.unknown_long_ms AS required_ms,
    u.occupied_ms AS occupied_ms,
    u.unknown_short_ms AS unknown_short_ms
FROM (
    SELECT operational_unit, department, power_class, free_ms, occupied_ms, reserved_ms, in_service_ms, out_of_service_ms, unknown_short_ms, unknown_long_ms
    FROM unit_day FINAL
    WHERE policy = {{policy}} AND day >= toDate({{start}}, 'Europe/Paris') AND day < toDate({{end}}, 'Europe/Paris')
) AS u
LEFT ANY JOIN {{department}} AS t USING (department)
UNION ALL
-- Days of units do not know EPCIs: those of territories do, and stand for nothing else.
SELECT
    '' AS operational_unit,
    '' AS region,
    '' AS department,
    code AS epci,
    '' AS siren_amenageur,
    e.power_class AS power_class,
    e.free_ms + e.occupied_ms + e.reserved_ms + e.in_service_ms AS up_ms,
    e.out_of_service_ms AS down_ms,
    up_ms + down_ms + e.unknown_short_ms + e.unknown_long_ms AS required_ms,
    e.occupied_ms AS occupied_ms,
    e.unknown_short_ms AS unknown_short_ms
FROM territory_day AS e FINAL
WHERE e.policy = {{policy}} AND e.level = 'epci' AND e.code != '' AND e.day >= toDate({{start}}, 'Europe/Paris') AND e.day < toDate({{end}}, 'Europe/Paris')
