//! Flags for the ports, the proxies before them, and TLS.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use clap::{Args, value_parser};
use ipnet::IpNet;

use crate::http::client::TrustedProxies;
use crate::http::cors::Origin;
use crate::http::tls::Tls;

/// Where requests come from.
#[derive(Debug, Args)]
#[command(next_help_heading = "Connections")]
pub struct ConnectionArgs {
    /// Address that the API is served on
    #[arg(
        long,
        env = "GATEWAY_LISTEN",
        default_value = "0.0.0.0:8000",
        value_name = "ADDRESS"
    )]
    pub listen: SocketAddr,

    /// Address of /metrics, /live and /ready
    #[arg(
        long,
        env = "GATEWAY_ADMIN_LISTEN",
        default_value = "0.0.0.0:9000",
        value_name = "ADDRESS"
    )]
    pub admin_listen: SocketAddr,

    /// What absolute URLs in answers begin with; without it, the host that the request names
    #[arg(long, env = "GATEWAY_PUBLIC_URL", value_name = "URL")]
    pub public_url: Option<String>,

    /// Networks whose `X-Forwarded-*` headers count, separated by commas; none by default
    #[arg(
        long,
        env = "GATEWAY_TRUSTED_PROXIES",
        value_name = "CIDR",
        value_delimiter = ','
    )]
    pub trusted_proxies: Vec<IpNet>,

    /// Sites whose web pages may read answers (GET and HEAD), like `https://map.example.org`,
    /// separated by commas; none by default
    #[arg(
        long,
        env = "GATEWAY_CORS_ALLOWED_ORIGINS",
        value_name = "ORIGIN",
        value_delimiter = ','
    )]
    pub cors_allowed_origins: Vec<Origin>,

    /// Connections at a time, 1 to 1000000; more wait to be accepted
    #[arg(long, env = "GATEWAY_MAX_CONNECTIONS", default_value_t = 10_000, value_name = "COUNT",
          value_parser = value_parser!(u32).range(1..=1_000_000))]
    pub max_connections: u32,

    /// Chain of certificates in PEM, the server's first; with it the API speaks TLS only. Read
    /// again on SIGHUP
    #[arg(
        long,
        env = "GATEWAY_TLS_CERTIFICATE_FILE",
        value_name = "PATH",
        requires = "tls_key_file"
    )]
    pub tls_certificate_file: Option<PathBuf>,

    /// Key of that certificate in PEM
    #[arg(
        long,
        env = "GATEWAY_TLS_KEY_FILE",
        value_name = "PATH",
        requires = "tls_certificate_file"
    )]
    pub tls_key_file: Option<PathBuf>,
}

impl ConnectionArgs {
    /// The proxies that are believed.
    pub fn proxies(&self) -> TrustedProxies {
        TrustedProxies(self.trusted_proxies.clone())
    }

    /// The certificate, when TLS is wanted.
    ///
    /// # Errors
    /// When the files cannot be used.
    pub fn tls(&self) -> anyhow::Result<Option<Arc<Tls>>> {
        match (&self.tls_certificate_file, &self.tls_key_file) {
            (Some(certificate), Some(key)) => Ok(Some(Arc::new(Tls::load(certificate, key)?))),
            _ => Ok(None),
        }
    }
}
