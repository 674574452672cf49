//! Whom we trust: the authorities of the web, and those that the operator adds.

use std::net::TcpStream;
use std::path::Path;
use std::sync::Arc;

use rustls::{ClientConfig, ClientConnection, RootCertStore};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, ServerName};
use thiserror::Error;

/// Why certificates could not be checked.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum TrustError {
    /// The file of authorities cannot be used.
    #[error("{path}: {reason}")]
    File {
        /// The file.
        path: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The library refuses its own defaults.
    #[error("TLS: {0}")]
    Library(String),
}

/// TLS 1.2 and 1.3, certificates verified.
pub fn client_config(authorities: Option<&Path>) -> Result<ClientConfig, TrustError> {
    let mut roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    if let Some(path) = authorities {
        for certificate in certificates_in(path)? {
            let trouble = |reason: String| TrustError::File { path: path.display().to_string(), reason };
            roots.add(certificate).map_err(|error| trouble(error.to_string()))?;
        }
    }
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| TrustError::Library(error.to_string()))?;
    Ok(config.with_root_certificates(roots).with_no_client_auth())
}

/// The certificates of a PEM file, of which there is one at least.
pub fn certificates_in(path: &Path) -> Result<Vec<CertificateDer<'static>>, TrustError> {
    let trouble = |reason: String| TrustError::File { path: path.display().to_string(), reason };
    let read = CertificateDer::pem_file_iter(path).and_then(Iterator::collect);
    let certificates: Vec<_> = read.map_err(|error| trouble(error.to_string()))?;
    if certificates.is_empty() { Err(trouble("holds no certificate".to_owned())) } else { Ok(certificates) }
}

/// The certificates that a server shows on a connection that was just made, its own first, once they are verified. Nothing
/// but the handshake is sent. Blocks.
pub fn certificates_of(
    host: &str,
    mut stream: TcpStream,
    authorities: Option<&Path>,
) -> Result<Vec<CertificateDer<'static>>, TrustError> {
    let trouble = |error: String| TrustError::Library(error);
    let name = ServerName::try_from(host.to_owned()).map_err(|error| trouble(error.to_string()))?;
    let config = Arc::new(client_config(authorities)?);
    let mut connection = ClientConnection::new(config, name).map_err(|error| trouble(error.to_string()))?;
    while connection.is_handshaking() {
        connection.complete_io(&mut stream).map_err(|error| trouble(error.to_string()))?;
    }
    Ok(connection.peer_certificates().unwrap_or_default().to_vec())
}
