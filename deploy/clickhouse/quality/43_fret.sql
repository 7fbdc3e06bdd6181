-- rule: FRET
-- number: 43
-- threshold: 300
-- what: mean delay of statuses, s; parity: of the delay only its minutes and seconds
-- value: sum(delay_ms) / nullIf(count(), 0) / 1000
-- parity: sum(intDiv(delay_ms, 1000) % 3600) / nullIf(count(), 0)
SELECT operational_unit, greatest(0, dateDiff('millisecond', event_time, received_at)) AS delay_ms
FROM (
    SELECT operational_unit, charge_point_id, event_time, received_at
    FROM charge_point_status FINAL
    WHERE event_time >= {{start}} AND event_time < {{end}}
)
