-- rule: PDCM
-- number: 30
-- threshold: 0.01
-- what: share of stations with more than 50 charge points
-- value: countIf(charge_points > 50) / nullIf(count(), 0)
SELECT operational_unit, station_id, count() AS charge_points
FROM {{directory}}
GROUP BY operational_unit, station_id
