//! Payload files: digests, syncs, and the directories that hold them.

use super::SpoolError;
use sha2::{Digest, Sha256};
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

/// The directories of a spool.
#[derive(Debug, Clone)]
pub(super) struct Directories {
    pub originals: PathBuf,
    pub results: PathBuf,
    pub work: PathBuf,
    /// Sets of identifiers.
    pub identifiers: PathBuf,
}

impl Directories {
    /// Makes them, readable by their owner alone, and empties `work`: what it holds was never recorded.
    pub(super) fn prepare(root: &Path) -> Result<Self, SpoolError> {
        let directories = Self {
            originals: root.join("originals"),
            results: root.join("results"),
            work: root.join("work"),
            identifiers: root.join("identifiers"),
        };
        let _ = std::fs::remove_dir_all(&directories.work);
        for directory in [
            root,
            &directories.originals,
            &directories.results,
            &directories.work,
            &directories.identifiers,
        ] {
            private_directory(directory)?;
        }
        sync_directory(root)?;
        // The spool's own name has to last as well, should it have been made just now.
        let parent = root.parent().filter(|parent| !parent.as_os_str().is_empty());
        sync_directory(parent.unwrap_or(Path::new(".")))?;
        Ok(directories)
    }

    pub(super) fn original(&self, id: &str) -> PathBuf {
        self.originals.join(format!("{id}.dcm"))
    }

    pub(super) fn result(&self, job: i64) -> PathBuf {
        self.results.join(format!("{job}.dcm"))
    }
}

/// Makes a directory that only its owner can enter.
pub(super) fn private_directory(path: &Path) -> Result<(), SpoolError> {
    use std::os::unix::fs::PermissionsExt;
    let private = std::fs::Permissions::from_mode(0o700);
    let made = std::fs::create_dir_all(path).and_then(|()| std::fs::set_permissions(path, private));
    made.map_err(|error| SpoolError::file(path, "cannot make this directory private", &error))
}

/// Makes the names in a directory durable.
pub(super) fn sync_directory(path: &Path) -> Result<(), SpoolError> {
    let synced = File::open(path).and_then(|directory| directory.sync_all());
    synced.map_err(|error| SpoolError::file(path, "cannot sync this directory", &error))
}

/// Removes a file that no record needs any more; one that is gone already is no error.
pub(super) fn remove(path: &Path) {
    if let Err(error) = std::fs::remove_file(path)
        && error.kind() != std::io::ErrorKind::NotFound
    {
        tracing::warn!(kind = ?error.kind(), "a payload could not be removed");
    }
}

/// SHA-256 of a whole file, in hexadecimal.
pub(super) fn digest(path: &Path) -> std::io::Result<String> {
    let mut file = File::open(path)?;
    let mut hasher = Sha256::new();
    let mut buffer = vec![0; 256 * 1024];
    loop {
        match file.read(&mut buffer)? {
            0 => return Ok(hex(&hasher.finalize())),
            read => hasher.update(&buffer[..read]),
        }
    }
}

/// Lower-case hexadecimal.
pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
