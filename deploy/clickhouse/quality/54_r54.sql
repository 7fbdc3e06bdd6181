-- rule: R54
-- number: 54
-- threshold: any
-- what: owner names beyond the first with the same SIREN
-- value: sum(names - 1)
SELECT operational_unit, siren_amenageur, uniqExact(nom_amenageur) AS names
FROM {{directory}}
WHERE siren_amenageur != ''
GROUP BY operational_unit, siren_amenageur
