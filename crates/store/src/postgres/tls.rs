//! TLS to the server by rustls. The server's certificate is always verified, and so is its name.

use std::io;
use std::path::Path;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, ServerName};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_postgres::Socket;
use tokio_postgres::tls::{ChannelBinding, MakeTlsConnect, TlsConnect, TlsStream};
use tokio_rustls::TlsConnector;

use crate::OpenError;

/// Certificates as the server showed them at the last handshake, its own first.
type Shown = Arc<Mutex<Vec<CertificateDer<'static>>>>;

/// Makes connections that verify the server; or none at all, where the way needs no TLS.
#[derive(Clone, Default)]
pub(super) struct Connector {
    config: Option<Arc<ClientConfig>>,
    shown: Shown,
}

impl Connector {
    /// For ways that need no TLS.
    pub(super) fn none() -> Self {
        Self::default()
    }

    /// What the server showed last.
    pub(super) fn shown(&self) -> Vec<CertificateDer<'static>> {
        self.shown.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Trusts the certificates of this file alone, or else the authorities of the web.
    pub(super) fn verifying(roots: Option<&Path>) -> Result<Self, OpenError> {
        let roots = match roots {
            Some(path) => {
                from_file(path).map_err(|message| OpenError::Certificates { path: path.to_path_buf(), message })?
            }
            None => RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() },
        };
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| OpenError::Address(format!("needs TLS: {error}")))?;
        let config = Arc::new(config.with_root_certificates(roots).with_no_client_auth());
        Ok(Self { config: Some(config), ..Self::default() })
    }
}

fn from_file(path: &Path) -> Result<RootCertStore, String> {
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_file_iter(path).map_err(|error| error.to_string())? {
        roots.add(certificate.map_err(|error| error.to_string())?).map_err(|error| error.to_string())?;
    }
    if roots.is_empty() { Err("holds no certificate".to_owned()) } else { Ok(roots) }
}

impl MakeTlsConnect<Socket> for Connector {
    type Stream = Encrypted;
    type TlsConnect = Handshake;
    type Error = io::Error;

    fn make_tls_connect(&mut self, server: &str) -> Result<Handshake, io::Error> {
        Ok(Handshake { connector: self.clone(), server: server.to_owned() })
    }
}

/// A handshake with a server of this name.
pub(super) struct Handshake {
    connector: Connector,
    server: String,
}

impl TlsConnect<Socket> for Handshake {
    type Stream = Encrypted;
    type Error = io::Error;
    type Future = Pin<Box<dyn Future<Output = io::Result<Encrypted>> + Send>>;

    fn connect(self, socket: Socket) -> Self::Future {
        Box::pin(async move {
            let Connector { config, shown } = self.connector;
            let config = config.ok_or_else(|| io::Error::other("TLS is not set up"))?;
            let name = ServerName::try_from(self.server).map_err(io::Error::other)?;
            let stream = TlsConnector::from(config).connect(name, socket).await?;
            let chain = stream.get_ref().1.peer_certificates().unwrap_or_default();
            *shown.lock().unwrap_or_else(PoisonError::into_inner) = chain.to_vec();
            Ok(Encrypted(stream))
        })
    }
}

/// The encrypted stream.
pub(super) struct Encrypted(tokio_rustls::client::TlsStream<Socket>);

impl TlsStream for Encrypted {
    fn channel_binding(&self) -> ChannelBinding {
        // The certificate is verified by its name; SCRAM's own check of it would add nothing but a parser.
        ChannelBinding::none()
    }
}

impl AsyncRead for Encrypted {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().0).poll_read(cx, buffer)
    }
}

impl AsyncWrite for Encrypted {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().0).poll_write(cx, bytes)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().0).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().0).poll_shutdown(cx)
    }
}
