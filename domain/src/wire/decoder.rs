//! From a writer's schema to our types: exact, or by resolution.

use std::marker::PhantomData;

use apache_avro::Schema;
use apache_avro::rabin::Rabin;
use apache_avro::reader::datum::GenericDatumReader;
use apache_avro::schema_compatibility::SchemaCompatibility;
use apache_avro::schema_equality::{SchemataEq, StructFieldEq};
use apache_avro::writer::datum::GenericDatumWriter;

use super::{Reader, Record, WireError, meaning, walk};

/// A writer's schema that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SchemaError {
    /// The text is not an Avro schema.
    #[error("the writer's schema is not Avro")]
    Invalid(#[source] Box<apache_avro::Error>),
    /// Records of this schema cannot be read as ours.
    #[error("records of the writer's schema cannot be read as {subject}")]
    Incompatible {
        /// The subject of the type that should be read.
        subject: &'static str,
        /// Where the schemas disagree.
        #[source]
        source: Box<apache_avro::error::CompatibilityError>,
    },
    /// The numbers could be read, but mean something else.
    #[error("field {field} of the writer's schema has another logical type than in {subject}")]
    Meaning {
        /// The subject of the type that should be read.
        subject: &'static str,
        /// The field, with those around it.
        field: String,
    },
    /// The schema contains itself: the depth of a record would be up to its bytes.
    #[error("the writer's schema for {subject} contains itself in {name}")]
    Recursive {
        /// The subject of the type that should be read.
        subject: &'static str,
        /// The type.
        name: String,
    },
}

#[derive(Debug)]
enum Route {
    /// The writer used our schema (equal fingerprint, equal logical types).
    Exact,
    /// The writer used another one, which resolves to ours.
    Resolved {
        writer: Box<Schema>,
        reader: Box<Schema>,
    },
}

/// Decodes the records of one writer's schema.
#[derive(Debug)]
pub struct Decoder<T> {
    route: Route,
    record: PhantomData<fn() -> T>,
}

/// Whether records of one schema are, byte for byte, records of the other: equal fingerprints (the
/// 64-bit Rabin fingerprint of the Parsing Canonical Form, `CRC-64-AVRO`), and since that form
/// leaves logical types out, equal logical types.
fn is_same(writer: &Schema, reader: &Schema) -> bool {
    let structure = StructFieldEq {
        include_attributes: false,
    };
    // In this order: the canonical form of a schema with odd attributes panics in apache-avro.
    structure.compare(writer, reader)
        && writer.fingerprint::<Rabin>().bytes == reader.fingerprint::<Rabin>().bytes
}

impl<T: Record> Decoder<T> {
    /// A decoder for records that were written with `writer_schema` (JSON).
    ///
    /// # Errors
    /// Refuses a text that is no schema, and a schema that cannot be read as ours.
    pub fn for_writer(writer_schema: &str) -> Result<Self, SchemaError> {
        let parse = |text| Schema::parse_str(text).map_err(|e| SchemaError::Invalid(Box::new(e)));
        let writer = parse(writer_schema)?;
        let reader = parse(T::CONTRACT.schema)?;
        let route = if is_same(&writer, &reader) {
            Route::Exact
        } else {
            check(T::CONTRACT.subject, &writer, &reader)?;
            Route::Resolved {
                writer: Box::new(writer),
                reader: Box::new(reader),
            }
        };
        Ok(Self {
            route,
            record: PhantomData,
        })
    }

    /// Whether the writer used our schema, so that nothing has to be resolved.
    pub fn is_exact(&self) -> bool {
        matches!(self.route, Route::Exact)
    }

    /// Reads one record, all of `bytes`.
    ///
    /// # Errors
    /// Says what is wrong with the bytes.
    pub fn decode(&self, bytes: &[u8]) -> Result<T, WireError> {
        match &self.route {
            Route::Exact => decode_exact(bytes),
            Route::Resolved { writer, reader } => decode_exact(&resolve(writer, reader, bytes)?),
        }
    }
}

fn check(subject: &'static str, writer: &Schema, reader: &Schema) -> Result<(), SchemaError> {
    if let Some(name) = meaning::recursion(writer) {
        return Err(SchemaError::Recursive { subject, name });
    }
    if let Err(source) = SchemaCompatibility::can_read(writer, reader) {
        let source = Box::new(source);
        return Err(SchemaError::Incompatible { subject, source });
    }
    match meaning::difference(writer, reader) {
        Some(field) => Err(SchemaError::Meaning { subject, field }),
        None => Ok(()),
    }
}

/// The bytes of the record in our schema.
fn resolve(writer: &Schema, reader: &Schema, bytes: &[u8]) -> Result<Vec<u8>, WireError> {
    let mut ahead = Reader::new(bytes);
    walk::over(writer, writer, &mut ahead)?;
    ahead.end()?;
    let mut rest = bytes;
    let value = GenericDatumReader::builder(writer)
        .reader_schema(reader)
        .build()
        .and_then(|resolving| resolving.read_value(&mut rest))
        .map_err(|_| WireError::Schema)?;
    if !rest.is_empty() {
        return Err(WireError::Trailing(rest.len()));
    }
    GenericDatumWriter::builder(reader)
        .build()
        .and_then(|writing| writing.write_value_to_vec(value))
        .map_err(|_| WireError::Schema)
}

fn decode_exact<T: Record>(bytes: &[u8]) -> Result<T, WireError> {
    let mut reader = Reader::new(bytes);
    let record = T::decode(&mut reader)?;
    reader.end()?;
    Ok(record)
}
