//! What is written about the model, and what leaves it as a file.

use std::path::Path;
use std::process::{Command, Output};

use indicator_sink::dictionary::dictionary;

use super::indicators;
use super::world::{HOUR_MS, World, hour};
use crate::database::Database;

fn document(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../docs")
        .join(name);
    std::fs::read_to_string(path).unwrap()
}

#[tokio::test]
async fn the_data_dictionary_is_what_the_database_says() {
    let database = Database::migrated().await;
    let written = dictionary(&database.args().client()).await.unwrap();
    let kept = document("data-dictionary.md");
    let lines = kept.lines().zip(written.lines());
    for (number, (kept, written)) in (1..).zip(lines) {
        assert_eq!(
            kept, written,
            "line {number}: run `indicator-sink dictionary > docs/data-dictionary.md`"
        );
    }
    assert_eq!(kept.trim_end().len(), written.trim_end().len());
    assert!(
        written
            .lines()
            .filter(|line| line.starts_with("## v_"))
            .count()
            >= 32,
        "{written}"
    );
}

/// A query with what its comment promises.
struct Sample<'a> {
    title: &'a str,
    columns: Vec<&'a str>,
    query: &'a str,
}

fn sample(block: &str) -> Option<Sample<'_>> {
    let query = block.find("\nSELECT")?;
    let (title, columns) = block[..query].split_once("\n-- columns: ")?;
    let columns = columns.split(", ").collect();
    let query = block[query..].trim().trim_end_matches(';');
    Some(Sample {
        title,
        columns,
        query,
    })
}

fn samples(text: &str) -> Vec<Sample<'_>> {
    text.split("\n\n").filter_map(sample).collect()
}

/// A row of `DESCRIBE`: name, type, and five more.
type Described = (String, String, String, String, String, String, String);

/// A world in which every sample has an answer.
async fn populated() -> World {
    let world = indicators::world().await;
    let start = super::world::DAY_1_MS;
    let station = serde_json::json!({
        "policy": "qc-1", "operational_unit": "FRAAA", "station_id": "FRAAAP1", "window_start": hour(start + HOUR_MS),
        "code_insee_commune": "75101", "power_w": 72_000, "charge_points": 2, "any_up_ms": HOUR_MS,
        "every_up_ms": HOUR_MS, "idle_ms": HOUR_MS, "up_kwms": 1, "required_kwms": 2, "phase": "final", "revision": 1,
        "version": 1, "computed_at": hour(start), "state_at_end": "idle",
    });
    world.insert("station_hour", &[station]).await;
    let rejected = serde_json::json!({
        "operational_unit": "FRAAA", "origin_time": hour(start), "rejection_id": uuid::Uuid::nil().to_string(),
        "disposition": "dead_letter", "origin": "producer-gateway", "kind": "status", "reason": "unknown_charge_point",
        "rule": 0, "field": "id_pdc_itinerance", "message": "unknown", "item_index": 0, "lateness_ms": -1,
    });
    world.insert("rejected_event", &[rejected]).await;
    let batch = serde_json::json!({
        "consumer_group": "sink", "topic": "charge-session", "partition": 0, "table_name": "charge_session",
        "from_offset": 0, "to_offset": 6, "rows": 6, "first_timestamp": hour(start), "last_timestamp": hour(start),
    });
    world.insert("sink_batch", &[batch]).await;
    world.refresh(&super::world::ROLLUPS).await;
    world
        .compute(indicators::day(), start + 100 * 24 * HOUR_MS)
        .await;
    world
}

#[tokio::test]
async fn every_sample_query_answers_with_the_columns_that_it_promises() {
    let world = populated().await;
    let text = document("sample-queries.sql");
    let samples = samples(&text);
    assert!(samples.len() >= 20, "{} samples", samples.len());
    assert_eq!(
        samples.len(),
        text.matches(";\n").count(),
        "each statement is a sample"
    );
    for Sample {
        title,
        columns,
        query,
    } in samples
    {
        let described = format!("DESCRIBE ({query})");
        let found = world
            .client()
            .query_raw(&described)
            .fetch_all::<Described>()
            .await;
        let found = found.unwrap_or_else(|error| panic!("{title}: {error}"));
        let names: Vec<_> = found.iter().map(|column| column.0.as_str()).collect();
        assert_eq!(names, columns, "{title}");
        let rows = world.value(&format!("SELECT count() FROM ({query})")).await;
        assert_ne!(rows, "0", "{title}");
    }
    let share = "SELECT (share_above_99, share_down_over_7d, returns, time_to_return_p90_s) FROM v_unit_month_quality \
                 WHERE operational_unit = 'FRAAA' AND month = '2025-01-01'";
    assert_eq!(world.value(share).await, "(0.5,0,3,1800)");
}

#[tokio::test]
async fn every_view_can_be_read() {
    let world = populated().await;
    let views = "SELECT name FROM system.tables WHERE database = currentDatabase() AND startsWith(name, 'v_') ORDER BY name";
    let views = world
        .client()
        .query_raw(views)
        .fetch_all::<String>()
        .await
        .unwrap();
    assert!(views.len() >= 32, "{views:?}");
    for view in views {
        let rows = world
            .value(&format!("SELECT count() FROM (SELECT * FROM {view})"))
            .await;
        let must_be_empty = [
            "v_conservation",
            "v_sink_gap",
            "v_rollup_mismatch",
            "v_unit_now",
        ];
        if must_be_empty.contains(&view.as_str()) {
            // The hours of this world are made up: their nine states do not fill them.
            assert!(rows == "0" || view == "v_conservation", "{view}: {rows}");
        } else {
            assert_ne!(rows, "0", "{view}");
        }
    }
}

fn export(world: &World, flags: &[&str]) -> Output {
    let args = world.database().args();
    Command::new(env!("CARGO_BIN_EXE_indicator-sink"))
        .arg("export")
        .args(flags)
        .args([
            "--clickhouse-url",
            &args.clickhouse_url,
            "--clickhouse-database",
            &args.clickhouse_database,
        ])
        .output()
        .unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn views_are_exported_as_open_data_and_as_parquet() {
    let world = populated().await;
    let statique = export(&world, &["v_irve_statique"]);
    assert!(
        statique.status.success(),
        "{}",
        String::from_utf8_lossy(&statique.stderr)
    );
    let text = String::from_utf8(statique.stdout).unwrap();
    let head: Vec<_> = text
        .lines()
        .next()
        .unwrap()
        .split(',')
        .map(|name| name.trim_matches('"'))
        .collect();
    assert_eq!(head.len(), 40);
    assert_eq!(
        (head[0], head[13], head[39]),
        ("nom_amenageur", "coordonneesXY", "cable_t2_attache")
    );
    assert_eq!(text.lines().count(), 4);
    assert!(
        text.contains("\"[2.3, 48.8]\"") && text.contains("\"2025-01-01\""),
        "{text}"
    );
    assert!(!text.contains("\\N"), "null is empty: {text}");

    let dynamique = export(&world, &["v_irve_dynamique"]);
    let text = String::from_utf8(dynamique.stdout).unwrap();
    assert_eq!(
        text.lines().next().unwrap().replace('"', ""),
        "id_pdc_itinerance,etat_pdc,occupation_pdc,horodatage,etat_prise_type_2,etat_prise_type_combo_ccs,\
         etat_prise_type_chademo,etat_prise_type_ef"
    );
    assert!(text.contains("2025-01-06T01:01:00+00:00"), "{text}");

    let parquet = export(
        &world,
        &[
            "v_unit_day",
            "--format",
            "parquet",
            "--from",
            "2025-01-06",
            "--to",
            "2025-01-06",
        ],
    );
    assert!(parquet.stdout.starts_with(b"PAR1") && parquet.stdout.ends_with(b"PAR1"));
    let copy =
        "CREATE TABLE copy ENGINE = MergeTree ORDER BY tuple() AS SELECT * FROM v_unit_day WHERE 0";
    world.database().execute(copy).await;
    let mut body = world
        .client()
        .insert_formatted_with("INSERT INTO copy FORMAT Parquet")
        .buffered();
    body.write_buffered(&parquet.stdout);
    body.end().await.unwrap();
    let there = "SELECT groupArray((operational_unit, day, sessions, availability)) FROM (SELECT * FROM # ORDER BY ALL)";
    let original = there.replace('#', "v_unit_day WHERE day = '2025-01-06'");
    assert_eq!(
        world.value(&there.replace('#', "copy")).await,
        world.value(&original).await
    );

    let refused = export(&world, &["v_irve_statique", "--from", "2025-01-06"]);
    let message = String::from_utf8_lossy(&refused.stdout).into_owned()
        + &String::from_utf8_lossy(&refused.stderr);
    assert!(
        !refused.status.success() && message.contains("has no time"),
        "{message}"
    );
}

#[tokio::test]
async fn the_statements_about_access_can_be_parsed() {
    let database = Database::empty().await;
    let path =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../deploy/clickhouse/access/security.sql");
    let text = std::fs::read_to_string(path).unwrap();
    let without_comments: Vec<&str> = text
        .lines()
        .filter(|line| !line.starts_with("--"))
        .collect();
    let statements = without_comments.join("\n");
    let statements: Vec<&str> = statements
        .split(";\n")
        .filter(|text| !text.trim().is_empty())
        .collect();
    assert!(statements.len() > 15, "{} statements", statements.len());
    for statement in statements {
        let parsed = format!("EXPLAIN AST {statement}");
        let server = database.args().server();
        let parsed = server.query_raw(&parsed).fetch_all::<String>().await;
        parsed.unwrap_or_else(|error| panic!("{statement}: {error}"));
    }
}

#[test]
fn the_document_on_coded_indicators_names_every_code_and_every_rule() {
    let text = document("coded-indicators.md");
    for code in indicator_sink::indicator::CODES {
        let levels: Vec<String> = code.levels.iter().map(u8::to_string).collect();
        let row = text.lines().find(|line| {
            let names = line.split('|').nth(1).unwrap_or_default();
            names
                .split_whitespace()
                .any(|name| name == format!("`{}`", code.code))
        });
        let row = row.unwrap_or_else(|| panic!("no row of {}", code.code));
        assert!(row.contains(&format!("| {} |", levels.join(" "))), "{row}");
        let has_parity = !row.ends_with("| – |");
        assert_eq!(has_parity, code.parity.is_some(), "{row}");
    }
    for rule in indicator_sink::indicator::Rule::all() {
        let row = format!(
            "| {} | {} | {} |",
            rule.number.trim_start_matches('0'),
            rule.code,
            rule.what
        );
        assert!(text.contains(&row), "{row}");
    }
}
