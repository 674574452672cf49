//! Moving the write-ahead log into the file, in the background.
//!
//! Inline checkpoints would stall the writer for hundreds of milliseconds; background ones alone would let the log
//! grow without end under steady writes, so the writer empties the log itself once it passes a bound.

use std::path::Path;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::Duration;

use super::open;
use crate::OpenError;

/// How often the log is looked at.
const PERIOD: Duration = Duration::from_millis(500);
/// Below this size a checkpoint is not worth its fsync.
const WORTHWHILE: u64 = 4 << 20;

pub(super) struct Checkpoints {
    stop: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Checkpoints {
    pub(super) fn start(folder: &Path) -> Result<Self, OpenError> {
        let connection = open::writer(folder)?;
        let wal = open::wal(folder);
        let (stop, stopped): (_, Receiver<()>) = channel();
        let thread = std::thread::Builder::new()
            .name("checkpoint".to_owned())
            .spawn(move || {
                while stopped.recv_timeout(PERIOD) == Err(RecvTimeoutError::Timeout) {
                    let size = std::fs::metadata(&wal).map_or(0, |metadata| metadata.len());
                    // The log is written over from its start once all of it is in the file, so its size does not say
                    // whether there is something to do; a checkpoint that finds nothing costs nothing.
                    if size < WORTHWHILE {
                        continue;
                    }
                    if let Err(error) = connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(())) {
                        tracing::warn!(%error, "a checkpoint failed; the write-ahead log keeps the data");
                    }
                }
            })
            .map_err(|source| OpenError::Folder { path: folder.to_path_buf(), source })?;
        Ok(Self { stop: Some(stop), thread: Some(thread) })
    }
}

impl Drop for Checkpoints {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
