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

use crate::auth::{Auth, Tokens, Users};
use crate::clock::ReceptionClock;
use crate::config::{ClockSource, RunArgs};
use crate::http::Gateway;
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
pub mod publisher;
pub mod request;
pub mod start;
pub mod submission;
pub mod tick;

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
    let mut tasks = Tasks::new(shutdown.clone());
    let admin = platform::admin::bind(args.admin_listen).await?;
    let api = TcpListener::bind(args.listen).await.with_context(|| {
        format!(
            "address {} cannot be bound: choose another with --listen",
            args.listen
        )
    })?;
    tracing::info!(address = %args.listen, admin = %args.admin_listen, "gateway open");
    let pages = Admin::new(gateway.metrics.registry.clone(), gateway.readiness.clone())
        .with_routes(http::admin::routes(Arc::clone(&gateway)));
    let drained = tasks.drained();
    tasks.spawn_background(
        "admin",
        async move { Ok(pages.serve(admin, drained).await?) },
    );
    let delay = Duration::from_secs(args.times.shutdown_delay_seconds);
    tasks.spawn(
        "api",
        serve(api, Arc::clone(&gateway), (shutdown.clone(), delay)),
    );
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
    let accounts = &args.accounts;
    let path = accounts
        .users_file
        .as_ref()
        .context("no users file: set GATEWAY_USERS_FILE")?;
    let users = Users::load(path)?;
    tracing::info!(accounts = users.len(), "users file read");
    let secret = accounts
        .token_secret
        .as_ref()
        .or(accounts.token_secret_file.as_ref());
    let secret =
        secret.context("no token secret: set GATEWAY_TOKEN_SECRET or GATEWAY_TOKEN_SECRET_FILE")?;
    let tokens = Tokens::new(
        secret,
        &accounts.token_issuer,
        accounts.token_lifetime_seconds,
    )?;
    let clock = match args.clock {
        ClockSource::System => ReceptionClock::system(),
        ClockSource::Simulated => ReceptionClock::simulated(Arc::new(ManualClock::new(0))),
    };
    let places = usize::try_from(args.limits.max_in_flight_requests)?;
    Ok(Gateway {
        auth: Auth::new(users, tokens),
        directory: directory::Directory::new(partitions),
        publisher: OnceLock::new(),
        clock,
        limits: args.limits(),
        readiness: Readiness::new(shutdown.clone()),
        is_open: AtomicBool::new(false),
        metrics: Metrics::new(env!("CARGO_PKG_VERSION"))?,
        requests: Arc::new(Semaphore::new(places)),
        static_writes: tokio::sync::Mutex::default(),
        dead_letters: dead_letter::Budget::default(),
        public_url: args.public_url.clone(),
        access_log: args.access_log,
    })
}

/// Serves the API; after shutdown it goes on for `delay`, then finishes what it has begun.
async fn serve(
    listener: TcpListener,
    gateway: Arc<Gateway>,
    (shutdown, delay): (CancellationToken, Duration),
) -> anyhow::Result<()> {
    let end = async move {
        shutdown.cancelled().await;
        tokio::time::sleep(delay).await;
    };
    axum::serve(listener, http::router(gateway))
        .with_graceful_shutdown(end)
        .await
        .context("serving the API")
}
