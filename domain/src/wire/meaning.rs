//! What compatibility does not look at: logical types, and schemas that contain themselves.
//!
//! By the rules of Avro, µs are readable as ms, since both are `long`. Here they are not: a time
//! that is off by a factor of a thousand must be refused before the first record.

use apache_avro::Schema;

/// The first field that has a logical type in the writer's schema and another or none in the
/// reader's; its name after those of the records around it.
pub(super) fn difference(writer: &Schema, reader: &Schema) -> Option<String> {
    if let (Schema::Record(writer), Schema::Record(reader)) = (writer, reader) {
        return reader.fields.iter().find_map(|field| {
            let written = writer.fields.iter().find(|written| {
                written.name == field.name || field.aliases.contains(&written.name)
            })?;
            let inside = difference(&written.schema, &field.schema)?;
            let dot = if inside.is_empty() { "" } else { "." };
            Some(format!("{}{dot}{inside}", field.name))
        });
    }
    if let (Schema::Array(writer), Schema::Array(reader)) = (writer, reader) {
        return difference(&writer.items, &reader.items);
    }
    let (writers, readers) = (branches(writer), branches(reader));
    let is_known = |branch: &Schema| {
        let kind = std::mem::discriminant(branch);
        readers
            .iter()
            .map(std::mem::discriminant)
            .any(|other| other == kind)
    };
    if writers
        .iter()
        .any(|branch| is_logical(branch) && !is_known(branch))
    {
        return Some(String::new());
    }
    if writers.len() + readers.len() == 2 {
        return None;
    }
    let pairs = writers
        .iter()
        .flat_map(|writer| readers.iter().map(move |reader| (writer, reader)));
    pairs
        .filter(|(writer, reader)| writer.name().is_some() && writer.name() == reader.name())
        .find_map(|(writer, reader)| difference(writer, reader))
}

fn branches(schema: &Schema) -> &[Schema] {
    if let Schema::Union(union) = schema {
        union.variants()
    } else {
        std::slice::from_ref(schema)
    }
}

fn is_logical(schema: &Schema) -> bool {
    matches!(
        schema,
        Schema::Date
            | Schema::TimeMillis
            | Schema::TimeMicros
            | Schema::TimestampMillis
            | Schema::TimestampMicros
            | Schema::TimestampNanos
            | Schema::LocalTimestampMillis
            | Schema::LocalTimestampMicros
            | Schema::LocalTimestampNanos
            | Schema::Duration(_)
            | Schema::Decimal(_)
            | Schema::BigDecimal
            | Schema::Uuid(_)
    )
}

/// The name of a type that contains itself.
pub(super) fn recursion(schema: &Schema) -> Option<String> {
    fn inside(schema: &Schema, around: &mut Vec<String>) -> Option<String> {
        if let Schema::Ref { name } = schema {
            let name = name.fullname(None);
            return around.contains(&name).then_some(name);
        }
        if let Schema::Record(record) = schema {
            around.push(record.name.fullname(None));
            let found = record
                .fields
                .iter()
                .find_map(|field| inside(&field.schema, around));
            around.pop();
            return found;
        }
        if let Schema::Array(array) = schema {
            return inside(&array.items, around);
        }
        if let Schema::Map(map) = schema {
            return inside(&map.types, around);
        }
        let found = branches(schema).iter();
        found
            .filter(|branch| !std::ptr::eq(*branch, schema))
            .find_map(|branch| inside(branch, around))
    }
    inside(schema, &mut Vec::new())
}
