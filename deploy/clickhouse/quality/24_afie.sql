-- rule: AFIE
-- number: 24
-- threshold: any
-- what: charge points whose id is not FR???E… or begins otherwise than that of the station
-- value: count()
SELECT operational_unit
FROM {{directory}}
WHERE charge_point_id != 'Non concerné'
    AND (NOT match(charge_point_id, '^FR...E') OR substring(charge_point_id, 1, 5) != substring(station_id, 1, 5))
