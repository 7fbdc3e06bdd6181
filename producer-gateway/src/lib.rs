//! HTTP to Kafka: QualiCharge's API, where 201 means that the log has it.
//!
//! What is promised: a 201 is sent only after every record of the request was acknowledged; ids are
//! computed from content, so that a repeated request counts once downstream; anything else promises
//! nothing and may be sent again. Killed at any line, the gateway has lost nothing that it
//! acknowledged; a static write cut between its two records is repaired at the next start.
//!
//! | room | job |
//! |---|---|
//! | [`config`], [`metrics`] | flags and figures |
//! | [`http`] | routes, limits, handlers |
//! | [`auth`] | token → user, scopes, units |
//! | [`request`] | JSON → values; one violation per fault. Pure |
//! | [`submission`] | which items are accepted, and at which step the others fail. Pure |
//! | [`directory`] | who exists, at which station |
//! | [`publisher`], [`tick`], [`clock`] | messages to the log, the time to every partition |
//! | [`openapi`] | the API as a document |
//! | [`watch`] | how far behind, how far ahead |
//! | [`dead_letter`] | refused items, kept for their operators |
//! | [`backfill`] | history from files |
//! | [`start`] | what must be there before work is welcome |
//! | [`error`] | failure → status and body, one match |

use std::sync::atomic::AtomicBool;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use anyhow::Context;
use platform::admin::{Admin, Readiness};
use platform::shutdown::Tasks;
use platform::wall_clock::ManualClock;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use crate::clock::ReceptionClock;
use crate::config::{ClockSource, RunArgs};
use crate::http::Gateway;
use crate::http::access_log::AccessLog;
use crate::http::budget::Budget;
use crate::http::locks::StationLocks;
use crate::http::rate::Limiter;
use crate::http::serve::Server;
use crate::metrics::Metrics;

pub mod auth;
pub mod backfill;
pub mod clock;
pub mod config;
pub mod dead_letter;
pub mod directory;
pub mod error;
pub mod http;
pub mod metrics;
pub mod newest;
pub mod openapi;
pub mod publisher;
pub mod request;
pub mod start;
pub mod submission;
pub mod tick;
pub mod watch;

/// Runs the gateway until `shutdown`.
///
/// # Errors
/// What made it stop.
pub async fn run(args: RunArgs, shutdown: CancellationToken) -> anyhow::Result<()> {
    let topics = start::topics()?;
    let gateway = Arc::new(gateway(&args, &shutdown, start::partitions(&topics)?)?);
    for condition in start::CONDITIONS {
        gateway.readiness.waiting(condition);
    }
    if args.clock == ClockSource::Simulated {
        tracing::warn!("the clock is simulated: this gateway is for tests");
    }
    let connection = &args.connection;
    let mut tasks = Tasks::new(shutdown.clone());
    let admin = platform::admin::bind(connection.admin_listen).await?;
    let api = TcpListener::bind(connection.listen)
        .await
        .with_context(|| {
            format!(
                "address {} cannot be bound: choose another with --listen",
                connection.listen
            )
        })?;
    tracing::info!(address = %connection.listen, admin = %connection.admin_listen, "gateway open");
    let pages = Admin::new(gateway.metrics.registry.clone(), gateway.readiness.clone())
        .with_routes(http::admin::routes(Arc::clone(&gateway)));
    let drained = tasks.drained();
    tasks.spawn_background(
        "admin",
        async move { Ok(pages.serve(admin, drained).await?) },
    );
    let log = http::access_log::follow(Arc::clone(&gateway), tasks.drained());
    tasks.spawn_background("access-log", log);
    let tls = connection.tls()?;
    if let Some(tls) = &tls {
        let reloading = http::tls::follow(Arc::clone(tls), tasks.shutdown())?;
        tasks.spawn("certificate", reloading);
    }
    let server = Server {
        router: http::router(Arc::clone(&gateway)),
        patience: args.patience(),
        max_connections: usize::try_from(connection.max_connections)?,
        tls,
    };
    let delay = Duration::from_secs(args.times.shutdown_delay_seconds);
    tasks.spawn("api", serve(server, api, (shutdown.clone(), delay)));
    auth::reload::spawn(&mut tasks, &gateway)?;
    let timeout = args.shutdown.timeout();
    start::spawn(&mut tasks, gateway, args, topics)?;
    Ok(tasks.join(timeout).await?)
}

/// The gateway as the flags describe it, not ready yet.
fn gateway(
    args: &RunArgs,
    shutdown: &CancellationToken,
    partitions: i32,
) -> anyhow::Result<Gateway> {
    let metrics = Metrics::new(env!("CARGO_PKG_VERSION"))?;
    let auth = args.accounts.open(metrics.oidc_refreshes.clone())?;
    let clock = match args.clock {
        ClockSource::System => ReceptionClock::system(),
        ClockSource::Simulated => ReceptionClock::simulated(Arc::new(ManualClock::new(0))),
    };
    let readiness = Readiness::new(shutdown.clone());
    let mut dependencies = start::CONDITIONS.to_vec();
    if auth.provider().is_some() {
        dependencies.push(auth::oidc::CONDITION);
    }
    metrics.show_readiness(readiness.clone(), dependencies)?;
    let limits = args.limits();
    let limiter = match &args.limits.rate_limits_file {
        Some(path) => Limiter::load(path)?,
        None => Limiter::default(),
    };
    let places = usize::try_from(args.limits.max_in_flight_requests)?;
    Ok(Gateway {
        auth,
        directory: directory::Directory::new(partitions),
        publisher: OnceLock::new(),
        clock,
        readiness,
        is_open: AtomicBool::new(false),
        metrics,
        requests: Arc::new(Semaphore::new(places)),
        bodies: Budget::new(limits.max_in_flight_bytes),
        limits,
        limiter,
        static_writes: StationLocks::default(),
        dead_letters: dead_letter::Budget::default(),
        public_url: args.connection.public_url.clone(),
        proxies: args.connection.proxies(),
        cors_origins: args.connection.cors_allowed_origins.clone(),
        access_log: AccessLog::new(args.access_log),
    })
}

/// Serves the API; after shutdown it goes on for `delay`, then finishes what it has begun.
async fn serve(
    server: Server,
    listener: TcpListener,
    (shutdown, delay): (CancellationToken, Duration),
) -> anyhow::Result<()> {
    let end = CancellationToken::new();
    let announce = async {
        shutdown.cancelled().await;
        tokio::time::sleep(delay).await;
        end.cancel();
    };
    tokio::join!(server.run(listener, end.clone()), announce);
    Ok(())
}
