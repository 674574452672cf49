//! `cognate import-log`: what became of the rows of a user import job. It works beside a running server.

use std::io::{BufWriter, Write};

use clap::Args;

use super::{Data, Failure, open_existing, tell};

#[derive(Args)]
pub(super) struct Options {
    /// The job's id, as CreateUserImportJob gave it.
    job: String,
    #[command(flatten)]
    data: Data,
}

pub(super) async fn run(options: Options) -> Result<(), Failure> {
    let pools = open_existing(&options.data)?;
    let mut out = BufWriter::new(std::io::stdout());
    let mut broken = None;
    let told =
        pools.import_log(&options.job, &mut |line| broken = broken.take().or(writeln!(out, "{line}").err())).await;
    let job = told.map_err(|error| match error {
        cognate::Error::Refused(refusal) => refusal.message.into_owned(),
        other => other.to_string(),
    })?;
    // Whoever has read enough closes their end.
    if broken.is_some() || out.flush().is_err() {
        return Ok(());
    }
    let count = |count: Option<i64>| count.unwrap_or(0);
    let message = job.completion_message.map(|message| format!(". {message}")).unwrap_or_default();
    let status = job.status.map(|status| status.to_string()).unwrap_or_default();
    tell(&format!(
        "{status}: {} imported, {} skipped, {} failed{message}",
        count(job.imported_users),
        count(job.skipped_users),
        count(job.failed_users)
    ));
    Ok(())
}
