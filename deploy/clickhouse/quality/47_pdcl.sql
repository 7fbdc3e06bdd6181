-- rule: PDCL
-- number: 47
-- threshold: any
-- what: stations with fewer charge points than they say, or none
-- value: countIf(charge_points < nbre_pdc OR nbre_pdc < 1)
SELECT operational_unit, station_id, count() AS charge_points, max(d.nbre_pdc) AS nbre_pdc
FROM {{directory}} AS d
GROUP BY operational_unit, station_id
