//! Who is let in.

use axum::body::Body;
use axum::http::{Request, header};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::{Value, json};

use crate::support::{Bench, SECRET, request, status};

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
        assert_eq!(answer.headers[header::CONNECTION], "close");
    }
    (answer.status, answer.body)
}

fn signed(claims: &Value) -> String {
    let key = EncodingKey::from_secret(SECRET.as_bytes());
    let token = jsonwebtoken::encode(&Header::new(Algorithm::HS256), claims, &key).unwrap();
    format!("Bearer {token}")
}

#[tokio::test]
async fn every_reason_for_401_has_its_text() {
    let bench = Bench::new();
    let claims = |exp: i64, aud: &str, email: &str| {
        signed(&json!({ "iss": "http://gateway", "aud": aud, "exp": exp, "email": email }))
    };
    let far = 9_999_999_999;
    let cases = [
        (
            claims(1, "account", "operator@example.com"),
            "Token signature expired",
        ),
        (
            claims(far, "other", "operator@example.com"),
            "Invalid audience",
        ),
        (
            claims(far, "account", "nobody@example.com"),
            "User is not registered yet",
        ),
        (
            claims(far, "account", "gone@example.com"),
            "User is not active",
        ),
        ("Bearer garbage".to_owned(), "Unable to decode ID token"),
    ];
    for (token, text) in cases {
        let expected = json!({ "message": format!("Authentication failed: {text}") });
        assert_eq!(with_token(&bench, &token).await, (401, expected));
    }
    let expected = json!({
        "detail": "Not authenticated",
        "message": "Authentication failed: Not authenticated",
    });
    for token in ["", "Basic x", "Bearer", "Bearer "] {
        assert_eq!(
            with_token(&bench, token).await,
            (401, expected.clone()),
            "{token}"
        );
    }
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

async fn login(bench: &Bench, form: &'static str) -> (u16, Value) {
    let request = Request::builder()
        .method("POST")
        .uri("/api/v1/auth/token")
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .body(Body::from(form))
        .unwrap();
    let answer = bench.send(request).await;
    (answer.status, answer.body)
}

#[tokio::test]
async fn a_wrong_login_says_no_more_than_that() {
    let bench = Bench::new();
    let expected = json!({ "message": "Authentication failed: Wrong login or password" });
    for form in ["username=nobody&password=x", "username=operator&password=x"] {
        assert_eq!(login(&bench, form).await, (401, expected.clone()), "{form}");
    }
    let (status, body) = login(&bench, "username=operator").await;
    assert_eq!(status, 422);
    assert_eq!(body["detail"][0]["loc"], json!(["body", "password"]));
    let (status, body) = login(&bench, "grant_type=x&username=a&password=b").await;
    assert_eq!(
        (status, &body["detail"][0]["type"]),
        (422, &json!("string_pattern_mismatch"))
    );
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
