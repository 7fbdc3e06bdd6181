//! A simulated week with duplicates, disorder, conflicts and late events over real HTTP, while each
//! service is killed once.

use std::time::Duration;

use anyhow::{Result, ensure};
use e2e::archive::Archive;
use e2e::compare;
use e2e::copies::extra_copies;
use e2e::fleet::Fleet;
use e2e::metrics::Metrics;
use e2e::stack::Stack;
use e2e::wait;

/// The end of the simulated week, and an instant at which all its hours are final.
const END: &str = "2026-11-16T00:00:00Z";
const END_MS: i64 = 1_794_787_200_000;
const ALL_FINAL_MS: i64 = END_MS + 27 * 3_600_000;

#[tokio::test(flavor = "multi_thread")]
async fn a_week_is_archived_exactly_though_each_service_is_killed_once() -> Result<()> {
    let mut stack = Stack::start(&[("GATEWAY_CLOCK", "simulated")])?;
    let fleet = Fleet::generate(
        &stack,
        &[
            "--seed",
            "7",
            "--charge-points",
            "40",
            "--days",
            "7",
            "--end",
            END,
        ],
    )?;
    let deliveries = fleet.deliveries()?;
    stack.start_services()?;
    fleet.send(&["--statique", "--to-line", "0"])?;

    let quarter = deliveries.len() / 4;
    for (index, victim) in ["producer-gateway", "stream-processor", "indicator-sink"]
        .iter()
        .enumerate()
    {
        send_and_kill(
            &stack,
            &fleet,
            (index * quarter, (index + 1) * quarter),
            victim,
        )
        .await?;
    }
    let last = (3 * quarter).to_string();
    fleet.send(&[
        "--from-line",
        &last,
        "--advance-to-ms",
        &ALL_FINAL_MS.to_string(),
    ])?;

    let archive = Archive::at(stack.clickhouse());
    let truth = fleet.truth(ALL_FINAL_MS)?;
    wait::until(
        "the archive to equal the truth",
        Duration::from_mins(4),
        async || {
            let extra = extra_copies(&archive, &deliveries).await?;
            compare::equal(&archive, &truth, &extra).await
        },
    )
    .await?;
    ensure!(
        archive.number("SELECT count() FROM v_conservation").await? == 0,
        "durations do not sum"
    );
    stack.passed();
    Ok(())
}

/// Sends some deliveries and kills a service in the middle of it, then starts it again.
async fn send_and_kill(
    stack: &Stack,
    fleet: &Fleet<'_>,
    lines: (usize, usize),
    victim: &str,
) -> Result<()> {
    let accepted = async || -> Result<f64> {
        let metrics = Metrics::of(&stack.gateway_admin()).await?;
        Ok(metrics.sum("qualicharge_gateway_items_total", &["outcome=\"accepted\""]))
    };
    let before = accepted().await?;
    #[expect(clippy::cast_precision_loss, reason = "a few thousand lines")]
    let enough = before + (lines.1 - lines.0) as f64 / 3.0;
    let mut sending = fleet.start_sending(&[
        "--from-line",
        &lines.0.to_string(),
        "--to-line",
        &lines.1.to_string(),
    ])?;
    wait::until(
        "a third of the deliveries",
        Duration::from_mins(2),
        async || {
            let now = accepted().await?;
            ensure!(
                now >= enough || !sending.is_running()?,
                "{now} of {enough} accepted"
            );
            Ok(())
        },
    )
    .await?;
    ensure!(
        sending.is_running()?,
        "everything was sent before {victim} could be killed"
    );
    stack.kill(victim)?;
    stack.start_part(victim)?;
    sending.finish()?;
    Ok(())
}
