//! A job on its way: row by row from the file, in batches of bounded size.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use cognate_crypto::random;
use cognate_domain::import_csv::{Columns, LONGEST_ROW, MOST_USERS, Row};
use cognate_domain::user::{Hidden, Mfa};
use cognate_domain::usernames::NewName;
use cognate_domain::{User, sign_in};
use cognate_model::{UserImportJobStatusType as Status, UserImportJobType, UserStatusType};
use cognate_store::DbError;
use cognate_store::import_jobs::{self, Outcome, Outcomes};

use super::{finish, keeper, log};
use crate::transfer::{BatchError, Newcomer, OnFault, Target, batch};
use crate::{Context, Error, OpenPool};

/// How many rows are written in one transaction.
const ROWS: usize = 200;
/// How often is tried again what a moment of load or the database prevented, and how long at first; each time it is
/// twice as long, half a minute in all.
const AGAIN: u32 = 8;
const FIRST_REST: Duration = Duration::from_millis(250);
/// How many bytes no row has.
const TOO_LONG: usize = 4 * LONGEST_ROW + 1;

/// How a job ended.
struct End {
    status: Status,
    message: String,
}

/// How a job goes on after a batch.
enum Then {
    Next,
    Ended(End),
    /// The job is somebody else's by now.
    Lost,
}

/// What a batch came to.
#[derive(Clone, Copy, Default)]
struct Counts {
    imported: i64,
    skipped: i64,
    failed: i64,
}

/// Takes in the users of the job's file, for as long as the job is this owner's.
pub(super) async fn run(cx: Context, pool: Arc<OpenPool>, job: String, owner: String) {
    let run = Run { cx, target: Arc::new(Target { pool }), job, owner };
    let end = match run.rows().await {
        Ok(Some(end)) => end,
        Ok(None) => {
            tracing::warn!(job = run.job, "somebody else has gone on with a user import job");
            return;
        }
        Err(error) => {
            tracing::error!(%error, job = run.job, "a user import job failed");
            End { status: Status::Failed, message: "The import job failed because of an internal error.".to_owned() }
        }
    };
    if let Err(error) = run.end(end).await {
        tracing::error!(%error, job = run.job, "the end of a user import job was not written");
    }
}

struct Run {
    cx: Context,
    target: Arc<Target>,
    job: String,
    owner: String,
}

impl Run {
    fn pool(&self) -> &str {
        self.target.pool.id()
    }

    /// None when the job was taken over.
    async fn rows(&self) -> Result<Option<End>, Error> {
        let failed = |message: &str| Ok(Some(End { status: Status::Failed, message: message.to_owned() }));
        let stored = self.cx.read(|tx| Ok(import_jobs::get(tx, self.pool(), &self.job)?)).await?;
        let done = stored.map_or(0, |stored| stored.done);
        let mut file = Lines { run: self, part: 0, bytes: Vec::new(), begun: 0 };
        let columns = match file.next().await? {
            None => return failed("No file was uploaded for the import job."),
            Some(Line::Text(text)) => match Columns::read(&self.target.pool, &text) {
                Ok(columns) => columns,
                Err(reason) => return failed(&reason),
            },
            Some(Line::Bad) => return failed("The CSV file cannot be parsed."),
        };
        let (mut number, mut users): (u64, _) = (1, 0);
        let (mut rows, mut faults) = (Vec::new(), BTreeMap::new());
        loop {
            let line = file.next().await?;
            let is_over = line.is_none();
            number += 1;
            match line {
                Some(Line::Text(text)) if text.trim().is_empty() => {}
                // Taken in by the server that the job was taken over from.
                Some(_) if i64::try_from(number).is_ok_and(|number| number <= done) => users += 1,
                Some(line) => {
                    users += 1;
                    let read = match line {
                        Line::Text(text) => columns.user(&self.target.pool, &text),
                        Line::Bad => Err("The row is not UTF-8, or too long.".to_owned()),
                    };
                    match read {
                        Ok(row) => rows.push((number, self.newcomer(row)?)),
                        Err(reason) => {
                            faults.insert(number, reason);
                        }
                    }
                }
                None => {}
            }
            if users > MOST_USERS {
                return failed("The CSV file has more than 500000 users.");
            }
            if is_over || rows.len() + faults.len() >= ROWS {
                match self.batch(number, std::mem::take(&mut rows), std::mem::take(&mut faults)).await? {
                    Then::Next => {}
                    Then::Ended(end) => return Ok(Some(end)),
                    Then::Lost => return Ok(None),
                }
            }
            if is_over {
                return self.verdict().await.map(Some);
            }
        }
    }

    /// A user who has to choose a password, unless codes suffice to sign in.
    fn newcomer(&self, row: Row) -> Result<Newcomer, DbError> {
        let now = self.cx.now();
        let id = random::uuid_v7(self.cx.random(), now.micros());
        let username = match &row.name {
            NewName::Given(username) => username.clone(),
            NewName::FromAttribute { .. } => random::format_uuid(&id),
        };
        let does_without = sign_in::codes_suffice(&self.target.pool, &row.attributes);
        let status = if does_without { UserStatusType::Confirmed } else { UserStatusType::ResetRequired };
        let sms = row.has_mfa && row.attributes.contains_key("phone_number");
        let hidden = Hidden { mfa: Mfa { sms, ..Mfa::default() }, ..Hidden::default() };
        let user = User {
            id,
            username,
            status,
            enabled: true,
            created: now,
            modified: now,
            attributes: row.attributes,
            hidden,
            version: 1,
        };
        Newcomer::new(Arc::clone(&self.target), &row.name, user)
    }

    /// Writes rows with the job's counts and what became of each. A job that was stopped ends.
    async fn batch(&self, last: u64, rows: Vec<(u64, Newcomer)>, faults: BTreeMap<u64, String>) -> Result<Then, Error> {
        let batch = Arc::new((rows, faults));
        let outcomes = match patiently(|| self.write(last, Arc::clone(&batch))).await? {
            Written::Rows(outcomes) => outcomes,
            Written::Lost => return Ok(Then::Lost),
            Written::Stopped => {
                let message = "The Import Job was stopped by the developer.".to_owned();
                return Ok(Then::Ended(End { status: Status::Stopped, message }));
            }
        };
        let (pool, job) = (self.pool(), &self.job);
        for line in log::lines(&outcomes) {
            tracing::info!(target: "user_import", pool, job, "{line}");
        }
        Ok(Then::Next)
    }

    /// Can be tried again: what is counted and what became of the rows is written with them.
    async fn write(&self, last: u64, rows_and_faults: Arc<Batch>) -> Result<Written, Error> {
        let (pool, job) = (Arc::clone(&self.target), self.job.clone());
        let (owner, now) = (self.owner.clone(), self.cx.now());
        let written = self.cx.store.write(move |tx| {
            let (rows, faults) = &*rows_and_faults;
            let mut stored = import_jobs::get(tx, pool.pool.id(), &job)?.ok_or(DbError::Closed)?;
            if stored.owner != owner {
                return Ok(Written::Lost);
            }
            if stored.status() == Status::Stopping {
                return Ok(Written::Stopped);
            }
            keeper::lease(&owner, &mut stored, now);
            let last = i64::try_from(last).unwrap_or(i64::MAX);
            // An attempt whose answer was lost has written it.
            if stored.done >= last {
                return Ok(Written::Rows(Vec::new()));
            }
            stored.done = last;
            let written = batch(tx, rows, OnFault::KeepGoing)?;
            stored.job.status = Some(Status::InProgress);
            let count = |count: usize| i64::try_from(count).unwrap_or(i64::MAX);
            add(
                &mut stored.job,
                Counts {
                    imported: i64::try_from(written.users).unwrap_or(i64::MAX),
                    skipped: count(written.present.len()),
                    failed: count(faults.len() + written.faults.len()),
                },
            );
            import_jobs::update(tx, pool.pool.id(), &stored)?;
            let succeeded = rows.iter().map(|(number, _)| (*number, Outcome::Succeeded));
            let skipped = written.present.iter().map(|number| (*number, Outcome::Skipped));
            let failed = faults
                .iter()
                .map(|(number, reason)| (*number, reason))
                .chain(written.faults.iter().map(|(number, reason)| (*number, reason)));
            let failed = failed.map(|(number, reason)| (number, Outcome::Failed(reason.clone())));
            // Of a row that was not taken in, the later one holds.
            let outcomes = log::runs(succeeded.chain(skipped).chain(failed).collect());
            import_jobs::insert_outcomes(tx, pool.pool.id(), &job, &outcomes)?;
            Ok(Written::Rows(outcomes))
        });
        written.await.map_err(failure)
    }

    /// A job that took in nobody although there were users has failed. Where the live service draws the line is not
    /// recorded.
    async fn verdict(&self) -> Result<End, Error> {
        let stored = self.cx.read(|tx| Ok(import_jobs::get(tx, self.pool(), &self.job)?)).await?;
        let job = stored.map(|stored| stored.job).unwrap_or_default();
        let lost = job.failed_users.unwrap_or(0) + job.skipped_users.unwrap_or(0);
        Ok(if job.imported_users.unwrap_or(0) == 0 && lost > 0 {
            let message = "Too many users have failed or been skipped during the import.".to_owned();
            End { status: Status::Failed, message }
        } else {
            End { status: Status::Succeeded, message: "Import Job Completed Successfully.".to_owned() }
        })
    }

    async fn end(&self, end: End) -> Result<(), Error> {
        let (target, job, owner, now) = (Arc::clone(&self.target), self.job.clone(), self.owner.clone(), self.cx.now());
        self.cx
            .write(move |tx| {
                let pool = target.pool.id();
                // With its pool the job is gone as well.
                let stored = import_jobs::get(tx, pool, &job)?.filter(|stored| stored.owner == owner);
                let Some(mut stored) = stored else { return Ok(()) };
                finish(&mut stored.job, end.status, &end.message, now);
                import_jobs::update(tx, pool, &stored)?;
                Ok(import_jobs::delete_file(tx, pool, &job)?)
            })
            .await
    }
}

/// Tries again for half a minute, so that neither a moment of load nor a restart of the database ends a job.
async fn patiently<T, F: Future<Output = Result<T, Error>>>(attempt: impl Fn() -> F) -> Result<T, Error> {
    resting(FIRST_REST, attempt).await
}

async fn resting<T, F: Future<Output = Result<T, Error>>>(
    first: Duration,
    attempt: impl Fn() -> F,
) -> Result<T, Error> {
    let mut rest = first;
    for _ in 1..AGAIN {
        match attempt().await {
            Err(error @ (Error::Busy | Error::Changed | Error::Internal(_))) => {
                tracing::warn!(%error, "a user import job tries again");
            }
            other => return other,
        }
        tokio::time::sleep(rest).await;
        rest *= 2;
    }
    attempt().await
}

fn add(job: &mut UserImportJobType, counts: Counts) {
    let sum = |before: Option<i64>, more: i64| Some(before.unwrap_or(0) + more);
    job.imported_users = sum(job.imported_users, counts.imported);
    job.skipped_users = sum(job.skipped_users, counts.skipped);
    job.failed_users = sum(job.failed_users, counts.failed);
}

fn failure(error: BatchError) -> Error {
    match error {
        BatchError::Db(error) => error.into(),
        BatchError::Line(_, reason) => Error::internal(reason),
    }
}

/// The rows of a batch, and those that are none, by their lines.
type Batch = (Vec<(u64, Newcomer)>, BTreeMap<u64, String>);

/// What became of a batch.
enum Written {
    Rows(Vec<Outcomes>),
    Stopped,
    Lost,
}

/// A line of the file.
enum Line {
    Text(String),
    /// Not UTF-8, or longer than any row may be.
    Bad,
}

/// The lines of a file, read part by part.
struct Lines<'a> {
    run: &'a Run,
    part: i64,
    bytes: Vec<u8>,
    /// Where among them the next line begins.
    begun: usize,
}

impl Lines<'_> {
    async fn next(&mut self) -> Result<Option<Line>, Error> {
        loop {
            let left = self.bytes.get(self.begun..).unwrap_or_default();
            if let Some(line) = left.split_inclusive(|byte| *byte == b'\n').next().filter(|line| line.ends_with(b"\n"))
            {
                self.begun += line.len();
                return Ok(Some(read(line)));
            }
            // Of a line that is too long its beginning is enough to tell.
            let line = left.get(..TOO_LONG).unwrap_or(left).to_vec();
            (self.bytes, self.begun) = (line, 0);
            let (run, part) = (self.run, self.part);
            let attempt = || run.cx.read(|tx| Ok(import_jobs::part(tx, run.pool(), &run.job, part)?));
            let next = patiently(attempt).await?;
            match next {
                Some(bytes) => self.bytes.extend(bytes),
                None if self.bytes.is_empty() => return Ok(None),
                None => return Ok(Some(read(&std::mem::take(&mut self.bytes)))),
            }
            self.part += 1;
            // However short its lines are, others have their turn ahead of each part.
            tokio::task::yield_now().await;
        }
    }
}

fn read(line: &[u8]) -> Line {
    if line.len() >= TOO_LONG {
        return Line::Bad;
    }
    std::str::from_utf8(line).map_or(Line::Bad, |text| Line::Text(text.trim_end_matches(['\r', '\n']).to_owned()))
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    /// What comes of attempts of which so many fail, and how many there were.
    async fn after(failures: u32, error: Error) -> (Result<u32, Error>, u32) {
        let attempts = Cell::new(0);
        let attempt = || {
            attempts.set(attempts.get() + 1);
            std::future::ready(if attempts.get() <= failures { Err(error.clone()) } else { Ok(attempts.get()) })
        };
        let outcome = resting(Duration::ZERO, attempt).await;
        (outcome, attempts.get())
    }

    #[tokio::test]
    async fn what_may_pass_is_tried_again_and_what_was_refused_is_not() {
        for error in [Error::Busy, Error::Changed, Error::internal("the server is away")] {
            assert_eq!(after(AGAIN - 1, error.clone()).await.0.unwrap(), AGAIN, "{error}");
            let (outcome, attempts) = after(AGAIN, error).await;
            assert!(outcome.is_err() && attempts == AGAIN);
        }
        let (outcome, attempts) = after(1, Error::not_found("no pool")).await;
        assert!(outcome.is_err() && attempts == 1);
        let rests: Duration = (0..AGAIN - 1).map(|rest| FIRST_REST * 2_u32.pow(rest)).sum();
        assert!((30..35).contains(&rests.as_secs()), "half a minute in all");
    }
}
