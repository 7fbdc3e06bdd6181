//! How a process of ours runs: the same life for every service, in the order in which it starts.
//!
//! | room | job |
//! |---|---|
//! | [`telemetry`] | log lines, as text or JSON |
//! | [`shutdown`] | SIGINT and SIGTERM become one token; tasks are supervised; draining has a deadline |
//! | [`metrics`] | the registry, bucket sets and typed handles |
//! | [`admin`] | `/metrics`, `/live` and `/ready` on a port of their own |
//! | [`wall_clock`] | the only `now()` of the workspace |
//! | [`backoff`], [`secret`] | how to wait, how to keep a password out of a log |
//! | [`kafka`] | client configuration, topics, consumer, producers, partition numbers, offsets |
//! | [`avro`] | Confluent framing and the schema registry |
//! | [`dead_letter`] | the headers of a record that was set aside |
//!
//! This crate has never heard of charging: it does not depend on `domain`, and `domain` not on it.
//! It decides nothing about records; it says what happened and leaves the decision to the service.

pub mod admin;
pub mod avro;
pub mod backoff;
pub mod dead_letter;
pub mod kafka;
pub mod metrics;
pub mod secret;
pub mod shutdown;
pub mod telemetry;
pub mod wall_clock;

pub use wall_clock::WallClock;
