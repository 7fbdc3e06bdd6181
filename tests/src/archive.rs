//! Questions to ClickHouse, over its HTTP interface.

use anyhow::{Context, Result, ensure};
use serde_json::{Map, Value};

/// One row: column to value.
pub type Row = Map<String, Value>;

/// The archive of a stack.
#[derive(Debug, Clone)]
pub struct Archive {
    address: String,
    client: reqwest::Client,
}

impl Archive {
    /// The archive at a ClickHouse HTTP address.
    pub fn at(address: String) -> Self {
        Self {
            address,
            client: reqwest::Client::new(),
        }
    }

    /// The rows of a query in database `qualicharge`; 64-bit integers as numbers.
    ///
    /// # Errors
    /// Shows ClickHouse's own message.
    pub async fn rows(&self, sql: &str) -> Result<Vec<Row>> {
        let response = self
            .client
            .post(&self.address)
            .query(&[
                ("database", "qualicharge"),
                ("default_format", "JSONEachRow"),
                ("output_format_json_quote_64bit_integers", "0"),
            ])
            .body(sql.to_owned())
            .send()
            .await?;
        let status = response.status();
        let text = response.text().await?;
        ensure!(status.is_success(), "{sql}\n{text}");
        text.lines()
            .map(|line| serde_json::from_str(line).context("a row"))
            .collect()
    }

    /// The single number that a query gives.
    ///
    /// # Errors
    /// Fails unless there is one row whose first column is a number.
    pub async fn number(&self, sql: &str) -> Result<i64> {
        let rows = self.rows(sql).await?;
        let value = rows.first().and_then(|row| row.values().next());
        value
            .and_then(Value::as_i64)
            .with_context(|| format!("no number from: {sql}"))
    }
}
