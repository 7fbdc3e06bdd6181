CREATE OR REPLACE VIEW v_charge_point_status AS
SELECT
    operational_unit,
    station_id,
    charge_point_id,
    event_time,
    received_at,
    etat_pdc,
    occupation_pdc,
    etat_prise_type_2,
    etat_prise_type_combo_ccs,
    etat_prise_type_chademo,
    etat_prise_type_ef,
    event_id,
    copies
FROM x_status;

ALTER TABLE v_charge_point_status
    {{comments operational_unit station_id charge_point_id event_time received_at etat_pdc occupation_pdc}},
    {{comments etat_prise_type_2 etat_prise_type_combo_ccs etat_prise_type_chademo etat_prise_type_ef event_id}},
    {{comments copies}},
    MODIFY COMMENT 'Statuses: the winner of each charge point and event time, with the number of records behind it.';
