-- Questions that analysts ask, each with a sentence and the columns of its answer.
--
-- Run one with any client, for example
--   curl "$CLICKHOUSE_URL/?database=qualicharge&default_format=PrettyCompact" --data-binary 'SELECT …'
-- A test runs every query and compares its columns; `make bench-clickhouse` holds them against a second on 5 million rows.
-- Ratios are made of sums: to join periods or places, sum the columns `…_ms` first and divide then, as in query 2.

-- 1. The history of a unit, day by day.
-- columns: day, availability, coverage, failures, mean_time_to_return_s, sessions, late_sessions, is_final
SELECT day, availability, coverage, failures, mean_time_to_return_s, sessions, late_sessions, is_final
FROM v_unit_day
WHERE operational_unit = 'FRAAA'
ORDER BY day;

-- 2. The availability of each unit over 30 days, with the bounds of what is not known.
-- columns: operational_unit, availability, availability_min, availability_max, coverage
SELECT
    operational_unit,
    sum(up_ms) / nullIf(sum(up_ms + down_ms), 0) AS availability,
    sum(up_ms) / nullIf(sum(required_ms), 0) AS availability_min,
    sum(up_ms + unknown_ms) / nullIf(sum(required_ms), 0) AS availability_max,
    sum(up_ms + down_ms) / nullIf(sum(required_ms), 0) AS coverage
FROM v_unit_day
WHERE day > (SELECT max(day) FROM v_unit_day) - 30
GROUP BY operational_unit
ORDER BY availability;

-- 3. The map of departments in one hour.
-- columns: code, name, availability, utilisation, charge_points, charge_points_per_100k
SELECT code, name, availability, utilisation, charge_points, charge_points_per_100k
FROM v_territory_hour
WHERE level = 'department' AND window_start = (SELECT max(window_start) FROM v_territory_hour)
ORDER BY code;

-- 4. The history of a station, hour by hour.
-- columns: window_start, availability, availability_any, availability_every, saturation, load_factor, state_at_end, phase
SELECT window_start, availability, availability_any, availability_every, saturation, load_factor, state_at_end, phase
FROM v_station_hour
WHERE station_id = 'FRAAAP1'
ORDER BY window_start;

-- 5. The charge points with the most time down in a week, of those that are known well enough.
-- columns: charge_point_id, down_hours, availability, failures
SELECT charge_point_id, sum(down_ms) / 3600000 AS down_hours, sum(up_ms) / nullIf(sum(up_ms + down_ms), 0) AS availability, sum(failures) AS failures
FROM v_charge_point_hour
WHERE phase != 'provisional' AND window_start > (SELECT max(window_start) FROM v_unit_hour) - INTERVAL 7 DAY
GROUP BY charge_point_id
HAVING sum(up_ms + down_ms) >= 0.5 * sum(required_ms)
ORDER BY down_hours DESC, charge_point_id
LIMIT 20;

-- 6. The share of charge points above 99 % and of those down for more than 7 days (AFIREV's T99 and T7J), per unit and month.
-- columns: operational_unit, month, charge_points, share_above_99, share_down_over_7d
SELECT operational_unit, month, charge_points, share_above_99, share_down_over_7d
FROM v_unit_month_quality
ORDER BY operational_unit, month;

-- 7. Outages by the class of their length.
-- columns: operational_unit, returns_under_2h, returns_2h_to_24h, returns_24h_to_7d, returns_over_7d
SELECT
    operational_unit,
    sum(returns_under_2h) AS returns_under_2h,
    sum(returns_2h_to_24h) AS returns_2h_to_24h,
    sum(returns_24h_to_7d) AS returns_24h_to_7d,
    sum(returns_over_7d) AS returns_over_7d
FROM v_unit_day
GROUP BY operational_unit
ORDER BY operational_unit;

-- 8. Exact percentiles of the time to return: of n times in order the one at the smallest whole number not below q·n.
-- columns: operational_unit, returns, p50_s, p90_s
SELECT operational_unit, count() AS returns, times[intDiv(count() * 50 + 99, 100)] / 1000 AS p50_s, times[intDiv(count() * 90 + 99, 100)] / 1000 AS p90_s
FROM (SELECT operational_unit, arraySort(groupArray(assumeNotNull(time_to_return_ms)) OVER (PARTITION BY operational_unit)) AS times
      FROM v_failure_episode
      WHERE entity_type = 'charge_point' AND outcome = 'returned' AND NOT left_censored)
GROUP BY operational_unit, times
ORDER BY operational_unit;

-- 9. Utilisation by hour of the day in Paris.
-- columns: hour_of_day, utilisation
SELECT toHour(window_start, 'Europe/Paris') AS hour_of_day, sum(occupied_ms) / nullIf(sum(up_ms), 0) AS utilisation
FROM v_territory_hour
WHERE level = 'country'
GROUP BY hour_of_day
ORDER BY hour_of_day;

-- 10. The EPCI of a day, the most used first.
-- columns: code, name, population, sessions, sessions_per_100k, availability
SELECT code, name, population, sessions, sessions_per_100k, availability
FROM v_territory_day
WHERE level = 'epci' AND day = (SELECT max(day) FROM v_territory_day WHERE level = 'epci')
ORDER BY sessions_per_100k DESC NULLS LAST, code
LIMIT 50;

-- 11. What late data still changes: hours that were corrected, by unit and day.
-- columns: day, operational_unit, charge_point_hours, corrected_rows, late_statuses
SELECT day, operational_unit, charge_point_hours, corrected_rows, late_statuses
FROM v_correction
ORDER BY day DESC, operational_unit;

-- 12. What was refused, by unit and reason.
-- columns: operational_unit, origin, reason, rule, rejected_events
SELECT operational_unit, origin, reason, rule, sum(rejected_events) AS rejected_events
FROM v_rejected_event
GROUP BY operational_unit, origin, reason, rule
ORDER BY rejected_events DESC;

-- 13. How fresh statuses are: the share within five minutes, and the mean delay.
-- columns: operational_unit, freshness, mean_status_delay_s
SELECT operational_unit, sum(fresh_statuses) / nullIf(sum(statuses), 0) AS freshness, sum(status_delay_ms) / nullIf(sum(statuses), 0) / 1000 AS mean_status_delay_s
FROM v_unit_day
GROUP BY operational_unit
ORDER BY operational_unit;

-- 14. Failures that have not ended, the oldest first.
-- columns: operational_unit, station_id, charge_point_id, opened_at, age_days
SELECT operational_unit, station_id, charge_point_id, opened_at, age_ms / 86400000 AS age_days
FROM v_open_failure
WHERE entity_type = 'charge_point'
LIMIT 100;

-- 15. Sessions, energy and success by power class.
-- columns: power_class, sessions, energy_kwh, session_success_2min, mean_session_min
SELECT
    power_class,
    sum(d.sessions) AS sessions,
    sum(d.energy_wh) / 1000 AS energy_kwh,
    sum(d.successful_sessions_2min) / nullIf(sum(d.sessions - d.flagged_sessions), 0) AS session_success_2min,
    sum(d.session_ms) / nullIf(sum(d.sessions - d.flagged_sessions), 0) / 60000 AS mean_session_min
FROM v_unit_power_class_day AS d
GROUP BY power_class
ORDER BY power_class;

-- 16. The load factor of regions: energy delivered per energy that the power allows.
-- columns: code, name, load_factor, availability_power
SELECT code, name, sum(energy_wh) * 3600 / nullIf(sum(required_kwms), 0) AS load_factor, sum(up_kwms) / nullIf(sum(up_kwms + down_kwms), 0) AS availability_power
FROM v_territory_day
WHERE level = 'region'
GROUP BY code, name
ORDER BY code;

-- 17. A coded indicator by region: sessions of a day, as published.
-- columns: target, name, timestamp, value
SELECT target, name, timestamp, value
FROM v_indicator
WHERE code = 'u10' AND period = 'd' AND level = 1
ORDER BY timestamp, target;

-- 18. Quality rules that are broken.
-- columns: target, quality_rule, rule, value, threshold
SELECT target, quality_rule, rule, value, threshold
FROM v_quality
WHERE variant = 'corrected' AND level = 5 AND fires
ORDER BY target, rule;

-- 19. The board of a unit: the latest status of each charge point in service.
-- columns: charge_point_id, etat_pdc, occupation_pdc, event_time, age_ms
SELECT charge_point_id, etat_pdc, occupation_pdc, event_time, age_ms
FROM v_latest_status
WHERE operational_unit = 'FRAAA'
ORDER BY charge_point_id;

-- 20. Up to when the archive is complete.
-- columns: data_as_of, partitions
SELECT data_as_of, partitions
FROM v_data_as_of;
