CREATE OR REPLACE VIEW v_charge_point AS
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
    t.commune_code AS commune_code,
    t.commune_name AS commune_name,
    t.epci_code AS epci_code,
    t.epci_name AS epci_name,
    t.department_code AS department_code,
    t.department_name AS department_name,
    t.region_code AS region_code,
    t.region_name AS region_name
FROM (
    SELECT *, power_w, power_class, is_dc
    FROM charge_point FINAL
    WHERE deleted_at IS NULL
) AS p
LEFT ANY JOIN (
    SELECT
        c.code AS insee,
        c.commune_code AS commune_code,
        c.name AS commune_name,
        c.epci_code AS epci_code,
        e.name AS epci_name,
        c.department_code AS department_code,
        d.name AS department_name,
        c.region_code AS region_code,
        r.name AS region_name
    FROM (SELECT * FROM territory FINAL WHERE level = 'commune') AS c
    LEFT ANY JOIN (SELECT code, name FROM territory FINAL WHERE level = 'epci') AS e ON c.epci_code = e.code
    LEFT ANY JOIN (SELECT code, name FROM territory FINAL WHERE level = 'department') AS d ON c.department_code = d.code
    LEFT ANY JOIN (SELECT code, name FROM territory FINAL WHERE level = 'region') AS r ON c.region_code = r.code
) AS t ON p.code_insee_commune = t.insee;

ALTER TABLE v_charge_point
    {{comments charge_point_id station_id operational_unit nom_amenageur siren_amenageur nom_operateur}},
    {{comments nom_enseigne nom_station implantation_station adresse_station code_insee_commune longitude}},
    {{comments latitude nbre_pdc puissance_nominale power_w power_class is_dc prise_type_ef prise_type_2}},
    {{comments prise_type_combo_ccs prise_type_chademo prise_type_autre condition_acces horaires raccordement}},
    {{comments date_mise_en_service date_maj created_at updated_at commune_code commune_name epci_code}},
    {{comments epci_name department_code department_name region_code region_name}},
    MODIFY COMMENT 'Charge points in service, with their territories.';
