//! The status mappings, row by row, and what the engine makes of each.

use domain::indicator::ChargePointState;
use domain::mapping::{
    Closure, OFFLINE, Protocol, ROWS, Reliability, Report, is_available_for_use, row_of,
};
use domain::{Occupancy, Policy, ServiceState, Span};

use crate::build::{at, payload, status};
use crate::cases::charge_points;
use crate::task::{Item, Log, Task};

const UP: ServiceState = ServiceState::InService;
const DOWN: ServiceState = ServiceState::OutOfService;

/// Every status of a protocol maps to this.
fn assert_row(
    protocol: Protocol,
    statuses: &[&str],
    report: Report,
    state: ChargePointState,
    reliability: Reliability,
) {
    for status in statuses {
        let row = row_of(protocol, status).unwrap();
        assert_eq!(row.report(Closure::OutOfService), report, "{status}");
        assert_eq!(row.state, state, "{status}");
        assert_eq!(row.reliability, reliability, "{status}");
    }
}

fn assert_status(
    statuses: [&[&str]; 3],
    (service_state, occupancy): (ServiceState, Occupancy),
    state: ChargePointState,
    reliability: Reliability,
) {
    let report = Report::Status(service_state, occupancy);
    for (protocol, statuses) in Protocol::ALL.into_iter().zip(statuses) {
        assert_row(protocol, statuses, report, state, reliability);
    }
}

#[test]
fn available_is_in_service_and_free() {
    assert_status(
        [&["AVAILABLE"], &["Available"], &["Available"]],
        (UP, Occupancy::Free),
        ChargePointState::Free,
        Reliability::Reliable,
    );
}

#[test]
fn a_vehicle_that_is_there_occupies_whether_or_not_it_charges() {
    let ocpp_1_6 = [
        "Preparing",
        "Charging",
        "SuspendedEV",
        "SuspendedEVSE",
        "Finishing",
    ];
    assert_status(
        [&["CHARGING"], &ocpp_1_6, &["Occupied"]],
        (UP, Occupancy::Occupied),
        ChargePointState::Occupied,
        Reliability::Reliable,
    );
}

#[test]
fn reserved_is_in_service() {
    assert_status(
        [&["RESERVED"], &["Reserved"], &["Reserved"]],
        (UP, Occupancy::Reserved),
        ChargePointState::Reserved,
        Reliability::Reliable,
    );
}

#[test]
fn blocked_is_in_service_with_unknown_occupancy() {
    assert_status(
        [&["BLOCKED"], &[], &[]],
        (UP, Occupancy::Unknown),
        ChargePointState::InService,
        Reliability::HeldReliable,
    );
}

#[test]
fn inoperative_is_out_of_service_unless_it_is_only_closed() {
    let words: [&[&str]; 3] = [&["INOPERATIVE"], &["Unavailable"], &["Unavailable"]];
    assert_status(
        words,
        (DOWN, Occupancy::Unknown),
        ChargePointState::OutOfService,
        Reliability::NotReliable,
    );
    for (protocol, words) in Protocol::ALL.into_iter().zip(words) {
        let row = row_of(protocol, words[0]).unwrap();
        let closed = Report::Status(UP, Occupancy::Free);
        assert_eq!(row.report(Closure::OnlyClosed), closed);
    }
}

#[test]
fn out_of_order_is_out_of_service_even_when_closed() {
    let words: [&[&str]; 3] = [&["OUTOFORDER"], &["Faulted"], &["Faulted"]];
    assert_status(
        words,
        (DOWN, Occupancy::Unknown),
        ChargePointState::OutOfService,
        Reliability::NotReliable,
    );
    for (protocol, words) in Protocol::ALL.into_iter().zip(words) {
        let row = row_of(protocol, words[0]).unwrap();
        assert_eq!(
            row.report(Closure::OnlyClosed),
            row.report(Closure::OutOfService)
        );
    }
}

#[test]
fn unknown_and_offline_are_unknown() {
    assert_status(
        [&["UNKNOWN"], &[], &[]],
        (ServiceState::Unknown, Occupancy::Unknown),
        ChargePointState::UnknownShort,
        Reliability::HeldReliable,
    );
    assert_eq!(row_of(Protocol::Ocpi221, "UNKNOWN"), Ok(&OFFLINE));
}

#[test]
fn planned_sends_nothing_and_removed_is_a_withdrawal() {
    let (ocpi, inactive) = (Protocol::Ocpi221, ChargePointState::Inactive);
    let not_concerned = Reliability::NotConcerned;
    assert_row(ocpi, &["PLANNED"], Report::Nothing, inactive, not_concerned);
    assert_row(
        ocpi,
        &["REMOVED"],
        Report::Withdrawal,
        inactive,
        not_concerned,
    );
}

#[test]
fn every_status_of_every_protocol_is_in_exactly_one_row() {
    let counts = Protocol::ALL.map(|protocol| {
        let mut words: Vec<_> = ROWS.iter().flat_map(|row| row.words(protocol)).collect();
        let count = words.len();
        words.sort_unstable();
        words.dedup();
        assert_eq!(words.len(), count);
        count
    });
    assert_eq!(counts, [9, 9, 5]);
}

#[test]
fn text_that_is_no_status_is_an_error_with_the_value_and_the_known_ones() {
    let error = row_of(Protocol::Ocpp201, "available").unwrap_err();
    assert_eq!(
        error.to_string(),
        "\"available\" is no status of an OCPP 2.0.1 connector: expected one of Available, \
         Occupied, Reserved, Unavailable, Faulted"
    );
    let error = row_of(Protocol::Ocpp16, "AVAILABLE").unwrap_err();
    assert!(error.to_string().contains("SuspendedEVSE"), "{error}");
    assert!(row_of(Protocol::Ocpi221, "Charging").is_err());
    assert!(row_of(Protocol::Ocpi221, "").is_err());
}

#[test]
fn only_free_and_in_service_is_available_for_use() {
    let mut available = Vec::new();
    for service_state in ServiceState::ALL {
        for occupancy in Occupancy::ALL {
            if is_available_for_use(service_state, occupancy) {
                available.push((service_state, occupancy));
            }
        }
    }
    assert_eq!(available, [(UP, Occupancy::Free)]);
}

#[test]
fn the_engine_puts_every_row_in_the_state_of_its_row() {
    let start = at(1_736_121_600_000);
    for row in ROWS {
        let Report::Status(service_state, occupancy) = row.report else {
            continue;
        };
        let payload = payload(service_state, occupancy);
        let item = Item::Status(status("FRTSTETEST1", start, start, payload));
        let log = Log::with_ticks(vec![item], start + Span::from_minutes(75), |_| true);
        let mut task = Task::new(&Policy::qc_1(), false, &log);
        task.run();
        let [record] = charge_points(&task.outputs).collect::<Vec<_>>()[..] else {
            panic!("one record")
        };
        assert_eq!(record.state_at_end, row.state, "{row:?}");
    }
}
