//! Accounts that change while the gateway runs.

use std::path::PathBuf;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use platform::secret::Secret;
use producer_gateway::auth::reload::{follow, listen, reload};
use producer_gateway::auth::{Auth, Files, Tokens, Users};
use serde_json::json;
use tokio_util::sync::CancellationToken;

use crate::support::{Answer, Bench, ISSUER, SECRET, USERS, row};

/// A users file of a test's own, gone with it.
struct UsersFile(PathBuf);

impl UsersFile {
    fn new(text: &str) -> Self {
        let name = format!("users-{}.toml", uuid::Uuid::now_v7());
        let file = Self(std::env::temp_dir().join(name));
        file.write(text);
        file
    }

    fn write(&self, text: &str) {
        std::fs::write(&self.0, text).unwrap();
    }

    /// A gateway that reads it.
    fn bench(&self) -> Bench {
        let tokens = Tokens::new(&Secret::new(SECRET), ISSUER, 1_800).unwrap();
        let users = Users::load(&self.0, None).unwrap();
        Bench::with_auth(Auth::new(users, tokens).reloading(Files {
            users: self.0.clone(),
            units: None,
        }))
    }
}

impl Drop for UsersFile {
    fn drop(&mut self) {
        std::fs::remove_file(&self.0).ok();
    }
}

fn outcomes(bench: &Bench, outcome: &str) -> u64 {
    let reloads = &bench.gateway.metrics.users_reload;
    reloads.with_label_values(&[outcome]).get()
}

async fn whoami(bench: &Bench) -> Answer {
    bench.bare("GET", "/auth/whoami").await
}

fn refusal(text: &str) -> (u16, serde_json::Value) {
    let message = format!("Authentication failed: {text}");
    (401, json!({ "message": message }))
}

#[tokio::test]
async fn what_the_file_takes_away_is_gone_at_once_for_tokens_that_live() {
    let file = UsersFile::new(USERS);
    let bench = file.bench();
    assert_eq!(whoami(&bench).await.status, 200);
    file.write(
        &USERS
            .replacen("username = \"operator\"", "is_active = false\n$0", 1)
            .replace("$0", "username = \"operator\""),
    );
    assert_eq!(whoami(&bench).await.status, 200);
    reload(&bench.gateway);
    let answer = whoami(&bench).await;
    assert_eq!((answer.status, answer.body), refusal("User is not active"));
    file.write(&USERS.replace("operator@example.com", "another@example.com"));
    reload(&bench.gateway);
    let answer = whoami(&bench).await;
    assert_eq!(
        (answer.status, answer.body),
        refusal("User is not registered yet")
    );
    file.write(&USERS.replace("\"all:create\", \"all:read\", ", ""));
    reload(&bench.gateway);
    assert_eq!(whoami(&bench).await.status, 200);
    assert_eq!(bench.bare("GET", "/statique/").await.status, 403);
    file.write(&USERS.replace("\"FRPD1\", ", ""));
    reload(&bench.gateway);
    let answer = bench
        .post("/statique/", &row("FRPD1EABC1", "FRPD1PABC"))
        .await;
    assert_eq!(answer.status, 403);
    assert_eq!(outcomes(&bench, "replaced"), 4);
}

#[tokio::test]
async fn a_broken_file_changes_nothing_and_is_counted() {
    let file = UsersFile::new(USERS);
    let bench = file.bench();
    for broken in [
        "",
        "[[users]",
        "[[users]]\nusername = 'operator'",
        &USERS.replace("\"acme\"", "\"nobody\""),
        &USERS.replace("reader@example.com", "operator@example.com"),
    ] {
        file.write(broken);
        let is_empty = broken.is_empty();
        reload(&bench.gateway);
        // An empty file is whole, and says that nobody is let in.
        let status = if is_empty { 401 } else { 200 };
        assert_eq!(whoami(&bench).await.status, status, "{broken}");
        file.write(USERS);
        reload(&bench.gateway);
    }
    std::fs::remove_file(&file.0).unwrap();
    reload(&bench.gateway);
    assert_eq!(whoami(&bench).await.status, 200);
    assert_eq!(outcomes(&bench, "refused"), 5);
    assert_eq!(outcomes(&bench, "replaced"), 6);
}

#[tokio::test]
async fn the_signal_reads_the_file_again() {
    let file = UsersFile::new(USERS);
    let bench = file.bench();
    let shutdown = CancellationToken::new();
    let hang_ups = listen().unwrap();
    let following = tokio::spawn(follow(
        hang_ups,
        Arc::clone(&bench.gateway),
        shutdown.clone(),
    ));
    file.write(&USERS.replace("operator@example.com", "another@example.com"));
    let id = std::process::id().to_string();
    let sent = Command::new("kill").args(["-HUP", &id]).status().unwrap();
    assert!(sent.success());
    let waited = tokio::time::timeout(Duration::from_secs(20), async {
        while outcomes(&bench, "replaced") == 0 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    });
    waited.await.expect("the file is read again in time");
    assert_eq!(whoami(&bench).await.status, 401);
    shutdown.cancel();
    following.await.unwrap().unwrap();
}

#[tokio::test]
async fn a_unit_that_is_not_listed_is_unknown() {
    let tokens = Tokens::new(&Secret::new(SECRET), ISSUER, 1_800).unwrap();
    let users = Users::parse(USERS).unwrap().knowing("FRFAS\n").unwrap();
    let bench = Bench::with_auth(Auth::new(users, tokens));
    let answer = bench
        .post("/statique/", &row("FRPD1EABC1", "FRPD1PABC"))
        .await;
    let detail = "OperationalUnit with code FRPD1 should be created first";
    assert_eq!(answer.status, 404, "{}", answer.body);
    assert_eq!(answer.body["detail"], detail);
    let rows = json!([row("FRPD1EABC1", "FRPD1PABC")]);
    let answer = bench.post("/statique/bulk", &rows).await;
    assert_eq!(answer.status, 404);
    assert_eq!(
        answer.body["detail"],
        "Operational units should be created first"
    );
    let answer = bench
        .post("/statique/", &row("FRFASE3300401", "FRFASP33004"))
        .await;
    assert_eq!(answer.status, 201, "{}", answer.body);
}
