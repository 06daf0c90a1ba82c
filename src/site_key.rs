//! The site key: 32 random bytes in a file of mode 0600, made at first start.

use crate::deid::header::SiteKey;
use hkdf::Hkdf;
use sha2::Sha256;
use std::fs::File;
use std::io::{Read, Write};
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Path, PathBuf};

/// What is wrong with the site key, and what to do.
#[derive(Debug, thiserror::Error)]
pub enum SiteKeyError {
    #[error("site key {}: {what}: {kind}", path.display())]
    Io { path: PathBuf, what: &'static str, kind: std::io::ErrorKind },
    #[error("site key {}: mode {mode:03o} lets others read it; run: chmod 600 {}", path.display(), path.display())]
    Readable { path: PathBuf, mode: u32 },
    #[error("site key {}: not 64 hexadecimal digits; restore it from a backup", path.display())]
    Damaged { path: PathBuf },
}

/// The secrets that come from the site key.
pub struct SiteSecrets {
    /// For project keys.
    pub site_key: SiteKey,
    /// For hashes of UIDs in the spool.
    pub spool_key: [u8; 32],
}

/// Reads the site key; makes it if there is none.
pub fn load_or_create(path: &Path) -> Result<SiteSecrets, SiteKeyError> {
    if !path.exists() {
        create(path)?;
    }
    load(path)
}

/// Reads the site key.
pub fn load(path: &Path) -> Result<SiteSecrets, SiteKeyError> {
    let failed = |what, error: std::io::Error| SiteKeyError::Io {
        path: path.to_owned(),
        what,
        kind: error.kind(),
    };
    let mut file = File::open(path).map_err(|e| failed("cannot be opened", e))?;
    let mode = file.metadata().map_err(|e| failed("cannot be read", e))?.permissions().mode();
    if mode & 0o077 != 0 {
        return Err(SiteKeyError::Readable { path: path.to_owned(), mode: mode & 0o777 });
    }
    let mut text = String::new();
    Read::by_ref(&mut file)
        .take(1024)
        .read_to_string(&mut text)
        .map_err(|e| failed("cannot be read", e))?;
    let key = parse(text.trim()).ok_or_else(|| SiteKeyError::Damaged { path: path.to_owned() })?;
    let mut spool_key = [0; 32];
    // 32 bytes are far below what HKDF can expand to, so this cannot fail.
    let _ = Hkdf::<Sha256>::new(None, &key).expand(b"deid-gateway spool hashes", &mut spool_key);
    Ok(SiteSecrets { site_key: SiteKey::new(key), spool_key })
}

fn create(path: &Path) -> Result<(), SiteKeyError> {
    let failed = |what: &'static str| {
        let path = path.to_owned();
        move |error: std::io::Error| SiteKeyError::Io { path, what, kind: error.kind() }
    };
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    let directory = parent.unwrap_or(Path::new("."));
    let made = std::fs::DirBuilder::new().recursive(true).mode(0o700).create(directory);
    made.map_err(failed("its directory cannot be made"))?;
    let mut key = [0u8; 32];
    getrandom::fill(&mut key)
        .map_err(|_| failed("no randomness")(std::io::ErrorKind::Other.into()))?;
    let text: String = key.iter().map(|byte| format!("{byte:02x}")).collect();
    // Written beside, mode 0600, and linked: another process that starts now sees no key or a whole
    // one, and of two that make one at the same time the first wins.
    let mut file = tempfile::NamedTempFile::new_in(directory).map_err(failed("cannot be made"))?;
    let written = file.write_all(text.as_bytes()).and_then(|()| file.as_file().sync_all());
    written.map_err(failed("cannot be written"))?;
    match file.persist_noclobber(path) {
        Err(error) if error.error.kind() != std::io::ErrorKind::AlreadyExists => {
            return Err(failed("cannot be written")(error.error));
        }
        _ => {}
    }
    let synced = File::open(directory).and_then(|directory| directory.sync_all());
    synced.map_err(failed("its directory cannot be synced"))?;
    tracing::info!("a site key was made; back it up: without it pseudonyms cannot be made again");
    Ok(())
}

fn parse(text: &str) -> Option<[u8; 32]> {
    let mut key = [0; 32];
    if text.len() != 64 || !text.is_ascii() {
        return None;
    }
    for (byte, digits) in key.iter_mut().zip(text.as_bytes().chunks(2)) {
        *byte = u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()?;
    }
    Some(key)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_is_made_once_private_and_read_back() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("keys").join("site.key");
        let first = load_or_create(&path).expect("made");
        let again = load_or_create(&path).expect("read");
        assert_eq!(first.spool_key, again.spool_key);
        let mode = std::fs::metadata(&path).expect("there").permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn processes_that_start_together_share_one_whole_key() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("site.key");
        let threads: Vec<_> = (0..8)
            .map(|_| {
                let path = path.clone();
                std::thread::spawn(move || load_or_create(&path).expect("a key").spool_key)
            })
            .collect();
        let keys: Vec<_> = threads.into_iter().map(|t| t.join().expect("joined")).collect();
        assert!(keys.iter().all(|key| *key == keys[0]));
        let left = std::fs::read_dir(directory.path()).expect("listed").count();
        assert_eq!(left, 1, "nothing but the key is left");
    }

    #[test]
    fn a_key_that_others_can_read_is_refused_with_the_command_that_mends_it() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("site.key");
        load_or_create(&path).expect("made");
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).expect("set");
        let error = load(&path).err().expect("refused").to_string();
        assert!(error.contains("chmod 600"), "{error}");
    }
}
