//! Messages to a list, for tests: everything that was published, and failures on demand.
//!
//! Directory entries are applied to a directory at once, as the real log brings them back.

use std::sync::{Mutex, PoisonError};

use super::{Message, PublishError, Published, Publisher};
use crate::directory::Directory;

/// A log in memory.
#[derive(Debug)]
pub struct Recording {
    directory: Directory,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    messages: Vec<Message>,
    is_failing: bool,
}

impl Recording {
    /// Applies directory entries to `directory`.
    pub fn new(directory: Directory) -> Self {
        Self {
            directory,
            state: Mutex::default(),
        }
    }

    /// Takes out what was published since the last call.
    pub fn take(&self) -> Vec<Message> {
        std::mem::take(&mut self.lock().messages)
    }

    /// Refuses everything from now on.
    pub fn fail(&self) {
        self.lock().is_failing = true;
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn record(&self, messages: Vec<Message>) -> Result<(), PublishError> {
        let mut state = self.lock();
        if state.is_failing {
            return Err(PublishError {
                retry_after_seconds: 5,
                reason: "timeout",
                source: None,
            });
        }
        for message in &messages {
            match message {
                Message::ChargePoint(entry) => {
                    let partition = self.directory.partition_of(entry.station_id());
                    let id = entry.charge_point_id().as_str();
                    self.directory
                        .apply(partition, id, Some(entry.as_ref().clone()));
                }
                Message::Removal {
                    charge_point_id,
                    station_id,
                    ..
                } => {
                    let partition = self.directory.partition_of(station_id);
                    self.directory
                        .apply(partition, charge_point_id.as_str(), None);
                }
                Message::Status(_)
                | Message::Session(_)
                | Message::Tick { .. }
                | Message::Refused(_) => {}
            }
        }
        state.messages.extend(messages);
        Ok(())
    }
}

impl Publisher for Recording {
    fn publish(&self, messages: Vec<Message>) -> Published<'_> {
        let done = self.record(messages);
        Box::pin(std::future::ready(done))
    }

    fn in_flight(&self) -> usize {
        0
    }
}
