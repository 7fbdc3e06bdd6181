-- rule: NE10
-- number: 34
-- threshold: 0.1
-- what: direct-current, direct: share of stations whose delivery point has not 14 digits
-- value: countIf(NOT is_pdl_complete) / nullIf(count(), 0)
SELECT operational_unit, station_id, max(match(ifNull(num_pdl, ''), '^[0-9]{14}$')) AS is_pdl_complete
FROM {{directory}}
WHERE ifNull(raccordement, '') = 'Direct'
GROUP BY operational_unit, station_id
HAVING max(is_dc)
