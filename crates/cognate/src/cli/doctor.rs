//! `cognate doctor`: whether a server would start with these settings and work well, and what to do if not.

use std::path::PathBuf;

use clap::Args;
use cognate::doctor::{self, Finding, Patient, Verdict};
use cognate::{Config, FileConfig};

use super::setup::Setup;
use super::{Data, Failure, say, serve};

#[derive(Args)]
pub(super) struct Options {
    /// Where the server would listen; 127.0.0.1:9229 unless it or the configuration says otherwise.
    #[arg(long, value_name = "ADDR")]
    listen: Option<String>,
    #[command(flatten)]
    setup: Setup,
    /// The file with settings of `serve`.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
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
    let file = options.setup.over(options.config.as_deref())?;
    check(file, options.config.clone(), options.listen.clone(), &options.setup.data, options.how)
}

/// Looks at settings that are already put together.
pub(super) fn check(
    file: FileConfig,
    path: Option<PathBuf>,
    listen: Option<String>,
    data: &Data,
    how: How,
) -> Result<(), Failure> {
    let mut config = Config::new(data.folder(&file, None)?);
    file.apply(&mut config)?;
    config.master_key = data.master_key()?;
    let listen = listen.or_else(|| file.listen.clone()).unwrap_or_else(|| serve::ADDRESS.to_owned());
    let found = doctor::examine(&Patient { config, file, path, listen, reach: how.reach });
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
