//! The schema registry: register, look up, fetch, check.
//!
//! `schema_registry_converter` speaks for us where it can; it lacks compatibility levels, for which
//! there are two calls of our own. A registry that is down is waited for (a starting service waits,
//! not ready); what it refuses is returned at once. Every call can be dropped while it waits.

use std::time::Duration;

use clap::Args;
use reqwest::StatusCode;
use schema_registry_converter::async_impl::schema_registry::{
    SrSettings, get_schema_by_id, is_compatible_schema, perform_sr_call, post_schema,
};
use schema_registry_converter::error::SRCError;
use schema_registry_converter::schema_registry_common::{SchemaType, SrCall, SuppliedSchema};
use tokio::time::Instant;

use super::compatibility::{CompatibilityLevel, UnknownLevel};
use crate::backoff::Backoff;
use crate::secret::Secret;

/// Time that one request may take.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(10);

/// Flags that name the registry, flattened into every service.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Schema registry")]
pub struct RegistryArgs {
    /// Address of the Confluent-compatible registry API
    #[arg(
        long = "schema-registry-url",
        env = "SCHEMA_REGISTRY_URL",
        value_name = "URL",
        default_value = "http://127.0.0.1:18081/apis/ccompat/v7"
    )]
    pub schema_registry_url: String,

    /// User for basic authentication; without it requests carry none
    #[arg(long, env = "SCHEMA_REGISTRY_USER", value_name = "NAME")]
    pub schema_registry_user: Option<String>,

    /// Password of that user
    #[arg(
        long,
        env = "SCHEMA_REGISTRY_PASSWORD",
        hide_env_values = true,
        value_name = "SECRET"
    )]
    pub schema_registry_password: Option<Secret>,

    /// File that holds the password
    #[arg(long, env = "SCHEMA_REGISTRY_PASSWORD_FILE", value_name = "PATH",
          value_parser = Secret::from_file, conflicts_with = "schema_registry_password")]
    pub schema_registry_password_file: Option<Secret>,
}

/// What went wrong with the registry.
#[derive(Debug, thiserror::Error)]
pub enum RegistryError {
    /// The registry does not answer.
    #[error("schema registry {url} does not answer: start it or correct SCHEMA_REGISTRY_URL")]
    Unavailable {
        /// Its address.
        url: String,
        /// What the client said.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The subject is unknown, or this schema is none of its versions.
    #[error("schema of subject {subject} is not registered: run `stream-setup schemas`")]
    NotRegistered {
        /// The subject.
        subject: String,
    },
    /// No schema has this id.
    #[error("schema id {id} is unknown to the registry: was the record written with another one")]
    UnknownId {
        /// The id.
        id: u32,
    },
    /// The schema breaks the subject's compatibility level.
    #[error("schema is not compatible with subject {subject}: a breaking change is a new topic")]
    Incompatible {
        /// The subject.
        subject: String,
        /// The registry's reason.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The registry refused the request for another reason.
    #[error("schema registry refused to {action}")]
    Refused {
        /// What was asked, such as `register station-indicator-value`.
        action: String,
        /// The registry's reason.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The client cannot be built.
    #[error("client of schema registry {url} cannot be built: check the address")]
    Client {
        /// Its address.
        url: String,
        /// What the client said.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

/// A client of the registry. Clones share its connections.
#[derive(Clone, Debug)]
pub struct RegistryClient {
    url: String,
    settings: SrSettings,
    http: reqwest::Client,
    user: Option<(String, Option<Secret>)>,
    patience: Option<Duration>,
}

impl RegistryClient {
    /// Creates a client; nothing is asked yet.
    ///
    /// # Errors
    /// When no client can be built for the address.
    pub fn new(args: &RegistryArgs) -> Result<Self, RegistryError> {
        let url = args.schema_registry_url.trim_end_matches('/').to_owned();
        let failed = |source: Box<dyn std::error::Error + Send + Sync>| RegistryError::Client {
            url: url.clone(),
            source,
        };
        let password = args
            .schema_registry_password
            .clone()
            .or_else(|| args.schema_registry_password_file.clone());
        let user = args
            .schema_registry_user
            .clone()
            .map(|user| (user, password));
        let mut settings = SrSettings::new_builder(url.clone());
        settings.set_timeout(REQUEST_TIMEOUT);
        if let Some((user, password)) = &user {
            settings.set_basic_authorization(user, password.as_ref().map(Secret::expose));
        }
        let settings = settings
            .build_with(builder(&url))
            .map_err(|error| failed(error.into()))?;
        let http = builder(&url)
            .timeout(REQUEST_TIMEOUT)
            .build()
            .map_err(|error| failed(error.into()))?;
        Ok(Self {
            url: url.clone(),
            settings,
            http,
            user,
            patience: None,
        })
    }

    /// Waits no longer than `patience` for a registry that is down; without it, forever.
    #[must_use]
    pub fn with_patience(mut self, patience: Duration) -> Self {
        self.patience = Some(patience);
        self
    }

    /// Registers `schema` as the next version of `subject`, or finds it there, and returns its id.
    ///
    /// # Errors
    /// When the schema is incompatible or refused, or patience ends.
    pub async fn register(&self, subject: &str, schema: &str) -> Result<u32, RegistryError> {
        let done = self
            .patiently(|| post_schema(&self.settings, subject.to_owned(), supplied(schema)))
            .await;
        match done {
            Ok(registered) => Ok(registered.id),
            Err(error) if has_status(&error, StatusCode::CONFLICT) => {
                Err(RegistryError::Incompatible {
                    subject: subject.to_owned(),
                    source: reason(&error),
                })
            }
            Err(error) => Err(self.refused(format!("register {subject}"), &error)),
        }
    }

    /// Returns the id of `schema` under `subject`. It registers nothing.
    ///
    /// # Errors
    /// When the subject has no such schema, or patience ends.
    pub async fn id_of(&self, subject: &str, schema: &str) -> Result<u32, RegistryError> {
        let body = serde_json::json!({ "schema": schema, "schemaType": "AVRO" }).to_string();
        let found = self
            .patiently(|| perform_sr_call(&self.settings, SrCall::PostForVersion(subject, &body)))
            .await;
        let not_registered = || RegistryError::NotRegistered {
            subject: subject.to_owned(),
        };
        match found {
            Ok(schema) => schema.id.ok_or_else(not_registered),
            Err(error) if has_status(&error, StatusCode::NOT_FOUND) => Err(not_registered()),
            Err(error) => Err(self.refused(format!("look up {subject}"), &error)),
        }
    }

    /// Returns the text of the schema with `id`.
    ///
    /// # Errors
    /// When there is none, or patience ends.
    pub async fn schema_by_id(&self, id: u32) -> Result<String, RegistryError> {
        match self
            .patiently(|| get_schema_by_id(id, &self.settings))
            .await
        {
            Ok(schema) => Ok(schema.schema),
            Err(error) if has_status(&error, StatusCode::NOT_FOUND) => {
                Err(RegistryError::UnknownId { id })
            }
            Err(error) => Err(self.refused(format!("return schema {id}"), &error)),
        }
    }

    /// Returns whether `schema` may become the next version of `subject`; true when it has none.
    ///
    /// # Errors
    /// When the registry refuses the question, or patience ends.
    pub async fn is_compatible(&self, subject: &str, schema: &str) -> Result<bool, RegistryError> {
        let answer = self
            .patiently(|| {
                is_compatible_schema(&self.settings, subject.to_owned(), supplied(schema))
            })
            .await;
        match answer {
            Ok(compatible) => Ok(compatible),
            Err(error) if has_status(&error, StatusCode::NOT_FOUND) => Ok(true),
            Err(error) => Err(self.refused(format!("check {subject}"), &error)),
        }
    }

    /// Sets the compatibility level of `subject`.
    ///
    /// # Errors
    /// When the registry does not know the subject and needs to, or refuses, or patience ends.
    pub async fn set_compatibility(
        &self,
        subject: &str,
        level: CompatibilityLevel,
    ) -> Result<(), RegistryError> {
        let body = serde_json::json!({ "compatibility": level.as_str() });
        let request = || self.http.put(self.config_url(subject)).json(&body);
        match self.patiently(|| self.answer(request())).await {
            Ok(_level) => Ok(()),
            Err(error) if has_status(&error, StatusCode::NOT_FOUND) => {
                Err(RegistryError::NotRegistered {
                    subject: subject.to_owned(),
                })
            }
            Err(error) => Err(self.refused(format!("set the level of {subject}"), &error)),
        }
    }

    /// Returns the compatibility level of `subject`, if it has one of its own.
    ///
    /// # Errors
    /// When the registry refuses or says a word of its own, or patience ends.
    pub async fn compatibility(
        &self,
        subject: &str,
    ) -> Result<Option<CompatibilityLevel>, RegistryError> {
        let request = || self.http.get(self.config_url(subject));
        let action = || format!("tell the level of {subject}");
        let body = match self.patiently(|| self.answer(request())).await {
            Ok(body) => body,
            Err(error) if has_status(&error, StatusCode::NOT_FOUND) => return Ok(None),
            Err(error) => return Err(self.refused(action(), &error)),
        };
        let word = body["compatibilityLevel"].as_str().unwrap_or_default();
        word.parse()
            .map(Some)
            .map_err(|error: UnknownLevel| RegistryError::Refused {
                action: action(),
                source: error.into(),
            })
    }

    fn config_url(&self, subject: &str) -> String {
        format!("{}/config/{}", self.url, subject.replace('/', "%2F"))
    }

    /// Sends a request of our own and shapes its failure like the library's.
    async fn answer(
        &self,
        request: reqwest::RequestBuilder,
    ) -> Result<serde_json::Value, SRCError> {
        let request = match &self.user {
            Some((user, password)) => {
                request.basic_auth(user, password.as_ref().map(Secret::expose))
            }
            None => request,
        };
        let answer = request
            .send()
            .await
            .map_err(|error| SRCError::retryable_with_cause(error, "no answer"))?;
        let status = answer.status();
        let text = answer
            .text()
            .await
            .map_err(|error| SRCError::retryable_with_cause(error, "answer broke off"))?;
        if status.is_success() {
            return serde_json::from_str(&text)
                .map_err(|error| SRCError::non_retryable_with_cause(error, "answer is no JSON"));
        }
        let error = format!("{STATUS_PREFIX}{status}");
        Err(SRCError::new(&error, Some(text), status.is_server_error()))
    }

    /// Repeats `call` while the registry does not answer, with growing waits.
    async fn patiently<T, F>(&self, call: impl Fn() -> F) -> Result<T, SRCError>
    where
        F: Future<Output = Result<T, SRCError>>,
    {
        let start = Instant::now();
        let mut attempt = 0;
        loop {
            let error = match call().await {
                Err(error) if is_outage(&error) => error,
                done => return done,
            };
            let delay = Backoff::STANDARD.delay(attempt);
            if self
                .patience
                .is_some_and(|patience| start.elapsed() + delay > patience)
            {
                return Err(error);
            }
            attempt += 1;
            tracing::warn!(url = self.url, attempt, error = %reason(&error), "schema registry does not answer");
            tokio::time::sleep(delay).await;
        }
    }

    fn refused(&self, action: String, error: &SRCError) -> RegistryError {
        if is_outage(error) {
            return RegistryError::Unavailable {
                url: self.url.clone(),
                source: reason(error),
            };
        }
        RegistryError::Refused {
            action,
            source: reason(error),
        }
    }
}

/// How the library's message about a status begins; it offers no status otherwise.
const STATUS_PREFIX: &str = "HTTP request to schema registry failed with status ";

fn has_status(error: &SRCError, status: StatusCode) -> bool {
    error
        .error
        .strip_prefix(STATUS_PREFIX)
        .is_some_and(|rest| rest.starts_with(status.as_str()))
}

/// No connection, a time-out, or an error of the server's own: worth another try.
fn is_outage(error: &SRCError) -> bool {
    error.retriable
        || error
            .error
            .strip_prefix(STATUS_PREFIX)
            .is_some_and(|rest| rest.starts_with('5'))
}

/// The library's error as a lower-case sentence with its cause.
fn reason(error: &SRCError) -> Box<dyn std::error::Error + Send + Sync> {
    let mut message = error.error.replacen("HTTP", "request", 1);
    if let Some(cause) = &error.cause {
        message = format!("{message}: {cause}");
    }
    message.into()
}

fn supplied(schema: &str) -> SuppliedSchema {
    SuppliedSchema::new(None, SchemaType::Avro, schema.to_owned())
}

/// A client builder that needs the system's certificates only for an address that needs TLS.
fn builder(url: &str) -> reqwest::ClientBuilder {
    let builder = reqwest::Client::builder();
    if url.starts_with("http://") {
        builder.tls_certs_only([])
    } else {
        builder
    }
}

#[cfg(test)]
mod tests;
