//! The scenarios: the whole path on real parts, held against known truth.

mod abuse;
mod backfill;
mod bad_input;
mod conservation;
mod durability;
mod faults;
mod metrics;
mod openapi;
mod qcc;
mod real_data;
mod replay;
mod sink;
mod two_gateways;
mod week;
