//! Copies of the database: one moment of it, taken beside a server that goes on, and checked before it is put back.
//!
//! Pages are copied as they are, which is the fastest way and so keeps the write-ahead log the shortest time: a copy
//! reads from the log, and what is read from cannot be emptied. One read transaction spans the whole copy, so that it
//! holds one moment however many steps it takes, and writers never wait for it.

use std::path::{Path, PathBuf};

use rusqlite::backup::{Backup, StepResult};
use rusqlite::{Connection, OpenFlags};
use thiserror::Error;

use super::open::{self, Lock};
use crate::audit::Entry;
use crate::{OpenError, migrations};

/// How many pages are copied between two reports: one mebibyte.
const STEP: std::ffi::c_int = 256;

/// Why a copy was not made or not taken.
#[derive(Debug, Error)]
pub enum BackupError {
    /// The folder holds no store, or holds one where there must be none, or cannot be used.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// There is no store to copy.
    #[error("there is no data in {0}; name the folder with --data DIR")]
    NoStore(PathBuf),
    /// There is a store already, which is never written over.
    #[error("{0} holds data already; restore into an empty folder")]
    Occupied(PathBuf),
    /// `SQLite` found damage.
    #[error("{path} is damaged: {reason}")]
    Damaged {
        /// The file.
        path: PathBuf,
        /// The first thing that is wrong.
        reason: String,
    },
}

impl BackupError {
    /// The same of the file that was given, where what is wrong was found in a copy of it.
    #[must_use]
    pub fn of_file(self, file: &Path) -> Self {
        match self {
            Self::Damaged { reason, .. } => Self::Damaged { path: file.to_path_buf(), reason },
            Self::Open(OpenError::Newer { found, known, .. }) => {
                OpenError::Newer { place: file.display().to_string(), found, known }.into()
            }
            other => other,
        }
    }
}

/// How far a copy is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Copied {
    /// Bytes copied so far.
    pub bytes: u64,
    /// Bytes in all.
    pub of: u64,
}

/// What a database holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Content {
    /// The number of its schema.
    pub schema: i64,
    /// How many user pools.
    pub pools: i64,
    /// How many users.
    pub users: i64,
}

/// Copies the database of a folder as it is at this moment into a file, which must be empty. Blocks; a server may run
/// beside it.
pub fn copy(folder: &Path, target: &Path, report: &mut dyn FnMut(Copied)) -> Result<(), BackupError> {
    let path = open::file(folder);
    if !path.exists() {
        return Err(BackupError::NoStore(folder.to_path_buf()));
    }
    let trouble = |at: &Path, e: &rusqlite::Error| engine(at, e);
    let source = open::reader(folder)?;
    let mut copied = Connection::open(target).map_err(|e| trouble(target, &e))?;
    // Nobody has the copy before it is whole, so it needs no journal; the caller makes it last.
    copied.execute_batch("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;").map_err(|e| trouble(target, &e))?;
    source.execute_batch("BEGIN; SELECT name FROM settings LIMIT 1;").map_err(|e| trouble(&path, &e))?;
    let page: i64 = source.query_row("PRAGMA page_size", [], |row| row.get(0)).map_err(|e| trouble(&path, &e))?;
    step_through(&source, &mut copied, page, report).map_err(|e| trouble(target, &e))?;
    source.execute_batch("COMMIT").map_err(|e| trouble(&path, &e))?;
    // Out of the write-ahead mode, so that the one file is all of it.
    copied.pragma_update_and_check(None, "journal_mode", "DELETE", |_| Ok(())).map_err(|e| trouble(target, &e))
}

fn step_through(
    source: &Connection,
    copied: &mut Connection,
    page: i64,
    report: &mut dyn FnMut(Copied),
) -> rusqlite::Result<()> {
    let backup = Backup::new(source, copied)?;
    let bytes = |pages: std::ffi::c_int| u64::try_from(i64::from(pages) * page).unwrap_or_default();
    loop {
        let step = backup.step(STEP)?;
        let progress = backup.progress();
        report(Copied { bytes: bytes(progress.pagecount - progress.remaining), of: bytes(progress.pagecount) });
        match step {
            StepResult::Done => return Ok(()),
            // Nothing else writes to the copy, and readers do not wait for writers: this passes at once.
            StepResult::Busy | StepResult::Locked => std::thread::yield_now(),
            _ => {}
        }
    }
}

/// Adds an entry to the audit trail of a folder's database, beside a server that may be running. False where its schema is
/// older than the trail: nothing is brought up to date.
pub fn record_in(folder: &Path, entry: &Entry) -> Result<bool, BackupError> {
    record(&open::file(folder), entry)
}

/// The same of a database that is a file by itself.
pub fn record(path: &Path, entry: &Entry) -> Result<bool, BackupError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let added = Connection::open_with_flags(path, flags).and_then(|connection| {
        connection.busy_timeout(open::BUSY_TIMEOUT)?;
        connection.execute_batch("PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 0;")?;
        if !connection.table_exists(None, "audit")? {
            return Ok(false);
        }
        let Entry { id, pool, operation, record } = entry;
        let sql = "INSERT INTO audit (id, pool, operation, record) VALUES (?1, ?2, ?3, ?4)";
        connection.execute(sql, (id.as_slice(), pool, operation, record)).map(|_| true)
    });
    added.map_err(|error| engine(path, &error))
}

/// Whether a file is a whole database of this program, page by page and index by index.
pub fn check(path: &Path) -> Result<Content, BackupError> {
    let damaged = |reason: String| BackupError::Damaged { path: path.to_path_buf(), reason };
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags).map_err(|e| damaged(e.to_string()))?;
    let number = |sql: &str| connection.query_row(sql, [], |row| row.get::<_, i64>(0));
    let verdict = connection.query_row("PRAGMA integrity_check(1)", [], |row| row.get::<_, String>(0));
    match verdict {
        Ok(verdict) if verdict == "ok" => {}
        Ok(verdict) => return Err(damaged(verdict)),
        Err(error) => return Err(damaged(error.to_string())),
    }
    let schema = number("PRAGMA user_version").map_err(|e| damaged(e.to_string()))?;
    let known = migrations::newest();
    if schema > known {
        return Err(OpenError::Newer { place: path.display().to_string(), found: schema, known }.into());
    }
    if schema == 0 {
        return Err(damaged("it holds no store of this program".to_owned()));
    }
    let pools = number("SELECT COUNT(*) FROM user_pools").map_err(|e| damaged(e.to_string()))?;
    let users = number("SELECT COUNT(*) FROM users").map_err(|e| damaged(e.to_string()))?;
    Ok(Content { schema, pools, users })
}

/// A folder without a store, which nobody else may use until this is dropped.
pub struct Vacant {
    folder: PathBuf,
    _lock: Lock,
}

impl Vacant {
    /// Takes a folder, making it if it is missing. Refused where there is a store, or a program that uses the folder.
    pub fn take(folder: &Path) -> Result<Self, BackupError> {
        let is_occupied = |path: PathBuf| path.symlink_metadata().is_ok();
        // Looked at before the lock as well, so that what is refused is left as it was.
        if is_occupied(open::file(folder)) {
            return Err(BackupError::Occupied(folder.to_path_buf()));
        }
        let lock = open::lock(folder)?;
        if is_occupied(open::file(folder)) || is_occupied(open::wal(folder)) {
            return Err(BackupError::Occupied(folder.to_path_buf()));
        }
        Ok(Self { folder: folder.to_path_buf(), _lock: lock })
    }

    /// Where a database is written before it is moved to its place.
    pub fn draft(&self) -> PathBuf {
        self.folder.join("cognate.db.restoring")
    }

    /// Moves the draft to its place.
    pub fn settle(self) -> Result<(), BackupError> {
        let trouble = |source| OpenError::Folder { path: self.folder.clone(), source };
        std::fs::rename(self.draft(), open::file(&self.folder)).map_err(trouble)?;
        // The new name is on disk as well.
        let folder = std::fs::File::open(&self.folder).map_err(trouble)?;
        Ok(folder.sync_all().map_err(trouble)?)
    }
}

fn engine(path: &Path, error: &rusqlite::Error) -> BackupError {
    OpenError::Engine { place: path.display().to_string(), message: error.to_string() }.into()
}
