//! Status mapping: what the status of a roaming or charging protocol says in IRVE dynamique.
//!
//! | protocol | its unit | here |
//! |---|---|---|
//! | OCPI 2.2.1 | EVSE, even with several connectors | one charge point |
//! | OCPP 1.6, OCPP 2.0.1 | connector | a charge point with that connector |
//!
//! The mapping is data, [`ROWS`]. It is normative: another mapping gives other figures, hence takes
//! another policy id. Text that is in no row is an error, never a guess.

use std::fmt;

use crate::indicator::ChargePointState;
use crate::status::{Occupancy, ServiceState};

/// Whose words they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Protocol {
    /// OCPI 2.2.1, status of an EVSE (locations module).
    Ocpi221,
    /// OCPP 1.6, `ChargePointStatus` of a connector.
    Ocpp16,
    /// OCPP 2.0.1, `ConnectorStatusEnumType`.
    Ocpp201,
}

impl Protocol {
    /// All values.
    pub const ALL: [Self; 3] = [Self::Ocpi221, Self::Ocpp16, Self::Ocpp201];

    /// The name of the protocol and of its unit.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ocpi221 => "OCPI 2.2.1 EVSE",
            Self::Ocpp16 => "OCPP 1.6 connector",
            Self::Ocpp201 => "OCPP 2.0.1 connector",
        }
    }
}

/// What an operator sends to QualiCharge.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Report {
    /// A status with `etat_pdc` and `occupation_pdc`.
    Status(ServiceState, Occupancy),
    /// A withdrawal in the directory (*décommissionnement*).
    Withdrawal,
    /// Nothing is sent.
    Nothing,
}

/// How the United Kingdom counts the time (Public Charge Point Regulations 2023, reg. 7).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reliability {
    /// Reliable.
    Reliable,
    /// Not reliable.
    NotReliable,
    /// Not measured, held reliable.
    HeldReliable,
    /// Not concerned.
    NotConcerned,
}

impl Reliability {
    /// As it is written.
    pub const fn text(self) -> &'static str {
        match self {
            Self::Reliable => "reliable",
            Self::NotReliable => "not reliable",
            Self::HeldReliable => "not measured, held reliable",
            Self::NotConcerned => "–",
        }
    }
}

/// Whether a charge point that cannot be used is broken, or merely closed at this hour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Closure {
    /// It is out of service, whatever the hour.
    OutOfService,
    /// It works, and is outside its opening hours.
    OnlyClosed,
}

/// One row: a status of one protocol, or of several.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Row {
    /// The words of OCPI 2.2.1.
    pub ocpi_2_2_1: &'static [&'static str],
    /// The words of OCPP 1.6.
    pub ocpp_1_6: &'static [&'static str],
    /// The words of OCPP 2.0.1.
    pub ocpp_2_0_1: &'static [&'static str],
    /// What is sent.
    pub report: Report,
    /// What is sent instead if the charge point is only closed (IRVE v3); none where that makes no
    /// difference.
    pub only_closed: Option<Report>,
    /// The state that follows, at first: silence and the age of an unknown run refine it.
    pub state: ChargePointState,
    /// How the United Kingdom counts it.
    pub reliability: Reliability,
}

impl Row {
    /// The words of a protocol.
    pub const fn words(&self, protocol: Protocol) -> &'static [&'static str] {
        match protocol {
            Protocol::Ocpi221 => self.ocpi_2_2_1,
            Protocol::Ocpp16 => self.ocpp_1_6,
            Protocol::Ocpp201 => self.ocpp_2_0_1,
        }
    }

    /// What is sent, given whether the charge point is only closed.
    pub fn report(&self, closure: Closure) -> Report {
        match closure {
            Closure::OutOfService => self.report,
            Closure::OnlyClosed => self.only_closed.unwrap_or(self.report),
        }
    }
}

/// Sent while the operator has no connection to the charge point, whatever the protocol.
pub const OFFLINE: Row = Row {
    ocpi_2_2_1: &["UNKNOWN"],
    ocpp_1_6: &[],
    ocpp_2_0_1: &[],
    report: Report::Status(ServiceState::Unknown, Occupancy::Unknown),
    only_closed: None,
    state: ChargePointState::UnknownShort,
    reliability: Reliability::HeldReliable,
};

/// Every row.
pub const ROWS: [Row; 9] = [
    Row {
        ocpi_2_2_1: &["AVAILABLE"],
        ocpp_1_6: &["Available"],
        ocpp_2_0_1: &["Available"],
        report: Report::Status(ServiceState::InService, Occupancy::Free),
        only_closed: None,
        state: ChargePointState::Free,
        reliability: Reliability::Reliable,
    },
    Row {
        ocpi_2_2_1: &["CHARGING"],
        ocpp_1_6: &[
            "Preparing",
            "Charging",
            "SuspendedEV",
            "SuspendedEVSE",
            "Finishing",
        ],
        ocpp_2_0_1: &["Occupied"],
        report: Report::Status(ServiceState::InService, Occupancy::Occupied),
        only_closed: None,
        state: ChargePointState::Occupied,
        reliability: Reliability::Reliable,
    },
    Row {
        ocpi_2_2_1: &["RESERVED"],
        ocpp_1_6: &["Reserved"],
        ocpp_2_0_1: &["Reserved"],
        report: Report::Status(ServiceState::InService, Occupancy::Reserved),
        only_closed: None,
        state: ChargePointState::Reserved,
        reliability: Reliability::Reliable,
    },
    // Not `occupe`: rule 21 would expect a session.
    Row {
        ocpi_2_2_1: &["BLOCKED"],
        ocpp_1_6: &[],
        ocpp_2_0_1: &[],
        report: Report::Status(ServiceState::InService, Occupancy::Unknown),
        only_closed: None,
        state: ChargePointState::InService,
        reliability: Reliability::HeldReliable,
    },
    Row {
        ocpi_2_2_1: &["INOPERATIVE"],
        ocpp_1_6: &["Unavailable"],
        ocpp_2_0_1: &["Unavailable"],
        report: Report::Status(ServiceState::OutOfService, Occupancy::Unknown),
        only_closed: Some(Report::Status(ServiceState::InService, Occupancy::Free)),
        state: ChargePointState::OutOfService,
        reliability: Reliability::NotReliable,
    },
    Row {
        ocpi_2_2_1: &["OUTOFORDER"],
        ocpp_1_6: &["Faulted"],
        ocpp_2_0_1: &["Faulted"],
        report: Report::Status(ServiceState::OutOfService, Occupancy::Unknown),
        only_closed: None,
        state: ChargePointState::OutOfService,
        reliability: Reliability::NotReliable,
    },
    OFFLINE,
    Row {
        ocpi_2_2_1: &["PLANNED"],
        ocpp_1_6: &[],
        ocpp_2_0_1: &[],
        report: Report::Nothing,
        only_closed: None,
        state: ChargePointState::Inactive,
        reliability: Reliability::NotConcerned,
    },
    Row {
        ocpi_2_2_1: &["REMOVED"],
        ocpp_1_6: &[],
        ocpp_2_0_1: &[],
        report: Report::Withdrawal,
        only_closed: None,
        state: ChargePointState::Inactive,
        reliability: Reliability::NotConcerned,
    },
];

/// A status that its protocol does not have.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{status:?} is no status of an {protocol}: expected one of {known}", protocol = .protocol.name(), known = Known(*.protocol))]
pub struct UnknownStatus {
    /// Whose status it was to be.
    pub protocol: Protocol,
    /// The text.
    pub status: String,
}

/// The words of a protocol, one after the other.
struct Known(Protocol);

impl fmt::Display for Known {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words = ROWS.iter().flat_map(|row| row.words(self.0));
        for (index, word) in words.enumerate() {
            let separator = if index == 0 { "" } else { ", " };
            write!(formatter, "{separator}{word}")?;
        }
        Ok(())
    }
}

/// The row of a status, which has to be spelled as the protocol spells it.
///
/// # Errors
/// Names the text and the words that the protocol has.
pub fn row_of(protocol: Protocol, status: &str) -> Result<&'static Row, UnknownStatus> {
    static TABLE: [Row; ROWS.len()] = ROWS;
    let found = TABLE
        .iter()
        .find(|row| row.words(protocol).contains(&status));
    found.ok_or_else(|| UnknownStatus {
        protocol,
        status: status.to_owned(),
    })
}

/// Whether the charge point is *available for use* in the sense of AFIR (Regulation (EU)
/// 2023/1804, art. 20): in service and free.
pub fn is_available_for_use(service_state: ServiceState, occupancy: Occupancy) -> bool {
    (service_state, occupancy) == (ServiceState::InService, Occupancy::Free)
}
