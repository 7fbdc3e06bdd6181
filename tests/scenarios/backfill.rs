//! History from files: in the order of reception, once, never behind what is there; and each end with
//! its exit code.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::Output;

use anyhow::{Context, Result, ensure};
use e2e::fleet::Fleet;
use e2e::stack::Stack;
use e2e::topic;
use serde_json::Value;

const TOPICS: [(&str, &str); 2] = [
    ("status", "charge-point-status"),
    ("session", "charge-session"),
];
const PARTITIONS: i32 = 24;
/// Two days that have passed, within what the topics keep.
const END: &str = "2026-11-16T00:00:00Z";

#[test]
fn history_is_published_in_its_order_and_only_where_it_is_heard() -> Result<()> {
    let mut stack = Stack::start_log(&[])?;
    let size = ["--seed", "17", "--charge-points", "40", "--days", "2"];
    Fleet::generate(&stack, &[&size[..], &["--end", END]].concat())?;
    let files = Files::of(&stack);

    exits(&backfill(&stack, &[])?, 2, "no file")?;
    let missing = stack.folder().join("missing.jsonl").display().to_string();
    exits(
        &backfill(&stack, &["--statuses", &missing])?,
        2,
        "missing.jsonl",
    )?;
    // Nobody knows these charge points yet.
    let strangers = ["--statuses", &files.statuses];
    exits(&backfill(&stack, &strangers)?, 1, "no item was accepted")?;
    ensure!(times(&stack)?.is_empty(), "something was published");

    let all = files.all();
    exits(&backfill(&stack, &all)?, 0, "")?;
    let first = counts(&stack)?;
    let summary: Value = serde_json::from_slice(&std::fs::read(&files.summary)?)?;
    for (kind, topic) in TOPICS {
        let figures = &summary["kinds"][kind];
        let distinct = figures["accepted"].as_u64().context("accepted")?
            - figures["duplicates"].as_u64().context("duplicates")?;
        let stored = first[topic].len();
        ensure!(stored > 50, "{stored} records in {topic}");
        ensure!(
            u64::try_from(stored)? == distinct && first[topic].values().all(|times| *times == 1),
            "{stored} ids in {topic}, summary: {figures}"
        );
    }
    let ordered = times(&stack)?;
    ensure!(
        ordered.len() == 2 * usize::try_from(PARTITIONS)?,
        "ticks went everywhere"
    );
    for ((topic, partition), times) in ordered {
        ensure!(times.is_sorted(), "{topic} {partition}: {times:?}");
    }

    exits(&backfill(&stack, &all)?, 4, "use new topics")?;
    ensure!(
        counts(&stack)? == first,
        "a refused backfill published something"
    );
    let forced = [&all[..], &["--force"]].concat();
    exits(&backfill(&stack, &forced)?, 0, "")?;
    for (topic, ids) in counts(&stack)? {
        let same = ids.keys().eq(first[topic].keys());
        ensure!(
            same && ids.values().all(|times| *times == 2),
            "{topic}: {ids:?}"
        );
    }

    stack.kill("kafka")?;
    exits(&backfill(&stack, &all)?, 3, "does not answer")?;
    stack.passed();
    Ok(())
}

#[test]
fn without_topics_a_backfill_is_refused() -> Result<()> {
    let mut stack = Stack::start_bare_log(&[])?;
    let statuses = stack.folder().join("statuses.jsonl");
    std::fs::write(&statuses, "{}")?;
    let output = backfill(&stack, &["--statuses", &statuses.display().to_string()])?;
    exits(&output, 4, "stream-setup topics")?;
    stack.passed();
    Ok(())
}

/// The files of the fleet.
struct Files {
    statique: String,
    statuses: String,
    sessions: String,
    summary: String,
}

impl Files {
    fn of(stack: &Stack) -> Self {
        let file = |name: &str| {
            let path: PathBuf = stack.folder().join("fleet").join(name);
            path.display().to_string()
        };
        Self {
            statique: file("statique.jsonl"),
            statuses: file("statuses.jsonl"),
            sessions: file("sessions.jsonl"),
            summary: file("summary.json"),
        }
    }

    fn all(&self) -> [&str; 8] {
        [
            "--statique",
            &self.statique,
            "--statuses",
            &self.statuses,
            "--sessions",
            &self.sessions,
            "--summary",
            &self.summary,
        ]
    }
}

fn backfill(stack: &Stack, arguments: &[&str]) -> Result<Output> {
    stack.run("producer-gateway", &[&["backfill"], arguments].concat())
}

/// Fails unless a backfill ended with `code` and said `words`.
fn exits(output: &Output, code: i32, words: &str) -> Result<()> {
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(
        output.status.code() == Some(code) && said.contains(words),
        "expected exit {code} and {words:?}, got {}:\n{said}",
        output.status
    );
    Ok(())
}

type EventIds = BTreeMap<u128, usize>;

/// How often each event id is in each topic.
fn counts(stack: &Stack) -> Result<BTreeMap<&'static str, EventIds>> {
    let count = |topic| Ok((topic, topic::event_ids(&stack.kafka(), topic)?));
    TOPICS.iter().map(|(_, topic)| count(*topic)).collect()
}

/// The timestamps of each partition that holds something, ticks included, in the order of the log.
fn times(stack: &Stack) -> Result<BTreeMap<(&'static str, i32), Vec<i64>>> {
    let mut times: BTreeMap<_, Vec<i64>> = BTreeMap::new();
    for (_, topic) in TOPICS {
        for stored in topic::read(&stack.kafka(), topic)? {
            let partition = times.entry((topic, stored.partition)).or_default();
            partition.push(stored.timestamp_ms);
        }
    }
    Ok(times)
}
