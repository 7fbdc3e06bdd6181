-- rule: CRDF
-- number: 3
-- threshold: any
-- what: charge points outside France: its seven polygons, which the gateway uses; parity: outside one rectangle
-- value: countIf(NOT is_inside)
-- parity: countIf(NOT is_in_rectangle)
SELECT
    operational_unit,
    longitude BETWEEN -5 AND 10 AND latitude BETWEEN 41 AND 52 AS is_in_rectangle,
    (
        pointInPolygon((longitude, latitude), [(-5.369284924224935, 48.63883346764537), (2.452980700775065, 51.500646243597934), (9.022804919525065, 49.08693443628708), (8.363625232025065, 43.71407420597216), (3.243996325775065, 41.95798747209415), (-2.249167736724935, 43.09148496970579)])
        OR pointInPolygon((longitude, latitude), [(9.294434, 43.049908), (9.637756, 43.007756), (9.541626, 41.32684), (8.940125, 41.33715), (8.415527, 41.91595), (8.522644, 42.586663)])
        OR pointInPolygon((longitude, latitude), [(-53.97583, 6.241388), (-51.026001, 4.529683), (-52.69043, 1.814989), (-54.876709, 1.990673), (-54.810791, 5.033293)])
        OR pointInPolygon((longitude, latitude), [(55.519409, -20.70217), (56.052246, -21.197216), (55.645752, -21.591043), (55.019531, -21.089625)])
        OR pointInPolygon((longitude, latitude), [(-61.399841, 14.86516), (-60.976868, 15.034991), (-60.650024, 14.397439), (-61.026306, 14.320276)])
        OR pointInPolygon((longitude, latitude), [(-61.965637, 16.322775), (-61.416321, 16.586185), (-60.864258, 16.330683), (-61.182861, 15.768466), (-61.710205, 15.794896)])
        OR pointInPolygon((longitude, latitude), [(44.958115, -12.616887), (45.093384, -13.108236), (45.279465, -13.027973), (45.334396, -12.73747), (45.11467, -12.628948)])
    ) AS is_inside
FROM {{directory}}
