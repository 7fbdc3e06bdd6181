//! The exact indicators of a fleet: its files are read, the oracle computes, the result is written.
//!
//! Every charge point of these fleets keeps its station and its power, and none is withdrawn.

pub mod output;
pub mod read;
pub mod report;
