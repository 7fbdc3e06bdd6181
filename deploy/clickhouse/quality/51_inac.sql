-- rule: INAC
-- number: 51
-- threshold: 0.02
-- what: share of charge points whose latest status is more than a month old
-- value: countIf(is_heard AND event_time < {{end}} - INTERVAL 1 MONTH) / nullIf(count(), 0)
SELECT p.operational_unit AS operational_unit, s.rank > 0 AS is_heard, s.event_time AS event_time
FROM {{directory}} AS p
LEFT ANY JOIN (SELECT operational_unit, charge_point_id, event_time, rank FROM latest_status FINAL) AS s
    ON p.operational_unit = s.operational_unit AND p.charge_point_id = s.charge_point_id
