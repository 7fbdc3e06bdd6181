//! From a writer's schema to our types: exact, or by resolution.

use std::marker::PhantomData;

use apache_avro::Schema;
use apache_avro::reader::datum::GenericDatumReader;
use apache_avro::writer::datum::GenericDatumWriter;

use super::{Reader, Record, WireError};

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
}

#[derive(Debug)]
enum Route {
    /// The writer used our schema (equal Parsing Canonical Form).
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

impl<T: Record> Decoder<T> {
    /// A decoder for records that were written with `writer_schema` (JSON).
    ///
    /// # Errors
    /// Refuses a text that is no schema, and a schema that cannot be read as ours.
    pub fn for_writer(writer_schema: &str) -> Result<Self, SchemaError> {
        let parse = |text| Schema::parse_str(text).map_err(|e| SchemaError::Invalid(Box::new(e)));
        let writer = parse(writer_schema)?;
        let reader = parse(T::CONTRACT.schema)?;
        let route = if writer.canonical_form() == reader.canonical_form() {
            Route::Exact
        } else {
            apache_avro::schema_compatibility::SchemaCompatibility::can_read(&writer, &reader)
                .map_err(|source| SchemaError::Incompatible {
                    subject: T::CONTRACT.subject,
                    source: Box::new(source),
                })?;
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

    /// Reads one record, all of `bytes`.
    ///
    /// # Errors
    /// Says what is wrong with the bytes.
    pub fn decode(&self, bytes: &[u8]) -> Result<T, WireError> {
        match &self.route {
            Route::Exact => decode_exact(bytes),
            Route::Resolved { writer, reader } => {
                let mut rest = bytes;
                let value = GenericDatumReader::builder(writer)
                    .reader_schema(reader)
                    .build()
                    .and_then(|resolving| resolving.read_value(&mut rest))
                    .map_err(|_| WireError::Schema)?;
                if !rest.is_empty() {
                    return Err(WireError::Trailing(rest.len()));
                }
                let ours = GenericDatumWriter::builder(reader)
                    .build()
                    .and_then(|writing| writing.write_value_to_vec(value))
                    .map_err(|_| WireError::Schema)?;
                decode_exact(&ours)
            }
        }
    }
}

fn decode_exact<T: Record>(bytes: &[u8]) -> Result<T, WireError> {
    let mut reader = Reader::new(bytes);
    let record = T::decode(&mut reader)?;
    reader.end()?;
    Ok(record)
}
