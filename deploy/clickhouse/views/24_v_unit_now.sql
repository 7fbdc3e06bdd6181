CREATE OR REPLACE VIEW v_unit_now AS
SELECT
    operational_unit,
    window_start,
    charge_points,
    {{core}},
    {{live}},
    {{times}},
    open_failures_at_end,
    oldest_open_failure_ms,
    {{ratios}},
    computed_at
FROM (
    SELECT
        h.operational_unit AS operational_unit,
        h.window_start AS window_start,
        count() AS charge_points,
        {{sum:h:core}},
        {{sum:h:live}},
        sum(h.open_failures_at_end) AS open_failures_at_end,
        max(h.oldest_open_failure_ms) AS oldest_open_failure_ms,
        max(h.computed_at) AS computed_at
    FROM charge_point_hour AS h FINAL
    WHERE h.policy = {{policy}} AND h.phase = 'provisional'
        AND h.window_start = (SELECT max(window_start) FROM charge_point_hour WHERE policy = {{policy}})
    GROUP BY operational_unit, window_start
);

ALTER TABLE v_unit_now
    {{comments operational_unit window_start charge_points core live times open_failures_at_end}},
    {{comments oldest_open_failure_ms ratios computed_at}},
    MODIFY COMMENT 'The running hour of each unit, as far as it is known.';
