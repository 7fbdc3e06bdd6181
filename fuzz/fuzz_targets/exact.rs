//! Decoders of our own schemas: what is decoded is encoded to bytes that decode to the same.
#![no_main]

use std::sync::LazyLock;

use domain::position::{Fence, Position};
use domain::wire::{Decoder, Record};
use libfuzzer_sys::fuzz_target;

fn exact<T: Record>() -> Decoder<T> {
    Decoder::for_writer(T::CONTRACT.schema).expect("our schema is ours")
}

static CHARGE_POINT: LazyLock<Decoder<domain::ChargePoint>> = LazyLock::new(exact);
static STATUS: LazyLock<Decoder<domain::ChargePointStatus>> = LazyLock::new(exact);
static SESSION: LazyLock<Decoder<domain::ChargeSession>> = LazyLock::new(exact);
static HOUR: LazyLock<Decoder<domain::ChargePointIndicator>> = LazyLock::new(exact);
static STATION_HOUR: LazyLock<Decoder<domain::StationIndicator>> = LazyLock::new(exact);
static EPISODE: LazyLock<Decoder<domain::FailureEpisode>> = LazyLock::new(exact);

fn decode<T: Record>(decoder: &Decoder<T>, bytes: &[u8]) {
    if let Ok(record) = decoder.decode(bytes) {
        let mut first = Vec::new();
        record.encode(&mut first);
        let again = decoder.decode(&first).expect("what we encode, we decode");
        let mut second = Vec::new();
        again.encode(&mut second);
        assert_eq!(first, second);
    }
}

fuzz_target!(|bytes: &[u8]| {
    let Some((kind, bytes)) = bytes.split_first() else {
        return;
    };
    match kind % 8 {
        0 => decode(&CHARGE_POINT, bytes),
        1 => decode(&STATUS, bytes),
        2 => decode(&SESSION, bytes),
        3 => decode(&HOUR, bytes),
        4 => decode(&STATION_HOUR, bytes),
        5 => decode(&EPISODE, bytes),
        6 => drop(Position::from_bytes(bytes)),
        _ => drop(Fence::from_bytes(bytes)),
    }
});
