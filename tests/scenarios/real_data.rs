//! Real charge points and real sessions through the whole path, where the reference data is at hand.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Result, ensure};
use e2e::archive::Archive;
use e2e::compare;
use e2e::copies::ExtraCopies;
use e2e::fleet::Fleet;
use e2e::qcc::Qcc;
use e2e::stack::{Stack, checked, workspace};
use e2e::wait;

const END: &str = "2026-11-16T00:00:00Z";
const END_MS: i64 = 1_794_787_200_000;
const ALL_FINAL_MS: i64 = END_MS + 27 * 3_600_000;

#[tokio::test(flavor = "multi_thread")]
async fn real_sessions_are_archived_exactly() -> Result<()> {
    let Some((statique, sessions)) = reference_data() else {
        println!("reference data is absent: the scenario with real sessions did not run");
        return Ok(());
    };
    let mut stack = Stack::start(&[("GATEWAY_CLOCK", "simulated")])?;
    let fleet = Fleet::generate(
        &stack,
        &[
            "--seed",
            "11",
            "--statique",
            &statique.display().to_string(),
            "--sessions",
            &sessions.display().to_string(),
            "--max-charge-points",
            "400",
            "--days",
            "2",
            "--end",
            END,
        ],
    )?;
    stack.start_services()?;
    fleet.send(&["--statique", "--advance-to-ms", &ALL_FINAL_MS.to_string()])?;

    let archive = Archive::at(stack.clickhouse());
    let truth = fleet.truth(ALL_FINAL_MS)?;
    wait::until(
        "the archive to equal the truth",
        Duration::from_mins(4),
        async || compare::equal(&archive, &truth, &ExtraCopies::new()).await,
    )
    .await?;
    stack.passed();
    Ok(())
}

/// What `--accept-legacy` takes of the reference directory.
const LISTED: usize = 29_056;

#[test]
fn qcc_lists_the_real_directory() -> Result<()> {
    let Some((statique, _)) = reference_data() else {
        println!("reference data is absent: qcc did not list the real directory");
        return Ok(());
    };
    let mut stack = Stack::start_log(&[("GATEWAY_STATIQUE_PAGE_SIZE", "100")])?;
    let statique = statique.display().to_string();
    let backfill = ["backfill", "--accept-legacy", "--statique", &statique];
    checked(&stack.run("producer-gateway", &backfill)?)?;
    stack.script(&["up", "ingress"])?;
    stack.start_part("producer-gateway")?;
    let listed = Qcc::of(&stack)?
        .as_admin()
        .succeeds(&["static", "list"], "")?;
    let ids: BTreeSet<&str> = listed
        .lines()
        .filter_map(|line| line.split_once("\"id_pdc_itinerance\":"))
        .filter_map(|(_, rest)| rest.split('"').nth(1))
        .collect();
    let lines = listed.lines().count();
    ensure!(
        (lines, ids.len()) == (LISTED, LISTED),
        "{lines} lines with {} ids",
        ids.len()
    );
    stack.passed();
    Ok(())
}

/// The reference files beside the project, if they are there.
fn reference_data() -> Option<(PathBuf, PathBuf)> {
    let folder = workspace().join("../shared/data");
    let files = (
        folder.join("statique.jsonl.gz"),
        folder.join("sessions-2024-12.jsonl.gz"),
    );
    (files.0.is_file() && files.1.is_file()).then_some(files)
}
