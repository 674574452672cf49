//! Which values settings may have. A wrong one of a file is told with its line and key (`config_file.rs`), one of the
//! command line with the key that it stands for.

use std::fmt;
use std::ops::RangeInclusive;

use cognate_outbound::parse_url;

use crate::{DatabaseSettings, FileConfig, Limits};

/// How long anything may be waited for, in seconds.
const WAIT: RangeInclusive<u64> = 1..=86_400;
/// How long a statement may take, in seconds.
const STATEMENT: RangeInclusive<u64> = 1..=3_600;
/// How many connections to a database are open at once: one that reads and one that writes at least.
const CONNECTIONS: RangeInclusive<u64> = 2..=1_000;
/// How many clients may be connected, or requests run, at once.
const CLIENTS: RangeInclusive<u64> = 1..=1_000_000;
/// The largest body: what any request of the API may need, and what may be held in memory.
const BODY: RangeInclusive<u64> = 1_024..=1 << 30;
/// How long a function may take, in milliseconds: no longer than one of Lambda's can.
const FUNCTION: RangeInclusive<u64> = 1..=900_000;
/// For how many days entries of the audit trail are kept.
const DAYS: RangeInclusive<u64> = 1..=36_500;

/// A value that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct WrongSetting {
    /// The setting, below the table that it stands in: `limits.requests`.
    pub(crate) key: &'static str,
    /// What is wrong with it.
    pub(crate) reason: String,
}

impl fmt::Display for WrongSetting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.key, self.reason)
    }
}

/// Whether all values can be used.
pub(crate) fn check(file: &FileConfig) -> Result<(), WrongSetting> {
    of_database(&file.database)?;
    of_limits(&file.limits)?;
    if let Some(days) = file.audit.keep_days {
        within("audit.keep_days", days, &DAYS)?;
    }
    if let Some(time) = file.triggers.timeout_milliseconds {
        within("triggers.timeout_milliseconds", time, &FUNCTION)?;
    }
    if let Some(region) = &file.region {
        let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        let is_region = !region.is_empty() && region.len() <= 32 && region.chars().all(fits);
        demand("region", is_region, || format!("{region:?} is no name of a region"))?;
    }
    if let Some(account) = &file.account {
        let is_account = account.len() == 12 && account.chars().all(|c| c.is_ascii_digit());
        demand("account", is_account, || format!("{account:?} does not have twelve digits"))?;
    }
    url("issuer", file.issuer.as_deref().filter(|issuer| *issuer != "service"))?;
    url("public_url", file.public_url.as_deref())?;
    if let Some(link) = &file.feedback_url {
        // It may open an application.
        let scheme = link.split_once("://").map_or("", |(scheme, _)| scheme);
        let is_link = !scheme.is_empty() && scheme.chars().all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c));
        demand("feedback_url", is_link, || "not a URL".to_owned())?;
    }
    let has_half = file.aws.access_key_id.is_some() != file.aws.secret_access_key.is_some();
    demand("aws", !has_half, || "give both access_key_id and secret_access_key, or neither".to_owned())
}

fn of_database(database: &DatabaseSettings) -> Result<(), WrongSetting> {
    within("database.connections", database.connections, &CONNECTIONS)?;
    within("database.statement_seconds", database.statement_seconds, &STATEMENT)
}

fn of_limits(limits: &Limits) -> Result<(), WrongSetting> {
    within("limits.body_bytes", limits.body_bytes, &BODY)?;
    within("limits.header_seconds", limits.header_seconds, &WAIT)?;
    within("limits.body_seconds", limits.body_seconds, &WAIT)?;
    within("limits.answer_seconds", limits.answer_seconds, &WAIT)?;
    within("limits.connections", limits.connections, &CLIENTS)?;
    within("limits.requests", limits.requests, &CLIENTS)?;
    // None at all is a way to stop at once.
    within("limits.shutdown_seconds", limits.shutdown_seconds, &(0..=86_400))
}

fn within(key: &'static str, value: impl TryInto<u64>, bounds: &RangeInclusive<u64>) -> Result<(), WrongSetting> {
    let fits = value.try_into().is_ok_and(|value| bounds.contains(&value));
    demand(key, fits, || format!("it does not lie between {} and {}", bounds.start(), bounds.end()))
}

fn url(key: &'static str, text: Option<&str>) -> Result<(), WrongSetting> {
    match text.map(parse_url) {
        // The URL may hold a password, and is not shown.
        Some(Err(error)) => Err(WrongSetting { key, reason: error.to_string() }),
        _ => Ok(()),
    }
}

fn demand(key: &'static str, fits: bool, reason: impl FnOnce() -> String) -> Result<(), WrongSetting> {
    if fits { Ok(()) } else { Err(WrongSetting { key, reason: reason() }) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wrong(text: &str) -> String {
        check(&toml::from_str(text).unwrap()).unwrap_err().to_string()
    }

    #[test]
    fn values_that_no_server_could_work_with_are_refused() {
        for text in [
            "[limits]\nrequests = 0",
            "[limits]\nconnections = 0",
            "[limits]\nbody_bytes = 0",
            "[limits]\nheader_seconds = 0",
            "[limits]\nbody_seconds = 100000",
            "[limits]\nanswer_seconds = 0",
            "[limits]\nshutdown_seconds = 100000",
            "[database]\nconnections = 1",
            "[database]\nstatement_seconds = 0",
            "[audit]\nkeep_days = 0",
            "[triggers]\ntimeout_milliseconds = 0",
        ] {
            assert!(wrong(text).contains(": it does not lie between "), "{text}: {}", wrong(text));
        }
        for text in ["issuer = \"foo\"", "issuer = \"ftp://foo\"", "public_url = \"\""] {
            assert!(wrong(text).ends_with("not an http:// or https:// URL with a host and without a user"), "{text}");
        }
        assert_eq!(wrong("feedback_url = \"foo\""), "feedback_url: not a URL");
        assert_eq!(wrong("account = \"12\""), "account: \"12\" does not have twelve digits");
        assert_eq!(wrong("region = \"EU\""), "region: \"EU\" is no name of a region");
        assert_eq!(
            wrong("[aws]\naccess_key_id = \"a\""),
            "aws: give both access_key_id and secret_access_key, or neither"
        );
    }

    #[test]
    fn the_bounds_themselves_can_be_used() {
        for text in [
            "",
            "[limits]\nrequests = 1\nconnections = 1\nbody_bytes = 1024\nshutdown_seconds = 0\naddress_per_second = 0",
            "[database]\nconnections = 2\nstatement_seconds = 3600\n[audit]\nkeep_days = 36500",
            "issuer = \"service\"\naccount = \"000000000000\"",
            "issuer = \"http://127.0.0.1:9229\"\npublic_url = \"https://id.example.com/\"",
            "feedback_url = \"example-app://was-it-you\"",
        ] {
            assert_eq!(check(&toml::from_str(text).unwrap()), Ok(()), "{text}");
        }
    }
}
