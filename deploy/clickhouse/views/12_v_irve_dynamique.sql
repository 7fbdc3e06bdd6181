CREATE OR REPLACE VIEW v_irve_dynamique AS
SELECT
    s.charge_point_id AS id_pdc_itinerance,
    s.etat_pdc AS etat_pdc,
    s.occupation_pdc AS occupation_pdc,
    formatDateTime(s.horodatage, '%Y-%m-%dT%H:%i:%S+00:00', 'UTC') AS horodatage,
    s.etat_prise_type_2 AS etat_prise_type_2,
    s.etat_prise_type_combo_ccs AS etat_prise_type_combo_ccs,
    s.etat_prise_type_chademo AS etat_prise_type_chademo,
    s.etat_prise_type_ef AS etat_prise_type_ef
FROM (SELECT * FROM latest_status FINAL) AS s
INNER JOIN (SELECT charge_point_id FROM charge_point FINAL WHERE deleted_at IS NULL) AS p
    ON s.charge_point_id = p.charge_point_id
ORDER BY id_pdc_itinerance;

ALTER TABLE v_irve_dynamique
    {{comments id_pdc_itinerance etat_pdc occupation_pdc horodatage etat_prise_type_2}},
    {{comments etat_prise_type_combo_ccs etat_prise_type_chademo etat_prise_type_ef}},
    MODIFY COMMENT 'Open data: the latest status of charge points in service, schema IRVE dynamique 2.3.1, field by field.';
