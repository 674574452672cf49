//! What an operator would want to know before a server starts, or when it behaves strangely. Nothing is changed: a store
//! is not made, not migrated, and no key is made.

mod certificates;
mod machine;
mod reach;
mod store;

use std::fmt;
use std::path::PathBuf;

use serde::Serialize;

use crate::{Config, FileConfig, knowledge, traces};

/// How grave a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// As it should be.
    Ok,
    /// It works, and could be better or safer.
    Warn,
    /// A server would not start, or not work.
    Fail,
}

/// What was found out about one thing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// How grave it is.
    pub verdict: Verdict,
    /// What was looked at, in a word or two.
    pub check: &'static str,
    /// What was found, and what to do about it.
    pub found: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let verdict = match self.verdict {
            Verdict::Ok => "ok",
            Verdict::Warn => "warn",
            Verdict::Fail => "FAIL",
        };
        write!(f, "{verdict:4}  {:15}  {}", self.check, self.found)
    }
}

/// What is looked at.
#[derive(Debug, Clone)]
pub struct Patient {
    /// The configuration.
    pub config: Config,
    /// The settings that it was made of.
    pub file: FileConfig,
    /// The file that they stand in.
    pub path: Option<PathBuf>,
    /// Where the server would listen.
    pub listen: String,
    /// Whether other services are called on.
    pub reach: bool,
}

/// Looks at everything. Blocks, for seconds where a server does not answer.
pub fn examine(patient: &Patient) -> Vec<Finding> {
    let mut findings = Findings(Vec::new());
    settings(patient, &mut findings);
    certificates::examine(patient, &mut findings);
    store::examine(&patient.config, &mut findings);
    machine::examine(patient, &mut findings);
    if patient.reach {
        reach::examine(patient, &mut findings);
    }
    findings.0
}

/// What was found so far.
struct Findings(Vec<Finding>);

impl Findings {
    fn ok(&mut self, check: &'static str, found: impl Into<String>) {
        self.0.push(Finding { verdict: Verdict::Ok, check, found: found.into() });
    }

    fn warn(&mut self, check: &'static str, found: impl Into<String>) {
        self.0.push(Finding { verdict: Verdict::Warn, check, found: found.into() });
    }

    fn fail(&mut self, check: &'static str, found: impl Into<String>) {
        self.0.push(Finding { verdict: Verdict::Fail, check, found: found.into() });
    }
}

fn settings(patient: &Patient, findings: &mut Findings) {
    let Patient { config, file, path, listen, .. } = patient;
    let check = "configuration";
    if let Some(path) = path {
        let holds_secrets = config.outside.aws.is_some()
            || config.email.as_ref().is_some_and(|email| email.password.is_some())
            || file.database_url.is_some();
        if holds_secrets && can_be_read_by_all(path) {
            let path = path.display();
            findings.warn(check, format!("{path} holds secrets and can be read by everybody: chmod 640 {path}"));
        } else {
            findings.ok(check, format!("{} can be used", path.display()));
        }
    } else {
        findings.ok(check, "there is no file, and the command line and the environment can be used");
    }
    if let Err(error) = knowledge::read(config) {
        findings.fail("threat files", error);
    }
    let opened = config.outside.open().and_then(|(outbound, _)| {
        crate::delivery_sections::transports(config, &outbound)
            .map(|transports| (transports.email.is_some(), transports.sms.is_some()))
    });
    match opened {
        Err(error) => findings.fail("other services", error),
        Ok((false, false)) => findings.warn(
            "messages",
            "neither e-mail nor text messages can be sent: what needs a message is refused, or kept ([email], [sms])",
        ),
        Ok(_) => findings.ok("messages", "there is a way for messages; --reach tries it"),
    }
    if let Some(url) = file.traces.url() {
        match traces::check(file) {
            Ok(()) => findings.ok("traces", format!("spans go to {url}")),
            // Only the environment can have said so.
            Err(error) if cfg!(not(feature = "otlp")) => findings.warn("traces", error),
            Err(error) => findings.fail("traces", error),
        }
    }
    unsafe_settings(file, listen, findings);
}

/// What works and is not wise.
fn unsafe_settings(file: &FileConfig, listen: &str, findings: &mut Findings) {
    let check = "safety";
    let before = findings.0.len();
    let is_everywhere = |address: &str| address.starts_with("0.0.0.0:") || address.starts_with("[::]:");
    if is_everywhere(listen) {
        findings.warn(
            check,
            format!("{listen} is reached from everywhere and speaks plain HTTP: listen where only a proxy with TLS reaches it"),
        );
    }
    if file.metrics.address.as_deref().is_some_and(is_everywhere) {
        findings.warn(
            check,
            "[metrics] address is reached from everywhere: whoever reaches it sees how busy the server is",
        );
    }
    if file.limits.trusted_proxies.trusts_everybody() {
        findings.warn(check, "limits.trusted_proxies holds every address: anybody can name another one as theirs");
    }
    for (name, rate) in
        [("address_per_second", file.limits.address_per_second), ("user_per_second", file.limits.user_per_second)]
    {
        if rate == 0 {
            findings.warn(check, format!("limits.{name} = 0: guesses are limited by the lockout of users alone"));
        }
    }
    if !file.outbound.plain_http.is_empty() {
        findings.warn(check, "outbound.plain_http: what goes to these hosts can be read on its way");
    }
    if findings.0.len() == before {
        findings.ok(check, "no setting is known to be unsafe");
    }
}

#[cfg(unix)]
fn can_be_read_by_all(path: &std::path::Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    std::fs::metadata(path).is_ok_and(|metadata| metadata.permissions().mode() & 0o004 != 0)
}

#[cfg(not(unix))]
fn can_be_read_by_all(_: &std::path::Path) -> bool {
    false
}
