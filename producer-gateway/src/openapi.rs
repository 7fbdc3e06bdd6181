//! The OpenAPI 3.1 document of the gateway's routes.
//!
//! It says what the code does: bounds are the defaults of the flags, enumerations and patterns are
//! those of [`crate::request`]. A test keeps routes and document together, and the document is
//! committed as `docs/openapi.json`.

use serde_json::{Map, Value, json};

use crate::http::BASE;

mod answers;
mod models;
mod paths;

/// The document.
pub fn document() -> Value {
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "QualiCharge Stream",
            "version": env!("CARGO_PKG_VERSION"),
            "summary": "QualiCharge's API, acknowledged by the log",
            "description": "A 201 is sent only after the log has acknowledged every record. Ids are computed from content: \
                a repeated request gives the same ids and counts once. Errors are JSON objects.",
            "license": { "name": "MIT", "identifier": "MIT" },
        },
        "servers": [{ "url": BASE }],
        "tags": [
            { "name": "auth", "description": "Tokens" },
            { "name": "dynamique", "description": "Statuses and sessions" },
            { "name": "statique", "description": "The directory of charge points" },
            { "name": "manage", "description": "Across operational units" },
            { "name": "docs", "description": "This document" },
        ],
        "paths": paths::paths(),
        "components": {
            "schemas": models::schemas(),
            "responses": answers::responses(),
            "headers": answers::headers(),
            "parameters": paths::parameters(),
            "securitySchemes": {
                "token": { "type": "http", "scheme": "bearer", "bearerFormat": "JWT" },
            },
        },
    })
}

/// A reference to a part of the document.
fn reference(kind: &str, name: &str) -> Value {
    json!({ "$ref": format!("#/components/{kind}/{name}") })
}

/// An object of named values.
fn named(pairs: impl IntoIterator<Item = (&'static str, Value)>) -> Map<String, Value> {
    pairs
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reference_leads_somewhere() {
        let document = document();
        let mut open = vec![&document];
        let mut seen = 0;
        while let Some(value) = open.pop() {
            match value {
                Value::Object(map) => {
                    if let Some(Value::String(target)) = map.get("$ref") {
                        let pointer = target.trim_start_matches('#');
                        assert!(document.pointer(pointer).is_some(), "{target}");
                        seen += 1;
                    }
                    open.extend(map.values());
                }
                Value::Array(all) => open.extend(all),
                _ => {}
            }
        }
        assert!(seen > 50, "{seen}");
    }
}
