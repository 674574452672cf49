//! Whom we trust: the authorities of the web, and those that the operator adds.

use std::path::Path;
use std::sync::Arc;

use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;
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
        let trouble = |reason: String| TrustError::File { path: path.display().to_string(), reason };
        let certificates = CertificateDer::pem_file_iter(path).map_err(|error| trouble(error.to_string()))?;
        let mut added = 0_usize;
        for certificate in certificates {
            let certificate = certificate.map_err(|error| trouble(error.to_string()))?;
            roots.add(certificate).map_err(|error| trouble(error.to_string()))?;
            added += 1;
        }
        if added == 0 {
            return Err(trouble("holds no certificate".to_owned()));
        }
    }
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| TrustError::Library(error.to_string()))?;
    Ok(config.with_root_certificates(roots).with_no_client_auth())
}
