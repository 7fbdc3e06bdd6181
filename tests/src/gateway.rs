//! Talking to the gateway as an operator's own program would.

use anyhow::{Context, Result};
use reqwest::StatusCode;
use serde_json::Value;

/// An operator who is logged in.
#[derive(Debug, Clone)]
pub struct Operator {
    base: String,
    token: String,
    client: reqwest::Client,
}

impl Operator {
    /// Logs the local user `operator` in.
    ///
    /// # Errors
    /// Fails when the gateway refuses.
    pub async fn log_in(base: &str) -> Result<Self> {
        let (status, body) = token(base, "operator", "charge-ahead").await?;
        let token = body["access_token"]
            .as_str()
            .with_context(|| format!("{status}: {body}"))?;
        let (base, token) = (base.to_owned(), token.to_owned());
        Ok(Self {
            base,
            token,
            client: reqwest::Client::new(),
        })
    }

    /// Sends a body as it is.
    ///
    /// # Errors
    /// Fails when nothing answers, or not in JSON.
    pub async fn post(&self, path: &str, body: String) -> Result<(StatusCode, Value)> {
        let request = self
            .client
            .post(format!("{}{path}", self.base))
            .bearer_auth(&self.token);
        let response = request
            .header("content-type", "application/json")
            .body(body)
            .send()
            .await?;
        let status = response.status();
        Ok((status, response.json().await.context("an answer in JSON")?))
    }
}

/// Asks for a token.
///
/// # Errors
/// Fails when nothing answers, or not in JSON.
pub async fn token(base: &str, username: &str, password: &str) -> Result<(StatusCode, Value)> {
    let response = reqwest::Client::new()
        .post(format!("{base}/auth/token"))
        .header("content-type", "application/x-www-form-urlencoded")
        .body(format!("username={username}&password={password}"))
        .send()
        .await?;
    let status = response.status();
    Ok((status, response.json().await.context("an answer in JSON")?))
}
