//! The archive of statuses, over ClickHouse's HTTP interface.

use std::time::Duration;

use anyhow::{Context, ensure};
use reqwest::Client;
use uuid::Uuid;

use crate::config::ClickHouseArgs;

/// The longest wait for an answer.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(30);

/// A ClickHouse that holds table `charge_point_status`.
#[derive(Debug)]
pub struct Archive {
    http: Client,
    arguments: ClickHouseArgs,
}

impl Archive {
    /// The archive behind the address.
    ///
    /// # Errors
    /// When the client cannot be built.
    pub fn new(arguments: &ClickHouseArgs) -> anyhow::Result<Self> {
        let http = Client::builder().timeout(ANSWER_TIMEOUT).build()?;
        Ok(Self {
            http,
            arguments: arguments.clone(),
        })
    }

    /// Which of the events have a row. The charge points let the primary key find them.
    ///
    /// # Errors
    /// When ClickHouse cannot be asked or refuses the question.
    pub async fn visible<'a>(
        &self,
        events: impl Iterator<Item = (&'a str, Uuid)>,
    ) -> anyhow::Result<Vec<Uuid>> {
        let (mut units, mut points, mut ids) = (Vec::new(), Vec::new(), Vec::new());
        for (charge_point_id, event_id) in events {
            units.push(format!(
                "'{}'",
                charge_point_id.get(..5).unwrap_or(charge_point_id)
            ));
            points.push(format!("'{charge_point_id}'"));
            ids.push(format!("'{event_id}'"));
        }
        let query = format!(
            "SELECT DISTINCT event_id FROM {}.charge_point_status WHERE operational_unit IN ({}) AND charge_point_id IN ({}) AND event_id IN ({}) FORMAT TSV",
            self.arguments.clickhouse_database,
            units.join(","),
            points.join(","),
            ids.join(","),
        );
        let ClickHouseArgs {
            clickhouse_url,
            clickhouse_user,
            clickhouse_password,
            ..
        } = &self.arguments;
        let mut request = self.http.post(clickhouse_url).body(query);
        if let Some(user) = clickhouse_user {
            request = request.header("x-clickhouse-user", user);
        }
        if let Some(password) = clickhouse_password {
            request = request.header("x-clickhouse-key", password);
        }
        let response = request
            .send()
            .await
            .with_context(|| format!("asking {clickhouse_url}"))?;
        let status = response.status();
        let text = response.text().await?;
        ensure!(
            status.is_success(),
            "ClickHouse answered {status}: {}",
            text.chars().take(300).collect::<String>()
        );
        text.lines()
            .map(|line| {
                line.parse()
                    .with_context(|| format!("{line:?} is no event id"))
            })
            .collect()
    }
}
