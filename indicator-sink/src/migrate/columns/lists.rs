//! The columns themselves: one line each.

/// A column and its comment.
pub(super) type Column = (&'static str, &'static str);

/// A column, its expression and its comment.
pub(super) type Derived = (&'static str, &'static str, &'static str);

/// Time in each state, failures and statuses.
pub(super) const CORE: [Column; 23] = [
    ("free_ms", "Time up and free, ms."),
    ("occupied_ms", "Time up and occupied, ms."),
    ("reserved_ms", "Time up and reserved, ms."),
    ("in_service_ms", "Time up with occupancy unknown, ms."),
    ("out_of_service_ms", "Time down, ms."),
    ("unknown_short_ms", "Time unknown or stale within the first 24 h of the unknown run, ms."),
    ("unknown_long_ms", "Time unknown or stale beyond the first 24 h of the unknown run, ms."),
    ("closed_ms", "Time outside opening hours, ms; 0 while all count as open 24/7."),
    ("inactive_ms", "Time not (yet, or any more) active, ms."),
    ("failures", "Episodes opened in the period, not left-censored."),
    ("returns", "Episodes returned in the period, not left-censored."),
    ("time_to_return_ms", "Time from the opening of an episode to its end, ms; in an hour the sum over its returns."),
    ("returns_under_2h", "Returns of less than 2 h."),
    ("returns_2h_to_24h", "Returns in [2 h, 24 h)."),
    ("returns_24h_to_7d", "Returns in [24 h, 7 d)."),
    ("returns_over_7d", "Returns of 7 d and more."),
    ("statuses", "Distinct statuses by event time."),
    ("duplicate_statuses", "Further copies of a status."),
    ("conflicting_statuses", "Other contents for the same charge point and instant."),
    ("late_statuses", "Statuses whose first copy is late."),
    ("inconsistent_statuses", "Winners that are occupied while out of service or unknown (rule 37)."),
    ("status_delay_ms", "Sum over statuses of reception minus event time, ms, at least 0 each."),
    ("fresh_statuses", "Statuses with a delay of at most 300 s (rule 43)."),
];

/// The number of states at the head of [`CORE`], which partition the time covered.
pub(super) const STATES: usize = 9;

/// Sessions, as the processor counts them.
pub(super) const SESSIONS: [Column; 8] = [
    ("sessions", "Distinct sessions by the hour of their start."),
    ("duplicate_sessions", "Further copies of a session."),
    ("flagged_sessions", "Sessions flagged as impossible or overlapping; part of sessions."),
    ("successful_sessions_2min", "Unflagged sessions of more than 500 Wh and 2 min."),
    ("successful_sessions_3min", "Unflagged sessions of more than 500 Wh and 3 min."),
    ("session_ms", "Duration of unflagged sessions, ms."),
    ("energy_wh", "Energy delivered, Wh; in an hour that of its unflagged sessions."),
    ("flagged_energy_wh", "Energy of flagged sessions, Wh."),
];

/// What only a station can tell.
pub(super) const EXTRAS: [Column; 14] = [
    ("any_up_ms", "Kleene OR over active charge points: some is up, ms."),
    ("any_unknown_ms", "Kleene OR: none is up, some is unknown, ms."),
    ("all_down_ms", "Kleene OR: all active charge points are down, ms."),
    ("every_up_ms", "Kleene AND: all active charge points are up, ms."),
    ("every_unknown_ms", "Kleene AND: none is down, some is unknown, ms."),
    ("some_down_ms", "Kleene AND: some charge point is down, ms."),
    ("idle_ms", "Some up, none occupied (inactif), ms."),
    ("active_ms", "In use with room left (actif), ms."),
    ("overloaded_ms", "Free share below 20 % (surchargé), ms."),
    ("saturated_ms", "Free share below 10 % (saturé), ms."),
    ("out_of_service_station_ms", "None up, at least one down (hors service), ms."),
    ("up_kwms", "Power times time up, kW·ms = J."),
    ("down_kwms", "Power times time down, kW·ms = J."),
    ("required_kwms", "Power times time up, down or unknown, kW·ms = J."),
];

/// What a status says.
pub(super) const STATE: [&str; 6] = [
    "etat_pdc", "occupation_pdc", "etat_prise_type_2", "etat_prise_type_combo_ccs", "etat_prise_type_chademo",
    "etat_prise_type_ef",
];

/// Sums of states.
pub(super) const TIMES: [Derived; 4] = [
    ("up_ms", "free_ms + occupied_ms + reserved_ms + in_service_ms", "Time up, ms."),
    ("down_ms", "out_of_service_ms", "Time down, ms."),
    ("unknown_ms", "unknown_short_ms + unknown_long_ms", "Time unknown or stale, ms."),
    ("required_ms", "up_ms + down_ms + unknown_ms", "Time up, down or unknown, ms."),
];

/// Ratios of sums, with their null rules.
pub(super) const RATIOS: [Derived; 16] = [
    ("availability", "up_ms / nullIf(up_ms + down_ms, 0)", "Taux de disponibilité constatée: time up per observed time; null without observed time."),
    ("coverage", "(up_ms + down_ms) / nullIf(required_ms, 0)", "Couverture: observed time per required time; null without required time."),
    ("low_coverage", "(up_ms + down_ms) * 10 < required_ms * 8", "1: coverage is below 0.8, the figures are weak."),
    ("availability_afirev", "(up_ms + unknown_short_ms) / nullIf(required_ms, 0)", "Availability in the sense of AFIREV: the first 24 h unknown count as up."),
    ("availability_min", "up_ms / nullIf(required_ms, 0)", "Availability if all unknown time was down."),
    ("availability_max", "(up_ms + unknown_ms) / nullIf(required_ms, 0)", "Availability if all unknown time was up."),
    ("utilisation", "occupied_ms / nullIf(up_ms, 0)", "Taux d'utilisation: time occupied per time up; null without time up."),
    ("occupancy", "occupied_ms / nullIf(free_ms + occupied_ms + reserved_ms, 0)", "Taux d'occupation: time occupied per time with known occupancy."),
    ("mean_time_to_return_s", "time_to_return_ms / nullIf(returns, 0) / 1000", "Mean time to return to service, s; null without a return."),
    ("mean_time_between_failures_s", "up_ms / nullIf(failures, 0) / 1000", "Time up per failure, s; null without a failure."),
    ("mean_time_between_failure_starts_s", "(up_ms + down_ms) / nullIf(failures, 0) / 1000", "Observed time per failure, s; null without a failure."),
    ("failure_rate_per_1000h", "failures * 3600000000 / nullIf(up_ms, 0)", "Failures per 1,000 h up; null without time up."),
    ("session_success_2min", "live_successful_sessions_2min / nullIf(live_sessions - live_flagged_sessions, 0)", "Share of unflagged sessions with more than 500 Wh and 2 min."),
    ("session_success_3min", "live_successful_sessions_3min / nullIf(live_sessions - live_flagged_sessions, 0)", "Share of unflagged sessions with more than 500 Wh and 3 min."),
    ("freshness", "fresh_statuses / nullIf(statuses, 0)", "Share of statuses with a delay of at most 300 s; null without a status."),
    ("mean_status_delay_s", "status_delay_ms / nullIf(statuses, 0) / 1000", "Mean delay of statuses, s; null without a status."),
];

/// Ratios that need a station.
pub(super) const STATION_RATIOS: [Derived; 5] = [
    ("availability_any", "any_up_ms / nullIf(any_up_ms + all_down_ms, 0)", "Share of the observed time in which some charge point was up."),
    ("availability_every", "every_up_ms / nullIf(every_up_ms + some_down_ms, 0)", "Share of the observed time in which all charge points were up."),
    ("availability_power", "up_kwms / nullIf(up_kwms + down_kwms, 0)", "Availability weighted by power."),
    ("saturation", "saturated_ms / nullIf(any_up_ms, 0)", "Taux de saturation: time saturated per time with some charge point up."),
    ("load_factor", "live_energy_wh * 3600 / nullIf(required_kwms, 0)", "Facteur de charge: energy delivered per energy that the power allows."),
];

/// Columns that only views have; the text of any other is that of the table which has it.
pub(super) const OTHERS: [Column; 42] = [
    ("age_ms", "From the opening to the instant up to which the archive is complete, ms."),
    ("data_as_of", "What was accepted before this instant is stored: least over the partitions of the greatest record timestamp."),
    ("partitions", "Partitions of the status and session topics that hold records."),
    ("first_hour", "Start of the first hour of the week."),
    ("last_hour", "Start of the last hour of the week, the newest complete one."),
    ("time_to_return_p50_s", "Median time to return, s: nearest rank over the episodes of charge points that returned in the week and are not left-censored; null without one."),
    ("time_to_return_p90_s", "90th percentile of the time to return, s; nearest rank over the same episodes."),
    ("open_failures", "Episodes of charge points that have not ended."),
    ("oldest_open_failure_opened_at", "Start of the oldest of them; null if none."),
    ("covered_ms", "Sum of the nine states, ms."),
    ("expected_ms", "What it has to be, ms; while the hour is provisional what it may not exceed."),
    ("previous_to_offset", "Where the range before ended."),
    ("commune_name", "Name of the municipality."),
    ("epci_name", "Name of the EPCI; empty when there is none."),
    ("department_name", "Name of the department."),
    ("region_name", "Name of the region."),
    ("last_session_at", "Start of the newest session."),
    ("expected_hours", "Hours that the day has: 23, 24 or 25."),
    ("mean_charge_points", "Mean number of charge points over the hours of the day; null without an hour."),
    ("is_final", "1: every hour behind the row is there and final, no correction can come any more."),
    ("late_sessions", "Sessions that came after the processor had closed its book, 25 h after the hour; null until the row is final."),
    ("charge_points_per_100k", "Charge points per 100,000 inhabitants; null when the population is unknown."),
    ("sessions_per_100k", "Sessions per 100,000 inhabitants; null when the population is unknown."),
    ("month", "First day of the month, Europe/Paris."),
    ("time_to_return_p95_s", "95th percentile of the time to return, s; nearest rank over the same episodes."),
    ("share_above_99", "T99: charge points with an availability above 0.99 per charge points, both with a coverage of at least 0.5; null without one."),
    ("share_down_over_7d", "T7J: charge points out of service for more than 7 d at some instant of the month per active charge points; null without one."),
    ("quality_rule", "Code of the quality rule."),
    ("threshold", "Value above which the rule fires; null when any row does."),
    ("fires", "1: the rule is broken."),
    ("rejected_events", "Events that were refused or too late."),
    ("corrected_rows", "Rows whose last emission is a correction."),
    ("late_rows", "Rows with a late status."),
    ("base_rows", "Rows of the base tables, provisional ones left out."),
    ("rollup_rows", "Rows that the roll-up is made of."),
    ("base_revisions", "Sum of the revisions of the base rows."),
    ("rollup_revisions", "The same when the roll-up was made."),
    ("base_version", "Greatest version of the base rows."),
    ("rollup_version", "The same when the roll-up was made."),
    ("base_sessions", "Distinct sessions of the hour."),
    ("rollup_sessions", "Sessions in the roll-up."),
    ("freshness_ms", "From the newest record to the insert that stored it, ms."),
];
