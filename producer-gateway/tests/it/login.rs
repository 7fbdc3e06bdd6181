//! Name and password to token.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::http::{Request, header};
use platform::secret::Secret;
use producer_gateway::auth::{Auth, Tokens, Users, password};
use producer_gateway::http::client::Peer;
use serde_json::{Value, json};

use crate::support::{Answer, Bench, ISSUER, SECRET};

/// `legacy-ahead` as QualiCharge stores it; made with the C library.
const BCRYPT: &str = "$2b$06$abcdefghijklmnopqrstuuOILnboaOyyDeszsQmIXJyl7kLjna/ZW";
const FORM: &str = "application/x-www-form-urlencoded";

/// A gateway whose operator has the password `charge-ahead`.
pub(crate) fn bench() -> Bench {
    let tokens = Tokens::new(&Secret::new(SECRET), ISSUER, 1_800).unwrap();
    Bench::with_auth(Auth::new(Users::parse(&users()).unwrap(), tokens))
}

/// The users file of [`bench`].
pub(crate) fn users() -> String {
    let hash = password::hash("charge-ahead").unwrap();
    let account = |name: &str, more: &str| {
        format!("[[users]]\nusername = '{name}'\nemail = '{name}@example.com'\n{more}\n")
    };
    [
        account("operator", &format!("password_hash = '{hash}'")),
        account("legacy", &format!("password_hash = '{BCRYPT}'")),
        account(
            "gone",
            &format!("password_hash = '{hash}'\nis_active = false"),
        ),
        account("elsewhere", ""),
    ]
    .concat()
}

/// Logs in from an address.
pub(crate) async fn login(bench: &Bench, name: &str, password: &str, address: &str) -> Answer {
    send(
        bench,
        FORM,
        &format!("username={name}&password={password}"),
        address,
    )
    .await
}

async fn send(bench: &Bench, kind: &str, body: &str, address: &str) -> Answer {
    let mut request = Request::builder()
        .method("POST")
        .uri("/api/v1/auth/token")
        .header(header::CONTENT_TYPE, kind)
        .body(Body::from(body.to_owned()))
        .unwrap();
    let peer = SocketAddr::new(address.parse().unwrap(), 40_000);
    request.extensions_mut().insert(Peer(peer));
    bench.send(request).await
}

async fn form(bench: &Bench, body: &str) -> Answer {
    send(bench, FORM, body, "10.0.0.1").await
}

fn message(text: &str) -> Value {
    json!({ "message": format!("Authentication failed: {text}") })
}

fn failures(bench: &Bench, reason: &str) -> u64 {
    let failures = &bench.gateway.metrics.auth_failures;
    failures.with_label_values(&[reason]).get()
}

#[tokio::test]
async fn a_good_login_gives_a_token_that_is_let_in() {
    let bench = bench();
    for (name, password) in [("operator", "charge-ahead"), ("legacy", "legacy-ahead")] {
        let answer = login(&bench, name, password, "10.0.0.1").await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        assert_eq!(answer.body["token_type"], "bearer");
        assert_eq!(answer.body.as_object().unwrap().len(), 2);
        let token = answer.body["access_token"].as_str().unwrap();
        let request = Request::builder()
            .uri("/api/v1/auth/whoami")
            .header(header::AUTHORIZATION, format!("Bearer {token}"))
            .body(Body::empty())
            .unwrap();
        let shown = bench.send(request).await;
        assert_eq!((shown.status, &shown.body["username"]), (200, &json!(name)));
    }
}

#[tokio::test]
async fn a_token_says_what_the_contract_lists() {
    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;

    let answer = login(&bench(), "operator", "charge-ahead", "10.0.0.1").await;
    let token = answer.body["access_token"].as_str().unwrap();
    let parts: Vec<Value> = token
        .split('.')
        .take(2)
        .map(|part| serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap())
        .collect();
    assert_eq!(parts[0], json!({ "typ": "JWT", "alg": "HS256" }));
    let issued = parts[1]["iat"].as_i64().unwrap();
    assert_eq!(
        parts[1],
        json!({
            "iss": ISSUER, "sub": "operator", "aud": "account", "iat": issued,
            "exp": issued + 1_800, "scope": "", "email": "operator@example.com",
        })
    );
}

#[tokio::test]
async fn a_wrong_login_says_no_more_than_that() {
    let bench = bench();
    for (name, password) in [
        ("nobody", "charge-ahead"),
        ("operator", "charge-behind"),
        ("legacy", "charge-ahead"),
        ("gone", "charge-behind"),
        ("elsewhere", "charge-ahead"),
        ("OPERATOR", "charge-ahead"),
    ] {
        let answer = login(&bench, name, password, "10.0.0.1").await;
        assert_eq!(
            (answer.status, answer.body),
            (401, message("Wrong login or password")),
            "{name}"
        );
        assert_eq!(answer.headers[header::WWW_AUTHENTICATE], "Bearer");
    }
    let answer = login(&bench, "gone", "charge-ahead", "10.0.0.1").await;
    assert_eq!(
        (answer.status, answer.body),
        (401, message("User is not active"))
    );
    assert_eq!(failures(&bench, "wrong_login"), 6);
    assert_eq!(failures(&bench, "inactive"), 1);
}

#[tokio::test]
async fn what_is_missing_or_wrong_in_the_form_is_named() {
    let missing = |field: &str| json!({ "type": "missing", "loc": ["body", field], "msg": "Field required", "input": null });
    let both = vec![missing("username"), missing("password")];
    let grant = json!({
        "type": "string_pattern_mismatch", "loc": ["body", "grant_type"],
        "msg": "String should match pattern '^password$'", "input": "x",
        "ctx": { "pattern": "^password$" },
    });
    let bench = bench();
    let cases = [
        (FORM, "", both.clone()),
        (FORM, "username=&password=", both.clone()),
        (FORM, "username=operator", vec![missing("password")]),
        (FORM, "password=x", vec![missing("username")]),
        (
            FORM,
            "grant_type=x&username=a&password=b",
            vec![grant.clone()],
        ),
        (
            FORM,
            "grant_type=x",
            vec![grant, missing("username"), missing("password")],
        ),
        (
            "application/json",
            r#"{"username":"operator","password":"charge-ahead"}"#,
            both.clone(),
        ),
        ("multipart/form-data; boundary=x", "--x--", both.clone()),
        (
            "application/x-www-form-urlencoded-not",
            "username=a&password=b",
            both,
        ),
    ];
    for (kind, body, details) in cases {
        let answer = send(&bench, kind, body, "10.0.0.1").await;
        assert_eq!(
            (answer.status, answer.body),
            (422, json!({ "detail": details })),
            "{kind} {body}"
        );
    }
    for accepted in [
        "username=operator&password=charge-ahead&grant_type=password&scope=x&client_id=y&client_secret=z",
        "grant_type=&username=operator&password=charge-ahead",
        "username=x&username=operator&password=charge%2Dahead",
    ] {
        assert_eq!(form(&bench, accepted).await.status, 200, "{accepted}");
    }
    let answer = send(
        &bench,
        "Application/X-WWW-Form-Urlencoded; charset=utf-8",
        "username=operator&password=charge-ahead",
        "10.0.0.1",
    )
    .await;
    assert_eq!(answer.status, 200);
}

#[tokio::test]
async fn a_form_is_short_and_not_compressed() {
    let bench = bench();
    let long = format!("username=operator&password={}", "x".repeat(16 * 1024));
    let answer = form(&bench, &long).await;
    assert_eq!(
        (answer.status, answer.body),
        (413, json!({ "detail": "The request body is too large" }))
    );
    for (encoding, status) in [("gzip", 400), ("br", 400), ("identity", 401)] {
        let request = Request::builder()
            .method("POST")
            .uri("/api/v1/auth/token")
            .header(header::CONTENT_TYPE, FORM)
            .header(header::CONTENT_ENCODING, encoding)
            .body(Body::from("username=operator&password=x"))
            .unwrap();
        assert_eq!(bench.send(request).await.status, status, "{encoding}");
    }
}

#[tokio::test]
async fn the_sixth_wrong_login_waits() {
    let bench = bench();
    for _ in 0..5 {
        let answer = login(&bench, "operator", "x", "10.0.0.1").await;
        assert_eq!(answer.status, 401);
    }
    for password in ["x", "charge-ahead"] {
        let answer = login(&bench, "operator", password, "10.0.0.1").await;
        assert_eq!(answer.status, 429);
        let seconds: u64 = answer.headers[header::RETRY_AFTER]
            .to_str()
            .unwrap()
            .parse()
            .unwrap();
        assert!((1..=60).contains(&seconds), "{seconds}");
        let text = format!("Too many requests, try again in {seconds} s");
        assert_eq!(answer.body, json!({ "message": text }));
    }
    assert_eq!(failures(&bench, "throttled"), 2);
    let elsewhere = login(&bench, "operator", "charge-ahead", "10.0.0.2").await;
    assert_eq!(elsewhere.status, 200);
    let another = login(&bench, "legacy", "legacy-ahead", "10.0.0.1").await;
    assert_eq!(another.status, 200);
}

#[tokio::test]
async fn right_logins_are_free() {
    let bench = bench();
    for _ in 0..8 {
        let answer = login(&bench, "legacy", "legacy-ahead", "10.0.0.1").await;
        assert_eq!(answer.status, 200);
    }
}

#[tokio::test]
async fn an_address_fails_thirty_times_whatever_the_names() {
    let bench = bench();
    for number in 0..30 {
        let answer = login(&bench, &format!("u{number}"), "x", "10.0.0.1").await;
        assert_eq!(answer.status, 401, "{number}");
    }
    let answer = login(&bench, "operator", "charge-ahead", "10.0.0.1").await;
    assert_eq!(answer.status, 429);
    assert_eq!(answer.headers[header::CONNECTION], "close");
    let elsewhere = login(&bench, "operator", "charge-ahead", "10.0.0.2").await;
    assert_eq!(elsewhere.status, 200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn wrong_logins_at_the_same_time_count_like_others() {
    let bench = Arc::new(bench());
    let attempts: Vec<_> = (0..12)
        .map(|_| {
            let bench = Arc::clone(&bench);
            tokio::spawn(async move { login(&bench, "operator", "x", "10.0.0.1").await.status })
        })
        .collect();
    let mut statuses = Vec::new();
    for attempt in attempts {
        statuses.push(attempt.await.unwrap());
    }
    let count = |status| statuses.iter().filter(|found| **found == status).count();
    assert_eq!((count(401), count(429)), (5, 7), "{statuses:?}");
}

#[tokio::test]
async fn only_so_many_logins_wait() {
    let bench = Arc::new(bench());
    let attempts: Vec<_> = (0..100)
        .map(|number| {
            let bench = Arc::clone(&bench);
            let address = format!("10.0.1.{number}");
            tokio::spawn(async move { login(&bench, "operator", "x", &address).await })
        })
        .collect();
    let (mut shed, mut verified) = (0, 0);
    for attempt in attempts {
        let answer = attempt.await.unwrap();
        if answer.status == 503 {
            assert_eq!(answer.headers[header::RETRY_AFTER], "1");
            shed += 1;
        } else {
            assert_eq!(answer.status, 401);
            verified += 1;
        }
    }
    // A place that becomes free meanwhile is taken by one that comes later.
    assert!(shed > 0 && verified >= 66, "{shed} {verified}");
}

/// The least of several, which noise does not lengthen.
async fn least(bench: &Bench, name: &str, subnet: u8) -> Duration {
    let mut least = Duration::MAX;
    for number in 0..7 {
        let start = tokio::time::Instant::now();
        let answer = login(bench, name, "x", &format!("10.1.{subnet}.{number}")).await;
        assert_eq!(answer.status, 401);
        least = least.min(start.elapsed());
    }
    least
}

#[tokio::test]
async fn an_unknown_name_takes_as_long_as_a_wrong_password() {
    let hash = password::hash("charge-ahead").unwrap();
    let users = format!(
        "[[users]]\nusername = 'operator'\nemail = 'o@a.fr'\npassword_hash = '{hash}'\n\
         [[users]]\nusername = 'elsewhere'\nemail = 'e@a.fr'"
    );
    let tokens = Tokens::new(&Secret::new(SECRET), ISSUER, 1_800).unwrap();
    let bench = Bench::with_auth(Auth::new(Users::parse(&users).unwrap(), tokens));
    let wrong = least(&bench, "operator", 1).await.as_secs_f64();
    for (subnet, name) in [(2, "nobody"), (3, "elsewhere")] {
        let unknown = least(&bench, name, subnet).await.as_secs_f64();
        let ratio = unknown / wrong;
        // Without a verification it would be a thousandth; a busy machine may double either.
        assert!(
            (0.1..10.0).contains(&ratio),
            "{name}: {unknown} s, {wrong} s"
        );
    }
}
