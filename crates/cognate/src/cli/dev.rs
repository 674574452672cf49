//! `cognate dev`.

use std::net::ToSocketAddrs;
use std::path::PathBuf;

use clap::Args;
use cognate::{Config, Door, Limits, UserPools};

use super::log::{LogFormat, log_and_trace};
use super::setup::Setup;
use super::{Declared, FOLDER, Failure, RootKey, command_line, listen, root_key, say, shutdown};

/// Where `dev` listens unless it is told otherwise.
const ADDRESS: &str = "127.0.0.1:9229";

#[derive(Args)]
pub(super) struct Options {
    /// Where to listen. Only addresses of this machine, unless --allow-remote is given.
    #[arg(long, value_name = "ADDR", default_value = ADDRESS)]
    listen: String,
    #[command(flatten)]
    setup: Setup,
    /// A file with settings, as that of `serve`; its members listen and limits are not for `dev`.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// A file with pools, app clients, groups and users that are there after every start.
    #[arg(long, value_name = "FILE")]
    pools: Option<PathBuf>,
    /// Verify signatures and policies as `serve` does, with outbox and clock still at hand.
    #[arg(long)]
    verify_signatures: bool,
    #[command(flatten)]
    root: RootKey,
    /// Listen on an address that other machines reach. Anybody there can do everything unless signatures are verified.
    #[arg(long)]
    allow_remote: bool,
    /// How log lines are written, to standard error: for people or as JSON objects.
    #[arg(long, env = "COGNATE_LOG_FORMAT", value_name = "text|json", default_value = "text")]
    log_format: LogFormat,
}

impl Default for Options {
    fn default() -> Self {
        use clap::{Command, FromArgMatches};
        let command = Self::augment_args(Command::new("dev"));
        #[expect(clippy::expect_used, reason = "every option has a default or may be left out")]
        Self::from_arg_matches(&command.get_matches_from(["dev"])).expect("no option is required")
    }
}

pub(super) async fn run(options: Options) -> Result<(), Failure> {
    check_loopback(&options)?;
    let file = options.setup.over(options.config.as_deref())?;
    let traces = log_and_trace("warn,outbox=info", options.log_format, &file)?;
    let mut config = Config::development(options.setup.data.folder(&file, Some(FOLDER))?);
    file.apply(&mut config)?;
    config.master_key = options.setup.data.master_key()?;
    let data = match config.database {
        Some(_) => "the database of --database-url".to_owned(),
        None => config.data.display().to_string(),
    };
    let region = config.settings.region.clone();
    let root = if options.verify_signatures { options.root.given()? } else { None };
    let declared = options.pools.as_deref().or(file.pools.as_deref()).map(Declared::read).transpose()?;
    let pools = UserPools::open(config).map_err(|e| e.to_string())?.acting_as(command_line());
    let mut key_lines = String::new();
    let door = if options.verify_signatures {
        let (root_id, root_secret) = root_key(&pools, root).await?;
        key_lines = format!("  root key  {root_id}\n");
        Door::DevVerified { root_id, root_secret }
    } else {
        Door::Dev
    };
    let listener = listen(&options.listen).await?;
    if let Some(declared) = declared {
        declared.apply(&pools).await?;
    }
    let stop = shutdown::Requests::heed()?;
    let server = pools.serve(listener, &door, Limits::development()).map_err(|e| e.to_string())?;
    let endpoint = server.endpoint();
    say(&format!(
        "Cognate is ready for development.\n\n  \
         endpoint  {endpoint}\n  \
         data      {data}\n  \
         outbox    {endpoint}/_cognate/outbox   (messages to users are printed here too)\n  \
         clock     curl -X POST {endpoint}/_cognate/clock -d '{{\"advanceSeconds\": 600}}'\n{key_lines}\n\
         Try:\n  {}aws cognito-idp create-user-pool --pool-name demo --region {region} --endpoint-url {endpoint}\n",
        if options.verify_signatures { "" } else { "AWS_ACCESS_KEY_ID=any AWS_SECRET_ACCESS_KEY=any " },
    ));
    stop.wait().await?;
    server.stop().await;
    if let Some(traces) = traces {
        traces.stop().await;
    }
    Ok(())
}

/// `dev` believes everybody, so it listens to this machine only, unless it is told otherwise in so many words.
fn check_loopback(options: &Options) -> Result<(), Failure> {
    let mut addresses =
        options.listen.to_socket_addrs().map_err(|e| format!("{} is not an address: {e}", options.listen))?;
    if options.allow_remote || addresses.all(|address| address.ip().is_loopback()) {
        return Ok(());
    }
    Err(format!(
        "dev believes every caller, so it does not listen on {}; use `cognate serve`, or add --allow-remote if that is \
         what you want",
        options.listen
    ))
}
