//! The command: how long it takes, under load, from sending a status to finding it in ClickHouse.

pub mod archive;

use std::collections::BTreeMap;
use std::io::Write;
use std::time::Duration;

use anyhow::{Context, bail, ensure};
use reqwest::StatusCode;
use serde::Serialize;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, sleep_until};
use uuid::Uuid;

use crate::config::FreshnessArgs;
use crate::gateway::{Attempt, Gateway, shown};
use crate::live::traffic::Traffic;
use crate::live::{self, load};
use crate::now::now;
use crate::plan::Folder;
use crate::quantile::Quantiles;
use archive::Archive;

/// The wait between two questions to ClickHouse: the resolution of what is measured.
const ASK_EVERY: Duration = Duration::from_millis(20);
/// How long a status may stay invisible before the measurement fails.
const LONGEST_DELAY: Duration = Duration::from_mins(1);

/// What was measured.
#[derive(Debug, Serialize)]
pub struct Report {
    /// The load beside the probes.
    load: live::Report,
    /// From sending a probe to its acknowledgement.
    acknowledged: Quantiles,
    /// From sending a probe to its row being visible.
    visible: Quantiles,
}

/// A probe that the gateway has acknowledged.
#[derive(Debug)]
struct Probe {
    event_id: Uuid,
    charge_point_id: String,
    sent_at: Instant,
    acknowledged: Duration,
}

/// Measures what `arguments` ask for and prints the quantiles.
///
/// # Errors
/// When the fleet cannot be read, the gateway refuses a probe, or a row stays invisible.
pub async fn run(arguments: &FreshnessArgs) -> anyhow::Result<()> {
    ensure!(arguments.probes > 0, "--probes must be at least 1");
    let gateway = Gateway::new(&arguments.gateway)?;
    let folder = Folder::new(&arguments.dir);
    let traffic = Traffic::of(&folder, arguments.load.seed)?;
    let probes = Traffic::of(&folder, arguments.load.seed.wrapping_add(1))?;
    let archive = Archive::new(&arguments.clickhouse)?;
    gateway.log_in_first().await?;
    let (sender, receiver) = mpsc::channel(arguments.probes);
    let interval = Duration::from_secs(arguments.load.seconds) / u32::try_from(arguments.probes)?;
    let (load, (), (acknowledged, visible)) = tokio::try_join!(
        load(&gateway, traffic, &arguments.load),
        send_probes(&gateway, probes, (arguments.probes, interval), sender),
        await_rows(&archive, receiver),
    )?;
    let report = Report {
        load,
        acknowledged: Quantiles::of(acknowledged),
        visible: Quantiles::of(visible),
    };
    let mut out = std::io::stdout().lock();
    writeln!(
        out,
        "{} statuses acknowledged beside the probes, {} not",
        report.load.accepted, report.load.failed
    )?;
    writeln!(out, "{:24}{}", "from sending to", Quantiles::HEADING)?;
    writeln!(out, "{:24}{}", "acknowledgement", report.acknowledged)?;
    writeln!(out, "{:24}{}", "row in ClickHouse", report.visible)?;
    live::write_json(arguments.json.as_deref(), &report)
}

/// Sends single statuses at a constant interval.
async fn send_probes(
    gateway: &Gateway,
    mut traffic: Traffic,
    (count, interval): (usize, Duration),
    acknowledged: mpsc::Sender<Probe>,
) -> anyhow::Result<()> {
    let mut requests: JoinSet<anyhow::Result<()>> = JoinSet::new();
    let mut scheduled = Instant::now();
    for _ in 0..count {
        sleep_until(scheduled).await;
        let item = traffic.next_status(now());
        let (gateway, acknowledged) = (gateway.clone(), acknowledged.clone());
        requests.spawn(async move {
            let sent_at = Instant::now();
            let event_id = send_probe(&gateway, &serde_json::to_string(&item)?).await?;
            let probe = Probe {
                event_id,
                charge_point_id: item.id_pdc_itinerance,
                sent_at,
                acknowledged: sent_at.elapsed(),
            };
            acknowledged
                .send(probe)
                .await
                .context("nobody waits for the row")
        });
        scheduled += interval;
    }
    while let Some(result) = requests.join_next().await {
        result??;
    }
    Ok(())
}

/// Posts one status and returns its event id.
async fn send_probe(gateway: &Gateway, body: &str) -> anyhow::Result<Uuid> {
    match gateway.post("/dynamique/status/", body).await? {
        Attempt::Answered(StatusCode::CREATED, answer) => answer["id"]
            .as_str()
            .context("the answer has no id")?
            .parse()
            .context("the id of a status"),
        Attempt::Answered(status, answer) => {
            bail!("a probe was answered with {status} {}", shown(&answer))
        }
        Attempt::Unavailable(reason) => bail!("a probe was not acknowledged: {reason}"),
    }
}

/// Asks ClickHouse until every probe is visible; returns both durations of each.
async fn await_rows(
    archive: &Archive,
    mut acknowledged: mpsc::Receiver<Probe>,
) -> anyhow::Result<(Vec<Duration>, Vec<Duration>)> {
    let (mut acknowledgements, mut delays) = (Vec::new(), Vec::new());
    let mut missing: BTreeMap<Uuid, Probe> = BTreeMap::new();
    let mut is_open = true;
    while is_open || !missing.is_empty() {
        if missing.is_empty() {
            match acknowledged.recv().await {
                Some(probe) => insert(&mut missing, probe),
                None => is_open = false,
            }
            continue;
        }
        while let Ok(probe) = acknowledged.try_recv() {
            insert(&mut missing, probe);
        }
        let ids = missing
            .values()
            .map(|probe| (probe.charge_point_id.as_str(), probe.event_id));
        for event_id in archive.visible(ids).await? {
            if let Some(probe) = missing.remove(&event_id) {
                acknowledgements.push(probe.acknowledged);
                delays.push(probe.sent_at.elapsed());
            }
        }
        if let Some(late) = missing
            .values()
            .find(|probe| probe.sent_at.elapsed() > LONGEST_DELAY)
        {
            bail!(
                "status {} of {} is not visible after {LONGEST_DELAY:?}",
                late.event_id,
                late.charge_point_id
            );
        }
        sleep(ASK_EVERY).await;
    }
    Ok((acknowledgements, delays))
}

fn insert(missing: &mut BTreeMap<Uuid, Probe>, probe: Probe) {
    missing.insert(probe.event_id, probe);
}
