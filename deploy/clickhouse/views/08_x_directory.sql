CREATE OR REPLACE VIEW x_directory AS
SELECT
    p.charge_point_id AS charge_point_id,
    p.station_id AS station_id,
    p.operational_unit AS operational_unit,
    p.siren_amenageur AS siren_amenageur,
    p.code_insee_commune AS code_insee_commune,
    p.power_w AS power_w,
    p.power_class AS power_class,
    t.region AS region,
    t.department AS department,
    t.epci AS epci,
    p.updated_at <= {at:DateTime64(3)} AND (p.deleted_at IS NULL OR p.deleted_at > {at:DateTime64(3)}) AS in_force,
    max(p.is_dc) OVER (PARTITION BY p.station_id) AS station_is_dc,
    concat(
        if(station_is_dc, 'DC_', 'AC_'),
        multiIf(NOT p.is_direct, 'indirect', p.is_pdl_valid, 'direct_valid', 'direct_invalid')
    ) AS supply
FROM (
    -- The version in force at the instant, else the first one.
    SELECT *
    FROM charge_point_revision FINAL
    ORDER BY
        updated_at <= {at:DateTime64(3)} DESC,
        if(updated_at <= {at:DateTime64(3)}, toInt64(version), -toInt64(version)) DESC
    LIMIT 1 BY charge_point_id
) AS p
LEFT ANY JOIN (
    SELECT code, region_code AS region, department_code AS department, epci_code AS epci
    FROM territory FINAL
    WHERE level = 'commune'
) AS t ON p.code_insee_commune = t.code;
ALTER TABLE x_directory
    MODIFY COMMENT 'Internal: the directory as it stood at the instant {at}, with territories; in_force: known and not withdrawn then.';
