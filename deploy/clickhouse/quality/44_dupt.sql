-- rule: DUPT
-- number: 44
-- threshold: 0.01
-- what: share of copies among statuses
-- value: (count() - uniqExact((charge_point_id, event_time))) / nullIf(count(), 0)
SELECT operational_unit, charge_point_id, event_time
FROM (
    SELECT operational_unit, charge_point_id, event_time, received_at
    FROM charge_point_status FINAL
    WHERE event_time >= {{start}} AND event_time < {{end}}
)
