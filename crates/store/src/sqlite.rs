//! The embedded engine: one file, one writer, readers on every thread.

pub mod backup;
mod checkpoint;
mod connection;
mod open;
mod readers;
mod writer;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rusqlite::Connection;

use crate::inspect::Inspection;
use crate::job::Job;
use crate::tx::{DbError, Tx};
use crate::{Gauges, OpenError, Reads, Timings};
use writer::Checkpoint;

/// Looks at the store in a folder without changing it.
pub(crate) fn inspect(
    folder: &Path,
    setting: impl FnOnce(&mut dyn Tx) -> Result<Option<Vec<u8>>, DbError>,
) -> Result<Inspection, OpenError> {
    let path = open::file(folder);
    if !path.exists() {
        return Ok(Inspection::default());
    }
    let engine = |message: String| OpenError::Engine { place: path.display().to_string(), message };
    let connection = open::reader(folder)?;
    let schema: i64 =
        connection.query_row("PRAGMA user_version", [], |row| row.get(0)).map_err(|error| engine(error.to_string()))?;
    let mut reader = connection::Engine::new(connection);
    let setting = if schema > 0 { setting(&mut reader).map_err(|error| engine(error.to_string()))? } else { None };
    Ok(Inspection { schema: (schema > 0).then_some(schema), setting, server: None })
}

/// Whether a process owns the store in a folder.
pub(crate) fn is_owned(folder: &Path) -> bool {
    open::is_owned(folder)
}

pub(crate) struct Sqlite {
    readers: readers::Readers,
    writer: writer::Writer,
    wal: PathBuf,
    /// Ends with the store; dropped after the writer, so that the last checkpoint finds it idle.
    checkpoints: Option<checkpoint::Checkpoints>,
    /// Held for as long as this process owns the file.
    lock: Option<open::Lock>,
}

impl Sqlite {
    pub(crate) fn open(folder: &Path, timings: &Arc<Timings>) -> Result<Self, OpenError> {
        let mut store = Self::open_alone(folder, timings, Checkpoint::InBackground)?;
        store.checkpoints = Some(checkpoint::Checkpoints::start(folder)?);
        Ok(store)
    }

    pub(crate) fn open_for_bulk(folder: &Path, timings: &Arc<Timings>) -> Result<Self, OpenError> {
        Self::open_alone(folder, timings, Checkpoint::AfterEachCommit)
    }

    fn open_alone(folder: &Path, timings: &Arc<Timings>, checkpoint: Checkpoint) -> Result<Self, OpenError> {
        let lock = open::lock(folder)?;
        let writer = open::writer(folder)?;
        let writer = match checkpoint {
            Checkpoint::InBackground => writer,
            Checkpoint::AfterEachCommit => open::tune_for_bulk(writer, folder)?,
        };
        let mut store = Self::on(folder, writer, timings, checkpoint)?;
        store.lock = Some(lock);
        Ok(store)
    }

    pub(crate) fn open_beside(folder: &Path, timings: &Arc<Timings>) -> Result<Self, OpenError> {
        Self::on(folder, open::writer(folder)?, timings, Checkpoint::InBackground)
    }

    fn on(
        folder: &Path,
        connection: Connection,
        timings: &Arc<Timings>,
        checkpoint: Checkpoint,
    ) -> Result<Self, OpenError> {
        Ok(Self {
            readers: readers::Readers::open(folder)?,
            writer: writer::Writer::start(connection, open::wal(folder), timings, checkpoint),
            wal: open::wal(folder),
            checkpoints: None,
            lock: None,
        })
    }

    pub(crate) fn read(&self, reads: Reads<'_>) -> Result<(), DbError> {
        self.readers.with(reads)
    }

    /// Puts a transaction into the writer's queue.
    pub(crate) fn submit(&self, job: Box<dyn Job>) -> Result<(), DbError> {
        self.writer.submit(job)
    }

    pub(crate) fn gauges(&self) -> Gauges {
        let mut gauges = self.writer.gauges();
        gauges.wal_bytes = std::fs::metadata(&self.wal).map_or(0, |metadata| metadata.len());
        gauges
    }
}
