CREATE OR REPLACE VIEW x_status AS
SELECT
    operational_unit,
    charge_point_id,
    event_time,
    w.1 AS station_id,
    w.2 AS horodatage,
    w.3 AS received_at,
    w.4 AS etat_pdc,
    w.5 AS occupation_pdc,
    w.6 AS etat_prise_type_2,
    w.7 AS etat_prise_type_combo_ccs,
    w.8 AS etat_prise_type_chademo,
    w.9 AS etat_prise_type_ef,
    w.10 AS event_id,
    copies
FROM (
    SELECT operational_unit, charge_point_id, event_time, argMax(payload, first_copy) AS w, toUInt32(sum(n)) AS copies
    FROM (
        SELECT
            operational_unit,
            charge_point_id,
            event_time,
            event_id,
            min((received_at, source_offset)) AS first_copy,
            argMin(
                (station_id, horodatage, received_at, {{state}}, event_id),
                (received_at, source_offset)
            ) AS payload,
            count() AS n
        FROM charge_point_status FINAL
        GROUP BY operational_unit, charge_point_id, event_time, event_id
    )
    GROUP BY operational_unit, charge_point_id, event_time
);

ALTER TABLE x_status
    {{comments operational_unit charge_point_id event_time station_id horodatage received_at etat_pdc}},
    {{comments occupation_pdc etat_prise_type_2 etat_prise_type_combo_ccs etat_prise_type_chademo}},
    {{comments etat_prise_type_ef event_id copies}},
    MODIFY COMMENT 'Internal: the winning status of each charge point and event time, and the number of its copies.';
