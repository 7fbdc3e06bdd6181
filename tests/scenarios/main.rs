//! The scenarios: the whole path on real parts, held against known truth.

mod bad_input;
mod conservation;
mod real_data;
mod week;
