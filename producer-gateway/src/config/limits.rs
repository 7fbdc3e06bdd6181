//! Flags for how much is taken, how long things take, and how old they may be.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, value_parser};
use domain::Span;

use super::RunArgs;
use crate::http::Limits;
use crate::http::connection::Patience;

/// How much is taken.
#[derive(Debug, Args)]
#[command(next_help_heading = "Limits")]
pub struct LimitArgs {
    /// Bytes of a body as sent, 1 KiB to 1 GiB
    #[arg(long, env = "GATEWAY_MAX_BODY_BYTES", default_value_t = 8 << 20, value_name = "BYTES",
          value_parser = value_parser!(u32).range(1_024..=1 << 30))]
    pub max_body_bytes: u32,

    /// Bytes of a body once decompressed, 1 KiB to 1 GiB
    #[arg(long, env = "GATEWAY_MAX_DECODED_BYTES", default_value_t = 64 << 20, value_name = "BYTES",
          value_parser = value_parser!(u32).range(1_024..=1 << 30))]
    pub max_decoded_bytes: u32,

    /// Decompressed bytes per byte sent, judged from 1 MiB on, 1 to 10000
    #[arg(long, env = "GATEWAY_MAX_COMPRESSION_RATIO", default_value_t = 250, value_name = "RATIO",
          value_parser = value_parser!(u32).range(1..=10_000))]
    pub max_compression_ratio: u32,

    /// Bytes of bodies, sent and decompressed, that are held at a time, 1 MiB to 64 GiB; a request
    /// for which there is no room is answered 503
    #[arg(long, env = "GATEWAY_MAX_IN_FLIGHT_BYTES", default_value_t = 512 << 20, value_name = "BYTES",
          value_parser = value_parser!(u64).range(1 << 20..=64 << 30))]
    pub max_in_flight_bytes: u64,

    /// Records on their way to Kafka at a time, 100 to 10000000; a request for which there is no
    /// room is answered 503
    #[arg(long, env = "GATEWAY_MAX_QUEUED_RECORDS", default_value_t = 100_000, value_name = "COUNT",
          value_parser = value_parser!(u32).range(100..=10_000_000))]
    pub max_queued_records: u32,

    /// TOML file with rate limits; without it there are none
    #[arg(long, env = "GATEWAY_RATE_LIMITS_FILE", value_name = "PATH")]
    pub rate_limits_file: Option<PathBuf>,

    /// Requests that are handled at a time, 1 to 100000; more are answered 503
    #[arg(long, env = "GATEWAY_MAX_IN_FLIGHT_REQUESTS", default_value_t = 1024, value_name = "COUNT",
          value_parser = value_parser!(u32).range(1..=100_000))]
    pub max_in_flight_requests: u32,

    /// Statuses of one request, 1 to 100000
    #[arg(long, env = "GATEWAY_STATUS_BULK_MAX", default_value_t = 1000, value_name = "COUNT",
          value_parser = value_parser!(u32).range(1..=100_000))]
    pub status_bulk_max: u32,

    /// Sessions of one request, 1 to 100000
    #[arg(long, env = "GATEWAY_SESSION_BULK_MAX", default_value_t = 1000, value_name = "COUNT",
          value_parser = value_parser!(u32).range(1..=100_000))]
    pub session_bulk_max: u32,

    /// Static records of one request, 1 to 100000
    #[arg(long, env = "GATEWAY_STATIQUE_BULK_MAX", default_value_t = 1000, value_name = "COUNT",
          value_parser = value_parser!(u32).range(1..=100_000))]
    pub statique_bulk_max: u32,

    /// Static records of a page unless the caller says otherwise, 1 to 10000
    #[arg(long, env = "GATEWAY_STATIQUE_PAGE_SIZE", default_value_t = 10, value_name = "COUNT",
          value_parser = value_parser!(u32).range(1..=10_000))]
    pub statique_page_size: u32,

    /// Static records of a page at most, 1 to 10000
    #[arg(long, env = "GATEWAY_STATIQUE_PAGE_MAX", default_value_t = 100, value_name = "COUNT",
          value_parser = value_parser!(u32).range(1..=10_000))]
    pub statique_page_max: u32,
}

/// How long things take, and how old they may be.
#[derive(Debug, Args)]
#[command(next_help_heading = "Times")]
pub struct TimeArgs {
    /// Seconds that an event may lie ahead of its reception, 0 to 3600
    #[arg(long, env = "GATEWAY_CLOCK_SKEW_SECONDS", default_value_t = 60, value_name = "SECONDS",
          value_parser = value_parser!(i64).range(0..=3_600))]
    pub clock_skew_seconds: i64,

    /// Seconds that a status may be old, 60 to 86400: windows are final an hour after that
    #[arg(long, env = "GATEWAY_MAX_STATUS_AGE_SECONDS", default_value_t = 86_400, value_name = "SECONDS",
          value_parser = value_parser!(i64).range(60..=86_400))]
    pub max_status_age_seconds: i64,

    /// Seconds that the start of a session may be old, 60 to 31536000
    #[arg(long, env = "GATEWAY_MAX_SESSION_AGE_SECONDS", default_value_t = 31_536_000, value_name = "SECONDS",
          value_parser = value_parser!(i64).range(60..=31_536_000))]
    pub max_session_age_seconds: i64,

    /// Seconds until a record that Kafka does not acknowledge is given up, 1 to 60: below the
    /// clients' time-out, so that a stall is a 503
    #[arg(long, env = "GATEWAY_ACK_TIMEOUT_SECONDS", default_value_t = 4, value_name = "SECONDS",
          value_parser = value_parser!(u64).range(1..=60))]
    pub ack_timeout_seconds: u64,

    /// Seconds between ticks, 1 to 300: silence reaches the windows as soon as that
    #[arg(long, env = "GATEWAY_TICK_INTERVAL_SECONDS", default_value_t = 5, value_name = "SECONDS",
          value_parser = value_parser!(u64).range(1..=300))]
    pub tick_interval_seconds: u64,

    /// Milliseconds that a record waits for others to share a batch with, 0 to 1000; they are added
    /// to every acknowledgement
    #[arg(long, env = "GATEWAY_LINGER_MILLISECONDS", default_value_t = 1, value_name = "MILLISECONDS",
          value_parser = value_parser!(u64).range(0..=1_000))]
    pub linger_milliseconds: u64,

    /// Seconds that the head of a request may take to arrive, 1 to 3600; the connection is cut then
    #[arg(long, env = "GATEWAY_HEADER_TIMEOUT_SECONDS", default_value_t = 10, value_name = "SECONDS",
          value_parser = value_parser!(u64).range(1..=3_600))]
    pub header_timeout_seconds: u64,

    /// Seconds that a connection may be silent between requests, 1 to 3600; it is cut then
    #[arg(long, env = "GATEWAY_IDLE_TIMEOUT_SECONDS", default_value_t = 75, value_name = "SECONDS",
          value_parser = value_parser!(u64).range(1..=3_600))]
    pub idle_timeout_seconds: u64,

    /// Seconds that a body may take to arrive, 1 to 3600
    #[arg(long, env = "GATEWAY_BODY_TIMEOUT_SECONDS", default_value_t = 30, value_name = "SECONDS",
          value_parser = value_parser!(u64).range(1..=3_600))]
    pub body_timeout_seconds: u64,

    /// Seconds between `/ready` turning 503 and the end of accepting, 0 to 300: time for a load
    /// balancer to notice
    #[arg(long, env = "GATEWAY_SHUTDOWN_DELAY_SECONDS", default_value_t = 5, value_name = "SECONDS",
          value_parser = value_parser!(u64).range(0..=300))]
    pub shutdown_delay_seconds: u64,
}

impl RunArgs {
    /// The bounds on requests.
    pub fn limits(&self) -> Limits {
        let (limits, times) = (&self.limits, &self.times);
        let size = |value: u32| usize::try_from(value).unwrap_or(usize::MAX);
        Limits {
            max_body_bytes: size(limits.max_body_bytes),
            max_decoded_bytes: size(limits.max_decoded_bytes),
            max_compression_ratio: size(limits.max_compression_ratio),
            body_timeout: Duration::from_secs(times.body_timeout_seconds),
            max_in_flight_bytes: usize::try_from(limits.max_in_flight_bytes).unwrap_or(usize::MAX),
            max_queued_records: size(limits.max_queued_records),
            status_bulk_max: size(limits.status_bulk_max),
            session_bulk_max: size(limits.session_bulk_max),
            statique_bulk_max: size(limits.statique_bulk_max),
            statique_page_size: size(limits.statique_page_size),
            statique_page_max: size(limits.statique_page_max),
            clock_skew: Span::from_seconds(times.clock_skew_seconds),
            max_status_age: Span::from_seconds(times.max_status_age_seconds),
            max_session_age: Span::from_seconds(times.max_session_age_seconds),
            ack_timeout: Duration::from_secs(times.ack_timeout_seconds),
        }
    }

    /// How long connections are waited for.
    pub fn patience(&self) -> Patience {
        Patience {
            head: Duration::from_secs(self.times.header_timeout_seconds),
            idle: Duration::from_secs(self.times.idle_timeout_seconds),
        }
    }
}
