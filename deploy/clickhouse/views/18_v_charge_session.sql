CREATE OR REPLACE VIEW v_charge_session AS
SELECT
    operational_unit,
    station_id,
    charge_point_id,
    started_at,
    ended_at,
    duration_ms,
    energy_wh,
    code_insee_commune,
    power_w,
    power_class,
    copies,
    flagged,
    successful_2min,
    successful_3min,
    first_received_at
FROM distinct_session FINAL
WHERE policy = {{policy}};

ALTER TABLE v_charge_session
    {{comments operational_unit station_id charge_point_id started_at ended_at duration_ms energy_wh}},
    {{comments code_insee_commune power_w power_class copies flagged successful_2min successful_3min}},
    {{comments first_received_at}},
    MODIFY COMMENT 'Distinct sessions of the archive, judged under the default policy.';
