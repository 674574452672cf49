//! How Cognate is set up: by a program, or by a file.

use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use cognate_crypto::password::HashCost;
use cognate_operations::{Issuer, Settings, Undelivered};
use cognate_protocol::{Rate, Rates};
use serde::Deserialize;

use crate::delivery_sections::{EmailSection, SmsSection};
use crate::outside::{AwsSection, OutboundSection, Outside, TriggersSection};
use crate::{Database, DatabaseSettings, DatabaseUrl, Proxies, TracesSection, config_file, setting_checks};

/// How to open the user pools.
#[derive(Clone)]
pub struct Config {
    /// The folder of the store, unless it is in a database, and of the master key, unless it comes from elsewhere.
    pub data: PathBuf,
    /// The PostgreSQL database of the store; without one it is in the data folder.
    pub database: Option<Database>,
    /// The master key as text: 64 hexadecimal digits, or base64 of 32 bytes. Without it the file `master.key` in the
    /// data folder is read, and made at first.
    pub master_key: Option<String>,
    /// Region, account, issuer, cost of hashes.
    pub settings: Settings,
    /// A table that says where addresses are (`docs/risk.md`).
    pub places: Option<PathBuf>,
    /// A list of stolen passwords, by their SHA-1 hashes (`docs/risk.md`).
    pub compromised_passwords: Option<PathBuf>,
    /// How e-mail goes out.
    pub email: Option<EmailSection>,
    /// How text messages go out.
    pub sms: Option<SmsSection>,
    /// Other services: the functions of triggers.
    pub outside: Outside,
}

impl Config {
    /// For production: Argon2id at full cost.
    pub fn new(data: impl Into<PathBuf>) -> Self {
        Self::with(data.into(), Settings::default())
    }

    /// For development and tests: the cheapest legal hashes, messages readable.
    pub fn development(data: impl Into<PathBuf>) -> Self {
        let settings = Settings {
            hash_cost: HashCost::DEV,
            keeps_messages_readable: true,
            undelivered: Undelivered::Keep,
            ..Settings::default()
        };
        Self::with(data.into(), settings)
    }

    fn with(data: PathBuf, settings: Settings) -> Self {
        Self {
            data,
            database: None,
            master_key: None,
            settings,
            places: None,
            compromised_passwords: None,
            email: None,
            sms: None,
            outside: Outside::default(),
        }
    }
}

impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let master_key = self.master_key.as_ref().map(|_| "..");
        f.debug_struct("Config")
            .field("data", &self.data)
            .field("database", &self.database)
            .field("master_key", &master_key)
            .field("settings", &self.settings)
            .field("email", &self.email)
            .field("sms", &self.sms)
            .field("outside", &self.outside)
            .finish_non_exhaustive()
    }
}

/// Bounds of the server, each with a default that fits an identity server behind SDKs.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// The largest body, in bytes.
    pub body_bytes: usize,
    /// How long a client may take to send its headers, in seconds.
    pub header_seconds: u64,
    /// How long a client may take to send its body, in seconds.
    pub body_seconds: u64,
    /// How long a client may leave an answer unread, in seconds.
    pub answer_seconds: u64,
    /// How many connections are open at once; more wait in the system's queue.
    pub connections: usize,
    /// How many requests run at once; more are told to come back later.
    pub requests: usize,
    /// How long running requests may take to finish when the server stops, in seconds.
    pub shutdown_seconds: u64,
    /// How many requests a second that need no signature an address may send in the long run; 0 is no limit.
    pub address_per_second: u32,
    /// How many of them it may send at once.
    pub address_burst: u32,
    /// The same for a user, by the name or the token of the request; 0 is no limit.
    pub user_per_second: u32,
    /// How many at once.
    pub user_burst: u32,
    /// Proxies that are believed about the address of a request (`X-Forwarded-For`): ranges such as `127.0.0.0/8`.
    pub trusted_proxies: Proxies,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            body_bytes: 1 << 20,
            header_seconds: 10,
            body_seconds: 30,
            answer_seconds: 30,
            connections: 4_096,
            requests: 2_048,
            shutdown_seconds: 10,
            address_per_second: 2_000,
            address_burst: 20_000,
            user_per_second: 200,
            user_burst: 2_000,
            trusted_proxies: Proxies::default(),
        }
    }
}

impl Limits {
    /// For development and tests: nobody is told to come back later for asking often.
    pub fn development() -> Self {
        let (per_second, burst) = (100_000, 1_000_000);
        Self {
            address_per_second: per_second,
            address_burst: burst,
            user_per_second: per_second,
            user_burst: burst,
            ..Self::default()
        }
    }

    pub(crate) fn rates(&self) -> Rates {
        Rates {
            address: Rate { per_second: self.address_per_second, burst: self.address_burst },
            user: Rate { per_second: self.user_per_second, burst: self.user_burst },
        }
    }

    pub(crate) fn header_time(&self) -> Duration {
        Duration::from_secs(self.header_seconds)
    }

    pub(crate) fn body_time(&self) -> Duration {
        Duration::from_secs(self.body_seconds)
    }

    pub(crate) fn answer_time(&self) -> Duration {
        Duration::from_secs(self.answer_seconds)
    }

    pub(crate) fn shutdown_time(&self) -> Duration {
        Duration::from_secs(self.shutdown_seconds)
    }
}

/// The file of `cognate serve --config`. Every member may be left out; the command line wins over the file.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct FileConfig {
    /// Where to listen, such as `0.0.0.0:9229`.
    pub listen: Option<String>,
    /// The data folder.
    pub data: Option<PathBuf>,
    /// The PostgreSQL database of the store, instead of the data folder: `postgres://user:password@host/name`.
    pub database_url: Option<DatabaseUrl>,
    /// How that database is used.
    pub database: DatabaseSettings,
    /// The region in pool ids and ARNs.
    pub region: Option<String>,
    /// The account in ARNs: twelve digits.
    pub account: Option<String>,
    /// `service` (the default), or the base URL that tokens name as their issuer.
    pub issuer: Option<String>,
    /// A file with declared pools, applied at every start.
    pub pools: Option<PathBuf>,
    /// A table that says where addresses are.
    pub places: Option<PathBuf>,
    /// A list of stolen passwords, by their SHA-1 hashes.
    pub compromised_passwords: Option<PathBuf>,
    /// Where the links of messages about risky sign-ins lead.
    pub feedback_url: Option<String>,
    /// How e-mail goes out.
    pub email: Option<EmailSection>,
    /// How text messages go out.
    pub sms: Option<SmsSection>,
    /// What becomes of messages that nothing delivers; `refuse` in `serve` and `keep` in `dev` unless it is said.
    pub undelivered: Option<UndeliveredSetting>,
    /// Where the pages of this server are for whoever reads a message, such as `https://id.example.com`.
    pub public_url: Option<String>,
    /// Who calls AWS endpoints.
    pub aws: AwsSection,
    /// What calls to other services may do.
    pub outbound: OutboundSection,
    /// Where the functions of triggers are (`docs/triggers.md`).
    pub triggers: TriggersSection,
    /// The audit trail.
    pub audit: AuditSection,
    /// Who may read the metrics.
    pub metrics: MetricsSection,
    /// Where traces go.
    pub traces: TracesSection,
    /// Bounds.
    pub limits: Limits,
}

/// What becomes of the audit trail.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AuditSection {
    /// For how many days an entry is kept, from 1 to 36500; 400 unless it is said.
    pub keep_days: Option<u32>,
}

/// Where the metrics are.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MetricsSection {
    /// A further address where `/metrics`, and nothing else, is answered to whoever reaches it, such as `0.0.0.0:9230`.
    pub address: Option<String>,
}

impl FileConfig {
    /// Reads a file. What is wrong in it is told with its line and its key.
    pub fn read(path: &Path) -> Result<Self, String> {
        Self::read_under(path, Self::clone)
    }

    /// The same with other settings laid over the file before its values are checked.
    pub fn read_under(path: &Path, over: impl FnOnce(&Self) -> Self) -> Result<Self, String> {
        config_file::read(path, over)
    }

    /// Writes what it says into a configuration, but for the data folder.
    pub fn apply(&self, config: &mut Config) -> Result<(), String> {
        setting_checks::check(self).map_err(|wrong| wrong.to_string())?;
        let options = self.database.options();
        config.database = self.database_url.clone().map(|url| Database { url, options });
        config.places.clone_from(&self.places);
        config.compromised_passwords.clone_from(&self.compromised_passwords);
        config.email.clone_from(&self.email);
        config.sms.clone_from(&self.sms);
        config.outside = Outside {
            aws: self.aws.credentials(),
            authorities: self.outbound.ca_file.clone(),
            plain_http: self.outbound.plain_http.clone(),
            lambda_endpoint: self.triggers.lambda_endpoint.clone(),
            kms_endpoint: self.triggers.kms_endpoint.clone(),
            functions: self.triggers.functions.clone(),
            function_time: self.triggers.timeout_milliseconds.map(Duration::from_millis),
        };
        let settings = &mut config.settings;
        if let Some(days) = self.audit.keep_days {
            settings.audit_days = days;
        }
        settings.public_url.clone_from(&self.public_url);
        if let Some(url) = &self.feedback_url {
            settings.feedback_url.clone_from(url);
        }
        if let Some(region) = &self.region {
            settings.region.clone_from(region);
        }
        if let Some(account) = &self.account {
            settings.account.clone_from(account);
        }
        if let Some(issuer) = &self.issuer {
            settings.issuer = issuer_of(issuer);
        }
        if let Some(undelivered) = self.undelivered {
            settings.undelivered = undelivered.into();
        }
        Ok(())
    }
}

/// `keep` or `refuse`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum UndeliveredSetting {
    /// They stay in the outbox.
    Keep,
    /// The operation that would send one is refused.
    Refuse,
}

impl std::str::FromStr for UndeliveredSetting {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "keep" => Ok(Self::Keep),
            "refuse" => Ok(Self::Refuse),
            _ => Err("say keep or refuse"),
        }
    }
}

impl From<UndeliveredSetting> for Undelivered {
    fn from(setting: UndeliveredSetting) -> Self {
        match setting {
            UndeliveredSetting::Keep => Self::Keep,
            UndeliveredSetting::Refuse => Self::Refuse,
        }
    }
}

/// `service`, or a base URL.
pub(crate) fn issuer_of(text: &str) -> Issuer {
    if text == "service" { Issuer::Service } else { Issuer::Base(text.to_owned()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Isolation;

    #[test]
    fn a_file_sets_region_and_limits() {
        let file: FileConfig = toml::from_str("region = \"eu-west-1\"\n[limits]\nbody_bytes = 2048\n").unwrap();
        let mut config = Config::new("data");
        file.apply(&mut config).unwrap();
        assert_eq!(config.settings.region, "eu-west-1");
        assert_eq!((file.limits.body_bytes, file.limits.connections), (2_048, 4_096));
    }

    #[test]
    fn a_file_sets_rates_and_proxies() {
        let text = "[limits]\nuser_per_second = 5\ntrusted_proxies = [\"127.0.0.0/8\"]\n";
        let file: FileConfig = toml::from_str(text).unwrap();
        assert_eq!(file.limits.rates().user, Rate { per_second: 5, burst: 2_000 });
        let error = toml::from_str::<FileConfig>("[limits]\ntrusted_proxies = [\"proxy\"]\n").unwrap_err();
        assert!(error.to_string().contains("\"proxy\" is not a range of addresses"), "{error}");
    }

    #[test]
    fn a_file_names_a_database_and_how_it_is_used() {
        let text = "database_url = \"postgres://u:hunter2@h/d\"\n[database]\nconnections = 40\nstatement_seconds = 5\n\
                    isolation = \"serializable\"\n";
        let file: FileConfig = toml::from_str(text).unwrap();
        let mut config = Config::new("data");
        file.apply(&mut config).unwrap();
        assert!(!format!("{file:?} {config:?}").contains("hunter2"), "the password is in the logs");
        let Database { url, options } = config.database.unwrap();
        assert_eq!((url.as_str(), options.connections), ("postgres://u:hunter2@h/d", 40));
        assert_eq!((options.statement_time, options.isolation), (Duration::from_secs(5), Isolation::Serializable));
        for wrong in ["connections = 1", "statement_seconds = 0", "isolation = \"snapshot\"", "conections = 3"] {
            let read = toml::from_str::<FileConfig>(&format!("[database]\n{wrong}"));
            let refused = read.map_err(|e| e.to_string()).and_then(|file| file.apply(&mut Config::new("data")));
            assert!(refused.is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_configuration_that_is_printed_tells_no_secret() {
        let mut config = Config::new("data");
        config.master_key = Some("hunter2".to_owned());
        let printed = format!("{config:?}");
        assert!(!printed.contains("hunter2") && printed.contains("master_key: Some("), "{printed}");
    }

    #[test]
    fn a_misspelt_member_is_told() {
        assert!(toml::from_str::<FileConfig>("regoin = \"eu-west-1\"").is_err());
    }
}
