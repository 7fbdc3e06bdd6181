-- rule: POWL
-- number: 39
-- threshold: any
-- what: charge points of 1.3 kW and less
-- value: count()
SELECT operational_unit
FROM {{directory}}
WHERE power_w <= 1300
