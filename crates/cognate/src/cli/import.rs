//! `cognate import`.

use std::fs::File;
use std::io::{BufReader, IsTerminal, Read};
use std::path::PathBuf;

use clap::Args;
use cognate::{ImportOptions, ImportReport, UserPools};

use super::log::{LogFormat, log};
use super::progress::{Progress, bar};
use super::{Data, Failure, command_line, configuration, say, tell};

#[derive(Args)]
pub(super) struct Options {
    /// The file; standard input if none is named.
    file: Option<PathBuf>,
    /// Everything goes into this pool, which must exist, whatever pool the file speaks of. Without it pools are made
    /// as the file describes them.
    #[arg(long, value_name = "ID")]
    into: Option<String>,
    /// Pass over the users of the lines before this one. Users who are there already are recognised without it.
    #[arg(long, value_name = "LINE", default_value_t = 1)]
    from_line: u64,
    /// Report lines that cannot be taken, and go on with the others.
    #[arg(long)]
    keep_going: bool,
    #[command(flatten)]
    data: Data,
}

pub(super) async fn run(options: Options) -> Result<(), Failure> {
    log("warn", LogFormat::of_environment())?;
    let (input, size): (Box<dyn Read + Send>, u64) = match &options.file {
        None if std::io::stdin().is_terminal() => {
            return Err("name a file, or give one on standard input: cognate import < FILE".to_owned());
        }
        None => (Box::new(std::io::stdin()), 0),
        Some(path) => {
            let trouble = |e: std::io::Error| format!("{}: {e}", path.display());
            let file = File::open(path).map_err(trouble)?;
            let size = file.metadata().map_err(trouble)?.len();
            (Box::new(file), size)
        }
    };
    let (pools, pace) = UserPools::open_for_import(configuration(&options.data)?).map_err(|e| e.to_string())?;
    let pools = pools.acting_as(command_line());
    let how = ImportOptions {
        into: options.into.clone(),
        from_line: options.from_line,
        pace,
        keeps_going: options.keep_going,
    };
    let mut progress = Progress::new();
    let input = BufReader::with_capacity(1 << 20, input);
    let (report, ended) = pools
        .import(input, &how, &mut |report, fault| match fault {
            Some((line, reason)) => progress.interrupt(|| tell(&format!("line {line}: {reason}"))),
            None => progress.show(|| line(report, size)),
        })
        .await;
    drop(progress);
    // What was done is told whatever ended it.
    say(&serde_json::to_string(&report).map_err(|e| e.to_string())?);
    let is_written = report.pools + report.clients + report.groups + report.users > 0;
    ended.map_err(|stopped| {
        let stays = "What was written stays: run the import again, and who is there is passed over.";
        if is_written { format!("{stopped}\n{stays}") } else { stopped.to_string() }
    })?;
    if report.bad_lines > 0 {
        return Err(format!("{} lines were not taken", report.bad_lines));
    }
    Ok(())
}

fn line(report: &ImportReport, size: u64) -> String {
    let users = format!("{} users new, {} there already", report.users, report.present_users);
    if size > 0 { format!("{} {users}", bar(report.bytes, size)) } else { users }
}
