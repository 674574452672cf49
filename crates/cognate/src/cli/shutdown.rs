//! When to stop.

use super::Failure;

#[cfg(unix)]
use tokio::signal::unix::{Signal, SignalKind, signal};

/// Ctrl-C and SIGTERM, heeded from the moment that this is made: one that comes while the server starts is not lost.
pub(super) struct Requests {
    #[cfg(unix)]
    interrupt: Signal,
    #[cfg(unix)]
    terminate: Signal,
}

impl Requests {
    /// Begins to heed them.
    pub(super) fn heed() -> Result<Self, Failure> {
        Ok(Self {
            #[cfg(unix)]
            interrupt: signal(SignalKind::interrupt()).map_err(|e| e.to_string())?,
            #[cfg(unix)]
            terminate: signal(SignalKind::terminate()).map_err(|e| e.to_string())?,
        })
    }

    /// Returns at the first of them.
    #[cfg(unix)]
    pub(super) async fn wait(mut self) -> Result<(), Failure> {
        tokio::select! {
            _ = self.interrupt.recv() => Ok(()),
            _ = self.terminate.recv() => Ok(()),
        }
    }

    /// Returns at the first of them.
    #[cfg(not(unix))]
    pub(super) async fn wait(self) -> Result<(), Failure> {
        tokio::signal::ctrl_c().await.map_err(|e| e.to_string())
    }
}
