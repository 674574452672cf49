//! Backups as files: the database as it was at one moment, and behind it a hash that tells damage.
//!
//! ```text
//! an SQLite database, then 48 bytes: "cognate backup 1" and the SHA-256 of the database
//! ```
//!
//! Secrets in the database stay sealed, and the master key is not in it.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use cognate_crypto::digest::Sha256;
use cognate_crypto::random::{self, SystemRandom};
use cognate_operations::audit::{Actor, Outcome, Record};
use cognate_store::audit::Entry;
use cognate_store::backup::{self as database, Content, Copied, Vacant};
use thiserror::Error;

/// What stands behind the database, ahead of its hash.
const MARK: &[u8; 16] = b"cognate backup 1";
const TRAILER: u64 = 16 + 32;
/// How much is read and written at once.
const PIECE: usize = 1 << 20;
/// The longest name of a file that is kept, in characters.
const LONGEST: usize = 256;
/// How long a backup rests at most.
const LONGEST_REST: Duration = Duration::from_millis(50);

/// Why a backup was not made or not restored.
#[derive(Debug, Error)]
pub enum BackupError {
    /// The store.
    #[error(transparent)]
    Store(#[from] database::BackupError),
    /// The file is there already.
    #[error("{0} exists; backups are not written over")]
    Exists(PathBuf),
    /// Another program writes the same file.
    #[error("{0} is being written by another cognate")]
    InUse(PathBuf),
    /// The file is no backup, or ends too early.
    #[error("{0} is no whole backup of Cognate: its end is missing; nothing was restored")]
    Cut(PathBuf),
    /// The file is not what was written.
    #[error("{0} is damaged: its hash differs; nothing was restored")]
    Differs(PathBuf),
    /// The file cannot be read or written.
    #[error("{path}: {source}")]
    File {
        /// What was touched.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
}

/// A backup that was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// The size of its file.
    pub bytes: u64,
    /// Why the audit trail does not tell of it, if it does not: that is no reason to go without a backup.
    pub unrecorded: Option<String>,
}

/// Writes the data of a folder, as it is at this moment, to a new file that only its owner can read. A server may run
/// beside it and goes on writing. The audit trail tells that somebody began it, and the copy has that entry as well.
pub fn backup(
    folder: &Path,
    file: &Path,
    actor: &Actor,
    report: &mut dyn FnMut(Copied),
) -> Result<Written, BackupError> {
    if file.symlink_metadata().is_ok() {
        return Err(BackupError::Exists(file.to_path_buf()));
    }
    let draft = Draft::new(beside(file, ".partial"))?;
    let unrecorded = match database::record_in(folder, &entry("Backup", file, actor)) {
        Ok(true) => None,
        Ok(false) => Some("the data is of a schema without one".to_owned()),
        Err(error) => Some(error.to_string()),
    };
    let mut begun = Instant::now();
    // A server beside it has processors and disk to itself for half of the time.
    let mut rest = |copied| {
        report(copied);
        std::thread::sleep(begun.elapsed().min(LONGEST_REST));
        begun = Instant::now();
    };
    database::copy(folder, &draft.path, &mut rest)?;
    let trouble = |source| BackupError::File { path: draft.path.clone(), source };
    let mut written = OpenOptions::new().read(true).write(true).open(&draft.path).map_err(trouble)?;
    let size = written.metadata().map_err(trouble)?.len();
    let hash = copy_hashed(&mut written, &mut io::sink(), size, &mut rest).map_err(trouble)?;
    written.write_all(MARK).and_then(|()| written.write_all(&hash)).map_err(trouble)?;
    written.sync_all().map_err(trouble)?;
    give_name(&draft.path, file)?;
    Ok(Written { bytes: size + TRAILER, unrecorded })
}

/// Puts a backup into a folder that holds no data, once all of it is proved whole and of a schema that this program
/// knows. The audit trail in it tells who did, unless its schema is older than the trail.
pub fn restore(
    file: &Path,
    folder: &Path,
    actor: &Actor,
    report: &mut dyn FnMut(Copied),
) -> Result<Content, BackupError> {
    let trouble = |source| BackupError::File { path: file.to_path_buf(), source };
    let mut source = File::open(file).map_err(trouble)?;
    let size = source.metadata().map_err(trouble)?.len().checked_sub(TRAILER);
    let size = size.ok_or_else(|| BackupError::Cut(file.to_path_buf()))?;
    let hash = read_trailer(&mut source, size).map_err(trouble)?.ok_or_else(|| BackupError::Cut(file.to_path_buf()))?;
    let vacant = Vacant::take(folder)?;
    let draft = Draft::new(vacant.draft())?;
    let to_draft = |source| BackupError::File { path: draft.path.clone(), source };
    let mut target = OpenOptions::new().write(true).open(&draft.path).map_err(to_draft)?;
    source.rewind().map_err(trouble)?;
    if copy_hashed(&mut source, &mut target, size, report).map_err(to_draft)? != hash {
        return Err(BackupError::Differs(file.to_path_buf()));
    }
    target.sync_all().map_err(to_draft)?;
    let content = database::check(&draft.path).map_err(|error| error.of_file(file))?;
    database::record(&draft.path, &entry("Restore", file, actor))?;
    vacant.settle()?;
    Ok(content)
}

/// Gives a file its name, unless something else has got it meanwhile, and makes that last.
fn give_name(draft: &Path, file: &Path) -> Result<(), BackupError> {
    let trouble = |source| BackupError::File { path: file.to_path_buf(), source };
    match std::fs::hard_link(draft, file) {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            return Err(BackupError::Exists(file.to_path_buf()));
        }
        // Not every file system has links.
        Err(_) if file.symlink_metadata().is_ok() => return Err(BackupError::Exists(file.to_path_buf())),
        Err(_) => std::fs::rename(draft, file).map_err(trouble)?,
    }
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(trouble)
}

/// What the audit trail tells. Written past the operations, which would want the master key and a schema of today.
fn entry(operation: &'static str, file: &Path, actor: &Actor) -> Entry {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_micros();
    let record = Record {
        outcome: Outcome::Done,
        error: None,
        actor: actor.clone(),
        user: None,
        resource: BTreeMap::from([("File".to_owned(), file.display().to_string().chars().take(LONGEST).collect())]),
        fields: Vec::new(),
        address: None,
        agent: None,
        request_id: random::format_uuid(&random::uuid_v4(&SystemRandom)),
        omitted: 0,
    };
    Entry {
        id: random::uuid_v7(&SystemRandom, i64::try_from(now).unwrap_or(i64::MAX)),
        pool: String::new(),
        operation: operation.to_owned(),
        record: serde_json::to_string(&record).unwrap_or_default(),
    }
}

/// The hash behind a database of this size; none where its mark is missing.
fn read_trailer(source: &mut File, size: u64) -> io::Result<Option<[u8; 32]>> {
    let (mut mark, mut hash) = ([0; 16], [0; 32]);
    source.seek(SeekFrom::Start(size))?;
    source.read_exact(&mut mark)?;
    source.read_exact(&mut hash)?;
    Ok((mark == *MARK).then_some(hash))
}

/// Copies so many bytes from where the source stands, and hashes them.
fn copy_hashed(
    source: &mut dyn Read,
    target: &mut dyn Write,
    size: u64,
    report: &mut dyn FnMut(Copied),
) -> io::Result<[u8; 32]> {
    let (mut hash, mut piece, mut bytes) = (Sha256::default(), vec![0; PIECE], 0);
    while bytes < size {
        let wanted = usize::try_from(size - bytes).unwrap_or(PIECE).min(PIECE);
        let (part, _) = piece.split_at_mut(wanted);
        source.read_exact(part)?;
        hash.update(part);
        target.write_all(part)?;
        bytes += wanted as u64;
        report(Copied { bytes, of: size });
    }
    Ok(hash.finish())
}

fn beside(file: &Path, ending: &str) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(ending);
    name.into()
}

/// A file that is being written: private from its first byte, nobody else's, and gone unless it was given its name.
struct Draft {
    path: PathBuf,
    /// Locked for as long as it is written.
    _file: File,
}

impl Draft {
    fn new(path: PathBuf) -> Result<Self, BackupError> {
        let trouble = |source| BackupError::File { path: path.clone(), source };
        let lock = |file: &File| match file.try_lock() {
            Ok(()) => Ok(()),
            Err(TryLockError::WouldBlock) => Err(BackupError::InUse(path.clone())),
            Err(TryLockError::Error(source)) => Err(trouble(source)),
        };
        // What an interrupted run left behind, and nobody writes any more.
        if let Ok(left) = OpenOptions::new().write(true).open(&path) {
            lock(&left)?;
        }
        let _ = std::fs::remove_file(&path);
        let file = private_file(&path).map_err(trouble)?;
        lock(&file)?;
        Ok(Self { path, _file: file })
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.path);
        let _ = std::fs::remove_file(beside(&self.path, "-journal"));
    }
}

/// A new file that only its owner can read.
pub fn private_file(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(0o600);
    }
    options.open(path)
}
