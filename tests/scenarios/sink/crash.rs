//! Killed at every step, again and again; and the control: the same without what was intended, which
//! must show copies, or the rest proves nothing.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use e2e::archive::Archive;
use e2e::effort::Effort;
use e2e::say::say;
use e2e::stack::Stack;
use e2e::statuses::{PARTITIONS, Statuses, TOPIC};
use e2e::{proxy, wait};
use rand::RngExt as _;
use rand_chacha::ChaCha8Rng;
use rdkafka::consumer::{BaseConsumer, CommitMode, Consumer as _};
use rdkafka::{ClientConfig, Offset, TopicPartitionList};

use super::killer::{Killer, Step};
use super::{audited, compare, copies, dead_letters, sink, start, stored};

/// Deaths by effort: each step twice.
const DEATHS: usize = 18;
/// Statuses written before each life.
const WRITTEN: u32 = 1_700;
/// One in so many is refused by the table.
const POISON_EVERY: u32 = 2_500;
/// Deaths of the control.
const CONTROL_DEATHS: usize = 6;
/// How long a life may take to reach its end.
const LIFE: Duration = Duration::from_secs(40);
const COORDINATOR: Duration = Duration::from_secs(30);

#[tokio::test(flavor = "multi_thread")]
async fn a_sink_that_is_killed_at_any_step_stores_every_record_once() -> Result<()> {
    let effort = Effort::from_environment()?;
    let (mut stack, archive) = start().await?;
    let killer = Killer::default();
    let watcher = killer.clone();
    let proxy = proxy::start(
        &stack.clickhouse(),
        Arc::new(move |insert: &proxy::Insert, moment| watcher.watch(insert, moment)),
    )
    .await?;
    let mut statuses = Statuses::to(&stack.kafka(), &stack.registry()).await?;
    let mut dice = effort.dice();
    for number in 0..DEATHS * effort.factor {
        let step = Step::ALL[number % Step::ALL.len()];
        statuses.write(WRITTEN, Some(POISON_EVERY))?;
        let rows = (
            "SINK_MAX_BATCH_ROWS",
            dice.random_range(20..200).to_string(),
        );
        let victim = sink(&stack, "a", &proxy, &[rows])?;
        killer.aim(victim, step, dice.random_range(1..6));
        end_life(&stack, &killer, &proxy, step, &mut dice).await?;
    }
    say(&format!(
        "{} statuses, deaths: {:?}",
        statuses.written(),
        killer.deaths()
    ));
    ensure!(
        killer.deaths().len() == Step::ALL.len(),
        "a step was not met"
    );

    let survivor = sink(&stack, "a", &stack.clickhouse(), &[])?;
    let poisoned = statuses.written() / POISON_EVERY;
    let rows = i64::from(statuses.written() - poisoned);
    stored(&archive, rows).await?;
    audited(&archive, i64::from(statuses.written())).await?;
    drop(survivor);
    compare(&archive, rows).await?;
    let aside = dead_letters(&stack)?;
    ensure!(
        aside == usize::try_from(poisoned)?,
        "{aside} dead letters of {poisoned}"
    );
    control(&stack, &archive, &killer, &proxy, &mut statuses).await?;
    stack.passed();
    Ok(())
}

/// Waits until the killer has done its work; some deaths need a second member, or only time.
async fn end_life(
    stack: &Stack,
    killer: &Killer,
    proxy: &str,
    step: Step,
    dice: &mut ChaCha8Rng,
) -> Result<()> {
    let moment = Duration::from_millis(dice.random_range(0..1_500));
    match step {
        Step::Starting => {
            tokio::time::sleep(moment).await;
            killer.kill();
        }
        Step::Revoking => {
            tokio::time::sleep(Duration::from_secs(1)).await;
            let second = sink(stack, "b", proxy, &[])?;
            tokio::time::sleep(Duration::from_millis(500) + moment).await;
            killer.kill();
            drop(second);
        }
        _ => {}
    }
    wait::until(&format!("the death at {step:?}"), LIFE, async || {
        ensure!(killer.is_done(), "it lives");
        Ok(())
    })
    .await
}

/// Kills the sink after inserts, and lets the next life begin where the last one had committed,
/// without a word of what it intended: each under a new group, since only a member commits in one.
async fn control(
    stack: &Stack,
    archive: &Archive,
    killer: &Killer,
    proxy: &str,
    statuses: &mut Statuses,
) -> Result<()> {
    let ends = committed(stack, "indicator-sink")?;
    commit(stack, "control-0", &ends)?;
    for number in 0..CONTROL_DEATHS {
        statuses.write(WRITTEN, None)?;
        let settings = [
            ("SINK_GROUP", format!("control-{number}")),
            ("SINK_MAX_BATCH_ROWS", (20 + 7 * number).to_string()),
        ];
        // Later than the first range of each partition, which is one record: it waited for its schema,
        // and is cut the same way by every life.
        killer.aim(sink(stack, "a", proxy, &settings)?, Step::Inserted, 30);
        wait::until("a death of the control", LIFE, async || {
            ensure!(killer.is_done(), "it lives");
            Ok(())
        })
        .await?;
        let next = committed(stack, &format!("control-{number}"))?;
        commit(stack, &format!("control-{}", number + 1), &next)?;
    }
    let settings = [("SINK_GROUP", format!("control-{CONTROL_DEATHS}"))];
    let survivor = sink(stack, "a", &stack.clickhouse(), &settings)?;
    let rows = archive.number("SELECT toInt64(count()) FROM charge_point_status");
    let before = rows.await?;
    stored(archive, before + 1).await?;
    audited(archive, i64::from(statuses.written())).await?;
    drop(survivor);
    let copies = copies(archive).await?;
    say(&format!("control without intents: {copies} copies"));
    ensure!(
        copies > 0,
        "without intents there are no copies: the test proves nothing"
    );
    Ok(())
}

fn member(stack: &Stack, group: &str) -> Result<BaseConsumer> {
    Ok(ClientConfig::new()
        .set("bootstrap.servers", stack.kafka())
        .set("group.id", group)
        .create()?)
}

/// The offsets of the statuses that a group has committed.
fn committed(stack: &Stack, group: &str) -> Result<Vec<(i32, i64)>> {
    let mut asked = TopicPartitionList::new();
    (0..PARTITIONS).for_each(|partition| {
        asked.add_partition(TOPIC, partition);
    });
    let found = member(stack, group)?.committed_offsets(asked, COORDINATOR)?;
    let offset = |element: &rdkafka::topic_partition_list::TopicPartitionListElem<'_>| {
        let offset = element.offset().to_raw().filter(|offset| *offset >= 0);
        offset.map(|offset| (element.partition(), offset))
    };
    Ok(found.elements().iter().filter_map(offset).collect())
}

/// Commits offsets, and nothing beside them, for a group without members.
#[expect(
    clippy::disallowed_methods,
    reason = "it prepares a group, it reads nothing"
)]
fn commit(stack: &Stack, group: &str, offsets: &[(i32, i64)]) -> Result<()> {
    let mut list = TopicPartitionList::new();
    for (partition, offset) in offsets {
        list.add_partition_offset(TOPIC, *partition, Offset::Offset(*offset))?;
    }
    member(stack, group)?
        .commit(&list, CommitMode::Sync)
        .with_context(|| format!("committing for {group}"))
}
