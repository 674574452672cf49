//! Which server, and whether the way to it needs TLS.

use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use tokio_postgres::Config;
use tokio_postgres::config::{Host, SslMode, TargetSessionAttrs};

use super::tls::Connector;
use crate::OpenError;

/// How long one server may take to accept a connection, unless the URL says otherwise.
const CONNECT: Duration = Duration::from_secs(5);
/// After how long without traffic the system asks whether the other side is still there, and how often it asks again.
const KEEPALIVE: Duration = Duration::from_secs(30);
const KEEPALIVE_AGAIN: Duration = Duration::from_secs(10);
const KEEPALIVE_RETRIES: u32 = 3;
/// How long sent data may stay unacknowledged.
const UNACKNOWLEDGED: Duration = Duration::from_secs(30);

/// A parsed `postgres://` URL.
pub(super) struct Address {
    pub(super) config: Config,
    pub(super) tls: Connector,
    /// The server and the database without the password, for messages.
    pub(super) place: String,
}

impl Address {
    pub(super) fn parse(url: &str) -> Result<Self, OpenError> {
        if !["postgres://", "postgresql://"].iter().any(|scheme| url.starts_with(scheme)) {
            return Err(OpenError::Address("does not begin with postgres:// or postgresql://".to_owned()));
        }
        let (url, ours) = take_ours(url);
        let mut config: Config = url.parse().map_err(|error| OpenError::Address(unreadable(&error)))?;
        if config.get_hosts().is_empty() && config.get_hostaddrs().is_empty() {
            return Err(OpenError::Address("names no server".to_owned()));
        }
        let encrypts = match ours.mode.as_deref() {
            None => !is_local(&config),
            Some("disable") => false,
            Some("require" | "verify-full") => true,
            Some(other) => {
                return Err(OpenError::Address(format!("has sslmode={other}; say disable, require or verify-full")));
            }
        };
        config.ssl_mode(if encrypts { SslMode::Require } else { SslMode::Disable });
        let tls = if encrypts { Connector::verifying(ours.root.as_deref())? } else { Connector::none() };
        set_defaults(&mut config);
        let place = place(&config);
        Ok(Self { config, tls, place })
    }
}

/// The parameters that the client library leaves to us.
#[derive(Default)]
struct Ours {
    mode: Option<String>,
    root: Option<PathBuf>,
}

/// Takes `sslmode` and `sslrootcert` out of the URL.
fn take_ours(url: &str) -> (String, Ours) {
    let mut ours = Ours::default();
    let Some((base, query)) = url.split_once('?') else { return (url.to_owned(), ours) };
    let mut kept = Vec::new();
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let decoded = form_urlencoded::parse(pair.as_bytes()).next();
        match decoded {
            Some((key, value)) if key == "sslmode" => ours.mode = Some(value.into_owned()),
            Some((key, value)) if key == "sslrootcert" => ours.root = Some(PathBuf::from(value.into_owned())),
            _ => kept.push(pair),
        }
    }
    let url = if kept.is_empty() { base.to_owned() } else { format!("{base}?{}", kept.join("&")) };
    (url, ours)
}

/// What is wrong, with the reason that the library keeps behind its message; neither quotes the password.
fn unreadable(error: &tokio_postgres::Error) -> String {
    use std::error::Error as _;
    let reason = error.source().map(|reason| format!(": {reason}")).unwrap_or_default();
    format!("cannot be read{reason}")
}

/// Whether every server is on this machine, so that nobody can listen on the way.
fn is_local(config: &Config) -> bool {
    let addresses = config.get_hostaddrs();
    if !addresses.is_empty() {
        return addresses.iter().all(IpAddr::is_loopback);
    }
    config.get_hosts().iter().all(|host| match host {
        Host::Tcp(name) => {
            name == "localhost" || name.parse::<IpAddr>().is_ok_and(|address| address.to_canonical().is_loopback())
        }
        #[cfg(unix)]
        Host::Unix(_) => true,
    })
}

fn set_defaults(config: &mut Config) {
    if config.get_application_name().is_none() {
        config.application_name("cognate");
    }
    if config.get_connect_timeout().is_none() {
        config.connect_timeout(CONNECT);
    }
    if config.get_tcp_user_timeout().is_none() {
        config.tcp_user_timeout(UNACKNOWLEDGED);
    }
    config.keepalives_idle(config.get_keepalives_idle().min(KEEPALIVE));
    config.keepalives_interval(config.get_keepalives_interval().unwrap_or(KEEPALIVE_AGAIN));
    config.keepalives_retries(config.get_keepalives_retries().unwrap_or(KEEPALIVE_RETRIES));
    // Of several servers, the one that takes writes: after a failover it is another one.
    if config.get_target_session_attrs() == TargetSessionAttrs::Any {
        config.target_session_attrs(TargetSessionAttrs::ReadWrite);
    }
}

fn place(config: &Config) -> String {
    let hosts = config.get_hosts().iter().map(|host| match host {
        Host::Tcp(name) => name.clone(),
        #[cfg(unix)]
        Host::Unix(path) => path.display().to_string(),
    });
    let mut servers: Vec<String> = hosts.collect();
    if servers.is_empty() {
        servers = config.get_hostaddrs().iter().map(ToString::to_string).collect();
    }
    let ports = config.get_ports();
    for (index, server) in servers.iter_mut().enumerate() {
        if let Some(port) = ports.get(index).or_else(|| ports.first()) {
            *server = format!("{server}:{port}");
        }
    }
    let database = config.get_dbname().or(config.get_user()).unwrap_or_default();
    format!("PostgreSQL at {}/{database}", servers.join(","))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mode(url: &str) -> SslMode {
        Address::parse(url).unwrap().config.get_ssl_mode()
    }

    #[test]
    fn only_this_machine_is_reached_without_tls_unless_it_is_said() {
        for local in [
            "postgres://u@localhost/d",
            "postgres://u@127.0.0.1:5433/d",
            "postgres://u@[::1]/d",
            "postgres://u@%2Frun%2Fpostgresql/d",
            "postgres:///d?host=/run/postgresql",
        ] {
            assert_eq!(mode(local), SslMode::Disable, "{local}");
        }
        for remote in [
            "postgres://u@db.example.com/d",
            "postgres://u@10.0.0.1/d",
            "postgres://u@localhost,db.example.com/d",
            "postgres://u@localhost/d?hostaddr=10.0.0.1",
            "postgres://u@localhost/d?sslmode=require",
            "postgres://u@db.example.com/d?sslmode=verify-full",
        ] {
            assert_eq!(mode(remote), SslMode::Require, "{remote}");
        }
        assert_eq!(mode("postgres://u@db.example.com/d?sslmode=disable"), SslMode::Disable);
    }

    #[test]
    fn a_mode_that_may_leave_the_way_open_is_refused() {
        for mode in ["prefer", "allow", "verify-ca", ""] {
            let refused = Address::parse(&format!("postgres://u@h/d?sslmode={mode}")).map(|_| ()).unwrap_err();
            assert!(refused.to_string().contains("say disable, require or verify-full"), "{refused}");
        }
    }

    #[test]
    fn what_is_no_url_is_refused_without_its_password() {
        for wrong in ["mysql://u:secret@h/d", "postgres://u:secret@/d", "postgres://u:secret@h:port/d", "/data"] {
            let refused = Address::parse(wrong).map(|_| ()).unwrap_err();
            assert!(matches!(refused, OpenError::Address(_)), "{refused}");
            assert!(!refused.to_string().contains("secret"), "{refused}");
        }
    }

    #[test]
    fn certificates_that_cannot_be_read_are_told() {
        let refused = Address::parse("postgres://u@h/d?sslrootcert=/nowhere/ca.pem").map(|_| ()).unwrap_err();
        assert!(refused.to_string().starts_with("/nowhere/ca.pem: "), "{refused}");
    }

    #[test]
    fn messages_name_the_server_and_not_the_password() {
        let address = Address::parse("postgres://u:secret@one:5433,two/d?sslmode=require&application_name=x").unwrap();
        assert_eq!(address.place, "PostgreSQL at one:5433,two:5432/d");
        assert_eq!(address.config.get_application_name(), Some("x"));
        assert_eq!(address.config.get_target_session_attrs(), TargetSessionAttrs::ReadWrite);
    }
}
