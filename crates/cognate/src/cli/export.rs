//! `cognate export`.

use std::fs::File;
use std::io::{BufWriter, ErrorKind, IsTerminal, Write};
use std::path::PathBuf;

use clap::Args;
use cognate::{Exported, Secrets};

use super::log::{LogFormat, log};
use super::progress::Progress;
use super::{Data, Failure, open_existing, tell};

#[derive(Args)]
pub(super) struct Options {
    /// The pool; every pool if none is named. May be given more than once.
    #[arg(long, value_name = "ID")]
    pool: Vec<String>,
    /// The file to write, which only its owner can read; it must not exist. Without it the lines go to standard output.
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Leave out password hashes, SRP verifiers, software tokens and client secrets. Users with a password will have to
    /// choose a new one.
    #[arg(long)]
    without_secrets: bool,
    #[command(flatten)]
    data: Data,
}

pub(super) async fn run(options: Options) -> Result<(), Failure> {
    log("warn", LogFormat::of_environment())?;
    let out: Box<dyn Write + Send> = match &options.output {
        None if std::io::stdout().is_terminal() => {
            return Err("this would show secrets on the screen: name a file with --output FILE".to_owned());
        }
        None => Box::new(std::io::stdout()),
        Some(path) => Box::new(cognate::private_file(path).map_err(|error| match error.kind() {
            ErrorKind::AlreadyExists => format!("{} exists; exports are not written over", path.display()),
            _ => format!("{}: {error}", path.display()),
        })?),
    };
    let written = write(&options, out).await;
    if let (Err(_), Some(path)) = (&written, &options.output) {
        // What is not whole is of no use, and holds secrets.
        let _ = std::fs::remove_file(path);
    }
    written
}

async fn write(options: &Options, out: Box<dyn Write + Send>) -> Result<(), Failure> {
    let pools = open_existing(&options.data)?;
    let ids = match options.pool.as_slice() {
        [] => pools.pool_ids().await.map_err(|e| e.to_string())?,
        named => named.to_vec(),
    };
    let secrets = if options.without_secrets { Secrets::Without } else { Secrets::With };
    let mut progress = Progress::new();
    let mut out = BufWriter::with_capacity(1 << 20, out);
    let mut report = |written: &Exported| progress.show(|| format!("{} users written", written.users));
    let exported = pools.export(&ids, secrets, &mut out, &mut report).await.map_err(|e| e.to_string())?;
    out.flush().map_err(|e| e.to_string())?;
    if let Some(path) = &options.output {
        File::open(path).and_then(|file| file.sync_all()).map_err(|e| format!("{}: {e}", path.display()))?;
    }
    drop(progress);
    let shown = serde_json::to_string(&exported).map_err(|e| e.to_string())?;
    tell(&format!("Written: {shown}"));
    if secrets == Secrets::With {
        tell(
            "The file holds password hashes and secrets in clear: whoever reads it can guess passwords and pretend to \
             be your applications. Keep it private, encrypt it (for instance with age), and delete it after the move.",
        );
    }
    Ok(())
}
