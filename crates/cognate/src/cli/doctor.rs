//! `cognate doctor`: whether a server would start with these settings and work well, and what to do if not.

use clap::Args;
use cognate::Config;
use cognate::doctor::{self, Finding, Patient, Verdict};

use super::log::log;
use super::serve::{self, Start};
use super::{Declared, Failure, RootKey, say};

/// A root secret that is shorter can be guessed, and whoever does may do everything.
const SHORT: usize = 20;

#[derive(Args)]
pub(super) struct Options {
    #[command(flatten)]
    start: Start,
    #[command(flatten)]
    how: How,
}

/// How it is done and shown.
#[derive(Args, Clone, Copy)]
pub(super) struct How {
    /// With the checks, connect to the services that are configured as well: SMTP, gateway, Lambda, KMS, webhooks.
    #[arg(long)]
    reach: bool,
    /// With the checks, print JSON instead of lines.
    #[arg(long)]
    json: bool,
}

pub(super) fn run(options: &Options) -> Result<(), Failure> {
    check(&options.start, options.how)
}

/// Looks at what a server would start with.
pub(super) fn check(start: &Start, how: How) -> Result<(), Failure> {
    let found = log("info", start.log_format).and_then(|()| examine(start, how));
    let found = found.unwrap_or_else(|reason| vec![finding(Verdict::Fail, "configuration", reason)]);
    if how.json {
        say(&serde_json::to_string_pretty(&found).map_err(|error| error.to_string())?);
    } else {
        for finding in &found {
            say(&finding.to_string());
        }
    }
    let count = |wanted: Verdict| found.iter().filter(|Finding { verdict, .. }| *verdict == wanted).count();
    match count(Verdict::Fail) {
        0 => Ok(()),
        failures => Err(format!("{failures} of {} checks failed", found.len())),
    }
}

/// What is found, unless the settings cannot be used at all.
fn examine(start: &Start, how: How) -> Result<Vec<Finding>, Failure> {
    let file = start.settings()?;
    let mut config = Config::new(start.setup.data.folder(&file, None)?);
    file.apply(&mut config)?;
    config.master_key = start.setup.data.master_key()?;
    let listen = file.listen.clone().unwrap_or_else(|| serve::ADDRESS.to_owned());
    let declared = file.pools.clone();
    let path = start.config.clone();
    let mut found = doctor::examine(&Patient { config, file, path, listen, reach: how.reach });
    if let Some(pools) = declared {
        found.push(match Declared::read(&pools) {
            Ok(_) => finding(Verdict::Ok, "declared pools", format!("{} can be read", pools.display())),
            Err(reason) => finding(Verdict::Fail, "declared pools", reason),
        });
    }
    found.extend(root_key(&start.root));
    Ok(found)
}

/// What is wrong with a root key that is given.
fn root_key(root: &RootKey) -> Option<Finding> {
    match root.given() {
        Ok(Some((_, secret))) if secret.len() < SHORT => {
            let reason = format!("the secret has fewer than {SHORT} characters: whoever guesses it may do everything");
            Some(finding(Verdict::Warn, "root key", reason))
        }
        Ok(Some(_)) => Some(finding(Verdict::Ok, "root key", "one is given".to_owned())),
        Ok(None) => None,
        Err(reason) => Some(finding(Verdict::Fail, "root key", reason)),
    }
}

fn finding(verdict: Verdict, check: &'static str, found: String) -> Finding {
    Finding { verdict, check, found }
}
