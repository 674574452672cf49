//! `cognate backup` and `cognate restore`.

use std::path::PathBuf;

use clap::Args;
use cognate::Written;

use super::progress::{Progress, bar, size};
use super::{Failure, Folder, command_line, tell};

#[derive(Args)]
pub(super) struct BackupOptions {
    /// The file to write. It must not exist; only its owner can read it.
    file: PathBuf,
    #[command(flatten)]
    folder: Folder,
}

#[derive(Args)]
pub(super) struct RestoreOptions {
    /// A file that `cognate backup` wrote.
    file: PathBuf,
    #[command(flatten)]
    folder: Folder,
}

/// How far a backup stands back, on the scale of `nice`: the server beside it has somebody waiting.
#[cfg(target_os = "linux")]
const PRIORITY: i32 = 15;

pub(super) fn backup(options: &BackupOptions) -> Result<(), Failure> {
    #[cfg(target_os = "linux")]
    if let Err(error) = rustix::process::setpriority_process(None, PRIORITY) {
        tell(&format!("The backup runs at the same priority as a server: {error}."));
    }
    let folder = options.folder.path()?;
    let mut progress = Progress::new();
    let written = cognate::backup(folder, &options.file, &command_line(), &mut |copied| {
        progress.show(|| format!("{} {} copied", bar(copied.bytes, copied.of), size(copied.bytes)));
    });
    drop(progress);
    let Written { bytes, unrecorded } = written.map_err(|e| e.to_string())?;
    if let Some(reason) = unrecorded {
        tell(&format!("The audit trail does not tell of this backup: {reason}."));
    }
    tell(&format!(
        "{} written: {}. The master key is not in it: keep it elsewhere.",
        options.file.display(),
        size(bytes)
    ));
    Ok(())
}

pub(super) fn restore(options: &RestoreOptions) -> Result<(), Failure> {
    let folder = options.folder.path()?;
    let mut progress = Progress::new();
    let restored = cognate::restore(&options.file, folder, &command_line(), &mut |copied| {
        progress.show(|| format!("{} {} copied", bar(copied.bytes, copied.of), size(copied.bytes)));
    });
    drop(progress);
    let content = restored.map_err(|e| e.to_string())?;
    tell(&format!(
        "{} holds {} user pools with {} users again, of schema {}.\n\
         The master key was not in the backup: give the one that the data was sealed with, as COGNATE_MASTER_KEY or as \
         {}. With any other the server refuses to start.",
        folder.display(),
        content.pools,
        content.users,
        content.schema,
        folder.join("master.key").display(),
    ));
    Ok(())
}
