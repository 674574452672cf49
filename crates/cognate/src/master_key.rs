//! The master key: from the environment, or a file that only its owner can read.

use std::io::{ErrorKind, Read, Write};
use std::path::{Path, PathBuf};

use cognate_crypto::random::{self, SystemRandom};
use cognate_crypto::seal::MasterKey;
use thiserror::Error;
use zeroize::{Zeroize, Zeroizing};

/// Why there is no master key.
#[derive(Debug, Error)]
pub enum MasterKeyError {
    /// The text is no key.
    #[error("the master key is not 64 hexadecimal digits or base64 of 32 bytes")]
    Form,
    /// The file cannot be read or made.
    #[error("{path}: {source}")]
    File {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// Others can read the file.
    #[error("{0} can be read by others; make it private with: chmod 600 {0}")]
    Public(PathBuf),
    /// There is no file, and there must have been a key.
    #[error(
        "there is no {0}, and the data was sealed with a master key before: give that one as COGNATE_MASTER_KEY, or \
         put it there"
    )]
    Lost(PathBuf),
}

/// The key that was given as text, or else the one in the data folder. One that is not there is made, unless there was
/// another before: beside data that it does not open it would be taken for the right one, sooner or later.
pub(crate) fn load(
    given: Option<&str>,
    folder: &Path,
    is_sealed: impl FnOnce() -> bool,
) -> Result<MasterKey, MasterKeyError> {
    match given {
        Some(text) => MasterKey::parse(text).map_err(|_| MasterKeyError::Form),
        None => from_file(&folder.join("master.key"), is_sealed),
    }
}

fn from_file(path: &Path, is_sealed: impl FnOnce() -> bool) -> Result<MasterKey, MasterKeyError> {
    let trouble = |source| MasterKeyError::File { path: path.to_path_buf(), source };
    match std::fs::File::open(path) {
        Ok(mut file) => {
            check_private(&file, path)?;
            let mut text = Zeroizing::new(String::new());
            file.read_to_string(&mut text).map_err(trouble)?;
            MasterKey::parse(&text).map_err(|_| MasterKeyError::Form)
        }
        Err(error) if error.kind() == ErrorKind::NotFound && is_sealed() => {
            Err(MasterKeyError::Lost(path.to_path_buf()))
        }
        Err(error) if error.kind() == ErrorKind::NotFound => create(path),
        Err(error) => Err(trouble(error)),
    }
}

fn create(path: &Path) -> Result<MasterKey, MasterKeyError> {
    let trouble = |source| MasterKeyError::File { path: path.to_path_buf(), source };
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).map_err(trouble)?;
    }
    let mut bytes: [u8; 32] = random::bytes(&SystemRandom);
    let text = Zeroizing::new(data_encoding::HEXLOWER.encode(&bytes));
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(0o600);
    }
    let mut file = options.open(path).map_err(trouble)?;
    // On disk before anything is sealed with it: a key that is lost with the power takes every secret along.
    writeln!(file, "{}", text.as_str()).and_then(|()| file.sync_all()).map_err(trouble)?;
    let key = MasterKey::from_bytes(&bytes);
    bytes.zeroize();
    Ok(key)
}

#[cfg(unix)]
fn check_private(file: &std::fs::File, path: &Path) -> Result<(), MasterKeyError> {
    use std::os::unix::fs::PermissionsExt;
    let metadata = file.metadata().map_err(|source| MasterKeyError::File { path: path.to_path_buf(), source })?;
    let for_others = metadata.permissions().mode() & 0o077;
    if for_others == 0 { Ok(()) } else { Err(MasterKeyError::Public(path.to_path_buf())) }
}

#[cfg(not(unix))]
fn check_private(_: &std::fs::File, _: &Path) -> Result<(), MasterKeyError> {
    Ok(())
}
