DROP VIEW IF EXISTS latest_status_rmv SYNC;
CREATE MATERIALIZED VIEW latest_status_rmv
REFRESH EVERY 5 SECOND APPEND TO latest_status AS
WITH
    {{since latest_status}} AS since,
    touched AS (
        SELECT operational_unit, charge_point_id, max(event_time) AS event_time
        FROM charge_point_status
        WHERE ingested_at >= since
        GROUP BY operational_unit, charge_point_id
    )
{{rollup latest_status}};

ALTER TABLE latest_status_rmv
    {{comments operational_unit charge_point_id station_id event_time horodatage received_at etat_pdc occupation_pdc}},
    {{comments etat_prise_type_2 etat_prise_type_combo_ccs etat_prise_type_chademo etat_prise_type_ef event_id rank version}},
    MODIFY COMMENT 'Keeps latest_status for the charge points that sent something.';
