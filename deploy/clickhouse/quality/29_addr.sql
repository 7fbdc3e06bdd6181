-- rule: ADDR
-- number: 29
-- threshold: any
-- what: stations with several addresses at the same place
-- value: countIf(addresses > 1)
SELECT operational_unit, station_id, longitude, latitude, uniqExact(adresse_station) AS addresses
FROM {{directory}}
GROUP BY operational_unit, station_id, longitude, latitude
