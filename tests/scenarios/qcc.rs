//! The client that operators have, unmodified (`qcc`, Python package `qualicharge-client` 0.3.0), through the
//! ingress: it logs in, renews its token, writes, reads, and understands what goes wrong.

use std::io::Write as _;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use e2e::gateway::Operator;
use e2e::metrics::Metrics;
use e2e::qcc::Qcc;
use e2e::say::say;
use e2e::stack::{Stack, checked};
use e2e::{wait, workload};
use jiff::Timestamp;
use reqwest::StatusCode;

/// The commands that read statuses and sessions, which `indicator-api` will answer.
const LATER: [&str; 4] = [
    "status read {id}",
    "status history {id} --from 2026-01-01T00:00:00",
    "status list --pdc {id}",
    "session check 066c5c83-8168-5301-bf11-72bd1bf9c339",
];
/// More than two pages of the list.
const CHARGE_POINTS: usize = 250;

#[tokio::test(flavor = "multi_thread")]
async fn qcc_works_unmodified_through_the_ingress() -> Result<()> {
    let mut stack = Stack::start_log(&[
        ("GATEWAY_TOKEN_LIFETIME_SECONDS", "5"),
        ("GATEWAY_STATIQUE_PAGE_SIZE", "100"),
    ])?;
    stack.script(&["up", "ingress"])?;
    stack.start_part("producer-gateway")?;
    let qcc = Qcc::of(&stack)?;

    qcc.says(&["auth", "whoami"], "", "operator@example.com")?;
    writes_the_directory(&qcc)?;
    sends_events(&qcc)?;
    renews_its_token(&stack, &qcc).await?;
    understands_refusals(&qcc)?;
    understands_a_stopped_log(&stack, &qcc)?;
    stack.passed();
    Ok(())
}

fn writes_the_directory(qcc: &Qcc<'_>) -> Result<()> {
    let first = workload::charge_point(0);
    qcc.says(
        &["static", "create"],
        &line(0),
        "Created statique successfully",
    )?;
    let rows: String = (1..CHARGE_POINTS).map(line).collect();
    let created = format!("Created {} statiques successfully", CHARGE_POINTS - 1);
    qcc.says(&["static", "bulk", "--chunk-size", "100"], &rows, &created)?;
    let listed = qcc.succeeds(&["static", "list"], "")?;
    ensure!(
        listed.lines().count() == CHARGE_POINTS,
        "{} lines",
        listed.lines().count()
    );
    let read = qcc.succeeds(&["static", "read", &first], "")?;
    ensure!(read.contains(&first), "{read}");
    qcc.says(
        &["static", "update"],
        &read,
        "Updated statique successfully",
    )?;
    let stations = qcc
        .as_admin()
        .succeeds(&["manage", "stations", "891118473"], "")?;
    ensure!(
        stations.lines().count() == CHARGE_POINTS / 5,
        "{} stations",
        stations.lines().count()
    );
    Ok(())
}

fn line(number: usize) -> String {
    format!("{}\n", workload::statique(number))
}

fn sends_events(qcc: &Qcc<'_>) -> Result<()> {
    let now = Timestamp::now();
    let id = workload::charge_point(1);
    let status = workload::status(&id, now).to_string();
    let created = qcc.says(
        &["status", "create"],
        &status,
        "Created status successfully",
    )?;
    let again = qcc.succeeds(&["status", "create"], &status)?;
    ensure!(
        created == again,
        "a retry has another id: {created} {again}"
    );
    let bulk = ["--chunk-size", "1000"];
    let statuses = statuses(now, 2000)?;
    let arguments = [&["status", "bulk"], &bulk[..]].concat();
    qcc.says(&arguments, &statuses, "Created 2000 statuses successfully")?;
    let session = format!("{}\n", workload::session(&id, now));
    qcc.says(
        &["session", "create"],
        &session,
        "Created session successfully",
    )?;
    let arguments = [&["session", "bulk"], &bulk[..]].concat();
    qcc.says(&arguments, &session, "Created 1 sessions successfully")?;
    for command in LATER {
        let command = command.replace("{id}", &id);
        let arguments: Vec<&str> = command.split(' ').collect();
        say(&format!(
            "qcc {command}: skipped, indicator-api does not exist yet"
        ));
        qcc.fails(&arguments, "", "")?;
    }
    Ok(())
}

/// Statuses of one charge point, a second apart.
fn statuses(now: Timestamp, count: i64) -> Result<String> {
    let id = workload::charge_point(2);
    (1..=count)
        .map(|second| {
            let at = Timestamp::from_millisecond(now.as_millisecond() - 1000 * second)?;
            Ok(format!("{}\n", workload::status(&id, at)))
        })
        .collect()
}

/// One bulk of two chunks, the second when the token of the first has expired.
async fn renews_its_token(stack: &Stack, qcc: &Qcc<'_>) -> Result<()> {
    let accepted = async || -> Result<f64> {
        let metrics = Metrics::of(&stack.gateway_admin()).await?;
        Ok(metrics.sum("qualicharge_gateway_items_total", &["outcome=\"accepted\""]))
    };
    let before = accepted().await?;
    let lines = statuses(Timestamp::now(), 10)?;
    let half = lines.match_indices('\n').nth(4).context("five lines")?.0 + 1;
    let (first, second) = lines.split_at(half);
    let mut running = qcc.start(&["status", "bulk", "--chunk-size", "5"])?;
    let mut input = running.stdin.take().context("its input")?;
    input.write_all(first.as_bytes())?;
    input.flush()?;
    wait::until("the first chunk", Duration::from_secs(30), async || {
        ensure!(accepted().await? >= before + 5.0, "nothing came");
        Ok(())
    })
    .await?;
    let later = Operator::log_in(&stack.ingress()).await?;
    wait::until(
        "a later token to expire",
        Duration::from_secs(30),
        async || {
            let (status, body) = later.get("/auth/whoami").await?;
            ensure!(status == StatusCode::UNAUTHORIZED, "{status}: {body}");
            ensure!(
                body["message"] == "Authentication failed: Token signature expired",
                "{body}"
            );
            Ok(())
        },
    )
    .await?;
    input.write_all(second.as_bytes())?;
    drop(input);
    let said = checked(&running.wait_with_output()?)?;
    ensure!(said.contains("Created 10 statuses successfully"), "{said}");
    Ok(())
}

fn understands_refusals(qcc: &Qcc<'_>) -> Result<()> {
    let now = Timestamp::now();
    let unknown = workload::status("FRSIMENOWHERE", now).to_string();
    qcc.fails(
        &["status", "create"],
        &unknown,
        "Point of charge does not exist",
    )?;
    qcc.fails(
        &["status", "bulk"],
        &unknown,
        "Undeclared attached point(s) of charge",
    )?;
    let foreign = workload::status("FRXXXENOWHERE", now).to_string();
    let refused = "You cannot create statuses for this point of charge";
    qcc.fails(&["status", "create"], &foreign, refused)?;
    let foreign = workload::session("FRXXXENOWHERE", now).to_string();
    let refused = "You cannot create sessions for this point of charge";
    qcc.fails(&["session", "create"], &foreign, refused)?;
    qcc.fails(
        &["static", "read", "FRXXXENOWHERE"],
        "",
        "You don't manage this charge point",
    )?;
    qcc.fails(&["status", "create"], "{}", "Field required")?;
    Ok(())
}

fn understands_a_stopped_log(stack: &Stack, qcc: &Qcc<'_>) -> Result<()> {
    stack.stop_part("kafka")?;
    let status = workload::status(&workload::charge_point(3), Timestamp::now()).to_string();
    qcc.fails(&["status", "create"], &status, "Service unavailable")?;
    qcc.fails(&["status", "bulk"], &status, "Service unavailable")?;
    stack.start_part("kafka")?;
    qcc.says(
        &["status", "create"],
        &status,
        "Created status successfully",
    )?;
    stack.stop_part("producer-gateway")?;
    // The token outlives the gateway, and the ingress answers in its place.
    Ok(())
}
