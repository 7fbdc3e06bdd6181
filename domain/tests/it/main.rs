//! The domain as a whole: worked cases, properties on random logs, and contracts on the wire.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "the helpers of tests fail the test, too"
)]

mod allocations;
mod batch;
mod build;
mod calendar;
mod cases;
mod catalogue;
mod contracts;
mod coverage;
mod derived;
mod failures;
mod golden;
mod judge;
mod mapping;
mod order;
mod periods;
mod policy;
mod properties;
mod quality;
mod records;
mod restore;
mod rules;
mod scope;
mod story;
mod task;
mod views;
mod wire;
mod withdrawn;
