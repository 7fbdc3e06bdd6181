//! The wire: schemas that change, bytes that are wrong, and what decoding allocates.

mod change;
mod garbage;

use apache_avro::Schema;
use apache_avro::reader::datum::GenericDatumReader;
use apache_avro::types::Value;
use apache_avro::writer::datum::GenericDatumWriter;
use domain::wire::Record;

fn encoded<T: Record>(record: &T) -> Vec<u8> {
    let mut bytes = Vec::new();
    record.encode(&mut bytes);
    bytes
}

fn ours<T: Record>() -> Schema {
    Schema::parse_str(T::CONTRACT.schema).unwrap()
}

/// The record as the other implementation sees it.
fn value<T: Record>(record: &T) -> Value {
    let schema = ours::<T>();
    let reader = GenericDatumReader::builder(&schema).build().unwrap();
    reader.read_value(&mut encoded(record).as_slice()).unwrap()
}

/// What a writer with another schema makes of a record.
fn written(schema: &Schema, value: Value) -> Vec<u8> {
    let writer = GenericDatumWriter::builder(schema).build().unwrap();
    let value = value.resolve(schema).unwrap();
    writer.write_value_to_vec(value).unwrap()
}
