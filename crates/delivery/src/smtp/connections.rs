//! Connections to the server, and what its answers come to.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use lettre::Message;
use lettre::transport::smtp::Error;
use lettre::transport::smtp::authentication::{Credentials, Mechanism};
use lettre::transport::smtp::client::AsyncSmtpConnection;
use lettre::transport::smtp::extension::ClientId;

use super::Security;
use crate::Setback;

/// How long a connection that nobody uses is kept: less than servers wait for the next command.
const IDLE: Duration = Duration::from_secs(30);
/// How many are kept.
const MOST_IDLE: usize = 8;

pub(super) struct Connections {
    pub(super) host: String,
    pub(super) port: u16,
    pub(super) security: Security,
    pub(super) credentials: Option<Credentials>,
    pub(super) within: Duration,
    pub(super) hello: ClientId,
    pub(super) idle: Mutex<Vec<(Instant, AsyncSmtpConnection)>>,
}

impl Connections {
    /// Delivers one e-mail, on a connection of before or a new one.
    pub(super) async fn deliver(&self, letter: &Message) -> Result<(), Setback> {
        let mut connection = match self.reuse().await {
            Some(connection) => connection,
            None => self.connect().await.map_err(|error| Setback::Later(format!("no way in: {}", text(&error))))?,
        };
        let sent = connection.send(letter.envelope(), &letter.formatted()).await;
        match sent {
            Ok(_) => {
                self.keep(connection);
                Ok(())
            }
            // What the server or the letter refuses for good. The rest may pass, whatever was heard of it.
            Err(error) if error.is_permanent() || error.is_client() => Err(Setback::Never(text(&error))),
            Err(error) => Err(Setback::Later(text(&error))),
        }
    }

    async fn reuse(&self) -> Option<AsyncSmtpConnection> {
        loop {
            let (since, mut connection) = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop()?;
            if since.elapsed() < IDLE && connection.test_connected().await {
                return Some(connection);
            }
        }
    }

    fn keep(&self, connection: AsyncSmtpConnection) {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        idle.retain(|(since, _)| since.elapsed() < IDLE);
        if !connection.has_broken() && idle.len() < MOST_IDLE {
            idle.push((Instant::now(), connection));
        }
    }

    async fn connect(&self) -> Result<AsyncSmtpConnection, Error> {
        let wrapper = match &self.security {
            Security::Wrapper(tls) => Some(tls.clone()),
            Security::Required(_) | Security::None => None,
        };
        let server = (self.host.as_str(), self.port);
        let within = Some(self.within);
        let mut connection = AsyncSmtpConnection::connect_tokio1(server, within, &self.hello, wrapper, None).await?;
        if let Security::Required(tls) = &self.security {
            connection.starttls(tls.clone(), &self.hello).await?;
        }
        if let Some(credentials) = &self.credentials {
            connection.auth(&[Mechanism::Plain, Mechanism::Login], credentials).await?;
        }
        Ok(connection)
    }
}

/// What an error says, with the cause that says something.
fn text(error: &Error) -> String {
    let shown = error.to_string();
    let (mut cause, mut innermost) = (std::error::Error::source(error), None);
    while let Some(error) = cause {
        innermost = Some(error.to_string());
        cause = error.source();
    }
    match innermost.filter(|inner| !shown.contains(inner.as_str())) {
        Some(inner) => format!("{shown}: {inner}"),
        None => shown,
    }
}
