//! Opening the file: the lock, the settings, the schema.

use std::fs::{File, OpenOptions, TryLockError};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};

use crate::OpenError;
use crate::migrations;

/// How long a statement waits for another process's.
pub(super) const BUSY_TIMEOUT: Duration = Duration::from_secs(10);

pub(super) fn file(folder: &Path) -> PathBuf {
    folder.join("cognate.db")
}

pub(super) fn wal(folder: &Path) -> PathBuf {
    folder.join("cognate.db-wal")
}

/// The lock of a folder; given back when it is dropped.
pub(super) struct Lock(File);

impl Drop for Lock {
    fn drop(&mut self) {
        // To close the file is not enough: a process that is just being started may still hold a copy of it.
        if let Err(error) = self.0.unlock() {
            tracing::warn!(%error, "the lock of the data folder was not given back");
        }
    }
}

/// Takes the lock that lets one process own the file. The system frees it when the process ends, however it ends.
pub(super) fn lock(folder: &Path) -> Result<Lock, OpenError> {
    create(folder)?;
    let path = folder.join("cognate.lock");
    let open = OpenOptions::new().create(true).truncate(false).write(true).open(&path);
    let lock = open.map_err(|source| OpenError::Folder { path: path.clone(), source })?;
    match lock.try_lock() {
        Ok(()) => Ok(Lock(lock)),
        Err(TryLockError::WouldBlock) => Err(OpenError::InUse(folder.to_path_buf())),
        Err(TryLockError::Error(source)) => Err(OpenError::Folder { path, source }),
    }
}

/// Whether a process holds the lock of a folder.
pub(super) fn is_owned(folder: &Path) -> bool {
    let Ok(lock) = OpenOptions::new().write(true).open(folder.join("cognate.lock")) else { return false };
    match lock.try_lock() {
        Ok(()) => {
            let _ = lock.unlock();
            false
        }
        Err(error) => matches!(error, TryLockError::WouldBlock),
    }
}

fn create(folder: &Path) -> Result<(), OpenError> {
    std::fs::create_dir_all(folder).map_err(|source| OpenError::Folder { path: folder.to_path_buf(), source })?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let private = std::fs::Permissions::from_mode(0o700);
        std::fs::set_permissions(folder, private)
            .map_err(|source| OpenError::Folder { path: folder.to_path_buf(), source })?;
    }
    Ok(())
}

/// The connection of the writer, with the schema up to date.
pub(super) fn writer(folder: &Path) -> Result<Connection, OpenError> {
    create(folder)?;
    let path = file(folder);
    let engine = |e: rusqlite::Error| OpenError::Engine { place: path.display().to_string(), message: e.to_string() };
    let mut connection = Connection::open(&path).map_err(engine)?;
    configure(&connection).map_err(engine)?;
    // An acknowledged write survives a crash of the machine: FULL makes every commit an fsync of the log.
    connection.execute_batch("PRAGMA synchronous = FULL; PRAGMA cache_size = -32768;").map_err(engine)?;
    migrate(&mut connection, &path)?;
    Ok(connection)
}

/// The same connection for very many writes: commits wait for the disk at checkpoints alone (the file stays whole
/// whenever the power fails), and pages are kept, because values in no order touch them all again and again.
pub(super) fn tune_for_bulk(connection: Connection, folder: &Path) -> Result<Connection, OpenError> {
    let engine =
        |e: rusqlite::Error| OpenError::Engine { place: file(folder).display().to_string(), message: e.to_string() };
    connection.execute_batch("PRAGMA synchronous = NORMAL; PRAGMA cache_size = -262144;").map_err(engine)?;
    Ok(connection)
}

/// A connection that only reads.
pub(super) fn reader(folder: &Path) -> Result<Connection, OpenError> {
    let path = file(folder);
    let engine = |e: rusqlite::Error| OpenError::Engine { place: path.display().to_string(), message: e.to_string() };
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(&path, flags).map_err(engine)?;
    connection.execute_batch("PRAGMA cache_size = -16384; PRAGMA query_only = TRUE;").map_err(engine)?;
    connection.busy_timeout(Duration::from_secs(5)).map_err(engine)?;
    Ok(connection)
}

fn configure(connection: &Connection) -> rusqlite::Result<()> {
    connection.busy_timeout(BUSY_TIMEOUT)?;
    connection.pragma_update_and_check(None, "journal_mode", "WAL", |_| Ok(()))?;
    // Checkpoints are ours: inline ones would stall the writer.
    connection.execute_batch("PRAGMA wal_autocheckpoint = 0; PRAGMA temp_store = MEMORY;")
}

fn migrate(connection: &mut Connection, path: &Path) -> Result<(), OpenError> {
    let engine = |e: rusqlite::Error| OpenError::Engine { place: path.display().to_string(), message: e.to_string() };
    let current = |connection: &Connection| connection.query_row("PRAGMA user_version", [], |row| row.get::<_, i64>(0));
    let known = migrations::newest();
    if current(connection).map_err(engine)? == known {
        return Ok(());
    }
    let step = connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate).map_err(engine)?;
    let found = current(&step).map_err(engine)?;
    if found > known {
        return Err(OpenError::Newer { place: path.display().to_string(), found, known });
    }
    for (number, text) in migrations::STEPS.iter().filter(|(number, _)| *number > found) {
        for statement in migrations::statements(text) {
            let statement = statement.replace("/*clustered*/", "WITHOUT ROWID");
            step.execute_batch(&statement).map_err(engine)?;
        }
        step.pragma_update(None, "user_version", number).map_err(engine)?;
    }
    step.commit().map_err(engine)
}
