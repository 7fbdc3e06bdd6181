//! Who is let in.

use axum::body::Body;
use axum::http::{Request, header};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use platform::WallClock as _;
use platform::secret::Secret;
use platform::wall_clock::{ManualClock, SystemClock};
use producer_gateway::auth::{Auth, Tokens, Users};
use serde_json::{Value, json};
use std::sync::Arc;

use crate::support::{Bench, ISSUER, SECRET, USERS, request, row, session, status, token};

async fn with_token(bench: &Bench, token: &str) -> (u16, Value) {
    let request = Request::builder()
        .method("POST")
        .uri("/api/v1/dynamique/status/")
        .header(header::CONTENT_TYPE, "application/json")
        .header(header::CONTENT_LENGTH, "2")
        .header(header::AUTHORIZATION, token)
        .body(Body::from("{}"))
        .unwrap();
    let answer = bench.send(request).await;
    if answer.status == 401 {
        assert_eq!(answer.headers[header::WWW_AUTHENTICATE], "Bearer");
    }
    (answer.status, answer.body)
}

/// A token as it is sent, with good claims of the operator but for the changes; null takes a claim
/// away.
fn claiming(changes: &Value) -> String {
    signed(Algorithm::HS256, SECRET, changes)
}

fn signed(algorithm: Algorithm, secret: &str, changes: &Value) -> String {
    let now = SystemClock.now_ms() / 1_000;
    let mut claims = json!({
        "iss": ISSUER, "sub": "operator", "aud": "account", "iat": now, "exp": now + 60,
        "scope": "", "email": "operator@example.com",
    });
    for (key, value) in changes.as_object().unwrap() {
        claims[key] = value.clone();
    }
    claims
        .as_object_mut()
        .unwrap()
        .retain(|_, value| !value.is_null());
    let key = EncodingKey::from_secret(secret.as_bytes());
    let token = jsonwebtoken::encode(&Header::new(algorithm), &claims, &key).unwrap();
    format!("Bearer {token}")
}

fn refusal(text: &str) -> (u16, Value) {
    let message = format!("Authentication failed: {text}");
    (401, json!({ "message": message }))
}

#[tokio::test]
async fn every_reason_for_401_has_its_text() {
    let bench = Bench::new();
    let now = SystemClock.now_ms() / 1_000;
    let (expired, undecodable) = ("Token signature expired", "Unable to decode ID token");
    let cases = [
        (json!({ "exp": now - 1 }), expired),
        (json!({ "exp": now }), expired),
        (json!({ "exp": null }), undecodable),
        (json!({ "exp": "never" }), undecodable),
        (json!({ "nbf": now + 60 }), undecodable),
        (json!({ "iat": now + 60 }), undecodable),
        (json!({ "iss": "http://other" }), undecodable),
        (json!({ "iss": null }), undecodable),
        (json!({ "email": null }), undecodable),
        (json!({ "aud": "other" }), "Invalid audience"),
        (json!({ "aud": ["other"] }), "Invalid audience"),
        (json!({ "aud": null }), "Invalid audience"),
        (
            json!({ "email_verified": false }),
            "E-mail address is not verified",
        ),
        (
            json!({ "email": "nobody@example.com" }),
            "User is not registered yet",
        ),
        (json!({ "email": "gone@example.com" }), "User is not active"),
    ];
    for (changes, text) in cases {
        let answer = with_token(&bench, &claiming(&changes)).await;
        assert_eq!(answer, refusal(text), "{changes}");
    }
    for changes in [
        json!({}),
        json!({ "aud": ["other", "account"] }),
        json!({ "iat": null, "scope": null, "sub": null }),
    ] {
        let (status, _) = with_token(&bench, &claiming(&changes)).await;
        assert_eq!(status, 422, "{changes}");
    }
    let failures = &bench.gateway.metrics.auth_failures;
    assert_eq!(failures.with_label_values(&["expired"]).get(), 2);
    assert_eq!(failures.with_label_values(&["undecodable"]).get(), 7);
}

#[tokio::test]
async fn a_token_cannot_choose_how_it_is_verified() {
    let bench = Bench::new();
    let good = claiming(&json!({}));
    let (signed_part, signature) = good.rsplit_once('.').unwrap();
    let unsigned = |header: &str| {
        let claims = signed_part.rsplit_once('.').unwrap().1;
        format!("Bearer {}.{claims}", URL_SAFE_NO_PAD.encode(header))
    };
    let other = claiming(&json!({ "email": "admin@example.com" }));
    let other = other.rsplit_once('.').unwrap().0;
    for token in [
        signed(
            Algorithm::HS256,
            "another secret of thirty-two bytes",
            &json!({}),
        ),
        signed(Algorithm::HS384, SECRET, &json!({})),
        signed(Algorithm::HS512, SECRET, &json!({})),
        format!("{}.", unsigned(r#"{"alg":"none"}"#)),
        format!("{}.{signature}", unsigned(r#"{"alg":"none"}"#)),
        format!("{}.{signature}", unsigned(r#"{"alg":"RS256"}"#)),
        format!("{other}.{signature}"),
        format!("{signed_part}."),
        format!("{good}="),
        signed_part.to_owned(),
        "Bearer garbage".to_owned(),
        "Bearer a.b.c".to_owned(),
    ] {
        let answer = with_token(&bench, &token).await;
        assert_eq!(answer, refusal("Unable to decode ID token"), "{token}");
    }
}

#[tokio::test]
async fn without_a_bearer_token_nobody_is_authenticated() {
    let bench = Bench::new();
    let expected = json!({
        "detail": "Not authenticated",
        "message": "Authentication failed: Not authenticated",
    });
    for token in ["", "Basic x", "Bearer", "Bearer ", "Token a.b.c"] {
        assert_eq!(
            with_token(&bench, token).await,
            (401, expected.clone()),
            "{token}"
        );
    }
    let request = Request::builder()
        .uri("/api/v1/auth/whoami")
        .body(Body::empty())
        .unwrap();
    let answer = bench.send(request).await;
    assert_eq!((answer.status, answer.body), (401, expected));
    assert_eq!(answer.headers[header::WWW_AUTHENTICATE], "Bearer");
}

#[tokio::test]
async fn a_token_that_was_good_is_over_to_the_second() {
    let clock = Arc::new(ManualClock::new(1_795_453_800_500));
    let tokens = || Tokens::new(&Secret::new(SECRET), ISSUER, 5).unwrap();
    let users = Users::parse(USERS).unwrap();
    let operator = users.by_name("operator").unwrap();
    let token = tokens().issue(&operator, clock.now_ms()).unwrap();
    let token = format!("Bearer {token}");
    let shared: Arc<ManualClock> = Arc::clone(&clock);
    let bench = Bench::with_auth(Auth::new(users, tokens()).with_clock(shared));
    assert_eq!(with_token(&bench, &token).await.0, 422);
    clock.set_ms(1_795_453_804_999);
    assert_eq!(with_token(&bench, &token).await.0, 422);
    clock.set_ms(1_795_453_805_000);
    let answer = with_token(&bench, &token).await;
    assert_eq!(answer, refusal("Token signature expired"));
}

#[tokio::test]
async fn a_scope_is_needed_before_the_body_is_looked_at() {
    let bench = Bench::with_points().await;
    let broken = request("POST", "/dynamique/status/", "reader")
        .body(Body::from("{"))
        .unwrap();
    let answer = bench.send(broken).await;
    assert_eq!(answer.status, 403);
    assert_eq!(
        answer.body,
        json!({ "message": "Unsufficient permissions: You are not allowed to access this ressource" })
    );
}

/// Every route that needs a scope, with one that it needs.
const NEEDS: [(&str, &str, &str); 13] = [
    ("GET", "/statique/", "static:read"),
    ("GET", "/statique/FRPD1EABC1", "static:read"),
    ("POST", "/statique/", "static:create"),
    ("POST", "/statique/bulk", "static:create"),
    ("PUT", "/statique/FRPD1EABC1", "static:update"),
    ("DELETE", "/statique/FRPD1EABC1", "static:delete"),
    ("POST", "/statique/FRPD1EABC1/up", "static:delete"),
    ("POST", "/dynamique/status/", "dynamic:create"),
    ("POST", "/dynamique/status/bulk", "dynamic:create"),
    ("POST", "/dynamique/session/", "dynamic:create"),
    ("POST", "/dynamique/session/bulk", "dynamic:create"),
    ("POST", "/dynamique/validate", "dynamic:create"),
    ("GET", "/manage/station/siren/891118473", "manage:read"),
];

#[tokio::test]
async fn each_route_needs_its_scope_and_no_other_helps() {
    let all = ["create", "read", "update", "delete"]
        .into_iter()
        .flat_map(|verb| ["static", "dynamic"].map(|area| format!("{area}:{verb}")))
        .chain(["manage:read".to_owned()]);
    let all: Vec<_> = all.collect();
    for (method, path, needed) in NEEDS {
        let (area, verb) = needed.split_once(':').unwrap();
        let wide = (area != "manage").then(|| format!("all:{verb}"));
        let granted: Vec<_> = all
            .iter()
            .filter(|scope| *scope == needed)
            .chain(&wide)
            .collect();
        let others: Vec<_> = all.iter().filter(|scope| *scope != needed).collect();
        for scope in granted {
            let status = with_scopes(&[scope], method, path).await;
            assert_ne!(status, 403, "{method} {path} with {scope}");
        }
        let status = with_scopes(&others, method, path).await;
        assert_eq!(status, 403, "{method} {path} with all but {needed}");
    }
}

/// The status code for an operator who has only these scopes.
async fn with_scopes(scopes: &[&String], method: &str, path: &str) -> u16 {
    let old = "[\"all:create\", \"all:read\", \"static:update\", \"static:delete\"]";
    assert!(USERS.contains(old));
    let users = Users::parse(&USERS.replace(old, &format!("{scopes:?}"))).unwrap();
    let tokens = Tokens::new(&Secret::new(SECRET), ISSUER, 1_800).unwrap();
    let bench = Bench::with_auth(Auth::new(users, tokens));
    bench.bare(method, path).await.status
}

#[tokio::test]
async fn the_scopes_of_a_token_are_added_to_those_of_the_file() {
    let bench = Bench::new();
    for (scope, expected) in [
        ("", 403),
        ("openid dynamic:create", 422),
        ("all:create", 422),
    ] {
        let changes = json!({ "email": "reader@example.com", "scope": scope });
        let (status, _) = with_token(&bench, &claiming(&changes)).await;
        assert_eq!(status, expected, "{scope}");
    }
}

#[tokio::test]
async fn a_superuser_needs_neither_scope_nor_unit() {
    let bench = Bench::with_points().await;
    let send = |method, path, body: Value| {
        let request = request(method, path, "admin").body(Body::from(body.to_string()));
        bench.send(request.unwrap())
    };
    let row = row("FRXYZE1", "FRXYZP1");
    assert_eq!(send("POST", "/statique/", row).await.status, 201);
    for (path, body) in [
        ("/dynamique/status/", status("FRXYZE1")),
        ("/dynamique/session/", session("FRFASE3300401")),
    ] {
        assert_eq!(send("POST", path, body).await.status, 201, "{path}");
    }
    let listed = send("GET", "/statique/?limit=10", Value::Null).await;
    assert_eq!(listed.body["total"], 4);
}

/// What is refused with which text when a unit is not the caller's, and what is sent.
fn foreign(id: &str) -> [(&'static str, String, Value, &'static str); 9] {
    let data = "You cannot submit data for an organization you are not assigned to";
    let statuses = "You cannot create statuses for this point of charge";
    let sessions = "You cannot create sessions for this point of charge";
    let named = "You don't manage this charge point";
    let (row, point) = (row(id, "FRXYZP1"), format!("/statique/{id}"));
    let path = str::to_owned;
    [
        ("POST", path("/dynamique/status/"), status(id), statuses),
        ("POST", path("/dynamique/session/"), session(id), sessions),
        (
            "POST",
            path("/dynamique/status/bulk"),
            json!([status(id)]),
            data,
        ),
        (
            "POST",
            path("/dynamique/session/bulk"),
            json!([session(id)]),
            data,
        ),
        ("POST", path("/statique/"), row.clone(), data),
        ("POST", path("/statique/bulk"), json!([row]), data),
        ("GET", point.clone(), Value::Null, named),
        ("PUT", point.clone(), row, named),
        ("DELETE", point, Value::Null, named),
    ]
}

#[tokio::test]
async fn data_of_a_foreign_unit_is_refused_before_it_is_told_whether_it_exists() {
    let bench = Bench::with_points().await;
    let admin = request("POST", "/statique/", "admin")
        .body(Body::from(row("FRXYZE1", "FRXYZP1").to_string()))
        .unwrap();
    assert_eq!(bench.send(admin).await.status, 201);
    for id in ["FRXYZE1", "FRXYZE2"] {
        for (method, path, body, text) in foreign(id) {
            let request = request(method, &path, "operator");
            let request = request.body(Body::from(body.to_string())).unwrap();
            let mut answer = bench.send(request).await;
            answer.body.as_object_mut().unwrap().remove("errors");
            let message = format!("Unsufficient permissions: {text}");
            assert_eq!(
                (answer.status, answer.body),
                (403, json!({ "message": message })),
                "{method} {path} {id}"
            );
        }
    }
}

#[tokio::test]
async fn one_sees_who_one_is() {
    let answer = Bench::new().bare("GET", "/auth/whoami").await;
    assert_eq!(answer.status, 200);
    assert_eq!(
        answer.body,
        json!({
            "username": "operator", "email": "operator@example.com", "first_name": null,
            "last_name": null, "is_active": true, "is_staff": false, "is_superuser": false,
            "scopes": ["all:create", "all:read", "static:update", "static:delete"],
            "groups": ["acme"],
        })
    );
}

#[tokio::test]
async fn one_sees_who_one_is_while_the_gateway_is_not_ready() {
    let bench = Bench::new();
    bench
        .gateway
        .is_open
        .store(false, std::sync::atomic::Ordering::SeqCst);
    assert_eq!(bench.bare("GET", "/auth/whoami").await.status, 200);
}

#[tokio::test]
async fn tokens_of_the_secret_before_are_good() {
    let previous = "the secret that was used last year";
    let tokens = Tokens::new(
        &Secret::new("a secret that is used this year ..."),
        ISSUER,
        60,
    );
    let tokens = tokens.unwrap().accepting(&Secret::new(SECRET)).unwrap();
    let bench = Bench::with_auth(Auth::new(Users::parse(USERS).unwrap(), tokens));
    let old = format!("Bearer {}", token("operator"));
    assert_eq!(with_token(&bench, &old).await.0, 422);
    let older = signed(Algorithm::HS256, previous, &json!({}));
    let answer = with_token(&bench, &older).await;
    assert_eq!(answer, refusal("Unable to decode ID token"));
}

#[tokio::test]
async fn paths_and_methods_are_refused_in_json() {
    let bench = Bench::new();
    let answer = bench.bare("GET", "/nothing").await;
    assert_eq!(
        (answer.status, answer.body),
        (404, json!({ "detail": "Not Found" }))
    );
    let answer = bench.bare("PUT", "/dynamique/status/").await;
    assert_eq!(
        (answer.status, answer.body),
        (405, json!({ "detail": "Method Not Allowed" }))
    );
    assert_eq!(answer.headers[header::ALLOW], "GET, HEAD, POST");
    assert!(answer.headers.contains_key("x-request-id"));
    for (path, to) in [
        ("/dynamique/status?a=1", "/dynamique/status/?a=1"),
        ("/statique", "/statique/"),
        ("/dynamique/status/bulk/", "/dynamique/status/bulk"),
        ("/statique/X/", "/statique/X"),
    ] {
        let answer = bench.bare("POST", path).await;
        assert_eq!((answer.status, answer.body), (307, Value::Null), "{path}");
        let location = answer.headers[header::LOCATION].to_str().unwrap();
        assert_eq!(location, format!("http://localhost:8000/api/v1{to}"));
    }
}

#[tokio::test]
async fn a_gateway_that_is_not_open_promises_nothing() {
    let bench = Bench::with_points().await;
    bench
        .gateway
        .is_open
        .store(false, std::sync::atomic::Ordering::SeqCst);
    let answer = bench
        .post("/dynamique/status/", &status("FRPD1EABC1"))
        .await;
    assert_eq!(answer.status, 503);
    assert_eq!(answer.headers[header::RETRY_AFTER], "1");
    let text = "Service unavailable: nothing is promised, send the same request again";
    assert_eq!(answer.body, json!({ "message": text }));
}
