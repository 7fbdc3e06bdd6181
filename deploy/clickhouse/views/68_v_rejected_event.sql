CREATE OR REPLACE VIEW v_rejected_event AS
SELECT
    r.operational_unit AS operational_unit,
    toDate(r.origin_time, 'Europe/Paris') AS day,
    r.disposition AS disposition,
    r.origin AS origin,
    r.kind AS kind,
    r.reason AS reason,
    r.rule AS rule,
    r.field AS field,
    count() AS rejected_events,
    any(r.message) AS message
FROM rejected_event AS r FINAL
GROUP BY operational_unit, day, disposition, origin, kind, reason, rule, field;

ALTER TABLE v_rejected_event
    {{comments operational_unit day disposition origin kind reason rule field rejected_events message}},
    MODIFY COMMENT 'Refused and late events by unit, day, origin and reason, with one of their messages.';
