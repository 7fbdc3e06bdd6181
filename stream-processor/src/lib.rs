//! The stream processor: charge points, statuses and sessions in; hours and failure episodes out.
//!
//! **Promise: exactly once.** A transaction holds outputs, state and position; whatever is killed,
//! either all of them happened or none, and the position says what is still to be done. What is done
//! again gives the same bytes, since no decision reads a clock of ours. Killed
//! - before a commit: nothing of the open transaction is visible; it is done again from the position;
//! - during a commit: the brokers decide; the restore reads which way, behind its fence;
//! - after a commit: nothing is lost or doubled;
//! - hanging, and waking up when others have its partitions: its commit is refused, since the group
//!   does not know it any more, or since its transaction is too old; it restores or ends.
//!
//! | room | job |
//! |---|---|
//! | [`topology`] | inputs, store and outputs, by name |
//! | [`config`], [`metrics`] | flags, handles |
//! | `worker`, `membership`, `assignment` | one thread; its partitions; restored, run, committed, dropped |
//! | `task` | one partition: what to apply, hold, set aside |
//! | `clients`, `input`, `output` | the traits towards Kafka, besides `membership` |
//! | `decode`, `emit`, `state` | bytes to events; results to records; state to changelog |
//! | `restore`, `commit` | up to the fence; the only one that commits |
//! | `disposition` | error → retry, dead letter, fatal |

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use domain::Policy;
use domain::contract::{self, Contract};
use platform::admin::{self, Admin, Liveness, Readiness};
use platform::avro::RegistryClient;
use platform::kafka::topics::{TopicAdmin, TopicList};
use platform::shutdown::Tasks;
use tokio_util::sync::CancellationToken;

use crate::assignment::Terms;
use crate::clients::kafka::KafkaClients;
use crate::commit::Limits;
use crate::config::{Config, Switch};
use crate::emit::SchemaIds;
use crate::metrics::Metrics;
use crate::task::Rules;
use crate::worker::Seat;

mod assignment;
mod clients;
mod commit;
pub mod config;
mod decode;
mod disposition;
mod emit;
mod input;
mod membership;
#[cfg(test)]
mod memory;
pub mod metrics;
mod output;
mod restore;
#[cfg(test)]
mod simulation;
mod state;
mod tally;
mod task;
pub mod topology;
mod worker;

/// The list of topics, as it is deployed.
const TOPICS: &str = include_str!("../../deploy/kafka/topics.yaml");

/// A worker that does not move for this long hangs. Calls to the brokers may block for 30 s.
const STUCK_AFTER: Duration = Duration::from_mins(2);

/// Runs the service until `shutdown`.
///
/// # Errors
/// When it cannot start, or a worker cannot go on.
pub async fn run(config: Config, shutdown: CancellationToken) -> anyhow::Result<()> {
    let config = Arc::new(config);
    let registry = platform::metrics::registry("processor", env!("CARGO_PKG_VERSION"))?;
    let metrics = Metrics::new(&registry)?;
    let readiness = Readiness::new(shutdown.clone());
    let liveness = Liveness::default();
    readiness.waiting("topics");
    readiness.waiting("schemas");
    let mut tasks = Tasks::new(shutdown.clone());
    let listener = admin::bind(config.admin_listen).await?;
    let admin = Admin::new(registry, readiness.clone()).with_liveness(liveness.clone());
    let drained = tasks.drained();
    tasks.spawn_background(
        "admin",
        async move { Ok(admin.serve(listener, drained).await?) },
    );
    let start = start_workers(&config, &mut tasks, (metrics, readiness, liveness));
    match shutdown.run_until_cancelled(start).await {
        None => tracing::info!("shutdown before the start"),
        Some(started) => started?,
    }
    tasks.join(config.shutdown.timeout()).await?;
    Ok(())
}

async fn start_workers(
    config: &Arc<Config>,
    tasks: &mut Tasks,
    (metrics, readiness, liveness): (Metrics, Readiness, Liveness),
) -> anyhow::Result<()> {
    TopicAdmin::new(&config.kafka, "stream-processor")?
        .verify(&TopicList::parse(TOPICS)?, &topology::topics())
        .await
        .context("verifying the topics")?;
    readiness.done("topics");
    let registry = RegistryClient::new(&config.registry)?;
    let rules = Rules {
        policy: Policy::qc_1(),
        provisional: config.provisional == Switch::On,
        schemas: schema_ids(&registry)
            .await
            .context("looking the schemas up")?,
    };
    let terms = Terms {
        rules,
        limits: Limits::every(config.commit_interval()),
        metrics,
    };
    let runtime = tokio::runtime::Handle::current();
    for index in 0..config.worker_count() {
        let name = config.worker_name(index);
        readiness.waiting(&name);
        let clients = KafkaClients {
            name: name.clone(),
            config: Arc::clone(config),
            registry: registry.clone(),
            runtime: runtime.clone(),
            shutdown: tasks.shutdown(),
        };
        let seat = Seat {
            heartbeat: liveness.heartbeat(&name, STUCK_AFTER),
            name,
            nonce: rand::random(),
            terms: terms.clone(),
            readiness: readiness.clone(),
            shutdown: tasks.shutdown(),
        };
        let runtime = runtime.clone();
        tasks.spawn_thread("worker", move || worker::run(seat, clients, &runtime))?;
    }
    readiness.done("schemas");
    Ok(())
}

async fn schema_ids(registry: &RegistryClient) -> anyhow::Result<SchemaIds> {
    let id = async |contract: Contract| registry.id_of(contract.subject, contract.schema).await;
    Ok(SchemaIds {
        charge_point_indicator: id(contract::CHARGE_POINT_INDICATOR).await?,
        station_indicator: id(contract::STATION_INDICATOR).await?,
        failure_episode: id(contract::FAILURE_EPISODE).await?,
        changelog: id(contract::STATE_CHANGELOG).await?,
    })
}
