//! A server in this process, and requests signed as the official SDK for Rust signs them.

use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4::SigningParams;
use cognate::model::TARGET_PREFIX;
use cognate::{Door, Limits, Server, UserPools};
use serde_json::Value;
use tempfile::TempDir;
use tokio::net::TcpListener;
use zeroize::Zeroizing;

use crate::http::{Answer, Connection, headers};

pub const ROOT: &str = "AKIAROOTEXAMPLE00000";
pub const ROOT_SECRET: &str = "root/secret+of/this+installation00000000";

/// A server on a port of its own.
pub struct Served {
    pub pools: UserPools,
    pub server: Server,
    _folder: TempDir,
}

impl Served {
    async fn start(door: Door, limits: Limits) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let pools = UserPools::open(crate::engine::development(folder.path())).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let server = pools.serve(listener, &door, limits).unwrap();
        Self { pools, server, _folder: folder }
    }

    /// With signatures verified.
    pub async fn serve() -> Self {
        Self::serve_within(Limits::default()).await
    }

    /// The same, within these bounds.
    pub async fn serve_within(limits: Limits) -> Self {
        let door = Door::Serve { root_id: ROOT.to_owned(), root_secret: Zeroizing::new(ROOT_SECRET.to_owned()) };
        Self::start(door, limits).await
    }

    /// Believing everybody.
    pub async fn dev() -> Self {
        Self::dev_within(Limits::default()).await
    }

    /// Believing everybody, within these bounds.
    pub async fn dev_within(limits: Limits) -> Self {
        Self::start(Door::Dev, limits).await
    }

    pub async fn connect(&self) -> Connection {
        Connection::open(self.server.address()).await.unwrap()
    }

    /// Sends a request on a connection of its own.
    pub async fn send(&self, request: &Signed) -> Answer {
        self.connect().await.send("POST /", &request.headers, &request.body).await.unwrap()
    }

    /// Sends an unsigned request.
    pub async fn send_unsigned(&self, operation: &str, body: &[u8]) -> Answer {
        self.connect().await.send("POST /", &unsigned(operation), body).await.unwrap()
    }
}

/// The headers of a request that nobody signed.
pub fn unsigned(operation: &str) -> Vec<(String, String)> {
    headers(&[
        ("host", "cognito-idp.us-east-1.amazonaws.com"),
        ("content-type", "application/x-amz-json-1.1"),
        ("x-amz-target", &format!("{TARGET_PREFIX}.{operation}")),
    ])
}

/// Who signs, for where and when.
#[derive(Clone)]
pub struct Signer {
    pub id: String,
    pub secret: String,
    pub region: &'static str,
    pub service: &'static str,
    pub time: SystemTime,
    pub session_token: Option<&'static str>,
}

impl Signer {
    pub fn new(id: &str, secret: &str) -> Self {
        Self {
            id: id.to_owned(),
            secret: secret.to_owned(),
            region: "us-east-1",
            service: "cognito-idp",
            time: SystemTime::now(),
            session_token: None,
        }
    }

    pub fn root() -> Self {
        Self::new(ROOT, ROOT_SECRET)
    }

    pub fn root_ago(ago: Duration) -> Self {
        Self { time: SystemTime::now() - ago, ..Self::root() }
    }

    pub fn root_ahead(ahead: Duration) -> Self {
        Self { time: SystemTime::now() + ahead, ..Self::root() }
    }

    pub fn sign(&self, operation: &str, members: &Value) -> Signed {
        self.sign_headers(unsigned(operation), members.to_string().into_bytes())
    }

    /// Signs these headers and adds its own.
    pub fn sign_headers(&self, mut headers: Vec<(String, String)>, body: Vec<u8>) -> Signed {
        let token = self.session_token.map(str::to_owned);
        let identity = Credentials::new(&self.id, &self.secret, token, None, "test").into();
        let parameters = SigningParams::builder()
            .identity(&identity)
            .region(self.region)
            .name(self.service)
            .time(self.time)
            .settings(SigningSettings::default())
            .build()
            .unwrap()
            .into();
        let uri = "http://cognito-idp.us-east-1.amazonaws.com/";
        let given = headers.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        let signable = SignableRequest::new("POST", uri, given, SignableBody::Bytes(&body)).unwrap();
        let (instructions, _) = sign(signable, &parameters).unwrap().into_parts();
        let (added, _) = instructions.into_parts();
        headers.extend(added.iter().map(|header| (header.name().to_owned(), header.value().to_owned())));
        Signed { headers, body }
    }
}

/// A signed request, which a test may tamper with.
#[derive(Clone)]
pub struct Signed {
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Signed {
    pub fn header(&mut self, name: &str) -> &mut String {
        &mut self.headers.iter_mut().find(|(have, _)| have == name).expect("the header is there").1
    }
}

/// Checks an exception: its name in body and header, its message, the status.
pub fn assert_refused(answer: &Answer, exception: &str, message: &str) {
    assert_eq!(answer.exception(), (exception.to_owned(), message.to_owned()));
    assert_eq!(answer.status, 400);
    assert_eq!(answer.header("x-amzn-errortype"), Some(&*format!("{exception}:")));
}
