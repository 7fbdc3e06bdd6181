-- rule: R48
-- number: 48
-- threshold: any
-- what: operators beyond the first with the same prefix
-- value: sum(operators - 1)
SELECT operational_unit, uniqExact(nom_operateur) AS operators
FROM {{directory}}
GROUP BY operational_unit
