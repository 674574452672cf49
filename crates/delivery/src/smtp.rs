//! E-mail over SMTP. Connections are kept and used again.

mod connections;
mod letter;

use std::sync::Mutex;
use std::time::Duration;

use lettre::message::Mailbox;
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::TlsParameters;
use lettre::transport::smtp::extension::ClientId;

use crate::{Outgoing, Setback};
use connections::Connections;

/// The operator's SMTP server, and in whose name mail goes where a pool names nobody.
pub struct Smtp {
    from: Mailbox,
    reply_to: Option<Mailbox>,
    within: Duration,
    connections: Connections,
}

/// How the server is reached.
pub struct Server {
    /// Its name, which its certificate has to carry.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// How the connection is secured.
    pub security: Security,
    /// The user and the password to sign in with.
    pub credentials: Option<(String, String)>,
    /// How long the delivery of one message may take.
    pub within: Duration,
}

/// How a connection is secured.
pub enum Security {
    /// TLS from the first byte on (port 465).
    Wrapper(TlsParameters),
    /// STARTTLS, without which nothing is said (port 587).
    Required(TlsParameters),
    /// Not at all.
    None,
}

impl Smtp {
    /// Mail through this server, from this sender unless a pool has its own.
    pub fn new(server: Server, from: Mailbox, reply_to: Option<Mailbox>) -> Self {
        let Server { host, port, security, credentials, within } = server;
        let credentials = credentials.map(|(user, password)| Credentials::new(user, password));
        // Servers want to be told a domain; the sender's is the one that is known.
        let hello = ClientId::Domain(from.email.domain().to_owned());
        let connections = Connections { host, port, security, credentials, within, hello, idle: Mutex::default() };
        Self { from, reply_to, within, connections }
    }

    pub(crate) async fn send(&self, message: &Outgoing<'_>) -> Result<(), Setback> {
        let letter = letter::write(message, &self.from, self.reply_to.as_ref())?;
        let late = Err(Setback::Later("the SMTP server did not answer in time".to_owned()));
        tokio::time::timeout(self.within, self.connections.deliver(&letter)).await.unwrap_or(late)
    }
}

impl std::fmt::Debug for Smtp {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Smtp").field("from", &self.from).finish_non_exhaustive()
    }
}
