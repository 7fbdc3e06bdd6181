-- rule: OPEM
-- number: 6
-- threshold: any
-- what: charge points whose operator has no name or no telephone
-- value: count()
SELECT operational_unit
FROM {{directory}}
WHERE nom_operateur = '' OR telephone_operateur = ''
