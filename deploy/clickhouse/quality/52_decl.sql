-- rule: DECL
-- number: 52
-- threshold: 0.02
-- what: share of charge points that never sent a status; parity: never above 0, for the original joins before it looks for what is missing
-- value: countIf(NOT is_heard) / nullIf(count(), 0)
-- parity: 0 / nullIf(countIf(is_heard), 0)
SELECT p.operational_unit AS operational_unit, s.rank > 0 AS is_heard, s.event_time AS event_time
FROM {{directory}} AS p
LEFT ANY JOIN (SELECT operational_unit, charge_point_id, event_time, rank FROM latest_status FINAL) AS s
    ON p.operational_unit = s.operational_unit AND p.charge_point_id = s.charge_point_id
