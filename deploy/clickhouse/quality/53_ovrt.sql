-- rule: OVRT
-- number: 53
-- threshold: any
-- what: charge points with more than 1440 statuses in the day
-- value: countIf(statuses > 1440)
SELECT operational_unit, charge_point_id, count() AS statuses
FROM (
    SELECT operational_unit, charge_point_id, event_time, received_at
    FROM charge_point_status FINAL
    WHERE event_time >= {{start}} AND event_time < {{end}}
)
GROUP BY operational_unit, charge_point_id
