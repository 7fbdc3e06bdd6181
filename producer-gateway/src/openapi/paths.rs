//! The paths: methods, parameters, bodies, and every answer.

use serde_json::{Map, Value, json};

use super::answers::{answer, empty, status};
use super::{named, reference};

/// What every operation on data may answer.
const ALWAYS: [&str; 6] = [
    "Unauthenticated",
    "Forbidden",
    "MethodNotAllowed",
    "TooMany",
    "Internal",
    "Unavailable",
];
/// What an operation with a body may answer as well.
const WITH_BODY: [&str; 4] = ["Unreadable", "TooSlow", "TooLarge", "Invalid"];

/// One operation.
struct Operation {
    tag: &'static str,
    id: &'static str,
    summary: &'static str,
    success: (&'static str, Value),
    failures: Vec<&'static str>,
    parameters: Vec<&'static str>,
    body: Option<Value>,
}

impl Operation {
    /// An operation on data, for callers with a token.
    fn new(
        (tag, id): (&'static str, &'static str),
        summary: &'static str,
        success: (&'static str, Value),
    ) -> Self {
        Self {
            tag,
            id,
            summary,
            success,
            failures: ALWAYS.to_vec(),
            parameters: Vec::new(),
            body: None,
        }
    }

    fn with_body(mut self, schema: &str) -> Self {
        let content = json!({ "application/json": { "schema": reference("schemas", schema) } });
        self.body = Some(json!({ "required": true, "content": content }));
        self.or(&WITH_BODY)
    }

    fn or(mut self, failures: &[&'static str]) -> Self {
        self.failures.extend(failures);
        self
    }

    fn with(mut self, parameters: &[&'static str]) -> Self {
        self.parameters.extend(parameters);
        self
    }

    fn render(self) -> Value {
        let mut responses = Map::new();
        let (code, answer) = self.success;
        responses.insert(code.to_owned(), answer);
        for name in self.failures {
            responses.insert(status(name).to_owned(), reference("responses", name));
        }
        let parameters = self.parameters.iter();
        let mut operation = json!({
            "tags": [self.tag],
            "operationId": self.id,
            "summary": self.summary,
            "parameters": parameters.map(|name| reference("parameters", name)).collect::<Vec<_>>(),
            "responses": responses,
            "security": [{ "token": [] }],
        });
        if let Some(body) = self.body {
            operation["requestBody"] = body;
        }
        operation
    }
}

/// The parameters by name.
#[expect(clippy::too_many_lines, reason = "a list: one entry each")]
pub(super) fn parameters() -> Map<String, Value> {
    let query = |name: &str, description: &str, schema: Value| json!({ "name": name, "in": "query", "description": description, "schema": schema });
    let path = |name: &str, description: &str, schema: Value| json!({ "name": name, "in": "path", "required": true, "description": description, "schema": schema });
    named([
        (
            "Partial",
            query(
                "partial",
                "Whether good items are accepted when others are refused",
                json!({ "type": "boolean" }),
            ),
        ),
        (
            "Prefer",
            json!({
                "name": "Prefer", "in": "header", "description": "`handling=lenient` asks for the same (RFC 7240)",
                "schema": { "type": "string" },
            }),
        ),
        (
            "Kind",
            query(
                "kind",
                "What the items are; without it each tells its own",
                json!({ "enum": ["status", "session"] }),
            ),
        ),
        (
            "Offset",
            query(
                "offset",
                "Where the page begins",
                json!({ "type": "integer", "minimum": 0, "default": 0 }),
            ),
        ),
        (
            "Limit",
            query(
                "limit",
                "How long the page is",
                json!({
                    "type": "integer", "minimum": 0, "maximum": 100, "default": 10,
                }),
            ),
        ),
        (
            "After",
            query(
                "after",
                "Only stations that changed after this instant of the past",
                json!({
                    "type": "string", "anyOf": [{ "format": "date-time" }, { "format": "date" }],
                }),
            ),
        ),
        (
            "ChargePoint",
            path(
                "id_pdc_itinerance",
                "A charge point",
                json!({ "type": "string", "minLength": 1 }),
            ),
        ),
        (
            "Siren",
            path(
                "siren",
                "The owner's SIREN",
                json!({ "type": "string", "pattern": "^[0-9]{9}$" }),
            ),
        ),
    ])
}

/// All paths.
pub(super) fn paths() -> Map<String, Value> {
    let mut paths = accounts();
    paths.extend(dynamique());
    paths.extend(statique());
    paths.extend(documents());
    let stations = (
        "200",
        answer("Stations with a grid connection, ordered by id", "Stations"),
    );
    let stations = Operation::new(
        ("manage", "stations"),
        "Stations of a company, of all units",
        stations,
    );
    paths.extend(named([(
        "/manage/station/siren/{siren}",
        json!({ "get": stations.with(&["Siren", "After"]).or(&["Absent", "Invalid"]).render() }),
    )]));
    paths
}

fn accounts() -> Map<String, Value> {
    let token = Operation::new(
        ("auth", "token"),
        "A token for a name and a password",
        ("200", answer("A token", "Token")),
    );
    let mut token = token.or(&WITH_BODY).or(&["Absent"]).render();
    let form =
        json!({ "application/x-www-form-urlencoded": { "schema": reference("schemas", "Login") } });
    token["requestBody"] = json!({ "required": true, "content": form });
    token["security"] = json!([]);
    if let Some(responses) = token["responses"].as_object_mut() {
        responses.remove("403");
    }
    let whoami = Operation::new(
        ("auth", "whoami"),
        "Who one is",
        ("200", answer("The account", "Account")),
    );
    named([
        ("/auth/token", json!({ "post": token })),
        ("/auth/whoami", json!({ "get": whoami.render() })),
    ])
}

fn dynamique() -> Map<String, Value> {
    let one = |id, summary, schema: &str| {
        let created = ("201", answer("Stored", "Created"));
        let operation = Operation::new(("dynamique", id), summary, created);
        json!({ "post": operation.with_body(schema).or(&["Absent"]).render() })
    };
    let many = |id, summary, schema: &str| {
        let created = ("201", lenient(answer("Stored", "CreatedMany")));
        let operation =
            Operation::new(("dynamique", id), summary, created).with(&["Partial", "Prefer"]);
        json!({ "post": operation.with_body(schema).or(&["Absent"]).render() })
    };
    let examined = (
        "200",
        answer("What would become of each item", "Examination"),
    );
    let validate = Operation::new(
        ("dynamique", "validate"),
        "The same checks, and nothing stored",
        examined,
    );
    named([
        (
            "/dynamique/status/",
            one("status", "Send a status", "Status"),
        ),
        (
            "/dynamique/status/bulk",
            many("status-bulk", "Send statuses", "Statuses"),
        ),
        (
            "/dynamique/session/",
            one("session", "Send a session", "Session"),
        ),
        (
            "/dynamique/session/bulk",
            many("session-bulk", "Send sessions", "Sessions"),
        ),
        (
            "/dynamique/validate",
            json!({ "post": validate.with(&["Kind"]).with_body("Examined").render() }),
        ),
    ])
}

/// An answer that may confirm a preference.
fn lenient(mut answer: Value) -> Value {
    answer["headers"]["Preference-Applied"] = reference("headers", "PreferenceApplied");
    answer
}

#[expect(clippy::too_many_lines, reason = "a list: one entry each")]
fn statique() -> Map<String, Value> {
    let operation = |id, summary, success| Operation::new(("statique", id), summary, success);
    let list = operation(
        "statique-list",
        "Active charge points of the caller's units",
        ("200", answer("A page", "StatiquePage")),
    );
    let create = operation(
        "statique-create",
        "Add a charge point",
        ("201", answer("Stored", "StatiqueCreated")),
    );
    let bulk = ("201", lenient(answer("Stored", "StatiqueCreated")));
    let bulk = operation("statique-bulk", "Add or update charge points", bulk)
        .with(&["Partial", "Prefer"]);
    let show = operation(
        "statique-show",
        "One charge point",
        ("200", answer("The record", "Statique")),
    );
    let update = operation(
        "statique-update",
        "Update a charge point",
        ("200", answer("The record as it is now", "Statique")),
    );
    let gone = operation(
        "statique-decommission",
        "Decommission a charge point",
        ("204", empty("Decommissioned")),
    );
    let up = operation(
        "statique-recommission",
        "Put a charge point into service again",
        ("204", empty("In service")),
    );
    named([
        (
            "/statique/",
            json!({
                "get": list.with(&["Offset", "Limit"]).or(&["Invalid"]).render(),
                "post": create.with_body("StatiqueInput").or(&["Absent", "Exists"]).render(),
            }),
        ),
        (
            "/statique/bulk",
            json!({ "post": bulk.with_body("StatiqueInputs").or(&["Absent"]).render() }),
        ),
        (
            "/statique/{id_pdc_itinerance}",
            json!({
                "parameters": [reference("parameters", "ChargePoint")],
                "get": show.or(&["Absent"]).render(),
                "put": update.with_body("StatiqueInput").or(&["Absent", "PathMismatch"]).render(),
                "delete": gone.or(&["Absent"]).render(),
            }),
        ),
        (
            "/statique/{id_pdc_itinerance}/up",
            json!({
                "parameters": [reference("parameters", "ChargePoint")],
                "post": up.or(&["Absent"]).render(),
            }),
        ),
    ])
}

fn documents() -> Map<String, Value> {
    let open = |id, summary, kind: &str, schema: Value| {
        let mut shown = empty("It");
        shown["content"] = Value::Object(Map::from_iter([(
            kind.to_owned(),
            json!({ "schema": schema }),
        )]));
        let mut operation = Operation::new(("docs", id), summary, ("200", shown));
        operation.failures = vec!["MethodNotAllowed", "Internal"];
        let mut operation = operation.render();
        operation["security"] = json!([]);
        json!({ "get": operation })
    };
    let page = open(
        "docs",
        "Swagger UI",
        "text/html",
        json!({ "type": "string" }),
    );
    let document = open(
        "openapi",
        "This document",
        "application/json",
        json!({ "type": "object" }),
    );
    named([("/docs", page), ("/openapi.json", document)])
}
