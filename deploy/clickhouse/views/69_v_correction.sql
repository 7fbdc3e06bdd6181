CREATE OR REPLACE VIEW v_correction AS
SELECT
    h.operational_unit AS operational_unit,
    toDate(h.window_start, 'Europe/Paris') AS day,
    count() AS charge_point_hours,
    countIf(h.phase = 'corrected') AS corrected_rows,
    countIf(h.phase = 'final') AS final_rows,
    countIf(h.late_statuses > 0) AS late_rows,
    sum(h.late_statuses) AS late_statuses,
    max(h.revision) AS revision,
    max(h.computed_at) AS computed_at
FROM charge_point_hour AS h FINAL
WHERE h.policy = {{policy}} AND h.phase != 'provisional'
GROUP BY operational_unit, day;

ALTER TABLE v_correction
    {{comments operational_unit day charge_point_hours corrected_rows final_rows late_rows late_statuses}},
    {{comments revision computed_at}},
    MODIFY COMMENT 'Hours of charge points that were revised, by unit and day: how much still moves, and why.';
