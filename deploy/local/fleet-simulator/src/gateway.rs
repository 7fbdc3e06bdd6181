//! The gateway as a client sees it: log in, post, set the simulated clock.

use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use anyhow::{Context, bail};
use domain::Timestamp;
use reqwest::{Client, Response, StatusCode};
use serde_json::{Value, json};
use tokio::sync::Mutex;

use crate::config::GatewayArgs;

/// The longest wait for an answer: above the gateway's own limit of 4 s for an acknowledgement.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(15);
/// How much of an unexpected answer is shown, characters.
const SHOWN: usize = 500;

/// A logged-in account; copies share their token.
#[derive(Debug, Clone)]
pub struct Gateway {
    http: Client,
    arguments: GatewayArgs,
    token: Arc<RwLock<String>>,
    /// Held while the token is renewed, so that copies do not all log in at once.
    renewal: Arc<Mutex<()>>,
}

/// What came of one request.
#[derive(Debug)]
pub enum Attempt {
    /// The gateway decided.
    Answered(StatusCode, Value),
    /// Nothing is known of the request: send the same bytes again.
    Unavailable(String),
}

impl Gateway {
    /// A client that logs in at its first request.
    ///
    /// # Errors
    /// When the client cannot be built.
    pub fn new(arguments: &GatewayArgs) -> anyhow::Result<Self> {
        let http = Client::builder().timeout(ANSWER_TIMEOUT).build()?;
        Ok(Self {
            http,
            arguments: arguments.clone(),
            token: Arc::default(),
            renewal: Arc::default(),
        })
    }

    /// Posts a JSON body to a path under the base URL, logging in when there is no valid token.
    ///
    /// # Errors
    /// When the login is refused.
    pub async fn post(&self, path: &str, body: &str) -> anyhow::Result<Attempt> {
        let token = self.token();
        if token.is_empty()
            && let Some(unavailable) = self.renew(&token).await?
        {
            return Ok(unavailable);
        }
        let token = self.token();
        let attempt = self.attempt(path, body).await;
        if !matches!(attempt, Attempt::Answered(StatusCode::UNAUTHORIZED, _)) {
            return Ok(attempt);
        }
        match self.renew(&token).await? {
            Some(unavailable) => Ok(unavailable),
            None => Ok(self.attempt(path, body).await),
        }
    }

    /// Logs in before the first request, so that its duration says nothing of the login.
    ///
    /// # Errors
    /// When the login is refused or the gateway cannot be reached.
    pub async fn log_in_first(&self) -> anyhow::Result<()> {
        match self.renew("").await? {
            Some(Attempt::Unavailable(reason)) => {
                bail!("cannot log in at {}: {reason}", self.arguments.url)
            }
            Some(Attempt::Answered(..)) | None => Ok(()),
        }
    }

    /// Renews the token unless another copy has done so; tells when the gateway could not be asked.
    async fn renew(&self, stale: &str) -> anyhow::Result<Option<Attempt>> {
        let _renewing = self.renewal.lock().await;
        if self.token() == stale {
            self.log_in().await
        } else {
            Ok(None)
        }
    }

    /// The token of the last login; empty before it.
    pub fn token(&self) -> String {
        self.token
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    async fn attempt(&self, path: &str, body: &str) -> Attempt {
        let request = self
            .http
            .post(format!("{}{path}", self.arguments.url))
            .bearer_auth(self.token())
            .header("content-type", "application/json")
            .body(body.to_owned());
        judge(request.send().await).await
    }

    /// Asks for a token; tells when the gateway could not be asked.
    async fn log_in(&self) -> anyhow::Result<Option<Attempt>> {
        let GatewayArgs {
            url,
            username,
            password,
        } = &self.arguments;
        let form = format!(
            "username={}&password={}",
            form_encoded(username),
            form_encoded(password)
        );
        let request = self
            .http
            .post(format!("{url}/auth/token"))
            .header("content-type", "application/x-www-form-urlencoded")
            .body(form);
        match judge(request.send().await).await {
            Attempt::Answered(StatusCode::OK, answer) => {
                let token = answer["access_token"]
                    .as_str()
                    .context("the answer to the login has no access_token")?;
                token.clone_into(&mut self.token.write().unwrap_or_else(PoisonError::into_inner));
                Ok(None)
            }
            Attempt::Answered(status, answer) => {
                bail!(
                    "{username} cannot log in at {url}: {status} {}",
                    shown(&answer)
                )
            }
            unavailable @ Attempt::Unavailable(_) => Ok(Some(unavailable)),
        }
    }
}

/// Whether an answer decides, or the request is to be repeated.
async fn judge(answer: reqwest::Result<Response>) -> Attempt {
    let response = match answer {
        Ok(response) => response,
        Err(error) => return Attempt::Unavailable(format!("{:#}", anyhow::Error::from(error))),
    };
    let status = response.status();
    if matches!(
        status,
        StatusCode::SERVICE_UNAVAILABLE | StatusCode::TOO_MANY_REQUESTS
    ) {
        return Attempt::Unavailable(status.to_string());
    }
    match response.text().await {
        Ok(text) => Attempt::Answered(
            status,
            serde_json::from_str(&text).unwrap_or(Value::String(text)),
        ),
        Err(error) => Attempt::Unavailable(format!("{:#}", anyhow::Error::from(error))),
    }
}

/// The simulated clock of a gateway, on its admin port.
#[derive(Debug, Clone)]
pub struct AdminClock {
    http: Client,
    url: String,
}

impl AdminClock {
    /// The clock behind the admin address.
    ///
    /// # Errors
    /// When the client cannot be built.
    pub fn new(admin_url: &str) -> anyhow::Result<Self> {
        let http = Client::builder().timeout(ANSWER_TIMEOUT).build()?;
        Ok(Self {
            http,
            url: format!("{admin_url}/clock"),
        })
    }

    /// Sets the clock: answered with success, or with 409 when it already shows a later instant.
    pub async fn set(&self, now: Timestamp) -> Attempt {
        let body = json!({ "now_ms": now.as_ms() }).to_string();
        let request = self
            .http
            .put(&self.url)
            .header("content-type", "application/json")
            .body(body);
        judge(request.send().await).await
    }
}

/// A text as a value of a form.
fn form_encoded(text: &str) -> String {
    let encoded = |byte: u8| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' => {
            char::from(byte).to_string()
        }
        _ => format!("%{byte:02X}"),
    };
    text.bytes().map(encoded).collect()
}

/// An answer, cut to what a person reads.
pub fn shown(answer: &Value) -> String {
    answer.to_string().chars().take(SHOWN).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_encoded_for_a_form() {
        assert_eq!(form_encoded("charge-ahead"), "charge-ahead");
        assert_eq!(form_encoded("a&b é"), "a%26b%20%C3%A9");
    }
}
