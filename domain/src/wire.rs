//! Avro on the wire: typed encoders and decoders of our records, and the way from any compatible
//! writer's schema to them.
//!
//! A decoder is chosen by the fingerprint of the writer's schema. One of the exact schema reads
//! bytes without an intermediate value and, but for a long account, without allocating. A record
//! of another, compatible schema is first resolved to ours by `apache-avro`. Both are proven equal
//! by property. Schemas are trusted, since the registry checks them; bytes are not.

mod charge_point;
mod charge_point_indicator;
mod charge_point_status;
mod charge_session;
mod failure_episode;
mod meaning;
mod station_indicator;
mod walk;

pub mod binary;
pub mod decoder;

pub use binary::{Reader, WireError};
pub use decoder::{Decoder, SchemaError};

use crate::contract::Contract;

/// A type that travels on a topic.
pub trait Record: Sized {
    /// Its topic, subject and schema.
    const CONTRACT: Contract;

    /// Appends the Avro binary of this record to `out`.
    fn encode(&self, out: &mut Vec<u8>);

    /// Reads one record of the exact schema.
    ///
    /// # Errors
    /// Says what is wrong with the bytes.
    fn decode(reader: &mut Reader<'_>) -> Result<Self, WireError>;
}
