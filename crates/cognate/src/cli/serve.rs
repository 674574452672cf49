//! `cognate serve`.

use std::path::PathBuf;

use clap::Args;
use cognate::{Config, Door, UserPools};

use super::doctor::How;
use super::log::{LogFormat, log, log_and_trace};
use super::setup::Setup;
use super::{Failure, RootKey, command_line, declare, listen, root_key, say, shutdown};

/// Where `serve` listens unless it is told otherwise: a proxy with TLS stands in front of it.
pub(super) const ADDRESS: &str = "127.0.0.1:9229";

#[derive(Args)]
pub(super) struct Options {
    /// Where to listen; 127.0.0.1:9229 unless it or the configuration says otherwise.
    #[arg(long, value_name = "ADDR")]
    listen: Option<String>,
    #[command(flatten)]
    setup: Setup,
    /// A file with settings; what is given on the command line wins. README.md lists its members.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// A file with pools that are there after every start.
    #[arg(long, value_name = "FILE")]
    pools: Option<PathBuf>,
    #[command(flatten)]
    root: RootKey,
    /// How log lines are written, to standard error: for people or as JSON objects. COGNATE_LOG filters them, as in
    /// COGNATE_LOG=info,access=off.
    #[arg(long, env = "COGNATE_LOG_FORMAT", value_name = "text|json", default_value = "text")]
    log_format: LogFormat,
    /// Start nothing: check settings, store, keys and machine as `cognate doctor` does, and say what is wrong.
    #[arg(long)]
    check: bool,
    #[command(flatten)]
    how: How,
}

pub(super) async fn run(options: Options) -> Result<(), Failure> {
    let file = options.setup.over(options.config.as_deref())?;
    if options.check {
        log("info", options.log_format);
        return super::doctor::check(file, options.config, options.listen, &options.setup.data, options.how);
    }
    let traces = log_and_trace("info", options.log_format, &file)?;
    let mut config = Config::new(options.setup.data.folder(&file, None)?);
    file.apply(&mut config)?;
    config.master_key = options.setup.data.master_key()?;
    let pools = UserPools::open(config).map_err(|e| e.to_string())?.acting_as(command_line());
    let (root_id, root_secret) = root_key(&pools, &options.root).await?;
    let address = options.listen.or(file.listen).unwrap_or_else(|| ADDRESS.to_owned());
    let listener = listen(&address).await?;
    let metrics = match &file.metrics.address {
        Some(address) => Some(listen(address).await?),
        None => None,
    };
    if let Some(file) = options.pools.or(file.pools) {
        declare(&pools, &file).await?;
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
