//! A replay computes again what the live application has computed, into topics of its own, and touches
//! neither outputs nor state nor group of the live one; under another policy it writes beside the live
//! figures.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use e2e::fleet::Fleet;
use e2e::stack::{Stack, checked, free_ports};
use e2e::topic::{self, Stored};
use e2e::wait;

const END: &str = "2026-11-16T00:00:00Z";
const END_MS: i64 = 1_794_787_200_000;
const ALL_FINAL_MS: i64 = END_MS + 27 * 3_600_000;
const OUTPUTS: [&str; 3] = [
    "charge-point-indicator",
    "station-indicator",
    "failure-episode",
];
/// What a replay must not touch, besides the group.
const LIVE: [&str; 6] = [
    "charge-point-indicator",
    "station-indicator",
    "failure-episode",
    "late-event",
    "dead-letter",
    "stream-processor-state-changelog",
];

type Ends = BTreeMap<&'static str, Vec<i64>>;
type Figures = BTreeMap<&'static str, BTreeMap<Vec<u8>, Stored>>;

#[tokio::test(flavor = "multi_thread")]
async fn a_replay_gives_the_live_figures_and_touches_nothing_of_the_live_application() -> Result<()>
{
    let mut stack = Stack::start_log(&[("GATEWAY_CLOCK", "simulated")])?;
    stack.script(&["start", "producer-gateway", "stream-processor"])?;
    let arguments = [
        "--seed",
        "5",
        "--charge-points",
        "12",
        "--days",
        "2",
        "--end",
        END,
    ];
    let fleet = Fleet::generate(&stack, &arguments)?;
    fleet.send(&["--statique", "--advance-to-ms", &ALL_FINAL_MS.to_string()])?;
    settled(&stack).await?;
    stack.stop_part("stream-processor")?;
    let before = ends(&stack)?;
    let figures = figures(&stack)?;
    let group = topic::committed(&stack.kafka(), "stream-processor")?;
    ensure!(!group.is_empty(), "the live group has committed nothing");

    let said = replay(&stack, "again", &[])?;
    ensure!(said.contains("replay is complete"), "{said}");
    for topic in OUTPUTS {
        let own = topic::read(&stack.kafka(), &format!("again-{topic}"))?;
        let (own, live) = (last_of_key(own), &figures[topic]);
        ensure!(!own.is_empty(), "{topic}: nothing");
        ensure!(
            own == *live,
            "{topic}: {} keys, live {}",
            own.len(),
            live.len()
        );
    }
    untouched(&stack, &before, &LIVE)?;
    // Once more: there is nothing left to do, and the end is found at once.
    replay(&stack, "again", &[])?;

    under_another_policy(&stack, &before, &figures)?;
    let after = topic::committed(&stack.kafka(), "stream-processor")?;
    ensure!(
        after == group,
        "the live group was moved: {group:?}, now {after:?}"
    );

    let refused = run(&stack, "stream-processor", &[])?;
    ensure!(refused.status.code() == Some(1), "{}", refused.status);
    let refused = run(&stack, "again", &["--into", "live"])?;
    ensure!(refused.status.code() == Some(1), "{}", refused.status);
    stack.passed();
    Ok(())
}

/// A replay under another policy writes beside the live figures, and sets nothing aside again.
fn under_another_policy(stack: &Stack, before: &Ends, figures: &Figures) -> Result<()> {
    let policy = stack.folder().join("patient.toml");
    std::fs::write(&policy, "id = \"patient\"\nstale_after_ms = 864000000\n")?;
    let policy = policy.display().to_string();
    replay(
        stack,
        "patient",
        &["--policy-file", &policy, "--into", "live"],
    )?;
    untouched(
        stack,
        before,
        &[
            "late-event",
            "dead-letter",
            "stream-processor-state-changelog",
        ],
    )?;
    for topic in OUTPUTS {
        let stored = topic::read(&stack.kafka(), topic)?;
        let (others, live): (Vec<_>, Vec<_>) = stored
            .into_iter()
            .partition(|it| it.key.starts_with(b"patient|"));
        ensure!(
            last_of_key(live) == figures[topic],
            "{topic}: live figures changed"
        );
        ensure!(!others.is_empty(), "{topic}: nothing under the new policy");
    }
    Ok(())
}

/// Waits until the outputs have stopped growing.
async fn settled(stack: &Stack) -> Result<()> {
    let mut last = 0;
    wait::until(
        "the processor to be done",
        Duration::from_mins(1),
        async || {
            tokio::time::sleep(Duration::from_secs(2)).await;
            let mut count = 0;
            for topic in OUTPUTS {
                count += topic::read(&stack.kafka(), topic)?.len();
            }
            let before = std::mem::replace(&mut last, count);
            ensure!(
                count > 0 && count == before,
                "{count} outputs, {before} before"
            );
            Ok(())
        },
    )
    .await
}

fn ends(stack: &Stack) -> Result<Ends> {
    LIVE.into_iter()
        .map(|topic| Ok((topic, topic::ends(&stack.kafka(), topic)?)))
        .collect()
}

fn untouched(stack: &Stack, before: &Ends, topics: &[&str]) -> Result<()> {
    for (topic, before) in before.iter().filter(|(topic, _)| topics.contains(topic)) {
        let now = topic::ends(&stack.kafka(), topic)?;
        ensure!(
            now == *before,
            "{topic} was touched: {before:?}, now {now:?}"
        );
    }
    Ok(())
}

/// The live figures.
fn figures(stack: &Stack) -> Result<Figures> {
    OUTPUTS
        .into_iter()
        .map(|topic| Ok((topic, last_of_key(topic::read(&stack.kafka(), topic)?))))
        .collect()
}

/// The last record of each key, which is what a compaction leaves of it: partition, value and timestamp.
fn last_of_key(stored: Vec<Stored>) -> BTreeMap<Vec<u8>, Stored> {
    stored.into_iter().map(|it| (it.key.clone(), it)).collect()
}

/// Runs a replay to its end, and returns what it said.
fn replay(stack: &Stack, application: &str, arguments: &[&str]) -> Result<String> {
    let output = run(stack, application, arguments)?;
    checked(&output).with_context(|| format!("replay as {application}"))?;
    Ok(String::from_utf8_lossy(&output.stderr).into_owned())
}

fn run(stack: &Stack, application: &str, arguments: &[&str]) -> Result<std::process::Output> {
    let [port]: [u16; 1] = free_ports()?;
    let listen = format!("127.0.0.1:{port}");
    let mut all = vec![
        "replay",
        "--application-id",
        application,
        "--admin-listen",
        &listen,
    ];
    all.extend(["--workers", "2"]);
    all.extend(arguments);
    stack.run("stream-processor", &all)
}
