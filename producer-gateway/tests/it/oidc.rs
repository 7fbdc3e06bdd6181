//! Tokens of an identity provider.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use jsonwebtoken::{Algorithm, EncodingKey};
use platform::WallClock as _;
use platform::wall_clock::SystemClock;
use producer_gateway::auth::oidc::provider::Provider;
use producer_gateway::auth::{Auth, Oidc, Users};
use producer_gateway::metrics::Metrics;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;

use crate::identity_provider::{IdentityProvider, SigningKey, message};
use crate::support::{Answer, Bench, USERS};

/// How long a condition is waited for.
const PATIENCE: Duration = Duration::from_secs(20);

/// A gateway that trusts a provider, and the task that keeps its keys fresh.
struct Trusting {
    bench: Bench,
    issuer: String,
    /// Ends with the test.
    fresh: Option<AbortOnDropHandle<()>>,
}

impl Trusting {
    /// Not asked for keys yet.
    fn without_keys(provider: &IdentityProvider) -> Self {
        let refreshes = Metrics::new("test").unwrap().oidc_refreshes;
        let oidc = Oidc::new(
            Provider::new(&provider.issuer).unwrap(),
            "account",
            refreshes,
        );
        let auth = Auth::with_provider(Users::parse(USERS).unwrap(), oidc);
        Self {
            bench: Bench::with_auth(auth),
            issuer: provider.issuer.clone(),
            fresh: None,
        }
    }

    async fn new(provider: &IdentityProvider) -> Self {
        let mut trusting = Self::without_keys(provider);
        trusting.follow();
        let readiness = trusting.bench.gateway.readiness.clone();
        eventually(|| readiness.is_ready()).await;
        trusting
    }

    fn follow(&mut self) {
        let gateway = Arc::clone(&self.bench.gateway);
        let oidc = Arc::clone(gateway.auth.provider().unwrap());
        gateway.readiness.waiting("oidc-keys");
        self.fresh = Some(AbortOnDropHandle::new(tokio::spawn(async move {
            oidc.keep_fresh(&gateway.readiness, &CancellationToken::new())
                .await;
        })));
    }

    /// Good claims of the operator, with changes; null takes a claim away.
    fn claims(&self, changes: &Value) -> Value {
        let now = SystemClock.now_ms() / 1_000;
        let mut claims = json!({
            "iss": self.issuer, "sub": "0815", "aud": ["account", "other"], "iat": now,
            "exp": now + 300, "email": "operator@example.com", "email_verified": true,
            "scope": "openid email",
        });
        for (key, value) in changes.as_object().unwrap() {
            claims[key] = value.clone();
        }
        claims
            .as_object_mut()
            .unwrap()
            .retain(|_, value| !value.is_null());
        claims
    }

    async fn whoami(&self, token: &str) -> Answer {
        self.ask("GET", "/auth/whoami", token).await
    }

    async fn ask(&self, method: &str, path: &str, token: &str) -> Answer {
        let request = Request::builder()
            .method(method)
            .uri(format!("/api/v1{path}"))
            .header(header::AUTHORIZATION, format!("Bearer {token}"))
            .body(Body::empty())
            .unwrap();
        self.bench.send(request).await
    }

    async fn refused(&self, token: &str, text: &str) {
        let answer = self.whoami(token).await;
        let message = format!("Authentication failed: {text}");
        assert_eq!(answer.body, json!({ "message": message }));
        assert_eq!(answer.status, 401);
        assert_eq!(answer.headers[header::WWW_AUTHENTICATE], "Bearer");
    }

    async fn unavailable(&self, token: &str) {
        let answer = self.whoami(token).await;
        assert_eq!(answer.status, 503, "{}", answer.body);
        assert_eq!(answer.headers[header::RETRY_AFTER], "5");
        let text = "Service unavailable: nothing is promised, send the same request again";
        assert_eq!(answer.body, json!({ "message": text }));
    }

    fn failures(&self, reason: &str) -> u64 {
        let failures = &self.bench.gateway.metrics.auth_failures;
        failures.with_label_values(&[reason]).get()
    }
}

async fn eventually(condition: impl Fn() -> bool) {
    let waited = tokio::time::timeout(PATIENCE, async {
        while !condition() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    });
    waited.await.expect("the condition is fulfilled in time");
}

#[tokio::test]
async fn tokens_of_each_accepted_algorithm_are_good() {
    let keys = [
        SigningKey::rsa("r"),
        SigningKey::ec("e"),
        SigningKey::ed("d"),
    ];
    let provider = IdentityProvider::start(&[&keys[0], &keys[1], &keys[2]]).await;
    let trusting = Trusting::new(&provider).await;
    for key in &keys {
        let token = key.sign(&trusting.claims(&json!({})));
        for _ in 0..2 {
            let answer = trusting.whoami(&token).await;
            assert_eq!(answer.status, 200, "{}", answer.body);
            assert_eq!(answer.body["username"], "operator");
        }
    }
    assert_eq!(provider.questions(), 1);
}

#[tokio::test]
async fn each_claim_is_checked() {
    let key = SigningKey::ec("e");
    let provider = IdentityProvider::start(&[&key]).await;
    let trusting = Trusting::new(&provider).await;
    let now = SystemClock.now_ms() / 1_000;
    let cases = [
        (json!({ "exp": now - 1 }), "Token signature expired"),
        (json!({ "exp": now }), "Token signature expired"),
        (json!({ "exp": null }), "Unable to decode ID token"),
        (json!({ "nbf": now + 60 }), "Unable to decode ID token"),
        (json!({ "iat": now + 60 }), "Unable to decode ID token"),
        (json!({ "aud": "other" }), "Invalid audience"),
        (json!({ "aud": null }), "Invalid audience"),
        (
            json!({ "iss": "http://other" }),
            "Unable to decode ID token",
        ),
        (json!({ "iss": null }), "Unable to decode ID token"),
        (json!({ "email": null }), "Unable to decode ID token"),
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
        let token = key.sign(&trusting.claims(&changes));
        trusting.refused(&token, text).await;
    }
    assert_eq!(trusting.failures("expired"), 2);
    assert_eq!(trusting.failures("audience"), 2);
    assert_eq!(trusting.failures("unverified"), 1);
    assert_eq!(trusting.failures("unregistered"), 1);
    assert_eq!(trusting.failures("inactive"), 1);
    let answer = trusting
        .whoami(&key.sign(&trusting.claims(&json!({ "email_verified": null }))))
        .await;
    assert_eq!(answer.status, 200);
}

#[tokio::test]
async fn a_token_cannot_choose_how_it_is_verified() {
    let (rsa, ec) = (SigningKey::rsa("r"), SigningKey::ec("e"));
    let provider = IdentityProvider::start(&[&rsa, &ec]).await;
    let trusting = Trusting::new(&provider).await;
    let claims = trusting.claims(&json!({}));
    let hs256 = |secret: &[u8]| {
        let message = message(&json!({ "alg": "HS256", "kid": "r" }), &claims);
        let key = EncodingKey::from_secret(secret);
        let signature = jsonwebtoken::crypto::sign(message.as_bytes(), &key, Algorithm::HS256);
        format!("{message}.{}", signature.unwrap())
    };
    let published = rsa.published();
    let modulus = published["n"].as_str().unwrap();
    let good = rsa.sign(&claims);
    let (signed, signature) = good.rsplit_once('.').unwrap();
    let header = signed.split_once('.').unwrap().0;
    let other = message(
        &json!({}),
        &trusting.claims(&json!({ "email": "admin@example.com" })),
    );
    let payload = other.split_once('.').unwrap().1;
    let cases = [
        hs256(&rsa.public_der()),
        hs256(modulus.as_bytes()),
        hs256(b""),
        format!(
            "{}.",
            message(&json!({ "alg": "none", "kid": "r" }), &claims)
        ),
        format!("{}.", message(&json!({ "alg": "none" }), &claims)),
        rsa.sign_as("RS512", "r", &claims),
        rsa.sign_as("PS256", "r", &claims),
        rsa.sign_as("RS256", "e", &claims),
        ec.sign_as("ES256", "r", &claims),
        SigningKey::rsa("r").sign(&claims),
        SigningKey::ec("e").sign(&claims),
        format!("{header}.{payload}.{signature}"),
        format!("{signed}."),
        signed.to_owned(),
        "garbage".to_owned(),
    ];
    for token in cases {
        trusting.refused(&token, "Unable to decode ID token").await;
    }
    assert_eq!(trusting.whoami(&good).await.status, 200);
    assert_eq!(provider.questions(), 1);
}

#[tokio::test]
async fn the_scopes_of_the_token_are_added_to_those_of_the_file() {
    let key = SigningKey::ed("d");
    let provider = IdentityProvider::start(&[&key]).await;
    let trusting = Trusting::new(&provider).await;
    let token = |scope: &str| {
        let changes = json!({ "email": "reader@example.com", "scope": scope });
        key.sign(&trusting.claims(&changes))
    };
    let without = trusting.ask("GET", "/statique/", &token("openid")).await;
    assert_eq!(without.status, 403);
    for scope in ["static:read", "openid all:read email"] {
        let answer = trusting.ask("GET", "/statique/", &token(scope)).await;
        assert_eq!(answer.status, 200, "{scope}: {}", answer.body);
        let shown = trusting.whoami(&token(scope)).await;
        assert_eq!(shown.body["scopes"], json!(["dynamic:read"]));
    }
}

#[tokio::test]
async fn there_is_no_login() {
    let provider = IdentityProvider::start(&[&SigningKey::ed("d")]).await;
    let trusting = Trusting::new(&provider).await;
    let request = Request::builder()
        .method("POST")
        .uri("/api/v1/auth/token")
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .body(Body::from("username=operator&password=charge-ahead"))
        .unwrap();
    let answer = trusting.bench.send(request).await;
    assert_eq!(
        (answer.status, answer.body),
        (404, json!({ "detail": "Not Found" }))
    );
}

#[tokio::test]
async fn without_keys_nothing_can_be_told_and_readiness_says_so() {
    let key = SigningKey::ed("d");
    let provider = IdentityProvider::start(&[&key]).await;
    provider.answer_with(StatusCode::INTERNAL_SERVER_ERROR);
    let mut trusting = Trusting::without_keys(&provider);
    let token = key.sign(&trusting.claims(&json!({})));
    trusting.unavailable(&token).await;
    trusting.follow();
    trusting.unavailable(&token).await;
    let readiness = trusting.bench.gateway.readiness.clone();
    assert_eq!(readiness.waiting_for(), ["oidc-keys"]);
    provider.call_itself(Some("http://other"));
    provider.answer_with(StatusCode::OK);
    trusting.unavailable(&token).await;
    assert_eq!(provider.questions(), 0);
    provider.call_itself(None);
    eventually(|| readiness.is_ready()).await;
    assert_eq!(trusting.whoami(&token).await.status, 200);
    assert_eq!(trusting.failures("no_keys"), 3);
}

#[tokio::test]
async fn a_new_key_is_good_at_once_and_a_withdrawn_one_no_longer() {
    let (old, new) = (SigningKey::ec("old"), SigningKey::ec("new"));
    let provider = IdentityProvider::start(&[&old]).await;
    let trusting = Trusting::new(&provider).await;
    let claims = trusting.claims(&json!({}));
    let (by_old, by_new) = (old.sign(&claims), new.sign(&claims));
    assert_eq!(trusting.whoami(&by_old).await.status, 200);
    provider.publish(&[&new]);
    assert_eq!(trusting.whoami(&by_old).await.status, 200);
    assert_eq!(trusting.whoami(&by_new).await.status, 200);
    trusting.refused(&by_old, "Unable to decode ID token").await;
    assert_eq!(provider.questions(), 2);
}

#[tokio::test]
async fn a_storm_of_unknown_keys_causes_one_question() {
    let key = SigningKey::ed("d");
    let provider = IdentityProvider::start(&[&key]).await;
    let trusting = Arc::new(Trusting::new(&provider).await);
    let stranger = SigningKey::ed("x");
    let claims = trusting.claims(&json!({}));
    let storm: Vec<_> = (0..80)
        .map(|number| {
            let token = stranger.sign_as("EdDSA", &format!("x{number}"), &claims);
            let trusting = Arc::clone(&trusting);
            tokio::spawn(async move { trusting.whoami(&token).await.status })
        })
        .collect();
    for request in storm {
        assert_eq!(request.await.unwrap(), 401);
    }
    let late = stranger.sign_as("EdDSA", "late", &claims);
    trusting.refused(&late, "Unable to decode ID token").await;
    assert_eq!(provider.questions(), 2);
    assert_eq!(trusting.whoami(&key.sign(&claims)).await.status, 200);
}

#[tokio::test]
async fn the_last_good_keys_serve_while_the_provider_is_down() {
    let key = SigningKey::ed("d");
    let provider = IdentityProvider::start(&[&key]).await;
    let trusting = Trusting::new(&provider).await;
    provider.answer_with(StatusCode::BAD_GATEWAY);
    let claims = trusting.claims(&json!({}));
    assert_eq!(trusting.whoami(&key.sign(&claims)).await.status, 200);
    let unknown = SigningKey::ed("x").sign(&claims);
    trusting.unavailable(&unknown).await;
    trusting.unavailable(&unknown).await;
    assert_eq!(trusting.whoami(&key.sign(&claims)).await.status, 200);
}
