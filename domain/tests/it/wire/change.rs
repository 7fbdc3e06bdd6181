//! Older and newer schemas of every subject: what is read, and what is refused before a record is.

use std::fmt::Debug;

use apache_avro::Schema;
use domain::wire::decoder::SchemaError;
use domain::wire::{Decoder, Record, WireError};
use proptest::prelude::*;
use serde_json::{Value as Json, json};

use super::{encoded, ours, value, written};
use crate::records::{
    charge_point_indicators, charge_points, episodes, sessions, station_indicators, statuses,
};

fn json<T: Record>() -> Json {
    serde_json::from_str(T::CONTRACT.schema).unwrap()
}

fn fields(schema: &mut Json) -> &mut Vec<Json> {
    schema["fields"].as_array_mut().unwrap()
}

/// Applies `change` to every object of the schema.
fn everywhere(node: &mut Json, change: &mut impl FnMut(&mut Json)) {
    match node {
        Json::Object(object) => object
            .values_mut()
            .for_each(|each| everywhere(each, change)),
        Json::Array(items) => items.iter_mut().for_each(|each| everywhere(each, change)),
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) => return,
    }
    if node.is_object() {
        change(node);
    }
}

/// A schema to come: one more field, one more symbol in front of every enum, fields in another
/// order.
fn newer<T: Record>() -> Json {
    let mut schema = json::<T>();
    everywhere(&mut schema, &mut |node| {
        if let Some(Json::Array(symbols)) = node.get_mut("symbols") {
            symbols.insert(0, json!("added_later"));
        }
    });
    let extra = json!({"name": "added_later", "type": ["null", "string"], "default": null});
    fields(&mut schema).push(extra);
    hoist_named_types(&mut schema);
    schema
}

/// Reverses the fields; a named type stays where it is first used.
fn hoist_named_types(schema: &mut Json) {
    let all = fields(schema);
    let is_plain = |field: &Json| field["type"].is_string();
    let plain: Vec<Json> = all
        .iter()
        .filter(|field| is_plain(field))
        .cloned()
        .collect();
    all.retain(|field| !is_plain(field));
    all.extend(plain.into_iter().rev());
}

/// The schemas of the past that lack one field with a default.
fn older<T: Record>() -> Vec<Json> {
    without::<T>(|field| field.get("default").is_some())
}

fn without<T: Record>(is_meant: impl Fn(&Json) -> bool) -> Vec<Json> {
    let schema = json::<T>();
    let all = schema["fields"].as_array().unwrap();
    let is_simple = |field: &Json| {
        let text = field["type"].to_string();
        !text.contains("\"symbols\"")
    };
    let meant = all
        .iter()
        .filter(|field| is_meant(field) && is_simple(field));
    meant
        .map(|field| {
            let mut schema = schema.clone();
            fields(&mut schema).retain(|each| each["name"] != field["name"]);
            schema
        })
        .collect()
}

/// A newer writer and every older one are read; texts that mean the same are the same schema.
fn is_read<T: Record + PartialEq + Debug>(record: &T) {
    let decoder = Decoder::<T>::for_writer(&newer::<T>().to_string()).unwrap();
    let schema = Schema::parse(&newer::<T>()).unwrap();
    let bytes = written(&schema, value(record));
    assert_eq!(decoder.decode(&bytes).as_ref(), Ok(record));
    assert!(!decoder.is_exact());
    for schema in older::<T>() {
        let decoder = Decoder::<T>::for_writer(&schema.to_string()).unwrap();
        let schema = Schema::parse(&schema).unwrap();
        let old = value(record).resolve(&schema).unwrap();
        let bytes = written(&schema, old.clone());
        let expected = written(&ours::<T>(), old);
        match decoder.decode(&bytes) {
            Ok(read) => assert_eq!(encoded(&read), expected),
            Err(error) => {
                assert_eq!(error, WireError::Schema);
                assert_eq!(T::CONTRACT.topic, "failure-episode", "whose fields depend");
            }
        }
    }
    let mut undocumented = json::<T>();
    everywhere(&mut undocumented, &mut |node| {
        node.as_object_mut().unwrap().remove("doc");
    });
    let decoder = Decoder::<T>::for_writer(&undocumented.to_string()).unwrap();
    assert!(decoder.is_exact());
}

/// Writers without a field that has no default, or with another unit of time, are refused.
fn is_refused<T: Record + Debug>() {
    let incomplete = without::<T>(|field| field.get("default").is_none());
    assert!(!incomplete.is_empty());
    for schema in incomplete {
        let error = Decoder::<T>::for_writer(&schema.to_string()).unwrap_err();
        assert!(matches!(error, SchemaError::Incompatible { .. }), "{error}");
    }
    let mut micros = json::<T>();
    let mut changed = 0;
    everywhere(&mut micros, &mut |node| {
        if node
            .get("logicalType")
            .is_some_and(|name| name == "timestamp-millis")
        {
            node["logicalType"] = json!("timestamp-micros");
            changed += 1;
        }
    });
    assert!(changed > 0);
    let error = Decoder::<T>::for_writer(&micros.to_string()).unwrap_err();
    assert!(matches!(error, SchemaError::Meaning { .. }), "{error}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn statuses_of_other_versions_are_read(record in statuses()) {
        is_read(&record);
    }

    #[test]
    fn sessions_of_other_versions_are_read(record in sessions()) {
        is_read(&record);
    }

    #[test]
    fn directory_entries_of_other_versions_are_read(record in charge_points()) {
        is_read(&record);
    }

    #[test]
    fn hours_of_charge_points_of_other_versions_are_read(record in charge_point_indicators()) {
        is_read(&record);
    }

    #[test]
    fn hours_of_stations_of_other_versions_are_read(record in station_indicators()) {
        is_read(&record);
    }

    #[test]
    fn episodes_of_other_versions_are_read(record in episodes()) {
        is_read(&record);
    }

    #[test]
    fn an_energy_written_as_int_is_read_as_long(record in sessions(), energy_wh: i32) {
        let record = domain::ChargeSession { energy_wh: i64::from(energy_wh), ..record };
        let mut schema = json::<domain::ChargeSession>();
        for field in fields(&mut schema) {
            if field["name"] == "energy_wh" {
                field["type"] = json!("int");
            }
        }
        let decoder = Decoder::<domain::ChargeSession>::for_writer(&schema.to_string()).unwrap();
        let mut old = value(&record);
        if let apache_avro::types::Value::Record(fields) = &mut old {
            for (name, value) in fields {
                if name == "energy_wh" {
                    *value = apache_avro::types::Value::Int(energy_wh);
                }
            }
        }
        let schema = Schema::parse(&schema).unwrap();
        prop_assert_eq!(decoder.decode(&written(&schema, old)), Ok(record));
    }
}

#[test]
fn writers_that_lack_a_field_or_count_time_in_another_unit_are_refused() {
    is_refused::<domain::ChargePoint>();
    is_refused::<domain::ChargePointStatus>();
    is_refused::<domain::ChargeSession>();
    is_refused::<domain::ChargePointIndicator>();
    is_refused::<domain::StationIndicator>();
    is_refused::<domain::FailureEpisode>();
}

#[test]
fn a_writer_whose_schema_contains_itself_is_refused() {
    let mut schema = json::<domain::ChargeSession>();
    let chain = json!({"name": "Chain", "type": "record", "fields": [
        {"name": "next", "type": ["null", "Chain"], "default": null}]});
    fields(&mut schema).push(json!({"name": "chain", "type": chain}));
    let error = Decoder::<domain::ChargeSession>::for_writer(&schema.to_string()).unwrap_err();
    assert!(matches!(error, SchemaError::Recursive { .. }), "{error}");
}

#[test]
fn a_symbol_that_we_do_not_know_is_an_error_of_the_record() {
    let mut schema = json::<domain::ChargePointStatus>();
    everywhere(&mut schema, &mut |node| {
        if node.get("name").is_some_and(|name| name == "Occupancy") {
            node["symbols"]
                .as_array_mut()
                .unwrap()
                .push(json!("added_later"));
        }
    });
    let decoder = Decoder::<domain::ChargePointStatus>::for_writer(&schema.to_string()).unwrap();
    let parsed = Schema::parse(&schema).unwrap();
    let mut record = value(&crate::build::status(
        "FRTSTETEST1",
        crate::build::at(0),
        crate::build::at(1),
        crate::build::payload(domain::ServiceState::InService, domain::Occupancy::Free),
    ));
    assert!(decoder.decode(&written(&parsed, record.clone())).is_ok());
    if let apache_avro::types::Value::Record(fields) = &mut record {
        for (name, value) in fields {
            if let (apache_avro::types::Value::Enum(index, symbol), true) =
                (value, name.starts_with("occup"))
            {
                (*index, *symbol) = (4, "added_later".into());
            }
        }
    }
    let bytes = written(&parsed, record);
    assert_eq!(decoder.decode(&bytes), Err(WireError::Schema));
}
