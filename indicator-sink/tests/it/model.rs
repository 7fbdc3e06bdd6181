//! What the database makes of the archive: latest statuses, distinct sessions, roll-ups, coded
//! indicators, views, and the documents about them.

mod clock_changes;
mod documents;
mod fleet;
mod golden;
mod independent;
mod indicators;
mod late_changes;
mod latest_status;
mod quality_rules;
mod real_data;
mod rollups;
mod sessions;
mod truth;
mod world;
