//! Decoders of another writer's schema, by way of `apache-avro`.
#![no_main]

use std::sync::LazyLock;

use domain::wire::{Decoder, Record};
use libfuzzer_sys::fuzz_target;

/// A writer with one more field in front of all others.
fn resolving<T: Record>() -> Decoder<T> {
    let extra = r#""fields": [{"name": "notes", "type": {"type": "array", "items": "string"}}, "#;
    let schema = T::CONTRACT.schema.replacen("\"fields\": [", extra, 1);
    Decoder::for_writer(&schema).expect("a schema with one more field is read")
}

static STATUS: LazyLock<Decoder<domain::ChargePointStatus>> = LazyLock::new(resolving);
static SESSION: LazyLock<Decoder<domain::ChargeSession>> = LazyLock::new(resolving);
static CHARGE_POINT: LazyLock<Decoder<domain::ChargePoint>> = LazyLock::new(resolving);
static EPISODE: LazyLock<Decoder<domain::FailureEpisode>> = LazyLock::new(resolving);

fuzz_target!(|bytes: &[u8]| {
    let Some((kind, bytes)) = bytes.split_first() else {
        return;
    };
    match kind % 4 {
        0 => drop(STATUS.decode(bytes)),
        1 => drop(SESSION.decode(bytes)),
        2 => drop(CHARGE_POINT.decode(bytes)),
        _ => drop(EPISODE.decode(bytes)),
    }
});
