//! What is learnt about a request on its way, for the log and for the headers of its answer.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::http::Extensions;

use super::rate::Standing;

/// What is known of a request.
#[derive(Debug, Clone, Default)]
pub struct Note {
    /// The account.
    pub account: String,
    /// Items accepted.
    pub accepted: usize,
    /// Items refused.
    pub refused: usize,
    /// The body as sent, bytes.
    pub bytes_in: usize,
    /// The body without compression, bytes.
    pub bytes_decoded: usize,
    /// How long the log was waited for.
    pub kafka_wait: Duration,
    /// How the account's bucket stands.
    pub standing: Option<Standing>,
}

/// The note of one request, shared by those who write it.
#[derive(Debug, Clone, Default)]
pub struct Trail(Arc<Mutex<Note>>);

impl Trail {
    /// The trail of a request, from its extensions; a new one when it has none.
    pub fn of(extensions: &Extensions) -> Self {
        extensions.get::<Self>().cloned().unwrap_or_default()
    }

    /// Writes something down.
    pub fn note(&self, write: impl FnOnce(&mut Note)) {
        write(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner));
    }

    /// What was written down.
    pub fn read(&self) -> Note {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}
