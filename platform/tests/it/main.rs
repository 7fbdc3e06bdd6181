//! The Kafka clients against librdkafka's own mock cluster: plumbing and injected errors.
//!
//! The mock applies neither isolation nor transactional offsets, so nothing about exactly-once is
//! shown here.

#[cfg(test)]
mod consumer;
#[cfg(test)]
mod producer;
#[cfg(test)]
mod support;
