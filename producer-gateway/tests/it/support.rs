//! A gateway without Kafka, and requests to it.

use std::sync::atomic::AtomicBool;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use axum::body::Body;
use axum::http::{HeaderMap, Request, header};
use domain::Span;
use http_body_util::BodyExt as _;
use platform::WallClock as _;
use platform::admin::Readiness;
use platform::secret::Secret;
use platform::wall_clock::{ManualClock, SystemClock};
use producer_gateway::auth::{Auth, Tokens, Users};
use producer_gateway::clock::ReceptionClock;
use producer_gateway::config::AccessLog as Watched;
use producer_gateway::dead_letter;
use producer_gateway::directory::Directory;
use producer_gateway::http::access_log::AccessLog;
use producer_gateway::http::budget::Budget;
use producer_gateway::http::client::TrustedProxies;
use producer_gateway::http::locks::StationLocks;
use producer_gateway::http::rate::Limiter;
use producer_gateway::http::{Gateway, Limits, router};
use producer_gateway::metrics::Metrics;
use producer_gateway::publisher::{Message, Publisher, Recording};
use serde_json::{Value, json};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt as _;

/// 2026-11-23T17:10:00Z.
pub(crate) const NOW_MS: i64 = 1_795_453_800_000;
/// What tokens are signed with.
pub(crate) const SECRET: &str = "0123456789abcdef0123456789abcdef";
/// What tokens name as their issuer.
pub(crate) const ISSUER: &str = "http://gateway";
/// The accounts.
pub(crate) const USERS: &str = r#"
[groups.acme]
units = ["FRPD1", "FRFAS"]
[[users]]
username = "operator"
email = "operator@example.com"
scopes = ["all:create", "all:read", "static:update", "static:delete"]
groups = ["acme"]
[[users]]
username = "reader"
email = "reader@example.com"
scopes = ["dynamic:read"]
groups = ["acme"]
[[users]]
username = "admin"
email = "admin@example.com"
is_superuser = true
[[users]]
username = "gone"
email = "gone@example.com"
is_active = false
"#;

/// A gateway and its log.
pub(crate) struct Bench {
    pub(crate) gateway: Arc<Gateway>,
    pub(crate) log: Arc<Recording>,
    pub(crate) clock: Arc<ManualClock>,
}

/// An answer.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Value,
}

impl Bench {
    /// An open gateway with an empty directory.
    pub(crate) fn new() -> Self {
        let tokens = Tokens::new(&Secret::new(SECRET), ISSUER, 1_800).unwrap();
        Self::with_auth(Auth::new(Users::parse(USERS).unwrap(), tokens))
    }

    /// The same with other accounts or tokens.
    pub(crate) fn with_auth(auth: Auth) -> Self {
        let directory = Directory::new(24);
        let log = Arc::new(Recording::new(directory.clone()));
        let clock = Arc::new(ManualClock::new(NOW_MS));
        let publisher = OnceLock::new();
        let shared: Arc<dyn Publisher> = Arc::<Recording>::clone(&log);
        publisher.set(shared).unwrap();
        let gateway = Arc::new(Gateway {
            auth,
            directory,
            publisher,
            clock: ReceptionClock::simulated(Arc::clone(&clock)),
            limits: limits(),
            readiness: Readiness::new(CancellationToken::new()),
            is_open: AtomicBool::new(true),
            metrics: Metrics::new("test").unwrap(),
            requests: Arc::new(Semaphore::new(100)),
            bodies: Budget::new(limits().max_in_flight_bytes),
            limiter: Limiter::default(),
            static_writes: StationLocks::default(),
            dead_letters: dead_letter::Budget::default(),
            public_url: None,
            proxies: TrustedProxies(vec!["10.0.0.0/8".parse().unwrap()]),
            cors_origins: Vec::new(),
            access_log: AccessLog::new(Watched::Off),
        });
        Self {
            gateway,
            log,
            clock,
        }
    }

    /// A gateway that knows two charge points of FRPD1 and one of FRFAS.
    pub(crate) async fn with_points() -> Self {
        let bench = Self::new();
        let rows = json!([
            row("FRPD1EABC1", "FRPD1PABC"),
            row("FRPD1EABC2", "FRPD1PABC"),
            row("FRFASE3300401", "FRFASP33004"),
        ]);
        let answer = bench.post("/statique/bulk", &rows).await;
        assert_eq!(answer.status, 201, "{}", answer.body);
        bench.log.take();
        bench
    }

    /// Sends a request as it is, to a path below the base.
    pub(crate) async fn send(&self, request: Request<Body>) -> Answer {
        let response = router(Arc::clone(&self.gateway))
            .oneshot(request)
            .await
            .unwrap();
        let (parts, body) = response.into_parts();
        let bytes = body.collect().await.unwrap().to_bytes();
        let is_gzip = parts.headers.contains_key(header::CONTENT_ENCODING);
        let body = if bytes.is_empty() {
            Value::Null
        } else if is_gzip {
            serde_json::from_reader(flate2::read::GzDecoder::new(&bytes[..])).unwrap()
        } else {
            serde_json::from_slice(&bytes).unwrap()
        };
        Answer {
            status: parts.status.as_u16(),
            headers: parts.headers,
            body,
        }
    }

    /// Posts JSON as the operator.
    pub(crate) async fn post(&self, path: &str, body: &Value) -> Answer {
        let request = request("POST", path, "operator");
        self.send(request.body(Body::from(body.to_string())).unwrap())
            .await
    }

    /// Sends a request without a body as the operator.
    pub(crate) async fn bare(&self, method: &str, path: &str) -> Answer {
        let request = request(method, path, "operator");
        self.send(request.body(Body::empty()).unwrap()).await
    }

    /// What was published, ticks and dead letters apart.
    pub(crate) fn records(&self) -> Vec<Message> {
        let mut messages = self.log.take();
        messages.retain(|message| !matches!(message, Message::Refused(_)));
        messages
    }
}

/// The beginning of a request of `user` with JSON.
pub(crate) fn request(method: &str, path: &str, user: &str) -> axum::http::request::Builder {
    Request::builder()
        .method(method)
        .uri(format!("/api/v1{path}"))
        .header(header::HOST, "localhost:8000")
        .header(header::CONTENT_TYPE, "application/json")
        .header(header::AUTHORIZATION, format!("Bearer {}", token(user)))
}

/// A token of `user`.
pub(crate) fn token(user: &str) -> String {
    let tokens = Tokens::new(&Secret::new(SECRET), ISSUER, 1_800).unwrap();
    let user = Users::parse(USERS).unwrap().by_name(user).unwrap();
    tokens.issue(&user, SystemClock.now_ms()).unwrap()
}

/// The bounds of the contract, small where a test needs to reach them.
fn limits() -> Limits {
    Limits {
        max_body_bytes: 64 * 1024,
        max_decoded_bytes: 2 * 1024 * 1024,
        max_compression_ratio: 250,
        body_timeout: Duration::from_secs(5),
        max_in_flight_bytes: 16 * 1024 * 1024,
        max_queued_records: 1_000,
        status_bulk_max: 100,
        session_bulk_max: 100,
        statique_bulk_max: 100,
        statique_page_size: 2,
        statique_page_max: 100,
        clock_skew: Span::from_seconds(60),
        max_status_age: Span::from_hours(24),
        max_session_age: Span::from_days(365),
        ack_timeout: Duration::from_secs(4),
    }
}

/// A status of `id`, ten seconds old.
pub(crate) fn status(id: &str) -> Value {
    json!({
        "id_pdc_itinerance": id, "etat_pdc": "en_service", "occupation_pdc": "libre",
        "horodatage": "2026-11-23T17:09:50.662496Z",
    })
}

/// A session of `id`.
pub(crate) fn session(id: &str) -> Value {
    json!({
        "id_pdc_itinerance": id, "start": "2026-11-23T14:26:44Z", "end": "2026-11-23T16:06:41Z",
        "energy": 12.345_67,
    })
}

/// A static record. Each station has a place of its own.
pub(crate) fn row(id: &str, station: &str) -> Value {
    let offset = station.bytes().map(u32::from).sum::<u32>();
    json!({
        "nom_amenageur": "Acme", "siren_amenageur": "891118473", "contact_amenageur": "a@acme.fr",
        "nom_operateur": "Acme", "contact_operateur": "o@acme.fr",
        "telephone_operateur": "0184710062", "nom_enseigne": "Acme",
        "id_station_itinerance": station, "nom_station": "Place", "implantation_station": "Voirie",
        "adresse_station": "1 rue X", "code_insee_commune": "75001",
        "coordonneesXY": format!("[2.{offset}, 48.5]"), "nbre_pdc": 2, "id_pdc_itinerance": id,
        "puissance_nominale": 22.0, "prise_type_ef": false, "prise_type_2": true,
        "prise_type_combo_ccs": false, "prise_type_chademo": false, "prise_type_autre": false,
        "paiement_acte": true, "condition_acces": "Accès libre", "reservation": false,
        "horaires": "24/7", "accessibilite_pmr": "Accessibilité inconnue",
        "restriction_gabarit": "Aucune", "station_deux_roues": false, "raccordement": "Direct",
        "num_pdl": "50025843262120", "date_maj": "2025-03-28",
    })
}

/// `item` with `changes`.
pub(crate) fn with(mut item: Value, changes: &Value) -> Value {
    for (key, value) in changes.as_object().unwrap() {
        item[key] = value.clone();
    }
    item
}
