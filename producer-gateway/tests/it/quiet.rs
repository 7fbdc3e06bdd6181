//! What is written down about logins and tokens holds none of them.

use std::io::Write;
use std::path::Path;
use std::sync::{Arc, Mutex};

use axum::body::Body;
use axum::http::{Request, header};
use platform::secret::Secret;
use producer_gateway::auth::reload::reload;
use producer_gateway::auth::{Auth, Files, Tokens, Users};
use producer_gateway::config::AccessLog as Watched;
use producer_gateway::http::access_log::AccessLog;
use tracing_subscriber::fmt::MakeWriter;

use crate::login::{login, users};
use crate::support::{Bench, ISSUER, SECRET};

/// Everything that was written.
#[derive(Clone, Default)]
struct Pages(Arc<Mutex<Vec<u8>>>);

impl Write for Pages {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Pages {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

impl Pages {
    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

/// A users file of this test, and a gateway that reads it and logs every request to `pages`.
fn bench(path: &Path, text: &str, pages: &Pages) -> Bench {
    std::fs::write(path, text).unwrap();
    let tokens = Tokens::new(&Secret::new(SECRET), ISSUER, 1_800).unwrap();
    let auth = Auth::new(Users::load(path, None).unwrap(), tokens).reloading(Files {
        users: path.to_owned(),
        units: None,
    });
    tracing::info!(?auth, "shown on purpose");
    let mut bench = Bench::with_auth(auth);
    let gateway = Arc::get_mut(&mut bench.gateway).expect("the only one");
    gateway.access_log = AccessLog::to(Watched::All, Box::new(pages.clone()));
    bench
}

/// Logs in and fails to, uses tokens and spoils them, breaks the users file; returns the token.
async fn exercise(bench: &Bench, path: &Path, text: &str) -> String {
    let answer = login(bench, "operator", "charge-ahead", "10.0.0.1").await;
    let token = answer.body["access_token"].as_str().unwrap().to_owned();
    for (name, password) in [
        ("operator", "hunter2"),
        ("hunter2", "hunter2"),
        ("gone", "charge-ahead"),
    ] {
        assert_eq!(login(bench, name, password, "10.0.0.1").await.status, 401);
    }
    for token in [token.clone(), format!("{token}x"), "hunter2".to_owned()] {
        let request = Request::builder()
            .uri("/api/v1/auth/whoami?token=hunter2")
            .header(header::AUTHORIZATION, format!("Bearer {token}"))
            .body(Body::empty())
            .unwrap();
        bench.send(request).await;
    }
    for broken in [
        text.replace("'$", "'hunter2$"),
        text.replace("'$argon2id", "'$argon2id$hunter2\n"),
        text.replace("is_active = false", "is_active = '$2b$hunter2'"),
        text.replace("password_hash", "password"),
    ] {
        std::fs::write(path, broken).unwrap();
        reload(&bench.gateway);
    }
    token
}

#[tokio::test]
async fn no_log_line_holds_a_token_a_password_or_a_hash() {
    let path = std::env::temp_dir().join(format!("users-{}.toml", uuid::Uuid::now_v7()));
    let text = users();
    // Once unobserved: a place that logs asks whoever listens when it is first reached, and other
    // tests, which listen to nothing, reach some of these places, too.
    exercise(&bench(&path, &text, &Pages::default()), &path, &text).await;
    let pages = Pages::default();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_ansi(false)
        .with_writer(pages.clone())
        .finish();
    let _guard = tracing::subscriber::set_default(subscriber);
    let observed = bench(&path, &text, &pages);
    // A place that another test's thread is just reaching for the first time may be told that
    // nobody listens; so ask again until it is heard.
    std::fs::write(&path, "broken").unwrap();
    while !pages.text().contains("users file refused") {
        tracing::callsite::rebuild_interest_cache();
        reload(&observed.gateway);
    }
    let heard_before = pages.text().matches("users file refused").count();
    std::fs::write(&path, &text).unwrap();
    let token = exercise(&observed, &path, &text).await;
    std::fs::remove_file(&path).unwrap();

    observed.gateway.access_log.flush();
    let written = pages.text();
    let times = |needle: &str| written.matches(needle).count();
    assert_eq!(times("shown on purpose"), 1, "{written}");
    assert_eq!(times("users file refused"), heard_before + 4, "{written}");
    assert_eq!(times("\"account\":\"operator\""), 3, "{written}");
    let (signed, signature) = token.rsplit_once('.').unwrap();
    let payload = signed.rsplit_once('.').unwrap().1;
    let secrets = ["hunter2", "charge-ahead", "$argon2", "$2b$", SECRET];
    for secret in secrets.into_iter().chain([payload, signature]) {
        assert_eq!(times(secret), 0, "{secret} in {written}");
    }
}
