//! Nothing vanishes: accepted = counted + duplicate + conflicting + late + dead-lettered, by metrics
//! and by tables.

use std::time::Duration;

use anyhow::{Result, ensure};
use e2e::archive::Archive;
use e2e::compare;
use e2e::copies::ExtraCopies;
use e2e::fleet::Fleet;
use e2e::metrics::Metrics;
use e2e::stack::Stack;
use e2e::topic::{self, Raw};
use e2e::wait;

const END: &str = "2026-11-16T00:00:00Z";
const END_MS: i64 = 1_794_787_200_000;
const ALL_FINAL_MS: i64 = END_MS + 27 * 3_600_000;
/// The topic whose first record is written once more when its window is final.
const TOO_LATE: &str = "charge-point-status";
const PARTITIONS: i32 = 24;
const GARBAGE_PARTITION: i32 = 5;
const GARBAGE: [(&str, &[u8]); 3] = [
    ("charge-point-status", b"these bytes are not Avro"),
    ("charge-session", b"\x00\x00\x00\x00\x63not a known schema"),
    ("charge-point-status", b"\x00"),
];

#[tokio::test(flavor = "multi_thread")]
async fn what_was_accepted_is_counted_or_set_aside_and_nothing_vanishes() -> Result<()> {
    let mut stack = Stack::start(&[("GATEWAY_CLOCK", "simulated")])?;
    let fleet = Fleet::generate(
        &stack,
        &[
            "--seed",
            "3",
            "--charge-points",
            "12",
            "--days",
            "2",
            "--end",
            END,
        ],
    )?;
    stack.start_services()?;
    fleet.send(&["--statique"])?;
    for (topic, value) in GARBAGE {
        let timestamp_ms = END_MS;
        topic::write(
            &stack.kafka(),
            Raw {
                topic,
                partition: GARBAGE_PARTITION,
                key: "FRSIM",
                value,
                timestamp_ms,
            },
        )?;
    }
    fleet.send(&[
        "--from-line",
        "1000000000",
        "--advance-to-ms",
        &ALL_FINAL_MS.to_string(),
    ])?;

    let archive = Archive::at(stack.clickhouse());
    let truth = fleet.truth(ALL_FINAL_MS)?;
    wait::until(
        "the archive to equal the truth",
        Duration::from_mins(3),
        async || compare::equal(&archive, &truth, &ExtraCopies::new()).await,
    )
    .await?;
    // Not what is garbage: it would not be late.
    let sound = (0..PARTITIONS).filter(|partition| *partition != GARBAGE_PARTITION);
    topic::repeat_first(&stack.kafka(), TOO_LATE, sound)?;
    wait::until("the books to balance", Duration::from_mins(3), async || {
        balanced(&stack, &archive).await
    })
    .await?;
    stack.passed();
    Ok(())
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "counters are whole and small"
)]
async fn balanced(stack: &Stack, archive: &Archive) -> Result<()> {
    let gateway = Metrics::of(&stack.gateway_admin()).await?;
    let processor = Metrics::of(&stack.processor_admin()).await?;
    for (kind, topic, table) in [
        ("status", "charge-point-status", "charge_point_status"),
        ("session", "charge-session", "charge_session"),
    ] {
        let garbage = GARBAGE.iter().filter(|(each, _)| *each == topic).count();
        let garbage = i64::try_from(garbage)?;
        let repeated = i64::from(topic == TOO_LATE);
        let kind_label = format!("kind=\"{kind}\"");
        let topic_label = format!("topic=\"{topic}\"");
        let accepted = gateway.sum(
            "qualicharge_gateway_items_total",
            &[&kind_label, "outcome=\"accepted\""],
        ) as i64;
        let count = |name: &str, label: &str| processor.sum(name, &[&topic_label, label]) as i64;
        let used = |outcome: &str| {
            count(
                "qualicharge_processor_records_used_total",
                &format!("outcome=\"{outcome}\""),
            )
        };
        let refused = |label: &str| count("qualicharge_processor_records_refused_total", label);
        let counted = used("counted") + used("duplicate") + used("conflict");
        let late = refused("reason=\"too_late\"") + refused("reason=\"from_the_future\"");
        let dead = refused("") - late;
        ensure!(accepted > 0, "no {kind} was accepted");
        ensure!(
            accepted + garbage + repeated == counted + used("after_final") + late + dead,
            "{kind}: {accepted} accepted + {garbage} garbage, but {counted} counted, {late} late, {dead} dead"
        );
        let rows = archive
            .number(&format!("SELECT count() FROM {table} FINAL"))
            .await?;
        ensure!(
            rows == accepted + repeated,
            "{accepted} accepted, {rows} rows in {table}"
        );
        let late_rows = archive
            .number(&format!(
                "SELECT count() FROM rejected_event FINAL WHERE disposition = 'late' AND origin_topic = '{topic}'"
            ))
            .await?;
        ensure!(
            late_rows == late && late == repeated,
            "{late_rows} rows of {late} late {topic}"
        );
        let dead_rows = archive
            .number(&format!(
                "SELECT count() FROM rejected_event FINAL WHERE origin = 'stream-processor' AND origin_topic = '{topic}' AND disposition = 'dead_letter'"
            ))
            .await?;
        ensure!(
            dead_rows == dead && dead == garbage,
            "{dead_rows} rows of dead {topic}"
        );
    }
    Ok(())
}
