CREATE OR REPLACE VIEW v_charge_point_hour AS
SELECT
    operational_unit,
    station_id,
    charge_point_id,
    window_start,
    code_insee_commune,
    power_w,
    power_class,
    {{core}},
    {{live}},
    {{times}},
    state_at_end,
    open_failures_at_end,
    oldest_open_failure_ms,
    {{ratios}},
    phase,
    revision,
    computed_at
FROM (
    SELECT
        h.operational_unit AS operational_unit,
        h.station_id AS station_id,
        h.charge_point_id AS charge_point_id,
        h.window_start AS window_start,
        h.code_insee_commune AS code_insee_commune,
        h.power_w AS power_w,
        h.power_class AS power_class,
        {{h:core}},
        {{h:live}},
        h.state_at_end AS state_at_end,
        h.open_failures_at_end AS open_failures_at_end,
        h.oldest_open_failure_ms AS oldest_open_failure_ms,
        h.phase AS phase,
        h.revision AS revision,
        h.computed_at AS computed_at
    FROM charge_point_hour AS h FINAL
    WHERE h.policy = (SELECT any(policy) FROM policy FINAL WHERE is_default)
);

ALTER TABLE v_charge_point_hour
    {{comments operational_unit station_id charge_point_id window_start code_insee_commune power_w power_class}},
    {{comments core live times state_at_end open_failures_at_end oldest_open_failure_ms}},
    {{comments ratios phase revision computed_at}},
    MODIFY COMMENT 'Hours of charge points under the default policy, with the derived ratios.';
