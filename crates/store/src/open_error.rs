//! Why a store could not be opened.

use std::path::PathBuf;

use thiserror::Error;

/// Why the store could not be opened.
#[derive(Debug, Error)]
pub enum OpenError {
    /// Another process owns the data.
    #[error("{0} is in use by another cognate; stop it first, or give --data another folder")]
    InUse(PathBuf),
    /// A folder or a file cannot be made or read.
    #[error("{path}: {source}")]
    Folder {
        /// What was touched.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// The data was written by a newer program.
    #[error("{place} has schema {found}, newer than the {known} that this program knows; use the newer program")]
    Newer {
        /// The file, or the server and the database.
        place: String,
        /// Its schema.
        found: i64,
        /// Ours.
        known: i64,
    },
    /// The engine refused.
    #[error("{place}: {message}")]
    Engine {
        /// The file, or the server and the database.
        place: String,
        /// What the engine says.
        message: String,
    },
    /// The URL of the database is not one that can be used.
    #[error("the database URL {0}")]
    Address(String),
    /// The certificates that the server's is verified against cannot be used.
    #[error("{path}: {message}")]
    Certificates {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        message: String,
    },
}
