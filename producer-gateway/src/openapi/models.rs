//! What goes in and what comes out, as JSON Schema.

use domain::{ConnectorState, Occupancy, ServiceState};
use serde_json::{Map, Value, json};

use super::{named, reference};
use crate::request::statique::KEYS;
use crate::request::statique::value;
use crate::request::violation::Code;

/// All schemas.
pub(super) fn schemas() -> Map<String, Value> {
    let mut schemas = lax();
    schemas.extend(events());
    schemas.extend(statique());
    schemas.extend(errors());
    schemas.extend(named([
        ("Token", token()),
        ("Login", login()),
        ("Account", account()),
        ("Stations", stations()),
    ]));
    schemas
}

/// The lax values: what is taken for an instant, a number, an integer, a boolean or a day.
fn lax() -> Map<String, Value> {
    let symbols = |all: &[&str]| json!({ "type": "string", "enum": all });
    named([
        (
            "Instant",
            json!({
                "description": "RFC 3339 with an offset (separator `T`, `t`, space or `_`; seconds optional; fraction with `.` or \
                    `,`), or a Unix epoch as number or numeric text: seconds, above 2e10 milliseconds",
                "anyOf": [{ "type": "string", "format": "date-time" }, { "type": "string" }, { "type": "number" }],
            }),
        ),
        (
            "Number",
            json!({
                "description": "A number, a numeric text, or a boolean as 1 or 0",
                "anyOf": [{ "type": "number" }, { "type": "string" }, { "type": "boolean" }],
            }),
        ),
        (
            "Integer",
            json!({
                "description": "An integer, a text of one (`\"11\"`, `\"11.0\"`), or a boolean as 1 or 0",
                "anyOf": [{ "type": "number" }, { "type": "string" }, { "type": "boolean" }],
            }),
        ),
        (
            "Boolean",
            json!({
                "description": "A boolean, 0 or 1, or in any case `true yes on t y 1 false no off f n 0`",
                "anyOf": [
                    { "type": "boolean" },
                    { "type": "number", "enum": [0, 1] },
                    { "type": "string", "pattern": "^(?i:true|yes|on|t|y|1|false|no|off|f|n|0)$" },
                ],
            }),
        ),
        (
            "Day",
            json!({
                "description": "`YYYY-MM-DD`, or an instant at exactly midnight; not in the future",
                "anyOf": [{ "type": "string", "format": "date" }, { "type": "string" }, { "type": "number" }],
            }),
        ),
        (
            "ServiceState",
            symbols(&ServiceState::ALL.map(ServiceState::symbol)),
        ),
        ("Occupancy", symbols(&Occupancy::ALL.map(Occupancy::symbol))),
        (
            "ConnectorState",
            symbols(&ConnectorState::ALL.map(ConnectorState::symbol)),
        ),
    ])
}

#[expect(
    clippy::needless_pass_by_value,
    reason = "schemas are written in place"
)]
fn nullable(schema: Value) -> Value {
    json!({ "anyOf": [schema, { "type": "null" }] })
}

#[expect(
    clippy::needless_pass_by_value,
    reason = "schemas are written in place"
)]
fn list(item: Value, max: Option<u32>) -> Value {
    let mut list = json!({ "type": "array", "items": item });
    if let Some(max) = max {
        list["minItems"] = json!(1);
        list["maxItems"] = json!(max);
    }
    list
}

fn id() -> Value {
    json!({ "type": "string", "format": "uuid" })
}

#[expect(clippy::too_many_lines, reason = "a list: one entry each")]
fn events() -> Map<String, Value> {
    let connector = || nullable(reference("schemas", "ConnectorState"));
    let point = || json!({ "type": "string", "description": "A charge point of the directory", "examples": ["FRFASE3300401"] });
    let created = json!({
        "type": "object", "required": ["size", "items"],
        "properties": {
            "size": { "type": "integer", "minimum": 1 },
            "items": list(id(), None),
            "errors": list(reference("schemas", "ItemError"), None), "errors_total": { "type": "integer" },
            "warnings": list(reference("schemas", "ItemError"), None), "warnings_total": { "type": "integer" },
        },
    });
    named([
        (
            "Status",
            json!({
                "type": "object", "required": ["etat_pdc", "occupation_pdc", "horodatage", "id_pdc_itinerance"],
                "properties": {
                    "etat_pdc": reference("schemas", "ServiceState"),
                    "occupation_pdc": reference("schemas", "Occupancy"),
                    "horodatage": reference("schemas", "Instant"),
                    "etat_prise_type_2": connector(), "etat_prise_type_combo_ccs": connector(),
                    "etat_prise_type_chademo": connector(), "etat_prise_type_ef": connector(),
                    "id_pdc_itinerance": point(),
                },
                "examples": [{
                    "id_pdc_itinerance": "FRFASE3300401", "etat_pdc": "en_service", "occupation_pdc": "libre",
                    "horodatage": "2026-11-23T17:09:50.662496Z",
                }],
            }),
        ),
        (
            "Session",
            json!({
                "type": "object", "required": ["start", "end", "energy", "id_pdc_itinerance"],
                "properties": {
                    "start": reference("schemas", "Instant"), "end": reference("schemas", "Instant"),
                    "energy": { "description": "kWh, 0 to 1000", "allOf": [reference("schemas", "Number")] },
                    "id_pdc_itinerance": point(),
                },
                "examples": [{
                    "id_pdc_itinerance": "FRFASE3300401", "start": "2026-11-23T14:26:44Z", "end": "2026-11-23T16:06:41Z",
                    "energy": 12.345_67,
                }],
            }),
        ),
        (
            "Statuses",
            list(reference("schemas", "Status"), Some(1_000)),
        ),
        (
            "Sessions",
            list(reference("schemas", "Session"), Some(1_000)),
        ),
        (
            "Examined",
            json!({ "anyOf": [
            reference("schemas", "Status"), reference("schemas", "Session"),
            list(json!({ "anyOf": [reference("schemas", "Status"), reference("schemas", "Session")] }), Some(1_000)),
        ] }),
        ),
        (
            "Created",
            json!({
                "type": "object", "required": ["id"],
                "properties": {
                    "id": id(),
                    "warnings": list(reference("schemas", "ItemError"), None), "warnings_total": { "type": "integer" },
                },
            }),
        ),
        ("CreatedMany", created),
        (
            "Examination",
            json!({
                "type": "object", "required": ["kind", "size", "accepted", "items", "errors", "warnings"],
                "properties": {
                    "kind": { "description": "null when there are both", "enum": ["status", "session", null] },
                    "size": { "type": "integer", "minimum": 1 }, "accepted": { "type": "integer", "minimum": 0 },
                    "items": list(id(), None),
                    "errors": list(reference("schemas", "ItemError"), None), "errors_total": { "type": "integer" },
                    "warnings": list(reference("schemas", "ItemError"), None), "warnings_total": { "type": "integer" },
                },
            }),
        ),
    ])
}

/// What a field of a static record takes, and what it gives.
fn field(key: &str) -> (Value, Value) {
    let text = || json!({ "type": "string" });
    let lax = |name: &str, shown: Value| (reference("schemas", name), shown);
    let of = |symbols: &[&str]| (json!({ "type": "string", "enum": symbols }), text());
    let pattern = |pattern: &str| (json!({ "type": "string", "pattern": pattern }), text());
    match key {
        "siren_amenageur" => pattern(r"^\d{9}$"),
        "contact_amenageur" | "contact_operateur" => (
            json!({ "type": "string", "format": "email", "maxLength": 254 }),
            text(),
        ),
        "id_station_itinerance" => pattern(value::STATION_ID_PATTERN),
        "id_pdc_itinerance" => pattern(value::CHARGE_POINT_ID_PATTERN),
        "implantation_station" => of(&value::IMPLANTATION),
        "code_insee_commune" => pattern(value::INSEE_CODE_PATTERN),
        "coordonneesXY" => (
            json!({ "type": "string", "examples": ["[2.35, 48.85]", "POINT(2.35 48.85)"] }),
            text(),
        ),
        "nbre_pdc" => lax("Integer", json!({ "type": "integer", "minimum": 1 })),
        "puissance_nominale" => lax(
            "Number",
            json!({ "type": "number", "minimum": 1.3, "maximum": 4_000 }),
        ),
        "condition_acces" => of(&value::ACCESS),
        "horaires" => (
            json!({ "type": "string", "examples": ["24/7", "Mo-Fr 08:00-18:00"] }),
            text(),
        ),
        "accessibilite_pmr" => of(&value::ACCESSIBILITY),
        "restriction_gabarit" => (json!({ "type": "string", "minLength": 2 }), text()),
        // A record from before the rule may have none.
        "raccordement" => (
            json!({ "type": "string", "enum": value::CONNECTION }),
            nullable(text()),
        ),
        "num_pdl" => (
            nullable(json!({ "type": "string", "maxLength": 64 })),
            nullable(text()),
        ),
        "date_maj" | "date_mise_en_service" => {
            lax("Day", json!({ "type": "string", "format": "date" }))
        }
        "gratuit"
        | "paiement_cb"
        | "paiement_autre"
        | "cable_t2_attache"
        | "prise_type_ef"
        | "prise_type_2"
        | "prise_type_combo_ccs"
        | "prise_type_chademo"
        | "prise_type_autre"
        | "paiement_acte"
        | "reservation"
        | "station_deux_roues" => lax("Boolean", json!({ "type": "boolean" })),
        _ => (text(), text()),
    }
}

/// Fields that may be absent or null.
const OPTIONAL: [&str; 9] = [
    "id_station_local",
    "id_pdc_local",
    "tarification",
    "observations",
    "gratuit",
    "paiement_cb",
    "paiement_autre",
    "cable_t2_attache",
    "date_mise_en_service",
];

fn statique() -> Map<String, Value> {
    let is_optional = |key: &&str| OPTIONAL.contains(key);
    let mut taken = Map::new();
    let mut shown = Map::new();
    for key in KEYS {
        let (input, output) = field(key);
        let (input, output) = if is_optional(&key) {
            (nullable(input), nullable(output))
        } else {
            (input, output)
        };
        taken.insert(key.to_owned(), input);
        shown.insert(key.to_owned(), output);
    }
    let required: Vec<_> = KEYS.into_iter().filter(|key| !is_optional(key)).collect();
    named([
        (
            "Statique",
            json!({ "type": "object", "required": KEYS.to_vec(), "properties": shown }),
        ),
        (
            "StatiqueInput",
            json!({
                "type": "object", "required": required, "properties": taken,
                "description": "IRVE statique 2.3.1. Free texts are trimmed. The station fields agree within a list.",
            }),
        ),
        (
            "StatiqueInputs",
            list(reference("schemas", "StatiqueInput"), Some(1_000)),
        ),
        (
            "StatiqueCreated",
            json!({
                "type": "object", "required": ["message", "items", "size"],
                "properties": {
                    "message": { "const": "Statique items created" },
                    "items": list(json!({ "type": "string" }), None), "size": { "type": "integer", "minimum": 1 },
                    "errors": list(reference("schemas", "ItemError"), None), "errors_total": { "type": "integer" },
                    "warnings": list(reference("schemas", "ItemError"), None), "warnings_total": { "type": "integer" },
                },
            }),
        ),
        (
            "StatiquePage",
            json!({
                "type": "object", "required": ["limit", "offset", "total", "previous", "next", "items", "size"],
                "properties": {
                    "limit": { "type": "integer", "minimum": 0, "maximum": 100 }, "offset": { "type": "integer", "minimum": 0 },
                    "total": { "type": "integer", "minimum": 0 }, "size": { "type": "integer", "minimum": 0 },
                    "previous": { "type": ["string", "null"], "format": "uri" }, "next": { "type": ["string", "null"], "format": "uri" },
                    "items": list(reference("schemas", "Statique"), None),
                },
            }),
        ),
    ])
}

fn errors() -> Map<String, Value> {
    let codes = Code::ALL.map(Code::name).to_vec();
    named([
        (
            "ItemError",
            json!({
                "type": "object", "required": ["index", "id_pdc_itinerance", "rule", "code", "field", "message"],
                "properties": {
                    "index": { "type": "integer", "minimum": 0 }, "id_pdc_itinerance": { "type": ["string", "null"] },
                    "rule": { "type": ["integer", "null"], "description": "QualiCharge's rule" },
                    "code": { "type": "string", "enum": codes }, "field": { "type": ["string", "null"] },
                    "message": { "type": "string" },
                },
            }),
        ),
        (
            "Detail",
            json!({
                "type": "object", "required": ["type", "loc", "msg", "input"],
                "properties": {
                    "type": { "type": "string" }, "msg": { "type": "string" },
                    "loc": { "type": "array", "items": { "type": ["string", "integer"] } },
                    "input": { "description": "The value, when it is short" }, "ctx": { "type": "object" },
                },
            }),
        ),
        (
            "Refusal",
            json!({
                "type": "object", "required": ["detail"],
                "properties": {
                    "detail": { "type": "string" }, "errors": list(reference("schemas", "ItemError"), None),
                    "errors_total": { "type": "integer" },
                },
            }),
        ),
        (
            "Message",
            json!({
                "type": "object", "required": ["message"],
                "properties": {
                    "message": { "type": "string" }, "detail": { "type": "string" },
                    "errors": list(reference("schemas", "ItemError"), None), "errors_total": { "type": "integer" },
                },
            }),
        ),
        (
            "Invalid",
            json!({
                "type": "object",
                "anyOf": [{ "required": ["detail"] }, { "required": ["message", "size", "items", "errors"] }],
                "properties": {
                    "detail": list(reference("schemas", "Detail"), None), "errors": list(reference("schemas", "ItemError"), None),
                    "errors_total": { "type": "integer" },
                    "message": { "const": "No item accepted" }, "size": { "const": 0 }, "items": { "type": "array", "maxItems": 0 },
                },
            }),
        ),
    ])
}

fn token() -> Value {
    json!({
        "type": "object", "required": ["access_token", "token_type"],
        "properties": { "access_token": { "type": "string" }, "token_type": { "const": "bearer" } },
    })
}

fn login() -> Value {
    json!({
        "type": "object", "required": ["username", "password"],
        "properties": {
            "username": { "type": "string", "minLength": 1 }, "password": { "type": "string", "format": "password", "minLength": 1 },
            "grant_type": { "type": "string", "pattern": "^password$" }, "scope": { "type": "string" },
            "client_id": { "type": "string" }, "client_secret": { "type": "string" },
        },
    })
}

fn account() -> Value {
    let texts = || list(json!({ "type": "string" }), None);
    json!({
        "type": "object",
        "required": [
            "username", "email", "first_name", "last_name", "is_active", "is_staff", "is_superuser", "scopes", "groups",
        ],
        "properties": {
            "username": { "type": "string" }, "email": { "type": "string" },
            "first_name": { "type": ["string", "null"] }, "last_name": { "type": ["string", "null"] },
            "is_active": { "type": "boolean" }, "is_staff": { "type": "boolean" }, "is_superuser": { "type": "boolean" },
            "scopes": texts(), "groups": texts(),
        },
    })
}

fn stations() -> Value {
    list(
        json!({
            "type": "object", "required": ["id_station_itinerance", "nom_station", "num_pdl", "updated_at"],
            "properties": {
                "id_station_itinerance": { "type": "string" }, "nom_station": { "type": "string" },
                "num_pdl": { "type": "string" }, "updated_at": { "type": "string", "format": "date-time" },
            },
        }),
        None,
    )
}
