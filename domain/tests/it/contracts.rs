//! Types and schemas agree, on every random record, with an independent Avro implementation; and
//! schemas may change as their contract says.

use std::collections::BTreeMap;
use std::fmt::Debug;

use apache_avro::Schema;
use apache_avro::reader::datum::GenericDatumReader;
use apache_avro::types::Value;
use apache_avro::writer::datum::GenericDatumWriter;
use domain::ChargePointId;
use domain::contract::{CONTRACTS, Contract, FAILURE_EPISODE};
use domain::indicator::{StationSweep, Vector};
use domain::wire::{Decoder, Record};
use proptest::prelude::*;
use serde_json::Value as Json;

use crate::records::{
    charge_point_indicators, charge_points, episodes, sessions, station_indicators, statuses,
};

fn schema_of(contract: Contract) -> Schema {
    Schema::parse_str(contract.schema).unwrap()
}

fn encoded<T: Record>(record: &T) -> Vec<u8> {
    let mut bytes = Vec::new();
    record.encode(&mut bytes);
    bytes
}

fn read(schema: &Schema, mut bytes: &[u8]) -> Value {
    let reader = GenericDatumReader::builder(schema).build().unwrap();
    let value = reader.read_value(&mut bytes).unwrap();
    assert!(bytes.is_empty(), "{} bytes left", bytes.len());
    value
}

fn written(schema: &Schema, value: Value) -> Vec<u8> {
    let writer = GenericDatumWriter::builder(schema).build().unwrap();
    writer.write_value_to_vec(value).unwrap()
}

fn fields(value: Value) -> BTreeMap<String, Value> {
    match value {
        Value::Record(fields) => fields.into_iter().collect(),
        other => panic!("{other:?} is no record"),
    }
}

/// Encoded by us, read and written by the other implementation, decoded by us; returns the fields
/// that the other implementation saw.
fn round_trip<T: Record + PartialEq + Debug>(record: &T) -> BTreeMap<String, Value> {
    let schema = schema_of(T::CONTRACT);
    let bytes = encoded(record);
    let value = read(&schema, &bytes);
    assert_eq!(written(&schema, value.clone()), bytes);
    let decoder = Decoder::<T>::for_writer(T::CONTRACT.schema).unwrap();
    assert_eq!(decoder.decode(&bytes).as_ref(), Ok(record));
    fields(value)
}

/// A writer with one more field, in front, is read; one that lacks a field with a default, too.
fn evolves<T: Record + PartialEq + Debug>(record: &T) {
    let ours = schema_of(T::CONTRACT);
    let mut json: Json = serde_json::from_str(T::CONTRACT.schema).unwrap();
    let all = json["fields"].as_array_mut().unwrap();
    let extra = serde_json::json!({"name": "added_later", "type": "string", "default": ""});
    all.insert(0, extra);
    let newer = Schema::parse(&json).unwrap();
    let Value::Record(mut values) = read(&ours, &encoded(record)) else {
        panic!("no record")
    };
    values.insert(0, ("added_later".into(), Value::String("more".into())));
    let bytes = written(&newer, Value::Record(values));
    let decoder = Decoder::<T>::for_writer(&json.to_string()).unwrap();
    assert_eq!(decoder.decode(&bytes).as_ref(), Ok(record));
    assert!(decoder.decode(&[bytes.as_slice(), &[0]].concat()).is_err());
}

/// Reads what a writer without `field` wrote.
fn read_without<T: Record>(record: &T, field: &str) -> Option<T> {
    let mut json: Json = serde_json::from_str(T::CONTRACT.schema).unwrap();
    let all = json["fields"].as_array_mut().unwrap();
    all.retain(|each| each["name"] != field);
    let older = Schema::parse(&json).unwrap();
    let Value::Record(mut values) = read(&schema_of(T::CONTRACT), &encoded(record)) else {
        panic!("no record")
    };
    values.retain(|(name, _)| name != field);
    let bytes = written(&older, Value::Record(values));
    let decoder = Decoder::<T>::for_writer(&json.to_string()).ok()?;
    decoder.decode(&bytes).ok()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn a_status_means_the_same_to_both(record in statuses()) {
        let seen = round_trip(&record);
        let event_time = Value::TimestampMicros(record.event_time.as_us());
        prop_assert_eq!(&seen["event_time"], &event_time);
        let received_at = Value::TimestampMillis(record.received_at.as_ms());
        prop_assert_eq!(&seen["received_at"], &received_at);
        let state = match &seen["service_state"] {
            Value::Enum(_, symbol) => symbol.as_str(),
            other => panic!("{other:?}"),
        };
        prop_assert_eq!(state, record.payload.service_state.symbol());
        evolves(&record);
        let older = read_without(&record, "connector_ef").unwrap();
        prop_assert_eq!(older.payload.connector_ef, None);
        prop_assert_eq!(older.event_id, record.event_id);
    }

    #[test]
    fn a_session_means_the_same_to_both(record in sessions()) {
        let seen = round_trip(&record);
        prop_assert_eq!(&seen["energy_wh"], &Value::Long(record.energy_wh));
        prop_assert_eq!(&seen["end"], &Value::TimestampMicros(record.end.as_us()));
        evolves(&record);
        prop_assert!(read_without(&record, "energy_wh").is_none(), "it has no default");
    }

    #[test]
    fn a_directory_entry_means_the_same_to_both(record in charge_points()) {
        let seen = round_trip(&record);
        let power_kw = Value::Double(record.irve.puissance_nominale);
        prop_assert_eq!(&seen["puissance_nominale"], &power_kw);
        prop_assert_eq!(&seen["legacy"], &Value::Boolean(record.legacy));
        prop_assert_eq!(&seen["nom_station"], &Value::String(record.irve.nom_station.clone()));
        evolves(&record);
        let older = read_without(&record, "observations").unwrap();
        prop_assert_eq!(older.irve.observations, None);
    }

    #[test]
    fn an_hour_of_a_charge_point_means_the_same_to_both(record in charge_point_indicators()) {
        let seen = round_trip(&record);
        for (name, value) in Vector::NAMES.into_iter().zip(record.vector.to_array()) {
            prop_assert_eq!(&seen[name], &Value::Long(value), "{}", name);
        }
        prop_assert_eq!(&seen["revision"], &Value::Int(record.emission.revision));
        evolves(&record);
    }

    #[test]
    fn an_hour_of_a_station_means_the_same_to_both(record in station_indicators()) {
        let seen = round_trip(&record);
        for (name, value) in Vector::NAMES.into_iter().zip(record.vector.to_array()) {
            prop_assert_eq!(&seen[name], &Value::Long(value), "{}", name);
        }
        for (name, value) in StationSweep::NAMES.into_iter().zip(record.sweep.to_array()) {
            prop_assert_eq!(&seen[name], &Value::Long(value), "{}", name);
        }
        evolves(&record);
    }

    #[test]
    fn an_episode_means_the_same_to_both(record in episodes()) {
        let seen = round_trip(&record);
        let charge_point_id = match &seen["charge_point_id"] {
            Value::Union(_, value) => match value.as_ref() {
                Value::String(id) => Some(id.clone()),
                _ => None,
            },
            other => panic!("{other:?}"),
        };
        let expected = record.charge_point_id.as_ref().map(ChargePointId::to_string);
        prop_assert_eq!(charge_point_id, expected);
        prop_assert_eq!(&seen["unknown_inside"], &Value::Boolean(record.flags.unknown_inside));
        evolves(&record);
    }
}

fn assert_documented(node: &Json, path: &str) {
    let is_named = matches!(node["type"].as_str(), Some("record" | "enum"));
    if is_named {
        let doc = node["doc"].as_str().unwrap_or_default();
        assert!(!doc.is_empty(), "{path} has no doc");
    }
    for field in node["fields"].as_array().into_iter().flatten() {
        let path = format!("{path}.{}", field["name"].as_str().unwrap());
        let doc = field["doc"].as_str().unwrap_or_default();
        assert!(!doc.is_empty(), "{path} has no doc");
        assert_documented(&field["type"], &path);
    }
    for branch in node.as_array().into_iter().flatten() {
        assert_documented(branch, path);
    }
    for inner in ["items", "type"] {
        if node[inner].is_object() || node[inner].is_array() {
            assert_documented(&node[inner], path);
        }
    }
}

#[test]
fn every_field_and_every_type_of_every_schema_is_documented() {
    for contract in CONTRACTS {
        let json: Json = serde_json::from_str(contract.schema).unwrap();
        assert_documented(&json, contract.topic);
    }
}

#[test]
fn every_schema_is_canonical_and_named_after_its_topic() {
    for contract in CONTRACTS {
        assert_eq!(contract.subject, format!("{}-value", contract.topic));
        assert!(
            Schema::parse_str(contract.schema).is_ok(),
            "{}",
            contract.topic
        );
    }
}

#[test]
fn a_writer_of_another_record_is_refused() {
    let error = Decoder::<domain::ChargeSession>::for_writer(FAILURE_EPISODE.schema).unwrap_err();
    assert!(
        error.to_string().contains("charge-session-value"),
        "{error}"
    );
    assert!(Decoder::<domain::ChargeSession>::for_writer("{}").is_err());
}
