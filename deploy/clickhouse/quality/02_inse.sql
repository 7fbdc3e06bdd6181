-- rule: INSE
-- number: 2
-- threshold: any
-- what: charge points in a municipality that is not known
-- value: count()
SELECT p.operational_unit AS operational_unit
FROM {{directory}} AS p
LEFT ANTI JOIN (SELECT code FROM territory FINAL WHERE level = 'commune') AS t ON p.code_insee_commune = t.code
