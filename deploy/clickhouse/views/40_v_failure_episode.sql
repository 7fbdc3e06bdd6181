CREATE OR REPLACE VIEW v_failure_episode AS
SELECT
    operational_unit,
    entity_type,
    station_id,
    charge_point_id,
    opened_at,
    outcome,
    closed_at,
    time_to_return_ms,
    out_of_service_ms,
    unknown_ms,
    left_censored,
    onset_uncertain,
    unknown_inside,
    code_insee_commune,
    power_w,
    power_class,
    revision,
    computed_at
FROM failure_episode FINAL
WHERE policy = (SELECT any(policy) FROM policy FINAL WHERE is_default);

ALTER TABLE v_failure_episode
    {{comments operational_unit entity_type station_id charge_point_id opened_at outcome closed_at}},
    {{comments time_to_return_ms out_of_service_ms unknown_ms left_censored onset_uncertain unknown_inside}},
    {{comments code_insee_commune power_w power_class revision computed_at}},
    MODIFY COMMENT 'Failure episodes under the default policy, open ones included; charge_point_id is empty for a station.';
