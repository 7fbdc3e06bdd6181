//! The database is killed under the sink, and away for a while; a member freezes, and comes back when
//! others have its partitions.

use std::time::Duration;

use anyhow::Result;
use e2e::effort::Effort;
use e2e::say::say;
use e2e::statuses::Statuses;
use rand::RngExt as _;

use super::{audited, compare, sink, start, stored};

/// Deaths of the database, by effort.
const ROUNDS: usize = 3;
/// Statuses written for each.
const WRITTEN: u32 = 20_000;
/// How long it is away at the end, by effort.
const AWAY: Duration = Duration::from_secs(5);
/// How long a member stands still: longer than its session lasts.
const FROZEN: Duration = Duration::from_secs(9);

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_is_killed_and_a_member_that_freezes_cost_no_row() -> Result<()> {
    let effort = Effort::from_environment()?;
    let (mut stack, archive) = start().await?;
    let mut statuses = Statuses::to(&stack.kafka(), &stack.registry()).await?;
    let mut dice = effort.dice();
    let rows = ("SINK_MAX_BATCH_ROWS", "300".to_owned());
    let first = sink(
        &stack,
        "a",
        &stack.clickhouse(),
        std::slice::from_ref(&rows),
    )?;
    for round in 1..=ROUNDS * effort.factor {
        let before = i64::from(statuses.written());
        statuses.write(WRITTEN, None)?;
        stored(&archive, before + 1).await?;
        tokio::time::sleep(Duration::from_millis(dice.random_range(0..300))).await;
        stack.kill("clickhouse")?;
        if round == ROUNDS * effort.factor {
            tokio::time::sleep(AWAY * u32::try_from(effort.factor)?).await;
        }
        stack.start_part("clickhouse")?;
    }
    let all = i64::from(statuses.written());
    stored(&archive, all).await?;
    audited(&archive, all).await?;
    compare(&archive, all).await?;
    let rounds = ROUNDS * effort.factor;
    say(&format!(
        "{rounds} deaths of the database: {all} rows, each once"
    ));

    let second = sink(&stack, "b", &stack.clickhouse(), &[rows])?;
    for _ in 0..effort.factor {
        let before = i64::from(statuses.written());
        statuses.write(WRITTEN, None)?;
        stored(&archive, before + 1).await?;
        first.process().pause()?;
        statuses.write(WRITTEN, None)?;
        tokio::time::sleep(FROZEN).await;
        first.process().resume()?;
        statuses.write(WRITTEN, None)?;
        let all = i64::from(statuses.written());
        stored(&archive, all).await?;
        audited(&archive, all).await?;
    }
    drop((first, second));
    let all = i64::from(statuses.written());
    compare(&archive, all).await?;
    say(&format!(
        "two members, one frozen for {} s: {all} rows, each once",
        FROZEN.as_secs()
    ));
    stack.passed();
    Ok(())
}
