//! What is true on paper: vocabulary, contracts, event-time rules and indicators.
//!
//! Pure: no input or output, no clock, no log, no randomness, no hash order. Given the same records
//! in the same order, everything here gives the same bytes. No floating point in state or vectors:
//! integers until a ratio is read.
//!
//! # From the law to the code
//!
//! A reader who knows the law and not Rust starts at [`indicator`]: one module per family of
//! figures, each figure with its definition, formula, unit, null rule and source above the two or
//! three lines that compute it. Then, backwards, where the numbers come from:
//!
//! | question | module |
//! |---|---|
//! | Which figures are there, and by which law? | [`indicator`], [`indicator::catalogue`] |
//! | What is counted in an hour of a charge point, of a station? | [`indicator::vector`], [`indicator::sweep`] |
//! | When has a charge point failed, when has it returned? | [`episode`] |
//! | What do operators send, and what does it mean? | [`status`], [`session`], [`charge_point`] |
//! | What does an OCPI or OCPP status say? | [`mapping`] |
//! | Which data is doubtful? | [`quality`] |
//! | Under which parameters? | [`policy`] |
//! | How long is a day in France? | [`calendar`] |
//!
//! # The ladder
//!
//! For a reader who knows Rust, each rung stands on those above it:
//!
//! 1. identities and instants: [`id`], [`time`];
//! 2. what happens at a charge point: [`charge_point`], [`status`], [`session`], [`mapping`];
//! 3. what travels: [`contract`], [`wire`], [`key`];
//! 4. the parameters, the hour and the calendar: [`policy`], [`window`], [`calendar`];
//! 5. what is counted and what follows: [`indicator`], [`episode`], [`quality`];
//! 6. how time passes: [`clock`], [`lateness`];
//! 7. what folds events into figures: [`engine`];
//! 8. how far a task has come: [`position`].
//!
//! # Words
//!
//! | word | means | French |
//! |---|---|---|
//! | charge point | serves one vehicle at a time; an OCPI EVSE | *point de charge* |
//! | station | the charge points that share one station id | *station* |
//! | operational unit | the first five characters of an id | *unité d'exploitation* |
//! | status | what a charge point is in from an instant on | *statut* |
//! | session | one recharge | *session* |
//! | directory | what is known of each charge point | *statique* |
//! | event time | from when a status holds | *horodatage* |
//! | window | one hour `[start, end)`, UTC | |
//! | up, down, unknown | the axis of availability | *en service, hors service, inconnu* |
//! | stale | up, but for too long without a newer status; counts as unknown | |
//! | active | up, down or unknown | |
//! | failure episode | one failure, from its opening to the return to service | *panne* |
//! | left-censored | nobody saw the beginning | |
//! | withdrawal | the end of a charge point | *décommissionnement* |
//! | clock, stamp, cut | how far received time has come; at a record; where it is decided | |
//! | late, too late | after the window closed; after it is final | |
//! | revision, version, phase | number of an emission; its cut; how settled it is | |
//! | policy | the parameters under which figures are made | |
#![warn(clippy::wildcard_enum_match_arm, clippy::indexing_slicing)]

pub mod calendar;
pub mod charge_point;
pub mod clock;
pub mod contract;
pub mod engine;
pub mod episode;
pub mod id;
pub mod indicator;
pub mod key;
pub mod lateness;
pub mod mapping;
pub mod policy;
pub mod position;
pub mod quality;
pub mod session;
pub mod status;
pub mod time;
mod timeline;
pub mod window;
pub mod wire;

pub use calendar::{Grain, Period};
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
