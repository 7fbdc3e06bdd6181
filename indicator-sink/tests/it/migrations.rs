//! The schema: applied twice, commented throughout, and views that compute what they say.

use clap::Parser as _;
use domain::indicator::{StationSweep, Vector};
use domain::{ChargePointIndicator, EpisodeOutcome, FailureEpisode, Phase, Span, StationIndicator};
use indicator_sink::config::{Command, Config};
use indicator_sink::migrate::{Flavour, migrate, missing_in, rendered};
use indicator_sink::topic::Topic;
use indicator_sink::writer::{Part, RowWriter as _};

use crate::database::Database;
use crate::records;

#[tokio::test]
async fn a_second_run_applies_nothing() {
    let database = Database::empty().await;
    assert!(!missing_in(database.args()).await.unwrap().is_empty());
    assert!(!migrate(database.args()).await.unwrap().is_empty());
    assert!(migrate(database.args()).await.unwrap().is_empty());
    assert!(missing_in(database.args()).await.unwrap().is_empty());
    let policies = "SELECT groupArray((policy, is_default)) FROM policy";
    assert_eq!(database.value(policies).await, "[('qc-1',1)]");
}

#[tokio::test]
async fn a_changed_checksum_is_refused() {
    let database = Database::fresh().await;
    database
        .execute(
            "INSERT INTO schema_migration (name, kind, checksum, duration_ms, engine_version, \
             applied_at) VALUES ('0020_policy', 1, 'other', 0, '', now64(3) + 1)",
        )
        .await;
    let error = migrate(database.args()).await.unwrap_err();
    assert!(format!("{error:#}").contains("0020_policy"), "{error:#}");
}

#[tokio::test]
async fn every_statement_parses_in_every_flavour() {
    let database = Database::empty().await;
    let server = database.args().server();
    for flavour in [Flavour::Plain, Flavour::Replicated, Flavour::Sharded] {
        for migration in rendered().unwrap() {
            for statement in migration.in_flavour(flavour, "a cluster") {
                let explain = format!("EXPLAIN AST {statement}");
                let parsed = server.query_raw(&explain).fetch_all::<String>().await;
                assert!(parsed.is_ok(), "{flavour:?} {parsed:?}\n{statement}");
                let is_plain = statement.contains("non_replicated_")
                    || statement.contains("ENGINE = ReplacingMergeTree")
                    || !statement.contains("ON CLUSTER 'a cluster'");
                assert_eq!(
                    is_plain,
                    flavour == Flavour::Plain,
                    "{flavour:?} {statement}"
                );
            }
        }
    }
}

/// What makes the statements of a cluster run on one server: no cluster, engines without replicas, and
/// in place of a table over all shards one over the only shard there is.
fn on_one_server(statement: &str) -> String {
    let local = statement
        .replace(" ON CLUSTER 'a cluster'", "")
        .replace("'/clickhouse/tables/{uuid}/all', '{shard}-{replica}', ", "")
        .replace("('/clickhouse/tables/{uuid}/all', '{shard}-{replica}')", "")
        .replace("ENGINE = Replicated", "ENGINE = ");
    match local.split_once("ENGINE = Distributed('a cluster', currentDatabase(), '") {
        Some((before, table)) => {
            let (table, _key) = table.split_once('\'').unwrap();
            format!("{before}ENGINE = Merge(currentDatabase(), '^{table}$')")
        }
        None => local,
    }
}

#[tokio::test]
async fn every_object_can_be_made_in_every_flavour_and_a_shard_computes_from_its_own_rows() {
    let mut objects = Vec::new();
    for flavour in [Flavour::Plain, Flavour::Replicated, Flavour::Sharded] {
        let database = Database::empty().await;
        let name = &database.args().clickhouse_database;
        let create = format!("CREATE DATABASE {name}");
        let server = database.args().server();
        server.query_raw(&create).execute().await.unwrap();
        for migration in rendered().unwrap() {
            for statement in migration.in_flavour(flavour, "a cluster") {
                database.execute(&on_one_server(&statement)).await;
            }
        }
        let names = "SELECT arraySort(groupArrayDistinct(replaceRegexpOne(name, '_local$', ''))) FROM system.tables \
                     WHERE database = currentDatabase() AND NOT startsWith(name, '.')";
        objects.push(database.value(names).await);
        let policy = "INSERT INTO policy (policy, is_default, version) VALUES ('qc-1', 1, 1)";
        database.execute(policy).await;
        let table = match flavour {
            Flavour::Plain | Flavour::Replicated => "charge_point_hour",
            Flavour::Sharded => "charge_point_hour_local",
        };
        let row = format!(
            "INSERT INTO {table} (policy, operational_unit, window_start, phase, version, computed_at, free_ms) \
             VALUES ('qc-1', 'FRS63', '2026-03-29 01:00:00', 'closed', 1, now64(3), 3600000)"
        );
        database.execute(&row).await;
        for view in ["unit_hour_rmv", "unit_day_rmv"] {
            database
                .execute(&format!("SYSTEM REFRESH VIEW {view}"))
                .await;
            database.execute(&format!("SYSTEM WAIT VIEW {view}")).await;
        }
        let day = "SELECT groupArray((operational_unit, day, free_ms)) FROM v_unit_day";
        let shown = database.value(day).await;
        assert_eq!(shown, "[('FRS63','2026-03-29',3600000)]", "{flavour:?}");
    }
    assert_eq!(objects[0], objects[1]);
    assert_eq!(objects[0], objects[2]);
}

#[tokio::test]
async fn retention_is_set_once_and_removed() {
    let database = Database::fresh().await;
    let retention = |flag: &str| {
        let flags = ["indicator-sink", "migrate", "--retention", flag];
        match Config::try_parse_from(flags).unwrap().into_command() {
            Command::Migrate(args) => args.retention,
            other => panic!("{other:?}"),
        }
    };
    let client = database.args().client();
    let (on, off) = (retention("on"), retention("off"));
    assert!(off.missing(&client).await.unwrap().is_empty());
    for (flags, others) in [(&on, &off), (&off, &on)] {
        let missing = flags.missing(&client).await.unwrap();
        assert!(missing.len() >= 7, "{missing:?}");
        for statement in &missing {
            database.execute(statement).await;
        }
        let again = flags.missing(&client).await.unwrap();
        assert!(again.is_empty(), "{again:?}");
        assert_eq!(others.missing(&client).await.unwrap().len(), missing.len());
    }
}

#[tokio::test]
async fn every_table_view_and_column_has_a_comment_the_same_for_the_same_name() {
    let database = Database::migrated().await;
    let of_ours = "database = currentDatabase()";
    let tables =
        format!("SELECT groupArray(name) FROM system.tables WHERE {of_ours} AND comment = ''");
    assert_eq!(database.value(&tables).await, "[]");
    let columns = format!(
        "SELECT groupArray((table, name)) FROM system.columns WHERE {of_ours} AND comment = ''"
    );
    assert_eq!(database.value(&columns).await, "[]");
    let different = format!(
        "SELECT groupArray(name) FROM (SELECT name FROM system.columns WHERE {of_ours} \
         GROUP BY name HAVING uniqExact(comment) > 1 ORDER BY name)"
    );
    assert_eq!(database.value(&different).await, "[]");
}

/// Writes records as the sink does, one after the other.
async fn write(database: &Database, topic: Topic, values: Vec<Vec<u8>>) {
    let messages: Vec<_> = (0..)
        .zip(values)
        .map(|(offset, value)| records::message(topic, offset, Some(value)))
        .collect();
    let range = records::range(topic, &messages);
    let (from, to) = (range.from, range.to);
    let part = Part {
        range: &range,
        from,
        to,
    };
    database.writer().write(part).await.unwrap();
}

/// Nine tenths of the hour up, the rest split between down and unknown.
fn vector() -> Vector {
    Vector {
        free_ms: 2_240_000,
        occupied_ms: 1_000_000,
        out_of_service_ms: 300_000,
        unknown_short_ms: 60_000,
        failures: 2,
        returns: 1,
        time_to_return_ms: 90_500,
        statuses: 4,
        fresh_statuses: 3,
        status_delay_ms: 10_000,
        sessions: 3,
        flagged_sessions: 1,
        successful_sessions_2min: 1,
        energy_wh: 500,
        ..Vector::default()
    }
}

fn hour() -> ChargePointIndicator {
    ChargePointIndicator {
        vector: vector(),
        ..records::charge_point_hour(Phase::Closed)
    }
}

#[tokio::test]
async fn ratios_follow_their_formulas_and_are_null_without_a_denominator() {
    let database = Database::migrated().await;
    let mut silent = hour();
    silent.window = silent.window.next();
    silent.vector = Vector {
        inactive_ms: 3_600_000,
        ..Vector::default()
    };
    let values = vec![records::value(&hour()), records::value(&silent)];
    write(&database, Topic::ChargePointIndicator, values).await;
    let ratios = "SELECT groupArray((availability, coverage, low_coverage, availability_afirev, \
                  availability_min, availability_max, utilisation, occupancy, \
                  mean_time_to_return_s, mean_time_between_failures_s, session_success_2min, \
                  freshness, mean_status_delay_s, live_sessions)) \
                  FROM (SELECT * FROM v_charge_point_hour ORDER BY window_start)";
    let up = 3_240_000.0;
    let expected = format!(
        "[({},{},0,{},{},{},{},{},90.5,1620,0.5,0.75,2.5,3),\
         (NULL,NULL,0,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,0)]",
        up / 3_540_000.0,
        3_540_000.0 / 3_600_000.0,
        3_300_000.0 / 3_600_000.0,
        up / 3_600_000.0,
        3_300_000.0 / 3_600_000.0,
        1_000_000.0 / up,
        1_000_000.0 / up,
    );
    assert_eq!(database.value(ratios).await, expected);
    let wrong = "SELECT count() FROM v_conservation";
    assert_eq!(database.value(wrong).await, "0");
}

#[tokio::test]
async fn an_hour_whose_states_do_not_fill_it_is_reported() {
    let database = Database::migrated().await;
    let mut short = hour();
    short.vector.free_ms -= 1;
    let mut provisional = hour();
    provisional.window = provisional.window.next();
    provisional.vector.free_ms -= 1;
    provisional.emission.phase = Phase::Provisional;
    let values = vec![records::value(&short), records::value(&provisional)];
    write(&database, Topic::ChargePointIndicator, values).await;
    let station = StationIndicator {
        vector: Vector {
            inactive_ms: 2 * 3_600_000,
            ..Vector::default()
        },
        charge_points: 2,
        sweep: StationSweep::default(),
        ..records::station_hour()
    };
    write(
        &database,
        Topic::StationIndicator,
        vec![records::value(&station)],
    )
    .await;
    let wrong = "SELECT groupArray((entity_type, phase, covered_ms, expected_ms)) \
                 FROM v_conservation";
    assert_eq!(
        database.value(wrong).await,
        "[('charge_point','closed',3599999,3600000)]"
    );
}

#[tokio::test]
async fn a_week_of_a_unit_shows_the_nearest_rank_of_its_times_to_return() {
    let database = Database::migrated().await;
    let mut values = vec![records::value(&hour())];
    let mut corrected = hour();
    corrected.emission.version = records::at(9_000);
    corrected.vector.failures = 5;
    values.push(records::value(&corrected));
    write(&database, Topic::ChargePointIndicator, values).await;
    let station = StationIndicator {
        vector: vector(),
        charge_points: 1,
        ..records::station_hour()
    };
    write(
        &database,
        Topic::StationIndicator,
        vec![records::value(&station)],
    )
    .await;
    // Of four returns the second smallest is the median; a left-censored one does not count, nor
    // does one that returned before the week.
    let returned = |number: i64, time_to_return_ms: i64| {
        let mut episode: FailureEpisode = records::episode(EpisodeOutcome::Returned);
        episode.opened_at = records::at(-1_000 * number);
        episode.end.as_mut().unwrap().time_to_return_ms = time_to_return_ms;
        episode
    };
    let mut censored = returned(5, 1);
    censored.flags.left_censored = true;
    let mut old = returned(6, 2);
    old.end.as_mut().unwrap().closed_at = records::at(0) - Span::from_days(8);
    let mut open = returned(7, 3);
    open.outcome = EpisodeOutcome::Open;
    open.end = None;
    let episodes = [
        returned(1, 40_000),
        returned(2, 10_000),
        returned(3, 30_500),
        returned(4, 20_500),
        censored,
        old,
        open,
    ];
    let values = episodes.iter().map(records::value).collect();
    write(&database, Topic::FailureEpisode, values).await;
    let week = "SELECT groupArray((operational_unit, first_hour, last_hour, stations, \
                charge_points, round(availability, 6), failures, returns, time_to_return_p50_s, \
                time_to_return_p90_s, open_failures, oldest_open_failure_opened_at)) \
                FROM v_unit_week";
    assert_eq!(
        database.value(week).await,
        "[('FRS63','2026-03-22 02:00:00','2026-03-29 01:00:00',1,1,0.915254,5,4,20.5,40,1,\
         '2026-03-29 01:29:53.123')]"
    );
    let station = "SELECT groupArray((station_id, charge_points, round(availability, 6), \
                   mean_time_to_return_s, open_failures)) FROM v_station_week";
    let shown = database.value(station).await;
    assert_eq!(shown, "[('FRS63P0001',1,0.915254,90.5,1)]");
    let open = "SELECT groupArray((charge_point_id, opened_at, age_ms)) FROM v_open_failure";
    assert_eq!(
        database.value(open).await,
        "[('FRS63E0012','2026-03-29 01:29:53.123',0)]"
    );
}
