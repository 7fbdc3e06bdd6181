CREATE OR REPLACE VIEW v_latest_status AS
SELECT
    p.operational_unit AS operational_unit,
    p.station_id AS station_id,
    p.charge_point_id AS charge_point_id,
    p.code_insee_commune AS code_insee_commune,
    p.power_w AS power_w,
    if(s.rank = 0, NULL, s.event_time) AS event_time,
    if(s.rank = 0, NULL, s.received_at) AS received_at,
    if(s.rank = 0, NULL, s.etat_pdc) AS etat_pdc,
    if(s.rank = 0, NULL, s.occupation_pdc) AS occupation_pdc,
    if(s.rank = 0, NULL, s.etat_prise_type_2) AS etat_prise_type_2,
    if(s.rank = 0, NULL, s.etat_prise_type_combo_ccs) AS etat_prise_type_combo_ccs,
    if(s.rank = 0, NULL, s.etat_prise_type_chademo) AS etat_prise_type_chademo,
    if(s.rank = 0, NULL, s.etat_prise_type_ef) AS etat_prise_type_ef,
    if(s.rank = 0, NULL, greatest(0, dateDiff('millisecond', s.event_time, (SELECT data_as_of FROM v_data_as_of)))) AS age_ms
FROM (
    SELECT operational_unit, station_id, charge_point_id, code_insee_commune, power_w
    FROM charge_point FINAL
    WHERE deleted_at IS NULL
) AS p
LEFT ANY JOIN (SELECT * FROM latest_status FINAL) AS s
    ON p.operational_unit = s.operational_unit AND p.charge_point_id = s.charge_point_id;

ALTER TABLE v_latest_status
    {{comments operational_unit station_id charge_point_id code_insee_commune power_w event_time received_at}},
    {{comments etat_pdc occupation_pdc etat_prise_type_2 etat_prise_type_combo_ccs etat_prise_type_chademo}},
    {{comments etat_prise_type_ef age_ms}},
    MODIFY COMMENT 'The board: charge points in service with their latest status, null when they never sent one.';
