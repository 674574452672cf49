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
    /// Each server of the URL, in its order.
    pub(super) servers: Vec<Config>,
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
        if !is_complete(&config) {
            let reason = "needs a hostaddr for each server or for none, and one port or one for each";
            return Err(OpenError::Address(reason.to_owned()));
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
        Ok(Self { servers: apart(&config), tls, place })
    }
}

/// The parameters that the client library leaves to us.
#[derive(Default)]
struct Ours {
    mode: Option<String>,
    root: Option<PathBuf>,
}

/// The file of certificates that a URL names.
pub(super) fn roots(url: &str) -> Option<PathBuf> {
    take_ours(url).1.root
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

/// Whether there is an address for each name or for none, and a port for each server or one for all. The library asks for
/// it as well, but only of servers that are not taken apart.
fn is_complete(config: &Config) -> bool {
    let (hosts, addresses, ports) = (config.get_hosts().len(), config.get_hostaddrs().len(), config.get_ports().len());
    let servers = hosts.max(addresses);
    (hosts == 0 || addresses == 0 || hosts == addresses) && (ports <= 1 || ports == servers)
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

/// A setting for each server. The client library tries several in turn, but waits without end for one that accepts a
/// connection and then says nothing, as a machine does that stands still.
fn apart(config: &Config) -> Vec<Config> {
    let (hosts, addresses, ports) = (config.get_hosts(), config.get_hostaddrs(), config.get_ports());
    let servers = 0..hosts.len().max(addresses.len());
    let server = |index| {
        let mut one = without_servers(config);
        match hosts.get(index) {
            Some(Host::Tcp(name)) => _ = one.host(name),
            #[cfg(unix)]
            Some(Host::Unix(path)) => _ = one.host_path(path),
            None => {}
        }
        if let Some(address) = addresses.get(index) {
            one.hostaddr(*address);
        }
        if let Some(port) = ports.get(index).or_else(|| ports.first()) {
            one.port(*port);
        }
        one
    };
    servers.map(server).collect()
}

/// The same settings without the servers, which a setting can only be given more of.
fn without_servers(config: &Config) -> Config {
    let mut one = Config::new();
    if let Some(user) = config.get_user() {
        one.user(user);
    }
    if let Some(password) = config.get_password() {
        one.password(password);
    }
    if let Some(name) = config.get_dbname() {
        one.dbname(name);
    }
    if let Some(options) = config.get_options() {
        one.options(options);
    }
    if let Some(name) = config.get_application_name() {
        one.application_name(name);
    }
    if let Some(time) = config.get_connect_timeout() {
        one.connect_timeout(*time);
    }
    if let Some(time) = config.get_tcp_user_timeout() {
        one.tcp_user_timeout(*time);
    }
    if let Some(time) = config.get_keepalives_interval() {
        one.keepalives_interval(time);
    }
    if let Some(retries) = config.get_keepalives_retries() {
        one.keepalives_retries(retries);
    }
    one.ssl_mode(config.get_ssl_mode());
    one.ssl_negotiation(config.get_ssl_negotiation());
    one.keepalives(config.get_keepalives());
    one.keepalives_idle(config.get_keepalives_idle());
    one.target_session_attrs(config.get_target_session_attrs());
    one.channel_binding(config.get_channel_binding());
    one.load_balance_hosts(config.get_load_balance_hosts());
    one
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
        Address::parse(url).unwrap().servers[0].get_ssl_mode()
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
    fn no_server_is_left_without_its_address_or_port() {
        for wrong in [
            "postgres://u@one,two/d?hostaddr=127.0.0.1",
            "postgres://u@one/d?hostaddr=127.0.0.1,10.0.0.1",
            "postgres:///d?host=one,two,three&port=5432,5433",
        ] {
            let refused = Address::parse(wrong).map(|_| ()).unwrap_err();
            assert!(refused.to_string().contains("needs a hostaddr for each server"), "{refused}");
        }
        let both = Address::parse("postgres://u@one:5433,two:5433/d?hostaddr=127.0.0.1,::1").unwrap();
        assert_eq!(both.place, "PostgreSQL at one:5433,two:5433/d");
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
    }

    #[test]
    fn every_server_has_all_settings_and_its_own_place() {
        let url = "postgres://u:secret@one:5433,two/d?sslmode=require&application_name=x&options=-cwork_mem%3D8MB\
                   &connect_timeout=7&tcp_user_timeout=8&keepalives_idle=9&keepalives_interval=10&keepalives_retries=11\
                   &channel_binding=prefer&keepalives=1&target_session_attrs=read-write";
        let servers = Address::parse(url).unwrap().servers;
        let alone = |host: &str| Address::parse(&url.replace("one:5433,two", host)).unwrap().servers;
        // Nothing that the library knows of is forgotten: each is what a URL of this server alone gives.
        assert_eq!(servers, [alone("one:5433"), alone("two:5432")].concat());
    }
}
