//! Reads over a record of any schema without keeping anything, so that no length in it is larger
//! than what is there: `apache-avro` allocates what a length says before it has read it.

use apache_avro::Schema;
use apache_avro::schema::UuidSchema;

use super::{Reader, WireError};

/// Walks over one value of `schema`, which lies inside `root`.
///
/// # Errors
/// Truncated, a number or index out of range, or more items than bytes.
pub(super) fn over(
    schema: &Schema,
    root: &Schema,
    reader: &mut Reader<'_>,
) -> Result<(), WireError> {
    match schema {
        Schema::Null => Ok(()),
        Schema::Boolean => reader.boolean().map(drop),
        Schema::Int
        | Schema::Long
        | Schema::Enum(_)
        | Schema::Date
        | Schema::TimeMillis
        | Schema::TimeMicros
        | Schema::TimestampMillis
        | Schema::TimestampMicros
        | Schema::TimestampNanos
        | Schema::LocalTimestampMillis
        | Schema::LocalTimestampMicros
        | Schema::LocalTimestampNanos => reader.long().map(drop),
        Schema::Float => reader.skip(4),
        Schema::Double => reader.skip(8),
        Schema::Bytes
        | Schema::String
        | Schema::Decimal(_)
        | Schema::BigDecimal
        | Schema::Uuid(UuidSchema::Bytes | UuidSchema::String) => reader.bytes().map(drop),
        Schema::Fixed(fixed) | Schema::Duration(fixed) | Schema::Uuid(UuidSchema::Fixed(fixed)) => {
            reader.skip(fixed.size)
        }
        Schema::Array(array) => {
            let items = reader.array(|reader| over(&array.items, root, reader));
            items.map(drop)
        }
        Schema::Map(map) => {
            let entries = reader.array(|reader| {
                reader.bytes()?;
                over(&map.types, root, reader)
            });
            entries.map(drop)
        }
        Schema::Union(union) => {
            let index = reader.long()?;
            let branch = usize::try_from(index)
                .ok()
                .and_then(|index| union.variants().get(index));
            over(branch.ok_or(WireError::Index(index))?, root, reader)
        }
        Schema::Record(record) => record
            .fields
            .iter()
            .try_for_each(|field| over(&field.schema, root, reader)),
        Schema::Ref { name } => {
            let named = find(root, name.name()).ok_or(WireError::Schema)?;
            over(named, root, reader)
        }
    }
}

/// The definition of a named type; the one of that name in any namespace.
fn find<'a>(schema: &'a Schema, name: &str) -> Option<&'a Schema> {
    if let Schema::Ref { .. } = schema {
        return None;
    }
    if schema.name().is_some_and(|own| own.name() == name) {
        return Some(schema);
    }
    if let Schema::Record(record) = schema {
        let mut fields = record.fields.iter();
        return fields.find_map(|field| find(&field.schema, name));
    }
    if let Schema::Union(union) = schema {
        return union
            .variants()
            .iter()
            .find_map(|branch| find(branch, name));
    }
    if let Schema::Array(array) = schema {
        return find(&array.items, name);
    }
    if let Schema::Map(map) = schema {
        return find(&map.types, name);
    }
    None
}
