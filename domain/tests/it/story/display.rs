//! A story as its failures show it: the records and the directory, one a line.

use std::fmt;

use domain::Timestamp;
use oracle::entry::DirectoryRecord;

use super::{BEGIN, Story};
use crate::task::Item;

/// An instant as hours, minutes and so on since the beginning.
struct Since(Timestamp);

impl fmt::Display for Since {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ms = (self.0 - BEGIN).as_ms();
        let (sign, ms) = (if ms < 0 { "-" } else { "" }, ms.abs());
        let (hours, minutes) = (ms / 3_600_000, ms / 60_000 % 60);
        write!(
            formatter,
            "{sign}{hours:02}:{minutes:02}:{:02}.{:03}",
            ms / 1000 % 60,
            ms % 1000
        )
    }
}

impl fmt::Debug for Story {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (sent, directory) = self.sent();
        writeln!(formatter, "{} {:?}", self.policy.id, self.ticks)?;
        for sent in sent {
            write!(formatter, "  {} ", Since(sent.received_at))?;
            match sent.item {
                Item::Tick(_) => writeln!(formatter, "tick")?,
                Item::Status(r) => writeln!(
                    formatter,
                    "{} {} {} {}/{} {:?}",
                    r.station_id,
                    r.charge_point_id,
                    Since(r.event_time.floor()),
                    r.payload.service_state.symbol(),
                    r.payload.occupancy.symbol(),
                    r.payload.connector_type_2
                )?,
                Item::Session(r) => writeln!(
                    formatter,
                    "{} {} {} to {} {} Wh",
                    r.station_id,
                    r.charge_point_id,
                    Since(r.start.floor()),
                    Since(r.end.floor()),
                    r.energy_wh
                )?,
            }
        }
        for item in directory {
            write!(
                formatter,
                "  {} {} ",
                Since(item.read_at),
                item.charge_point_id
            )?;
            match item.record {
                DirectoryRecord::Null(at) => writeln!(formatter, "null at {}", Since(at))?,
                DirectoryRecord::Version(version) => {
                    write!(
                        formatter,
                        "at {} revision {} of {}: {} W in {}",
                        version.station_id(),
                        version.revision,
                        Since(version.updated_at),
                        version.power_w(),
                        version.irve.code_insee_commune
                    )?;
                    match version.deleted_at {
                        None => writeln!(formatter)?,
                        Some(at) => writeln!(formatter, ", withdrawn at {}", Since(at))?,
                    }
                }
            }
        }
        Ok(())
    }
}
