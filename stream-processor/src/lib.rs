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
//! `--guarantee at-least-once` has no transactions. Nothing is lost; what a kill or a hang falls into is
//! written again, with the same bytes, so that of each key the greatest version is the same.
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
//! | `replay` | where to stop, and how far it is |
//! | `disposition` | error → retry, dead letter, fatal |
//! | [`failpoint`] | blows between the steps, in builds for tests only |

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, ensure};
use domain::contract::{self, Contract};
use platform::admin::{self, Admin, Liveness, Readiness};
use platform::avro::RegistryClient;
use platform::kafka::topics::{TopicAdmin, TopicList};
use platform::shutdown::Tasks;
use tokio_util::sync::CancellationToken;

use crate::assignment::Terms;
use crate::clients::kafka::KafkaClients;
use crate::config::{Config, Switch, Verb};
use crate::emit::SchemaIds;
use crate::metrics::Metrics;
use crate::replay::Goal;
use crate::task::Rules;
use crate::worker::Seat;

mod assignment;
mod clients;
mod commit;
pub mod config;
mod decode;
mod disposition;
mod emit;
pub mod failpoint;
mod input;
mod membership;
#[cfg(test)]
mod memory;
pub mod metrics;
mod output;
mod replay;
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
    #[cfg(debug_assertions)]
    failpoint::arm(&config.fail);
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
    let goal = match shutdown.run_until_cancelled(start).await {
        None => {
            tracing::info!("shutdown before the start");
            None
        }
        Some(started) => started?,
    };
    tasks.join(config.shutdown.timeout()).await?;
    let is_over = goal.is_some_and(|goal| goal.reached().is_cancelled());
    ensure!(
        config.verb == Verb::Run || is_over,
        "the replay ended early: start it again, and it goes on"
    );
    Ok(())
}

/// Makes or verifies the topics that the configuration names.
async fn prepare_topics(config: &Config) -> anyhow::Result<()> {
    let admin = TopicAdmin::new(&config.kafka, "stream-processor")?;
    let (listed, names) = (TopicList::parse(TOPICS)?, config.names());
    if names.all().any(|(topic, name)| topic != name) {
        replay::make_topics(&admin, &listed, &names).await?;
    }
    let called: Vec<_> = topology::topics()
        .into_iter()
        .filter_map(|topic| match names.of(topic) {
            Some(name) => Some((topic, name)),
            None => topology::is_input(topic).then_some((topic, topic)),
        })
        .collect();
    let expected: Vec<_> = called.iter().map(|(_, name)| *name).collect();
    admin
        .verify(&listed.renamed(&called)?, &expected)
        .await
        .context("verifying the topics")
}

/// Where the inputs end now, for a replay.
async fn ask_goal(config: &Arc<Config>) -> anyhow::Result<Option<Arc<Goal>>> {
    if config.verb == Verb::Run {
        return Ok(None);
    }
    let config = Arc::clone(config);
    let ask = move || {
        let workers = config.worker_count();
        Goal::ask(&config.kafka, &config.application_id, workers)
    };
    Ok(Some(Arc::new(tokio::task::spawn_blocking(ask).await??)))
}

async fn start_workers(
    config: &Arc<Config>,
    tasks: &mut Tasks,
    (metrics, readiness, liveness): (Metrics, Readiness, Liveness),
) -> anyhow::Result<Option<Arc<Goal>>> {
    let policy = config.policy()?;
    config.check(&policy)?;
    prepare_topics(config).await?;
    readiness.done("topics");
    let goal = ask_goal(config).await?;
    let registry = RegistryClient::new(&config.registry)?;
    let rules = Rules {
        policy,
        guarantee: config.guarantee,
        provisional: config.provisional == Switch::On,
        schemas: schema_ids(&registry)
            .await
            .context("looking the schemas up")?,
    };
    let terms = Terms {
        rules,
        limits: config.limits(),
        metrics,
        goal: goal.clone(),
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
            index,
            nonce: rand::random(),
            terms: terms.clone(),
            readiness: readiness.clone(),
            shutdown: tasks.shutdown(),
        };
        let runtime = runtime.clone();
        tasks.spawn_thread("worker", move || worker::run(seat, clients, &runtime))?;
    }
    if let Some(goal) = goal.clone() {
        let shutdown = tasks.shutdown();
        tasks.spawn("progress", async move {
            goal.tell(&shutdown).await;
            Ok(())
        });
    }
    readiness.done("schemas");
    Ok(goal)
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
