//! An identity provider over HTTP: its description, and the keys it names there. Decides nothing
//! about tokens.

use std::time::Duration;

use reqwest::header::{CACHE_CONTROL, HeaderMap};
use reqwest::redirect::Policy;
use serde::Deserialize;

use super::keys::KeySet;

/// How long each question may take.
const TIMEOUT: Duration = Duration::from_secs(5);
/// The largest answer that is read, bytes.
const MAX_ANSWER_BYTES: usize = 1 << 20;
/// How long keys are kept when the provider does not say.
const GOOD_FOR: Duration = Duration::from_mins(10);
/// The bounds of what it may say.
const MIN_GOOD_FOR_SECONDS: u64 = 60;
const MAX_GOOD_FOR_SECONDS: u64 = 24 * 3_600;

/// Why a provider gave no keys.
#[derive(Debug, thiserror::Error)]
pub enum ProviderError {
    /// It does not answer.
    #[error("identity provider does not answer at {url}: start it or correct GATEWAY_OIDC_ISSUER")]
    Unavailable {
        /// What was asked for.
        url: String,
        /// What the client said.
        source: reqwest::Error,
    },
    /// It answers with an error.
    #[error("identity provider answers {status} at {url}: correct GATEWAY_OIDC_ISSUER")]
    Refused {
        /// What was asked for.
        url: String,
        /// The status code.
        status: u16,
    },
    /// Its answer is too long.
    #[error("identity provider answers more than 1 MiB at {url}")]
    TooLarge {
        /// What was asked for.
        url: String,
    },
    /// Its answer is not what it should be.
    #[error("identity provider answers something else at {url}: correct GATEWAY_OIDC_ISSUER")]
    Malformed {
        /// What was asked for.
        url: String,
        /// What is wrong.
        source: serde_json::Error,
    },
    /// It says that it is another.
    #[error(
        "identity provider says it is {found}, expected {expected}: correct GATEWAY_OIDC_ISSUER"
    )]
    OtherIssuer {
        /// As configured.
        expected: String,
        /// What it says.
        found: String,
    },
    /// It has no key that is used in a way we accept.
    #[error("identity provider has no key for RS256, ES256 or EdDSA at {url}")]
    NoKeys {
        /// What was asked for.
        url: String,
    },
}

/// What a provider said.
#[derive(Debug)]
pub struct Fetched {
    /// Its keys, at least one.
    pub keys: KeySet,
    /// How long it need not be asked again.
    pub good_for: Duration,
}

/// A provider.
#[derive(Debug)]
pub struct Provider {
    client: reqwest::Client,
    issuer: String,
}

#[derive(Deserialize)]
struct Description {
    issuer: String,
    jwks_uri: String,
}

impl Provider {
    /// The provider that calls itself `issuer`, a URL.
    ///
    /// # Errors
    /// When no client can be built.
    pub fn new(issuer: &str) -> Result<Self, reqwest::Error> {
        let client = reqwest::Client::builder()
            .timeout(TIMEOUT)
            .connect_timeout(TIMEOUT)
            .redirect(Policy::none())
            .build()?;
        Ok(Self {
            client,
            issuer: issuer.to_owned(),
        })
    }

    /// What it calls itself.
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// Asks for its description, then for its keys.
    ///
    /// # Errors
    /// Why there are none.
    pub async fn fetch(&self) -> Result<Fetched, ProviderError> {
        let base = self.issuer.trim_end_matches('/');
        let url = format!("{base}/.well-known/openid-configuration");
        let (_headers, text) = self.get(&url).await?;
        let description: Description = serde_json::from_slice(&text)
            .map_err(|source| ProviderError::Malformed { url, source })?;
        if description.issuer != self.issuer {
            return Err(ProviderError::OtherIssuer {
                expected: self.issuer.clone(),
                found: description.issuer,
            });
        }
        let url = description.jwks_uri;
        let (headers, text) = self.get(&url).await?;
        let keys = match KeySet::parse(&text) {
            Ok(keys) if keys.is_empty() => return Err(ProviderError::NoKeys { url }),
            Ok(keys) => keys,
            Err(source) => return Err(ProviderError::Malformed { url, source }),
        };
        Ok(Fetched {
            keys,
            good_for: good_for(&headers),
        })
    }

    async fn get(&self, url: &str) -> Result<(HeaderMap, Vec<u8>), ProviderError> {
        let unavailable = |source| ProviderError::Unavailable {
            url: url.to_owned(),
            source,
        };
        let mut response = self.client.get(url).send().await.map_err(unavailable)?;
        if !response.status().is_success() {
            return Err(ProviderError::Refused {
                url: url.to_owned(),
                status: response.status().as_u16(),
            });
        }
        let headers = response.headers().clone();
        let mut text = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(unavailable)? {
            if text.len() + chunk.len() > MAX_ANSWER_BYTES {
                return Err(ProviderError::TooLarge {
                    url: url.to_owned(),
                });
            }
            text.extend_from_slice(&chunk);
        }
        Ok((headers, text))
    }
}

/// What `Cache-Control` says, from one minute to a day.
fn good_for(headers: &HeaderMap) -> Duration {
    let said = headers
        .get_all(CACHE_CONTROL)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(|directive| directive.trim().to_ascii_lowercase());
    let mut seconds = None;
    for directive in said {
        if directive == "no-store" || directive == "no-cache" {
            return Duration::from_secs(MIN_GOOD_FOR_SECONDS);
        }
        if let Some(("max-age", value)) = directive.split_once('=') {
            seconds = value.trim_matches('"').parse::<u64>().ok();
        }
    }
    seconds.map_or(GOOD_FOR, |seconds| {
        Duration::from_secs(seconds.clamp(MIN_GOOD_FOR_SECONDS, MAX_GOOD_FOR_SECONDS))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use reqwest::header::HeaderValue;

    #[test]
    fn cache_control_is_honoured_from_a_minute_to_a_day() {
        let cases = [
            ("", 600),
            ("public", 600),
            ("max-age=soon", 600),
            ("max-age=1", 60),
            ("public, Max-Age=3600, must-revalidate", 3_600),
            ("max-age=\"120\"", 120),
            ("max-age=999999999", 86_400),
            ("no-store, max-age=3600", 60),
        ];
        for (text, seconds) in cases {
            let mut headers = HeaderMap::new();
            headers.insert(CACHE_CONTROL, HeaderValue::from_static(text));
            assert_eq!(good_for(&headers), Duration::from_secs(seconds), "{text}");
        }
    }
}
