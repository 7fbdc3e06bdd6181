//! Bytes that are wrong: no panic, and memory in proportion to the bytes.

use std::any::Any;
use std::collections::BTreeMap;
use std::fmt::Debug;
use std::sync::Mutex;

use domain::engine::{Arrival, Engine};
use domain::position::{Fence, Position};
use domain::wire::binary::INSTANTS_MS;
use domain::wire::{Decoder, Record, WireError};
use domain::{
    ChargePoint, ChargePointIndicator, ChargePointStatus, ChargeSession, FailureEpisode, Occupancy,
    Policy, ServiceState, StationIndicator,
};
use proptest::prelude::*;
use serde_json::{Value as Json, json};

use super::encoded;
use crate::build::{at, payload, status};
use crate::records::{
    charge_point_indicators, charge_points, episodes, sessions, station_indicators, statuses,
};

/// What the exact route may hold at one time, for so many bytes.
fn bound(bytes: &[u8]) -> u64 {
    64 * 1024 + 64 * bytes.len() as u64
}

/// What the route over `apache-avro` may hold: its values are larger than ours, not its lengths.
fn resolved_bound(bytes: &[u8]) -> u64 {
    64 * 1024 + 512 * bytes.len() as u64
}

/// A writer with one more field: every record goes by resolution.
fn resolving<T: Record>() -> Decoder<T> {
    let mut schema: Json = serde_json::from_str(T::CONTRACT.schema).unwrap();
    let extra = json!({"name": "notes", "type": {"type": "array", "items": "string"}});
    let fields = schema["fields"].as_array_mut().unwrap();
    fields.insert(1, extra);
    Decoder::for_writer(&schema.to_string()).unwrap()
}

/// A decoder of the exact schema and one that resolves, made once.
fn decoders<T: Record + 'static>() -> &'static (Decoder<T>, Decoder<T>) {
    type Made = BTreeMap<&'static str, &'static (dyn Any + Send + Sync)>;
    static MADE: Mutex<Made> = Mutex::new(Made::new());
    let mut made = MADE.lock().unwrap();
    let pair = made.entry(T::CONTRACT.subject).or_insert_with(|| {
        let exact = Decoder::<T>::for_writer(T::CONTRACT.schema).unwrap();
        let resolved = resolving::<T>();
        assert!(exact.is_exact() && !resolved.is_exact());
        Box::leak(Box::new((exact, resolved)))
    });
    pair.downcast_ref().unwrap()
}

fn decode_both<T: Record + Debug + 'static>(bytes: &[u8]) {
    let (exact, resolved) = decoders::<T>();
    let info = allocation_counter::measure(|| {
        let _any = exact.decode(bytes);
    });
    assert!(info.bytes_max <= bound(bytes), "{info:?} for {bytes:?}");
    let info = allocation_counter::measure(|| {
        let _any = resolved.decode(bytes);
    });
    assert!(
        info.bytes_max <= resolved_bound(bytes),
        "{info:?} for {bytes:?}"
    );
}

fn decode_all(bytes: &[u8]) {
    decode_both::<ChargePoint>(bytes);
    decode_both::<ChargePointStatus>(bytes);
    decode_both::<ChargeSession>(bytes);
    decode_both::<ChargePointIndicator>(bytes);
    decode_both::<StationIndicator>(bytes);
    decode_both::<FailureEpisode>(bytes);
    restore(bytes);
    let info = allocation_counter::measure(|| {
        let _any = Position::from_bytes(bytes);
        let _any = Fence::from_bytes(bytes);
    });
    assert!(info.bytes_max <= bound(bytes), "{info:?} for {bytes:?}");
}

fn restore(bytes: &[u8]) {
    let mut engine = Engine::new(Policy::qc_1(), true);
    let info = allocation_counter::measure(|| {
        for key in ["charge-point|FRTSTPTEST|FRTSTETEST1", "station|FRTSTPTEST"] {
            let _any = engine.restore(key, bytes);
        }
    });
    assert!(info.bytes_max <= bound(bytes), "{info:?} for {bytes:?}");
}

/// One thing that goes wrong with bytes.
#[derive(Debug, Clone)]
enum Harm {
    Flip(prop::sample::Index, u8),
    Cut(prop::sample::Index),
    Insert(prop::sample::Index, Vec<u8>),
    /// A length or number blown up to any value.
    Length(prop::sample::Index, i64),
}

fn harms() -> impl Strategy<Value = Vec<Harm>> {
    let index = any::<prop::sample::Index>;
    let harm = prop_oneof![
        (index(), any::<u8>()).prop_map(|(at, mask)| Harm::Flip(at, mask)),
        index().prop_map(Harm::Cut),
        (index(), any::<Vec<u8>>()).prop_map(|(at, bytes)| Harm::Insert(at, bytes)),
        (index(), any::<i64>()).prop_map(|(at, length)| Harm::Length(at, length)),
        (index(), 0..1_i64 << 33).prop_map(|(at, length)| Harm::Length(at, length)),
    ];
    prop::collection::vec(harm, 1..4)
}

fn harmed(mut bytes: Vec<u8>, harms: Vec<Harm>) -> Vec<u8> {
    for harm in harms {
        let length = bytes.len() + 1;
        match harm {
            Harm::Flip(at, mask) => {
                let at = at.index(length);
                bytes
                    .iter_mut()
                    .skip(at)
                    .take(1)
                    .for_each(|byte| *byte ^= mask);
            }
            Harm::Cut(at) => bytes.truncate(at.index(length)),
            Harm::Insert(at, more) => {
                let at = at.index(length);
                bytes.splice(at..at, more);
            }
            Harm::Length(at, number) => {
                let at = at.index(length);
                let mut more = Vec::new();
                domain::wire::binary::put_long(&mut more, number);
                let end = (at + 1).min(bytes.len());
                bytes.splice(at..end, more);
            }
        }
    }
    bytes
}

/// The state of an engine that has heard a little.
fn state() -> Vec<Vec<u8>> {
    let mut engine = Engine::new(Policy::qc_1(), true);
    for number in 0..20 {
        let service_state = ServiceState::ALL[usize::try_from(number).unwrap() % 3];
        let said = payload(service_state, Occupancy::Unknown);
        let status = status(
            "FRTSTETEST1",
            at(number * 60_000),
            at(number * 60_000 + 5),
            said,
        );
        let arrival = Arrival {
            stamp: status.received_at,
            offset: number,
        };
        let _counted = engine.observe_status(&status, arrival);
    }
    let records = engine.drain_dirty();
    records
        .into_iter()
        .filter_map(|record| record.value)
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(192))]

    #[test]
    fn any_bytes_are_decoded_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..600)) {
        decode_all(&bytes);
    }

    #[test]
    fn bytes_of_small_numbers_are_decoded_or_refused(
        bytes in prop::collection::vec(0..12_u8, 0..600),
    ) {
        decode_all(&bytes);
    }

    #[test]
    fn a_harmed_status_is_decoded_or_refused(record in statuses(), harms in harms()) {
        decode_both::<ChargePointStatus>(&harmed(encoded(&record), harms));
    }

    #[test]
    fn a_harmed_session_is_decoded_or_refused(record in sessions(), harms in harms()) {
        decode_both::<ChargeSession>(&harmed(encoded(&record), harms));
    }

    #[test]
    fn a_harmed_directory_entry_is_decoded_or_refused(record in charge_points(), harms in harms()) {
        decode_both::<ChargePoint>(&harmed(encoded(&record), harms));
    }

    #[test]
    fn a_harmed_hour_is_decoded_or_refused(
        records in (charge_point_indicators(), station_indicators()),
        harms in harms(),
    ) {
        decode_both::<ChargePointIndicator>(&harmed(encoded(&records.0), harms.clone()));
        decode_both::<StationIndicator>(&harmed(encoded(&records.1), harms));
    }

    #[test]
    fn a_harmed_episode_is_decoded_or_refused(record in episodes(), harms in harms()) {
        decode_both::<FailureEpisode>(&harmed(encoded(&record), harms));
    }

    #[test]
    fn harmed_state_is_restored_or_refused(harms in harms()) {
        for value in state() {
            restore(&harmed(value, harms.clone()));
        }
    }
}

#[test]
fn a_length_of_half_a_gigabyte_is_not_allocated() {
    let mut bytes = vec![0; 16];
    domain::wire::binary::put_long(&mut bytes, 500_000_000);
    decode_all(&bytes);
    let mut bytes = Vec::new();
    domain::wire::binary::put_long(&mut bytes, 500_000_000);
    decode_all(&bytes);
}

#[test]
fn an_instant_near_the_limits_of_a_long_is_refused() {
    let extreme = |ms| {
        let mut status = status(
            "FRTSTETEST1",
            at(0),
            at(1),
            payload(ServiceState::InService, Occupancy::Free),
        );
        status.received_at = at(ms);
        encoded(&status)
    };
    let decoder = Decoder::<ChargePointStatus>::for_writer(ChargePointStatus::CONTRACT.schema);
    let decoder = decoder.unwrap();
    assert!(decoder.decode(&extreme(*INSTANTS_MS.end())).is_ok());
    for ms in [i64::MIN, i64::MAX, *INSTANTS_MS.end() + 1] {
        assert_eq!(decoder.decode(&extreme(ms)), Err(WireError::Number));
    }
}

#[test]
fn state_with_a_window_before_all_time_is_restored_or_refused() {
    for value in state() {
        for at in 0..value.len() {
            let mut bytes = value.clone();
            let mut first = Vec::new();
            domain::wire::binary::put_long(&mut first, i64::MIN);
            bytes.splice(at..=at, first);
            restore(&bytes);
        }
    }
}
