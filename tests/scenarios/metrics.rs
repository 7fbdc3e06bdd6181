//! What Prometheus reads of each service follows Prometheus' own rules.

use anyhow::{Context, Result, ensure};
use e2e::fleet::Fleet;
use e2e::metrics::Metrics;
use e2e::say::say;
use e2e::stack::Stack;
use e2e::tool;

const END: &str = "2026-11-16T00:00:00Z";

#[tokio::test(flavor = "multi_thread")]
async fn promtool_finds_no_fault_in_the_metrics_of_the_services() -> Result<()> {
    let mut stack = Stack::start(&[("GATEWAY_CLOCK", "simulated")])?;
    let promtool = match tool::path(&stack, "promtool") {
        Ok(promtool) => promtool,
        Err(error) => {
            say(&format!(
                "promtool: skipped, it cannot be had here: {error:#}"
            ));
            stack.passed();
            return Ok(());
        }
    };
    let size = ["--seed", "23", "--charge-points", "6", "--days", "1"];
    let fleet = Fleet::generate(&stack, &[&size[..], &["--end", END]].concat())?;
    stack.start_services()?;
    fleet.send(&["--statique"])?;
    let [_, admins @ ..] = stack.service_listeners();
    for admin in admins {
        let metrics = Metrics::of(&format!("http://{admin}")).await?;
        ensure!(
            metrics.series() > 30,
            "{admin} shows {} series",
            metrics.series()
        );
        metrics.check(&promtool).with_context(|| admin.clone())?;
    }
    stack.passed();
    Ok(())
}
