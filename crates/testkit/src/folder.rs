//! A folder that is gone when nobody needs it any more.

use std::path::{Path, PathBuf};

/// A folder of its own below the system's folder for temporary files.
pub(crate) struct TemporaryFolder(PathBuf);

impl TemporaryFolder {
    /// Names a folder; the store makes it.
    pub(crate) fn new() -> Self {
        Self(std::env::temp_dir().join(format!("cognate-testkit-{}", uuid::Uuid::new_v4())))
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for TemporaryFolder {
    fn drop(&mut self) {
        // What cannot be removed is left to the system, which cleans its folder for temporary files.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dropped_folder_is_gone() {
        let folder = TemporaryFolder::new();
        let path = folder.path().to_path_buf();
        std::fs::create_dir_all(path.join("below")).unwrap();
        drop(folder);
        assert!(!path.exists());
    }

    #[test]
    fn two_folders_are_two() {
        assert_ne!(TemporaryFolder::new().path(), TemporaryFolder::new().path());
    }
}
