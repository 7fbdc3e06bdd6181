//! Talking to the gateway as an operator's own program would.

use anyhow::{Context, Result};
use reqwest::{Method, StatusCode};
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

    /// The same operator at another gateway, with the same token.
    #[must_use]
    pub fn at(&self, base: &str) -> Self {
        Self {
            base: base.to_owned(),
            ..self.clone()
        }
    }

    /// The same operator with connections of its own.
    #[must_use]
    pub fn reconnected(&self) -> Self {
        Self {
            client: reqwest::Client::new(),
            ..self.clone()
        }
    }

    /// The token.
    pub fn token(&self) -> &str {
        &self.token
    }

    /// Sends a body as it is.
    ///
    /// # Errors
    /// Fails when nothing answers, or not in JSON.
    pub async fn post(&self, path: &str, body: String) -> Result<(StatusCode, Value)> {
        self.send(Method::POST, path, body).await
    }

    /// Reads.
    ///
    /// # Errors
    /// Fails when nothing answers, or not in JSON.
    pub async fn get(&self, path: &str) -> Result<(StatusCode, Value)> {
        self.send(Method::GET, path, String::new()).await
    }

    /// Sends a body as it is with a method; an empty answer is null.
    ///
    /// # Errors
    /// Fails when nothing answers, or not in JSON.
    pub async fn send(
        &self,
        method: Method,
        path: &str,
        body: String,
    ) -> Result<(StatusCode, Value)> {
        let response = self
            .client
            .request(method, format!("{}{path}", self.base))
            .bearer_auth(&self.token)
            .header("content-type", "application/json")
            .body(body)
            .send()
            .await?;
        let status = response.status();
        let text = response.text().await?;
        if text.is_empty() {
            return Ok((status, Value::Null));
        }
        let value = serde_json::from_str(&text)
            .with_context(|| format!("{status}, an answer that is not JSON: {text}"))?;
        Ok((status, value))
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
