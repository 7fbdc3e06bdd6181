-- rule: AFIP
-- number: 23
-- threshold: any
-- what: charge points whose station id is not FR???P…
-- value: count()
SELECT operational_unit
FROM {{directory}}
WHERE station_id != 'Non concerné' AND NOT match(station_id, '^FR...P')
