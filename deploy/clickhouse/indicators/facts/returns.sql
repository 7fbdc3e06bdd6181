SELECT
    e.operational_unit AS operational_unit,
    t.region AS region,
    t.department AS department,
    t.epci AS epci,
    '' AS siren_amenageur,
    e.time_to_return_ms AS time_to_return_ms
FROM (
    SELECT operational_unit, code_insee_commune, assumeNotNull(time_to_return_ms) AS time_to_return_ms
    FROM failure_episode FINAL
    WHERE policy = {{policy}} AND entity_type = 'charge_point' AND outcome = 'returned' AND NOT left_censored
        AND closed_at >= {{start}} AND closed_at < {{end}}
) AS e
LEFT ANY JOIN {{territory}} AS t ON e.code_insee_commune = t.code
