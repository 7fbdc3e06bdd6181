//! The scenarios: the whole path on real parts, held against known truth.

mod abuse;
mod bad_input;
mod conservation;
mod durability;
mod openapi;
mod qcc;
mod real_data;
mod sink;
mod two_gateways;
mod week;
