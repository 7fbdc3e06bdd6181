//! Fenced: a second sink comes under the name of the first, for a moment and for good; and the broker
//! dies, which may fence a sink as well. For a moment: the first goes on. For good: exactly one of the
//! two gives up, with the reason. No row is lost or doubled either way.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use e2e::archive::Archive;
use e2e::effort::Effort;
use e2e::metrics::Metrics;
use e2e::say::say;
use e2e::service::Service;
use e2e::stack::{Stack, free_ports};
use e2e::statuses::Statuses;
use e2e::wait;
use rand::RngExt as _;

use super::{audited, compare, sink, start, stored};

/// Deaths of the broker, by effort.
const ROUNDS: usize = 2;
/// Statuses written each time.
const WRITTEN: u32 = 5_000;
/// How long two sinks may take until one of them gives up.
const PATIENCE: Duration = Duration::from_mins(3);
/// What the one says that gives up.
const FAREWELL: &str = "consumers were lost in ten minutes";

#[tokio::test(flavor = "multi_thread")]
async fn a_sink_that_is_fenced_goes_on_unless_another_one_stays_under_its_name() -> Result<()> {
    let effort = Effort::from_environment()?;
    let (mut stack, archive) = start().await?;
    let mut statuses = Statuses::to(&stack.kafka(), &stack.registry()).await?;
    let mut dice = effort.dice();
    let (mut first, admin) = named(&stack)?;
    statuses.write(WRITTEN, None)?;
    stored(&archive, i64::from(statuses.written())).await?;

    let (mut second, _) = named(&stack)?;
    wait::until("the first is fenced", PATIENCE, async || {
        ensure!(lost(&admin).await? > 0.0, "it is not");
        Ok(())
    })
    .await?;
    ensure!(second.ended()?.is_none(), "the second ended");
    drop(second);
    statuses.write(WRITTEN, None)?;
    let all = i64::from(statuses.written());
    stored(&archive, all).await?;
    audited(&archive, all).await?;
    ensure!(first.ended()?.is_none(), "the first did not go on");
    say(&format!(
        "a second for a moment: {} consumers lost, {all} rows",
        lost(&admin).await?
    ));

    for _ in 0..ROUNDS * effort.factor {
        statuses.write(WRITTEN, None)?;
        tokio::time::sleep(Duration::from_millis(dice.random_range(0..500))).await;
        stack.kill("kafka")?;
        stack.start_part("kafka")?;
        statuses.write(WRITTEN, None)?;
        stored(&archive, i64::from(statuses.written())).await?;
    }
    ensure!(first.ended()?.is_none(), "the first died with the broker");
    say(&format!(
        "the broker killed: {} consumers lost by now",
        lost(&admin).await?
    ));

    second_for_good(&stack, &archive, &mut statuses, first).await?;
    let all = i64::from(statuses.written());
    compare(&archive, all).await?;
    say(&format!("a second for good: one of two left, {all} rows"));
    stack.passed();
    Ok(())
}

/// A second sink comes under the name of the first, and stays: one of them leaves, the other goes on.
async fn second_for_good(
    stack: &Stack,
    archive: &Archive,
    statuses: &mut Statuses,
    mut first: Service,
) -> Result<()> {
    let (mut second, _) = named(stack)?;
    wait::until("one of two gives up", PATIENCE, async || {
        statuses.write(100, None)?;
        let ended = usize::from(first.ended()?.is_some()) + usize::from(second.ended()?.is_some());
        ensure!(ended > 0, "both live");
        Ok(())
    })
    .await?;
    statuses.write(WRITTEN, None)?;
    let all = i64::from(statuses.written());
    stored(archive, all).await?;
    audited(archive, all).await?;
    let (left, stayed) = match (first.ended()?, second.ended()?) {
        (Some(status), None) => (status, second),
        (None, Some(status)) => (status, first),
        (first, second) => anyhow::bail!("not one of them gave up: {first:?}, {second:?}"),
    };
    ensure!(left.code() == Some(1), "it left with {left}");
    let log = stack.folder().join("log/indicator-sink-by-hand.log");
    let log = std::fs::read_to_string(log)?;
    ensure!(log.contains(FAREWELL), "it did not say why");
    let status = stayed.terminate().await?;
    ensure!(status.success(), "the other ended with {status}");
    Ok(())
}

/// A sink under the one name, and its admin address.
fn named(stack: &Stack) -> Result<(Service, String)> {
    let [port] = free_ports()?;
    let address = format!("127.0.0.1:{port}");
    let listen = ("SINK_ADMIN_LISTEN", address.clone());
    let service = sink(stack, "a", &stack.clickhouse(), &[listen])?;
    Ok((service, format!("http://{address}")))
}

/// How many consumers a sink has lost.
async fn lost(admin: &str) -> Result<f64> {
    let metrics = Metrics::of(admin).await.context("asking the sink")?;
    Ok(metrics.sum("qualicharge_sink_consumers_lost_total", &[]))
}
