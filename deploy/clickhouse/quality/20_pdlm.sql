-- rule: PDLM
-- number: 20
-- threshold: any
-- what: direct-current charge points, direct or unstated, without a real delivery point
-- value: count()
SELECT operational_unit
FROM {{directory}}
WHERE is_dc AND ifNull(raccordement, 'Direct') = 'Direct'
    AND (
        num_pdl IS NULL OR match(ifNull(num_pdl, ''), ' |NA')
        OR ifNull(num_pdl, '') IN ('', '00000000000000', '012345678987654', '11111111111111', '99999999999999')
    )
