-- rule: AMEM
-- number: 7
-- threshold: any
-- what: charge points whose owner has no name, SIREN or contact
-- value: count()
SELECT operational_unit
FROM {{directory}}
WHERE nom_amenageur = '' OR siren_amenageur = '' OR contact_amenageur = ''
