CREATE OR REPLACE VIEW v_station_hour AS
SELECT
    operational_unit,
    station_id,
    window_start,
    code_insee_commune,
    power_w,
    charge_points,
    {{core}},
    {{live}},
    {{extras}},
    {{times}},
    state_at_end,
    open_failures_at_end,
    oldest_open_failure_ms,
    {{ratios}},
    {{station_ratios}},
    phase,
    revision,
    computed_at
FROM (
    SELECT
        h.operational_unit AS operational_unit,
        h.station_id AS station_id,
        h.window_start AS window_start,
        h.code_insee_commune AS code_insee_commune,
        h.power_w AS power_w,
        h.charge_points AS charge_points,
        {{h:core}},
        {{h:live}},
        {{h:extras}},
        h.state_at_end AS state_at_end,
        h.open_failures_at_end AS open_failures_at_end,
        h.oldest_open_failure_ms AS oldest_open_failure_ms,
        h.phase AS phase,
        h.revision AS revision,
        h.computed_at AS computed_at
    FROM station_hour AS h FINAL
    WHERE h.policy = (SELECT any(policy) FROM policy FINAL WHERE is_default)
);

ALTER TABLE v_station_hour
    {{comments operational_unit station_id window_start code_insee_commune power_w charge_points}},
    {{comments core live extras times state_at_end open_failures_at_end oldest_open_failure_ms}},
    {{comments ratios station_ratios phase revision computed_at}},
    MODIFY COMMENT 'Hours of stations under the default policy, with the derived ratios.';
