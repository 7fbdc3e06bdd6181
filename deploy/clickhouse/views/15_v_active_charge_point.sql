CREATE OR REPLACE VIEW v_active_charge_point AS
SELECT
    p.charge_point_id AS charge_point_id,
    p.station_id AS station_id,
    p.operational_unit AS operational_unit,
    p.nom_amenageur AS nom_amenageur,
    p.siren_amenageur AS siren_amenageur,
    p.nom_operateur AS nom_operateur,
    p.nom_enseigne AS nom_enseigne,
    p.nom_station AS nom_station,
    p.implantation_station AS implantation_station,
    p.adresse_station AS adresse_station,
    p.code_insee_commune AS code_insee_commune,
    p.longitude AS longitude,
    p.latitude AS latitude,
    p.nbre_pdc AS nbre_pdc,
    p.puissance_nominale AS puissance_nominale,
    p.power_w AS power_w,
    p.power_class AS power_class,
    p.is_dc AS is_dc,
    p.prise_type_ef AS prise_type_ef,
    p.prise_type_2 AS prise_type_2,
    p.prise_type_combo_ccs AS prise_type_combo_ccs,
    p.prise_type_chademo AS prise_type_chademo,
    p.prise_type_autre AS prise_type_autre,
    p.condition_acces AS condition_acces,
    p.horaires AS horaires,
    p.raccordement AS raccordement,
    p.date_mise_en_service AS date_mise_en_service,
    p.date_maj AS date_maj,
    p.created_at AS created_at,
    p.updated_at AS updated_at,
    p.commune_code AS commune_code,
    p.commune_name AS commune_name,
    p.epci_code AS epci_code,
    p.epci_name AS epci_name,
    p.department_code AS department_code,
    p.department_name AS department_name,
    p.region_code AS region_code,
    p.region_name AS region_name,
    s.last_session_at AS last_session_at,
    s.sessions AS sessions
FROM v_charge_point AS p
INNER JOIN (
    SELECT charge_point_id, max(started_at) AS last_session_at, count() AS sessions
    FROM distinct_session FINAL
    WHERE policy = {{policy}} AND started_at >= (SELECT data_as_of FROM v_data_as_of) - INTERVAL 1 MONTH
    GROUP BY charge_point_id
) AS s ON p.charge_point_id = s.charge_point_id;

ALTER TABLE v_active_charge_point
    {{comments charge_point_id station_id operational_unit nom_amenageur siren_amenageur nom_operateur}},
    {{comments nom_enseigne nom_station implantation_station adresse_station code_insee_commune longitude}},
    {{comments latitude nbre_pdc puissance_nominale power_w power_class is_dc prise_type_ef prise_type_2}},
    {{comments prise_type_combo_ccs prise_type_chademo prise_type_autre condition_acces horaires raccordement}},
    {{comments date_mise_en_service date_maj created_at updated_at commune_code commune_name epci_code}},
    {{comments epci_name department_code department_name region_code region_name last_session_at =sessions}},
    MODIFY COMMENT 'Charge points in service with a session in the month before the instant up to which the archive is complete.';
