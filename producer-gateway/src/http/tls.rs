//! TLS on the API port: a certificate and its key from files, read again on SIGHUP.

use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};

use anyhow::Context;
use tokio::signal::unix::{SignalKind, signal};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::aws_lc_rs;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_util::sync::CancellationToken;

/// The files, and what was last read from them.
#[derive(Debug)]
pub struct Tls {
    certificate: PathBuf,
    key: PathBuf,
    config: RwLock<Arc<ServerConfig>>,
}

impl Tls {
    /// Reads a chain of certificates, the server's first, and its key, both PEM.
    ///
    /// # Errors
    /// When a file cannot be read, or the two do not fit.
    pub fn load(certificate: &Path, key: &Path) -> anyhow::Result<Self> {
        Ok(Self {
            certificate: certificate.to_owned(),
            key: key.to_owned(),
            config: RwLock::new(Arc::new(read(certificate, key)?)),
        })
    }

    /// Reads the files again; connections that are open keep what they have.
    ///
    /// # Errors
    /// When they cannot be used; what was read before stays.
    pub fn reload(&self) -> anyhow::Result<()> {
        let config = Arc::new(read(&self.certificate, &self.key)?);
        *self.config.write().unwrap_or_else(PoisonError::into_inner) = config;
        Ok(())
    }

    /// What the next connection is accepted with.
    pub fn acceptor(&self) -> TlsAcceptor {
        let config = self.config.read().unwrap_or_else(PoisonError::into_inner);
        TlsAcceptor::from(Arc::clone(&config))
    }
}

/// Reads the files again on each SIGHUP, until `shutdown`. Listens from the call on.
///
/// # Errors
/// When the signal cannot be listened to.
pub fn follow(
    tls: Arc<Tls>,
    shutdown: CancellationToken,
) -> anyhow::Result<impl Future<Output = anyhow::Result<()>> + Send> {
    let mut hang_ups = signal(SignalKind::hangup()).context("listening to SIGHUP")?;
    Ok(async move {
        loop {
            tokio::select! {
                _ = hang_ups.recv() => {}
                () = shutdown.cancelled() => return Ok(()),
            }
            let tls = Arc::clone(&tls);
            match tokio::task::spawn_blocking(move || tls.reload()).await? {
                Ok(()) => tracing::info!("certificate read again"),
                Err(error) => {
                    let error = format!("{error:#}");
                    tracing::error!(error, "certificate cannot be read again, the old one stays");
                }
            }
        }
    })
}

fn read(certificate: &Path, key: &Path) -> anyhow::Result<ServerConfig> {
    let shown = certificate.display();
    let chain: Vec<_> = CertificateDer::pem_file_iter(certificate)
        .and_then(Iterator::collect)
        .with_context(|| format!("certificate file {shown} cannot be read as PEM"))?;
    let shown = key.display();
    let key = PrivateKeyDer::from_pem_file(key)
        .with_context(|| format!("key file {shown} cannot be read as PEM"))?;
    let provider = Arc::new(aws_lc_rs::default_provider());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .context("choosing TLS versions")?
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .context("the certificate and the key do not fit")?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(config)
}
