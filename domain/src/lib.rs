//! What is true on paper: vocabulary, contracts, event-time rules and indicators.
//!
//! Pure: no input or output, no clock, no log, no randomness, no hash order. Given the same records
//! in the same order, everything here gives the same bytes.
//!
//! Read it as a ladder: identities and instants ([`id`], [`time`]); what happens at a charge point
//! ([`charge_point`], [`status`], [`session`]); what travels ([`contract`], [`wire`], [`key`]); the
//! parameters and the hour ([`policy`], [`window`]); what is counted ([`indicator`], [`episode`]);
//! how time passes ([`clock`], [`lateness`]); what folds events into figures ([`engine`]); and how
//! far a task has come ([`position`]).
#![warn(clippy::wildcard_enum_match_arm, clippy::indexing_slicing)]

pub mod charge_point;
pub mod clock;
pub mod contract;
pub mod engine;
pub mod episode;
pub mod id;
pub mod indicator;
pub mod key;
pub mod lateness;
pub mod policy;
pub mod position;
pub mod session;
pub mod status;
pub mod time;
mod timeline;
pub mod window;
pub mod wire;

pub use charge_point::ChargePoint;
pub use clock::{Admission, ClockSnapshot, Cut, EventInput, TaskClock};
pub use contract::Contract;
pub use engine::Engine;
pub use episode::{EntityType, EpisodeOutcome, FailureEpisode};
pub use id::{ChargePointId, EventId, OperationalUnit, RequestId, StationId};
pub use indicator::{
    ChargePointIndicator, ChargePointState, Phase, StationIndicator, StationState,
};
pub use policy::Policy;
pub use session::ChargeSession;
pub use status::{ChargePointStatus, ConnectorState, Occupancy, ServiceState};
pub use time::{Span, Timestamp, TimestampMicros};
pub use window::Window;
