//! Jobs that take users in from CSV files, and the files.

use cognate_model::{UserImportJobStatusType, UserImportJobType};
use serde::{Deserialize, Serialize};

use crate::tx::{self, DbError, Param, Row, Subject, Tx};

/// A job as stored.
#[derive(Debug, Clone, PartialEq)]
pub struct StoredJob {
    /// The job as the API shows it, without `PreSignedUrl`.
    pub job: UserImportJobType,
    /// Counts the changes, for compare-and-set.
    pub version: i64,
    /// The run that takes the users in; empty where it said nothing.
    pub owner: String,
    /// Until when the job is its owner's (microseconds).
    pub lease: i64,
    /// How many lines of the file are behind it, the first one with the columns among them.
    pub done: i64,
}

impl StoredJob {
    /// A job that nobody runs.
    pub fn new(job: UserImportJobType) -> Self {
        Self { job, version: 1, owner: String::new(), lease: 0, done: 0 }
    }

    /// Its id.
    pub fn id(&self) -> &str {
        self.job.job_id.as_deref().unwrap_or_default()
    }

    /// Where it stands.
    pub fn status(&self) -> UserImportJobStatusType {
        self.job.status.unwrap_or(UserImportJobStatusType::Created)
    }

    fn created(&self) -> i64 {
        self.job.creation_date.unwrap_or_default().micros()
    }
}

/// Writes a new job.
pub fn insert(tx: &mut dyn Tx, pool: &str, stored: &StoredJob) -> Result<(), DbError> {
    let record = tx::to_json(&stored.job)?;
    tx.execute(
        "INSERT INTO import_jobs (pool, id, version, created, status, record) VALUES ($1, $2, 1, $3, $4, $5)",
        &[
            Param::Text(pool),
            Param::Text(stored.id()),
            Param::Int(stored.created()),
            Param::Text(stored.status().as_str()),
            Param::Text(&record),
        ],
    )?;
    tx.note(Subject::New("JobId", stored.id()));
    Ok(())
}

/// Writes a changed job, unless it changed since it was read.
pub fn update(tx: &mut dyn Tx, pool: &str, stored: &StoredJob) -> Result<(), DbError> {
    let record = tx::to_json(&stored.job)?;
    let rows = tx.execute(
        "UPDATE import_jobs SET record = $1, status = $2, owner = $3, lease = $4, done = $5, version = version + 1 \
         WHERE pool = $6 AND id = $7 AND version = $8",
        &[
            Param::Text(&record),
            Param::Text(stored.status().as_str()),
            Param::Text(&stored.owner),
            Param::Int(stored.lease),
            Param::Int(stored.done),
            Param::Text(pool),
            Param::Text(stored.id()),
            Param::Int(stored.version),
        ],
    )?;
    tx::changed(rows)
}

/// A job by its id.
pub fn get(tx: &mut dyn Tx, pool: &str, id: &str) -> Result<Option<StoredJob>, DbError> {
    tx.query_one(
        "SELECT record, version, owner, lease, done FROM import_jobs WHERE pool = $1 AND id = $2",
        &[Param::Text(pool), Param::Text(id)],
    )?
    .map(from_row)
    .transpose()
}

/// Sees to it that nobody else changes a job until the commit.
pub fn hold(tx: &mut dyn Tx, pool: &str, id: &str) -> Result<(), DbError> {
    let key = [Param::Text(pool), Param::Text(id)];
    tx.query_one("SELECT version FROM import_jobs WHERE pool = $1 AND id = $2 /*alone*/", &key)?;
    Ok(())
}

/// Where a listing goes on: behind the job that was created then and has this id.
pub type Place = (i64, String);

/// A pool's jobs, newest first.
pub fn list(tx: &mut dyn Tx, pool: &str, after: Option<&Place>, limit: i64) -> Result<Vec<StoredJob>, DbError> {
    let (created, id) = after.map_or((i64::MAX, ""), |(created, id)| (*created, id.as_str()));
    tx.query(
        "SELECT record, version, owner, lease, done FROM import_jobs WHERE pool = $1 AND (created < $2 OR (created = $2 AND id < $3)) \
         ORDER BY created DESC, id DESC LIMIT $4",
        &[Param::Text(pool), Param::Int(created), Param::Text(id), Param::Int(limit)],
    )?
    .into_iter()
    .map(from_row)
    .collect()
}

/// How many jobs a pool has.
pub fn count(tx: &mut dyn Tx, pool: &str) -> Result<i64, DbError> {
    tx.query_one("SELECT COUNT(*) FROM import_jobs WHERE pool = $1", &[Param::Text(pool)])?
        .map_or(Ok(0), |row| row.int(0))
}

/// Whether a job of the pool is on its way.
pub fn is_one_running(tx: &mut dyn Tx, pool: &str) -> Result<bool, DbError> {
    let found = tx.query_one(
        "SELECT id FROM import_jobs WHERE pool = $1 AND status IN ('Pending', 'InProgress', 'Stopping') LIMIT 1",
        &[Param::Text(pool)],
    )?;
    Ok(found.is_some())
}

/// The jobs of every pool that are on their way, and whose lease ended before `until`; with their pools.
pub fn running(tx: &mut dyn Tx, until: i64) -> Result<Vec<(String, StoredJob)>, DbError> {
    let rows = tx.query(
        "SELECT record, version, owner, lease, done, pool FROM import_jobs \
         WHERE status IN ('Pending', 'InProgress', 'Stopping') AND lease < $1",
        &[Param::Int(until)],
    )?;
    rows.into_iter().map(|mut row| Ok((row.text(5)?, from_row(row)?))).collect()
}

/// What became of a row.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Outcome {
    /// The user is in.
    Succeeded,
    /// The user was there already.
    Skipped,
    /// The user is not in, for this reason.
    Failed(String),
}

/// The same outcome of lines that follow each other.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outcomes {
    /// The number of the first line.
    pub first: u64,
    /// The number of the last one.
    pub last: u64,
    /// What became of them.
    pub outcome: Outcome,
}

/// Writes what became of a batch of rows.
pub fn insert_outcomes(tx: &mut dyn Tx, pool: &str, job: &str, outcomes: &[Outcomes]) -> Result<(), DbError> {
    let Some(first) = outcomes.first() else { return Ok(()) };
    let record = tx::to_json(&outcomes)?;
    tx.execute(
        "INSERT INTO import_outcomes (pool, job, first_line, record) VALUES ($1, $2, $3, $4)",
        &[Param::Text(pool), Param::Text(job), Param::Int(line(first.first)), Param::Text(&record)],
    )?;
    Ok(())
}

/// What became of a job's rows behind a line, of so many batches.
pub fn outcomes(tx: &mut dyn Tx, pool: &str, job: &str, after: u64, batches: i64) -> Result<Vec<Outcomes>, DbError> {
    let rows = tx.query(
        "SELECT record FROM import_outcomes WHERE pool = $1 AND job = $2 AND first_line > $3 ORDER BY first_line LIMIT $4",
        &[Param::Text(pool), Param::Text(job), Param::Int(line(after)), Param::Int(batches)],
    )?;
    let batches = rows.into_iter().map(|mut row| row.json(0)).collect::<Result<Vec<Vec<Outcomes>>, DbError>>()?;
    Ok(batches.into_iter().flatten().collect())
}

fn line(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// The pools with a job of this id: one at most, but for a miracle.
pub fn pools_of(tx: &mut dyn Tx, id: &str) -> Result<Vec<String>, DbError> {
    tx.query("SELECT pool FROM import_jobs WHERE id = $1", &[Param::Text(id)])?
        .into_iter()
        .map(|mut row| row.text(0))
        .collect()
}

/// Writes a part of a job's file.
pub fn insert_part(tx: &mut dyn Tx, pool: &str, job: &str, part: i64, data: &[u8], now: i64) -> Result<(), DbError> {
    tx.execute(
        "INSERT INTO import_files (pool, job, part, data, came) VALUES ($1, $2, $3, $4, $5)",
        &[Param::Text(pool), Param::Text(job), Param::Int(part), Param::Bytes(data), Param::Int(now)],
    )?;
    Ok(())
}

/// A part of a job's file, counted from 0; none behind its end.
pub fn part(tx: &mut dyn Tx, pool: &str, job: &str, part: i64) -> Result<Option<Vec<u8>>, DbError> {
    tx.query_one(
        "SELECT data FROM import_files WHERE pool = $1 AND job = $2 AND part = $3",
        &[Param::Text(pool), Param::Text(job), Param::Int(part)],
    )?
    .map(|mut row| row.bytes(0))
    .transpose()
}

/// What a draft of a job's file is called while it is being sent. Job ids hold no slash.
pub fn draft_of(job: &str, upload: &str) -> String {
    format!("{job}/{upload}")
}

/// Puts a whole draft in the place of a job's file.
pub fn settle_draft(tx: &mut dyn Tx, pool: &str, draft: &str, job: &str) -> Result<(), DbError> {
    delete_file(tx, pool, job)?;
    tx.execute(
        "UPDATE import_files SET job = $1 WHERE pool = $2 AND job = $3",
        &[Param::Text(job), Param::Text(pool), Param::Text(draft)],
    )?;
    Ok(())
}

/// Removes the drafts that were never finished, as far as they came before this moment.
pub fn delete_drafts(tx: &mut dyn Tx, before: i64) -> Result<(), DbError> {
    tx.execute("DELETE FROM import_files WHERE job LIKE '%/%' AND came < $1", &[Param::Int(before)])?;
    Ok(())
}

/// Removes the files of jobs that were made before this moment and never started.
pub fn delete_files_of_the_expired(tx: &mut dyn Tx, created_before: i64) -> Result<(), DbError> {
    tx.execute(
        "DELETE FROM import_files WHERE (pool, job) IN \
         (SELECT pool, id FROM import_jobs WHERE status = 'Created' AND created < $1)",
        &[Param::Int(created_before)],
    )?;
    Ok(())
}

/// Removes a job's file.
pub fn delete_file(tx: &mut dyn Tx, pool: &str, job: &str) -> Result<(), DbError> {
    let key = [Param::Text(pool), Param::Text(job)];
    tx.execute("DELETE FROM import_files WHERE pool = $1 AND job = $2", &key)?;
    Ok(())
}

fn from_row(mut row: Row) -> Result<StoredJob, DbError> {
    Ok(StoredJob {
        job: row.json(0)?,
        version: row.int(1)?,
        owner: row.text(2)?,
        lease: row.int(3)?,
        done: row.int(4)?,
    })
}
