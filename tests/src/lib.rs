//! What the end-to-end scenarios stand on: a stack of their own, a fleet with known truth, and the
//! questions they ask. It starts the binaries and imports none of them.

pub mod archive;
pub mod compare;
pub mod copies;
pub mod effort;
pub mod fleet;
pub mod gateway;
pub mod hostile;
pub mod kept;
pub mod load;
pub mod metrics;
pub mod process;
pub mod processors;
pub mod proxy;
pub mod qcc;
pub mod say;
pub mod service;
pub mod stack;
pub mod statuses;
pub mod steady;
pub mod tool;
pub mod topic;
pub mod wait;
pub mod workload;
