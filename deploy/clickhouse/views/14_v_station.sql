CREATE OR REPLACE VIEW v_station AS
SELECT
    p.station_id AS station_id,
    any(p.operational_unit) AS operational_unit,
    any(p.nom_station) AS nom_station,
    any(p.adresse_station) AS adresse_station,
    any(p.nom_operateur) AS nom_operateur,
    any(p.nom_amenageur) AS nom_amenageur,
    any(p.siren_amenageur) AS siren_amenageur,
    any(p.code_insee_commune) AS code_insee_commune,
    any(p.commune_code) AS commune_code,
    any(p.commune_name) AS commune_name,
    any(p.epci_code) AS epci_code,
    any(p.epci_name) AS epci_name,
    any(p.department_code) AS department_code,
    any(p.department_name) AS department_name,
    any(p.region_code) AS region_code,
    any(p.region_name) AS region_name,
    any(p.longitude) AS longitude,
    any(p.latitude) AS latitude,
    count() AS charge_points,
    toUInt32(sum(p.power_w)) AS power_w,
    max(p.is_dc) AS is_dc
FROM v_charge_point AS p
GROUP BY station_id;

ALTER TABLE v_station
    {{comments station_id operational_unit nom_station adresse_station nom_operateur nom_amenageur}},
    {{comments siren_amenageur code_insee_commune commune_code commune_name epci_code epci_name}},
    {{comments department_code department_name region_code region_name longitude latitude charge_points}},
    {{comments power_w is_dc}},
    MODIFY COMMENT 'Stations with a charge point in service: their number of charge points, power and place.';
