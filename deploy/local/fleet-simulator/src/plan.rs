//! The folder of a fleet: which files it has, and the line of a planned delivery.

use std::path::{Path, PathBuf};

use domain::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

/// What a delivery carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// A status.
    Status,
    /// A session.
    Session,
}

/// One planned delivery: an item, and when the gateway is to receive it.
#[derive(Debug, Serialize, Deserialize)]
pub struct Delivery {
    /// When it is received, ms since the epoch.
    pub received_at_ms: i64,
    /// What it carries.
    pub kind: Kind,
    /// Whether the gateway must accept it.
    pub valid: bool,
    /// The code with which the gateway must refuse it; none when it is valid.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// The item, byte by byte as it is sent.
    pub item: Box<RawValue>,
}

impl Delivery {
    /// When it is received.
    pub fn received_at(&self) -> Timestamp {
        Timestamp::from_ms(self.received_at_ms)
    }
}

/// The files of a fleet in their folder.
#[derive(Debug, Clone)]
pub struct Folder(PathBuf);

impl Folder {
    /// The fleet in `path`.
    pub fn new(path: &Path) -> Self {
        Self(path.to_owned())
    }

    /// The directory: IRVE statique, one charge point a line.
    pub fn statique(&self) -> PathBuf {
        self.0.join("statique.jsonl")
    }

    /// The statuses that a backfill publishes, by event time.
    pub fn statuses(&self) -> PathBuf {
        self.0.join("statuses.jsonl")
    }

    /// The sessions that a backfill publishes, by end.
    pub fn sessions(&self) -> PathBuf {
        self.0.join("sessions.jsonl")
    }

    /// The planned deliveries, by reception.
    pub fn deliveries(&self) -> PathBuf {
        self.0.join("deliveries.jsonl")
    }

    /// What was made, as JSON.
    pub fn summary(&self) -> PathBuf {
        self.0.join("summary.json")
    }
}
