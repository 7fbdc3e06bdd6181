-- rule: POWU
-- number: 1
-- threshold: any
-- what: charge points of 4 MW and more
-- value: count()
SELECT operational_unit
FROM {{directory}}
WHERE power_w >= 4000000
