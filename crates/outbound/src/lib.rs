//! Calls to other services: a trigger's function, an SMS gateway. HTTP/1.1 with TLS verified, to hosts that the operator
//! named and no others, with a bound on time and size, and no redirects: whom we call is not for the called to say.

mod aws;
mod tls;

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::{OnceLock, PoisonError, RwLock};
use std::time::Duration;

use bytes::Bytes;
use http::header::{HeaderMap, HeaderName, HeaderValue};
use http::{Method, Request, Uri};
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper_rustls::HttpsConnector;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use thiserror::Error;

pub use aws::{AwsCredentials, Scope, sign};
pub use tls::{TrustError, certificates_in, certificates_of, client_config};

/// How long a connection that nobody uses is kept.
const IDLE: Duration = Duration::from_secs(30);
/// How long a connection may take to be made: shorter than a call, so that it is told apart from one that was made.
const CONNECT: Duration = Duration::from_secs(3);
/// How many connections to a host are kept.
const IDLE_CONNECTIONS: usize = 32;

type Https = Client<HttpsConnector<HttpConnector>, Full<Bytes>>;

/// The way out. One for the process: it keeps its connections.
pub struct Outbound {
    /// `host:port` of every URL that the operator wrote down.
    named: RwLock<BTreeSet<String>>,
    /// `host` or `host:port` to which plain HTTP may go.
    plain: BTreeSet<String>,
    authorities: Option<PathBuf>,
    client: OnceLock<Result<Https, TrustError>>,
}

/// A `POST`.
#[derive(Debug, Clone)]
pub struct Call {
    /// Where to.
    pub url: Uri,
    /// Headers besides `host` and `content-length`.
    pub headers: Vec<(HeaderName, HeaderValue)>,
    /// The body.
    pub body: Bytes,
    /// How long the whole exchange may take.
    pub within: Duration,
    /// The largest body that is read, in bytes.
    pub most: usize,
}

/// What came back, whatever its status.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The status code.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: Bytes,
}

/// Why nothing came back.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Failure {
    /// The host is not one that the operator named, or plain HTTP would leave this machine.
    #[error("calls to {0} are not allowed")]
    NotAllowed(String),
    /// Nobody listens, the name is not known, or the certificate is not to be trusted.
    #[error("no connection: {0}")]
    Unreachable(String),
    /// It took too long.
    #[error("no answer in time")]
    TimedOut,
    /// More than would be read.
    #[error("the answer is too large")]
    TooLarge,
    /// The connection ended within the exchange.
    #[error("the exchange broke off: {0}")]
    Broken(String),
}

impl Outbound {
    /// A way to nowhere yet. `plain` are the hosts, each `name` or `name:port`, to which plain HTTP may go besides this
    /// machine. `authorities` is a PEM file of certificates that are trusted besides those of the web.
    pub fn new(plain: impl IntoIterator<Item = String>, authorities: Option<PathBuf>) -> Self {
        let plain = plain.into_iter().map(|host| host.to_ascii_lowercase()).collect();
        Self { named: RwLock::default(), plain, authorities, client: OnceLock::new() }
    }

    /// Allows calls to the host and port of a URL that the operator wrote down.
    pub fn allow(&self, url: &Uri) {
        self.named.write().unwrap_or_else(PoisonError::into_inner).insert(place_of(url));
    }

    /// Whether a URL may be called.
    pub fn check(&self, url: &Uri) -> Result<(), Failure> {
        let (host, place) = (host_of(url), place_of(url));
        let named = self.named.read().unwrap_or_else(PoisonError::into_inner).contains(&place);
        let private = match url.scheme_str() {
            Some("https") => true,
            Some("http") => is_this_machine(&host) || self.plain.contains(&host) || self.plain.contains(&place),
            _ => false,
        };
        let is_clean = url.authority().is_some_and(|authority| !authority.as_str().contains('@'));
        if named && private && is_clean { Ok(()) } else { Err(Failure::NotAllowed(host)) }
    }

    /// Posts, and reads what comes back. A connection that the other side had closed in the meantime is made anew;
    /// nothing else is tried twice.
    pub async fn post(&self, call: Call) -> Result<Answer, Failure> {
        self.check(&call.url)?;
        let client = self.client()?;
        let mut request = Request::new(Full::new(call.body));
        *request.method_mut() = Method::POST;
        *request.uri_mut() = call.url;
        request.headers_mut().extend(call.headers);
        let exchange = async {
            let response = client.request(request).await.map_err(|error| {
                let reason = innermost(&error);
                if error.is_connect() { Failure::Unreachable(reason) } else { Failure::Broken(reason) }
            })?;
            let (parts, body) = response.into_parts();
            let body = Limited::new(body, call.most).collect().await.map_err(|error| {
                if error.is::<LengthLimitError>() { Failure::TooLarge } else { Failure::Broken(innermost(&*error)) }
            })?;
            Ok(Answer { status: parts.status.as_u16(), headers: parts.headers, body: body.to_bytes() })
        };
        tokio::time::timeout(call.within, exchange).await.unwrap_or(Err(Failure::TimedOut))
    }

    /// Made at the first call, because most installations never make one.
    fn client(&self) -> Result<&Https, Failure> {
        let made = self.client.get_or_init(|| {
            let mut connector = HttpConnector::new();
            connector.enforce_http(false);
            connector.set_nodelay(true);
            connector.set_connect_timeout(Some(CONNECT));
            let tls = client_config(self.authorities.as_deref())?;
            let connector = hyper_rustls::HttpsConnectorBuilder::new()
                .with_tls_config(tls)
                .https_or_http()
                .enable_http1()
                .wrap_connector(connector);
            Ok(Client::builder(TokioExecutor::new())
                .pool_idle_timeout(IDLE)
                .pool_max_idle_per_host(IDLE_CONNECTIONS)
                .pool_timer(TokioTimer::new())
                .build(connector))
        });
        made.as_ref().map_err(|error| Failure::Unreachable(error.to_string()))
    }
}

impl std::fmt::Debug for Outbound {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Outbound").field("named", &self.named).finish_non_exhaustive()
    }
}

/// The host of a URL, in lower case and without the brackets of IPv6.
fn host_of(url: &Uri) -> String {
    url.host().unwrap_or_default().trim_matches(['[', ']']).to_ascii_lowercase()
}

/// `host:port`.
fn place_of(url: &Uri) -> String {
    let port = url.port_u16().unwrap_or(if url.scheme_str() == Some("http") { 80 } else { 443 });
    format!("{}:{port}", host_of(url))
}

/// Reads a URL to call: HTTP or HTTPS, with a host, without a user.
pub fn parse_url(text: &str) -> Result<Uri, UrlError> {
    let url: Uri = text.parse().map_err(|_| UrlError)?;
    let is_http = matches!(url.scheme_str(), Some("http" | "https"));
    let is_clean = url.authority().is_some_and(|authority| !authority.as_str().contains('@'));
    if is_http && is_clean && !host_of(&url).is_empty() { Ok(url) } else { Err(UrlError) }
}

/// A text is no URL that could be called.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("not an http:// or https:// URL with a host and without a user")]
pub struct UrlError;

/// Whether what is sent to this host never leaves the machine.
pub fn is_this_machine(host: &str) -> bool {
    host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// The cause that says something: errors of layers say little more than "error sending request".
fn innermost(error: &(dyn std::error::Error + 'static)) -> String {
    let mut error = error;
    while let Some(source) = error.source() {
        error = source;
    }
    error.to_string()
}

#[cfg(test)]
mod tests;
