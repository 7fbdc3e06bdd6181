-- rule: LOCP
-- number: 46
-- threshold: 1.5
-- what: stations per place
-- value: uniqExact(station_id) / nullIf(uniqExact((longitude, latitude)), 0)
SELECT operational_unit, station_id, longitude, latitude
FROM {{directory}}
