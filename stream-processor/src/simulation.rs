//! A broker, a consumer group and bad luck, in one thread: the worker's own code runs on them.
//!
//! Everything that happens follows from a seed. A [`world::World`] holds the brokers, the processes
//! and the virtual time; it lets one worker take one turn, then something else happen, and so on.
//! Between any two steps of a commit or a restore, another worker may do anything.
//!
//! | room | what it is |
//! |---|---|
//! | `log` | a partition: records, markers, last stable offset, compaction |
//! | `broker`, `transactions`, `group` | epochs, time-outs, delayed markers · members, generations |
//! | `process`, `clients`, `membership` | who calls, and where it dies · the worker's traits |
//! | `workload`, `play` | what is written · when |
//! | `expectation`, `verdict` | what has to come out: what a run without faults leaves · what the oracle says |
//! | `library` | decoders, so that schemas are not parsed for every process |
//! | `world`, `fault` | who moves next · what goes wrong |
//! | `mutant` | wrong clients, which the tests must catch |
//!
//! What it leaves out: leader elections and lost acknowledged records (the brokers' promise), the
//! cooperative protocol (the processor does not use it), retention, and Avro evolution.

mod broker;
mod clients;
mod dice;
mod expectation;
mod fault;
mod group;
mod library;
mod log;
mod membership;
mod mutant;
mod play;
mod process;
mod transactions;
mod verdict;
mod workload;
mod world;

mod tests;
