//! An identity provider on loopback, with keys of its own, and the tokens that it signs.

use std::sync::atomic::{AtomicU16, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _, RSA_PKCS1_SHA256,
};
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use axum::{Json, Router};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use tokio::net::TcpListener;

/// A key pair with an id.
pub(crate) struct SigningKey {
    id: String,
    pair: Pair,
}

enum Pair {
    Rsa(rsa::KeyPair),
    Ec(EcdsaKeyPair),
    Ed(Ed25519KeyPair),
}

impl SigningKey {
    pub(crate) fn rsa(id: &str) -> Self {
        let pair = rsa::KeyPair::generate(rsa::KeySize::Rsa2048).unwrap();
        Self::of(id, Pair::Rsa(pair))
    }

    pub(crate) fn ec(id: &str) -> Self {
        let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap();
        Self::of(id, Pair::Ec(pair))
    }

    pub(crate) fn ed(id: &str) -> Self {
        Self::of(id, Pair::Ed(Ed25519KeyPair::generate().unwrap()))
    }

    fn of(id: &str, pair: Pair) -> Self {
        Self {
            id: id.to_owned(),
            pair,
        }
    }

    /// The public half, as it is published.
    pub(crate) fn published(&self) -> Value {
        let text = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        let mut key = match &self.pair {
            Pair::Rsa(pair) => {
                let public = pair.public_key();
                let n = public.modulus().big_endian_without_leading_zero();
                let e = public.exponent().big_endian_without_leading_zero();
                json!({ "kty": "RSA", "alg": "RS256", "n": text(n), "e": text(e) })
            }
            Pair::Ec(pair) => {
                let (x, y) = pair.public_key().as_ref()[1..].split_at(32);
                json!({ "kty": "EC", "crv": "P-256", "x": text(x), "y": text(y) })
            }
            Pair::Ed(pair) => {
                json!({ "kty": "OKP", "crv": "Ed25519", "x": text(pair.public_key().as_ref()) })
            }
        };
        key["kid"] = json!(self.id);
        key["use"] = json!("sig");
        key
    }

    /// The public half of an RSA key, DER.
    pub(crate) fn public_der(&self) -> Vec<u8> {
        match &self.pair {
            Pair::Rsa(pair) => pair.public_key().as_ref().to_vec(),
            Pair::Ec(_) | Pair::Ed(_) => panic!("not an RSA key"),
        }
    }

    fn algorithm(&self) -> &'static str {
        match self.pair {
            Pair::Rsa(_) => "RS256",
            Pair::Ec(_) => "ES256",
            Pair::Ed(_) => "EdDSA",
        }
    }

    /// A token with these claims.
    pub(crate) fn sign(&self, claims: &Value) -> String {
        self.sign_as(self.algorithm(), &self.id, claims)
    }

    /// A token whose header says what it likes.
    pub(crate) fn sign_as(&self, algorithm: &str, id: &str, claims: &Value) -> String {
        let message = message(
            &json!({ "alg": algorithm, "typ": "JWT", "kid": id }),
            claims,
        );
        let random = SystemRandom::new();
        let signature = match &self.pair {
            Pair::Rsa(pair) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(
                    &RSA_PKCS1_SHA256,
                    &random,
                    message.as_bytes(),
                    &mut signature,
                )
                .unwrap();
                signature
            }
            Pair::Ec(pair) => {
                let signature = pair.sign(&random, message.as_bytes()).unwrap();
                signature.as_ref().to_vec()
            }
            Pair::Ed(pair) => pair.sign(message.as_bytes()).as_ref().to_vec(),
        };
        format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature))
    }
}

/// The part of a token that is signed.
pub(crate) fn message(header: &Value, claims: &Value) -> String {
    let text = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    format!("{}.{}", text(header), text(claims))
}

/// The provider.
#[derive(Clone)]
pub(crate) struct IdentityProvider {
    pub(crate) issuer: String,
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    keys: Mutex<Vec<Value>>,
    /// What it calls itself, when that is not its address.
    alias: Mutex<Option<String>>,
    status: AtomicU16,
    questions: AtomicU64,
}

impl IdentityProvider {
    /// A provider that publishes `keys`.
    pub(crate) async fn start(keys: &[&SigningKey]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let provider = Self {
            issuer: format!("http://{address}"),
            shared: Arc::default(),
        };
        provider.publish(keys);
        provider.answer_with(StatusCode::OK);
        let router = Router::new()
            .route("/.well-known/openid-configuration", get(describe))
            .route("/keys", get(list))
            .with_state(provider.clone());
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        provider
    }

    /// Publishes other keys.
    pub(crate) fn publish(&self, keys: &[&SigningKey]) {
        *self.shared.keys.lock().unwrap() = keys.iter().map(|key| key.published()).collect();
    }

    /// Answers with this status from now on.
    pub(crate) fn answer_with(&self, status: StatusCode) {
        self.shared.status.store(status.as_u16(), Ordering::SeqCst);
    }

    /// Calls itself something else from now on.
    pub(crate) fn call_itself(&self, issuer: Option<&str>) {
        *self.shared.alias.lock().unwrap() = issuer.map(str::to_owned);
    }

    /// How often it was asked for its keys.
    pub(crate) fn questions(&self) -> u64 {
        self.shared.questions.load(Ordering::SeqCst)
    }

    fn answer(&self, body: Value) -> Response {
        let status = self.shared.status.load(Ordering::SeqCst);
        (StatusCode::from_u16(status).unwrap(), Json(body)).into_response()
    }
}

async fn describe(State(provider): State<IdentityProvider>) -> Response {
    let alias = provider.shared.alias.lock().unwrap().clone();
    let issuer = alias.unwrap_or_else(|| provider.issuer.clone());
    let keys = format!("{}/keys", provider.issuer);
    provider.answer(json!({ "issuer": issuer, "jwks_uri": keys }))
}

async fn list(State(provider): State<IdentityProvider>) -> Response {
    provider.shared.questions.fetch_add(1, Ordering::SeqCst);
    let keys = provider.shared.keys.lock().unwrap().clone();
    provider.answer(json!({ "keys": keys }))
}
