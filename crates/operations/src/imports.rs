//! Jobs that take users in from a CSV file: made, given their file, started, and followed.
//!
//! One job of a pool runs at a time. What becomes of each row is kept with the job, and is a log event under the target
//! `user_import`, in the words of the live service's (`log`). A job that was on its way when the server ended is told to
//! have failed: the users it took in stay, and another job with the same file passes them over. Where servers share a
//! database, a job is leased to one of them, and another goes on with it once the lease has ended.

pub mod create_user_import_job;
pub mod describe_user_import_job;
pub mod get_csv_header;
mod keeper;
pub mod list_user_import_jobs;
pub mod log;
mod run;
pub mod start_user_import_job;
pub mod stop_user_import_job;
pub mod upload;

use cognate_model::{Exception, Timestamp, UserImportJobStatusType as Status, UserImportJobType};
use cognate_store::Tx;
use cognate_store::import_jobs::{self, StoredJob};

use crate::{Context, Error, OpenPool, Services};

pub use keeper::Keeper;

/// How long a job waits to be started, in seconds.
const EXPIRES_AFTER: i64 = 86_400;

/// After how many seconds nobody sends the rest of a file any more.
const LONGEST_UPLOAD: i64 = 86_400;

/// The job of a request, as of now: one that was not started in time is over.
pub(crate) fn find(tx: &mut dyn Tx, pool: &str, id: &str, now: Timestamp) -> Result<StoredJob, Error> {
    // The text is not recorded.
    let found = import_jobs::get(tx, pool, id)?;
    let stored = found.ok_or_else(|| Error::not_found(format!("User import job {id} does not exist.")))?;
    Ok(as_of(stored, now))
}

fn as_of(mut stored: StoredJob, now: Timestamp) -> StoredJob {
    let end = stored.job.creation_date.unwrap_or_default().plus_seconds(EXPIRES_AFTER);
    if stored.status() == Status::Created && end <= now {
        finish(&mut stored.job, Status::Expired, "The user import job has expired.", end);
    }
    stored
}

/// Ends a job.
fn finish(job: &mut UserImportJobType, status: Status, message: &str, now: Timestamp) {
    job.status = Some(status);
    job.completion_message = Some(message.to_owned());
    job.completion_date = Some(now);
}

/// The job as answers show it, with an address for its file while it waits for one.
fn shown(cx: &Context, pool: &OpenPool, stored: StoredJob) -> UserImportJobType {
    let waits = stored.status() == Status::Created;
    let url = waits.then(|| upload::url(cx, pool, stored.id()));
    UserImportJobType { pre_signed_url: url, ..stored.job }
}

/// `UserImportInProgressException`: what a job relies on does not change under it. The text is not recorded.
pub(crate) fn check_none_runs(tx: &mut dyn Tx, pool: &str) -> Result<(), Error> {
    if import_jobs::is_one_running(tx, pool)? {
        return Err(Error::refused(
            Exception::UserImportInProgress,
            "A user import job is in progress for this user pool.",
        ));
    }
    Ok(())
}

/// `PreconditionNotMetException`.
fn not_met(message: impl Into<std::borrow::Cow<'static, str>>) -> Error {
    Error::refused(Exception::PreconditionNotMet, message)
}

/// Removes the files that nobody asks for any more: of jobs that were not started in time, and what never came whole.
/// An hour late, because servers that share a database may have different times.
pub(crate) async fn remove_left_files(cx: &Context) -> Result<(), Error> {
    let before = |seconds: i64| cx.now().plus_seconds(-seconds - 3_600).micros();
    let (expired, half_sent) = (before(EXPIRES_AFTER), before(LONGEST_UPLOAD));
    cx.write(move |tx| {
        import_jobs::delete_files_of_the_expired(tx, expired)?;
        Ok(import_jobs::delete_drafts(tx, half_sent)?)
    })
    .await
}

/// Ends the jobs that were on their way when the last server ended, and removes what was being sent to it. To be called
/// ahead of the first request. Where other servers may be running, their jobs and what is being sent to them are theirs.
pub fn end_interrupted(services: &Services) -> Result<(), Error> {
    let now = services.clock.now();
    if services.store.is_shared() {
        let long_ago = now.plus_seconds(-LONGEST_UPLOAD).micros();
        return services.store.write_now(move |tx| Ok(import_jobs::delete_drafts(tx, long_ago)?));
    }
    services.store.write_now(move |tx| {
        for (pool, mut stored) in import_jobs::running(tx, i64::MAX)? {
            let message = "The server was restarted while the import job ran.";
            finish(&mut stored.job, Status::Failed, message, now);
            import_jobs::update(tx, &pool, &stored)?;
            import_jobs::delete_file(tx, &pool, stored.id())?;
        }
        Ok(import_jobs::delete_drafts(tx, i64::MAX)?)
    })
}
