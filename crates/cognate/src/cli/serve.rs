//! `cognate serve`.

use std::path::PathBuf;

use clap::Args;
use cognate::{Config, Door, FileConfig, UserPools};

use super::doctor::How;
use super::log::{LogFormat, log_and_trace};
use super::setup::Setup;
use super::{Declared, Failure, RootKey, command_line, listen, root_key, say, shutdown};

/// Where `serve` listens unless it is told otherwise: a proxy with TLS stands in front of it.
pub(super) const ADDRESS: &str = "127.0.0.1:9229";

#[derive(Args)]
pub(super) struct Options {
    #[command(flatten)]
    start: Start,
    /// Start nothing: check settings, store, keys and machine as `cognate doctor` does, and say what is wrong.
    #[arg(long)]
    check: bool,
    #[command(flatten)]
    how: How,
}

/// What `serve` starts with, and `doctor` looks at.
#[derive(Args)]
pub(super) struct Start {
    /// Where to listen; 127.0.0.1:9229 unless it or the configuration says otherwise.
    #[arg(long, value_name = "ADDR")]
    listen: Option<String>,
    #[command(flatten)]
    pub(super) setup: Setup,
    /// A file with settings; what is given on the command line wins. README.md lists its members.
    #[arg(long, value_name = "FILE")]
    pub(super) config: Option<PathBuf>,
    /// A file with pools that are there after every start.
    #[arg(long, value_name = "FILE")]
    pools: Option<PathBuf>,
    #[command(flatten)]
    pub(super) root: RootKey,
    /// How log lines are written, to standard error: for people or as JSON objects. COGNATE_LOG filters them, as in
    /// COGNATE_LOG=info,access=off.
    #[arg(long, env = "COGNATE_LOG_FORMAT", value_name = "text|json", default_value = "text")]
    pub(super) log_format: LogFormat,
}

impl Start {
    /// The settings of the file, under what the command line says.
    pub(super) fn settings(&self) -> Result<FileConfig, Failure> {
        let file = self.setup.over(self.config.as_deref())?;
        Ok(FileConfig { listen: self.listen.clone().or(file.listen), pools: self.pools.clone().or(file.pools), ..file })
    }
}

pub(super) async fn run(options: Options) -> Result<(), Failure> {
    let Options { start, check, how } = options;
    if check {
        return super::doctor::check(&start, how);
    }
    let file = start.settings()?;
    let traces = log_and_trace("info", start.log_format, &file)?;
    let mut config = Config::new(start.setup.data.folder(&file, None)?);
    file.apply(&mut config)?;
    config.master_key = start.setup.data.master_key()?;
    let root = start.root.given()?;
    let declared = file.pools.as_deref().map(Declared::read).transpose()?;
    let pools = UserPools::open(config).map_err(|e| e.to_string())?.acting_as(command_line());
    let (root_id, root_secret) = root_key(&pools, root).await?;
    let listener = listen(file.listen.as_deref().unwrap_or(ADDRESS)).await?;
    let metrics = match &file.metrics.address {
        Some(address) => Some(listen(address).await?),
        None => None,
    };
    if let Some(declared) = declared {
        declared.apply(&pools).await?;
    }
    let door = Door::Serve { root_id, root_secret };
    let stop = shutdown::Requests::heed()?;
    let server = pools.serve(listener, &door, file.limits).map_err(|e| e.to_string())?;
    if let Some(metrics) = metrics {
        server.expose_metrics(metrics);
    }
    say(&format!("Cognate serves on {}.", server.endpoint()));
    stop.wait().await?;
    tracing::info!("stopping: running requests may finish");
    server.stop().await;
    if let Some(traces) = traces {
        traces.stop().await;
    }
    Ok(())
}
