//! The site key file: one key per line, epoch 1 first.

use super::{SiteKeyError, failed};
use std::fs::File;
use std::io::{ErrorKind, Read, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt, fchown};
use std::path::Path;

/// Far more epochs than there will be.
const MAX_BYTES: u64 = 64 * 1024;

/// The keys of a file, epoch 1 first; at least one.
pub(super) fn read(path: &Path) -> Result<Vec<[u8; 32]>, SiteKeyError> {
    let file = File::open(path).map_err(failed(path, "cannot be opened"))?;
    parse(path, &read_private(path, &file)?)
}

/// The text of a key file that nobody else can read.
pub(super) fn read_private(path: &Path, mut file: &File) -> Result<String, SiteKeyError> {
    let metadata = file.metadata().map_err(failed(path, "cannot be read"))?;
    let mode = metadata.permissions().mode();
    if mode & 0o077 != 0 {
        return Err(SiteKeyError::Readable { path: path.to_owned(), mode: mode & 0o777 });
    }
    let mut text = String::new();
    let read = Read::by_ref(&mut file).take(MAX_BYTES).read_to_string(&mut text);
    read.map_err(failed(path, "cannot be read"))?;
    Ok(text)
}

/// Every line is a key: a line that is missing would move those after it into other epochs.
pub(super) fn parse(path: &Path, text: &str) -> Result<Vec<[u8; 32]>, SiteKeyError> {
    let mut keys: Vec<[u8; 32]> = Vec::new();
    for (line, text) in (1..).zip(text.trim_end().split('\n')) {
        let damaged = || SiteKeyError::Damaged { path: path.to_owned(), line };
        let key = parse_key(text.trim()).ok_or_else(damaged)?;
        if let Some(before) = keys.iter().position(|known| *known == key) {
            let first = before + 1;
            return Err(SiteKeyError::Repeated { path: path.to_owned(), line, first });
        }
        keys.push(key);
    }
    Ok(keys)
}

fn parse_key(text: &str) -> Option<[u8; 32]> {
    let mut key = [0; 32];
    if text.len() != 64 || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    for (byte, digits) in key.iter_mut().zip(text.as_bytes().chunks(2)) {
        *byte = u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()?;
    }
    Some(key)
}

/// Makes the site key with its first epoch; whether it was this call. Of two processes, the first wins.
pub(super) fn create(path: &Path) -> Result<bool, SiteKeyError> {
    private_directory(directory_of(path))?;
    let made = write_new(path, &format!("{}\n", random_key(path)?))?;
    if made {
        tracing::info!(
            "a site key was made; back it up: without it pseudonyms cannot be made again"
        );
    }
    Ok(made)
}

/// Adds a key of a new epoch to the site key file, which is replaced whole; returns the epoch.
pub fn rotate(path: &Path) -> Result<u32, SiteKeyError> {
    let directory = directory_of(path);
    // Two rotations at a time would be one.
    let turn = File::open(directory).map_err(failed(path, "its directory cannot be opened"))?;
    turn.lock().map_err(failed(path, "its directory cannot be locked"))?;
    let file = File::open(path).map_err(failed(path, "cannot be opened"))?;
    let mut text = read_private(path, &file)?.trim_end().to_owned();
    let epochs = parse(path, &text)?.len();
    text.push_str(&format!("\n{}\n", random_key(path)?));
    let replacement = temporary(path, &text)?;
    // Rotated by root, it still has to be the gateway's to read.
    let of = file.metadata().map_err(failed(path, "cannot be read"))?;
    let given = fchown(replacement.as_file(), Some(of.uid()), Some(of.gid()));
    given.map_err(failed(path, "its owner cannot be kept"))?;
    let written = replacement.persist(path);
    written.map_err(|error| failed(path, "cannot be replaced")(error.error))?;
    sync_directory(path)?;
    Ok(epochs as u32 + 1)
}

/// A new key in hexadecimal.
pub(super) fn random_key(path: &Path) -> Result<String, SiteKeyError> {
    let mut key = [0u8; 32];
    let random = getrandom::fill(&mut key).map_err(|_| ErrorKind::Other.into());
    random.map_err(failed(path, "no randomness"))?;
    Ok(key.iter().map(|byte| format!("{byte:02x}")).collect())
}

/// Writes a file of mode 0600 that was not there, whole and synced; whether it was this call.
pub(super) fn write_new(path: &Path, text: &str) -> Result<bool, SiteKeyError> {
    // Written beside and linked: another process that starts now sees no file or a whole one.
    let made = match temporary(path, text)?.persist_noclobber(path) {
        Ok(_) => true,
        Err(error) if error.error.kind() == ErrorKind::AlreadyExists => false,
        Err(error) => return Err(failed(path, "cannot be written")(error.error)),
    };
    sync_directory(path)?;
    Ok(made)
}

fn temporary(path: &Path, text: &str) -> Result<tempfile::NamedTempFile, SiteKeyError> {
    let made = tempfile::NamedTempFile::new_in(directory_of(path));
    let mut file = made.map_err(failed(path, "cannot be made"))?;
    let written = file.write_all(text.as_bytes()).and_then(|()| file.as_file().sync_all());
    written.map_err(failed(path, "cannot be written"))?;
    Ok(file)
}

/// Makes a directory that only its owner can enter, if it is not there.
pub(super) fn private_directory(path: &Path) -> Result<(), SiteKeyError> {
    let made = std::fs::DirBuilder::new().recursive(true).mode(0o700).create(path);
    made.map_err(failed(path, "this directory cannot be made"))
}

/// Makes the names beside a file durable.
pub(super) fn sync_directory(path: &Path) -> Result<(), SiteKeyError> {
    let synced = File::open(directory_of(path)).and_then(|directory| directory.sync_all());
    synced.map_err(failed(path, "its directory cannot be synced"))
}

fn directory_of(path: &Path) -> &Path {
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    parent.unwrap_or(Path::new("."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_is_made_once_private_and_read_back() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("keys").join("site.key");
        create(&path).expect("made");
        let first = read(&path).expect("read");
        create(&path).expect("left alone");
        assert_eq!(read(&path).expect("read"), first);
        let mode = std::fs::metadata(&path).expect("there").permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn a_rotation_keeps_every_key_and_the_mode() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("site.key");
        // as earlier versions wrote it: one line without its end
        std::fs::write(&path, "07".repeat(32)).expect("written");
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).expect("set");
        assert_eq!((rotate(&path).expect("2"), rotate(&path).expect("3")), (2, 3));
        let keys = read(&path).expect("read");
        assert_eq!((keys.len(), keys[0]), (3, [7; 32]));
        let mode = std::fs::metadata(&path).expect("there").permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        assert_eq!(std::fs::read_dir(directory.path()).expect("listed").count(), 1);
    }

    #[test]
    fn a_rotation_by_root_leaves_the_file_to_its_owner() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("site.key");
        create(&path).expect("made");
        let is_root = std::os::unix::fs::chown(&path, Some(4711), Some(4712)).is_ok();
        let owner = |path: &Path| {
            let metadata = std::fs::metadata(path).expect("there");
            (metadata.uid(), metadata.gid())
        };
        let before = owner(&path);
        rotate(&path).expect("rotated");
        assert_eq!(owner(&path), before);
        assert!(!is_root || before == (4711, 4712));
    }

    #[test]
    fn processes_that_start_together_share_one_whole_key() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("site.key");
        let threads: Vec<_> = (0..8)
            .map(|_| {
                let path = path.clone();
                std::thread::spawn(move || {
                    create(&path).expect("made");
                    read(&path).expect("a key")
                })
            })
            .collect();
        let keys: Vec<_> = threads.into_iter().map(|t| t.join().expect("joined")).collect();
        assert!(keys.iter().all(|key| *key == keys[0]));
        let left = std::fs::read_dir(directory.path()).expect("listed").count();
        assert_eq!(left, 1, "nothing but the key is left");
    }

    #[test]
    fn rotations_at_the_same_time_each_add_a_key() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("site.key");
        create(&path).expect("made");
        let rotations: Vec<_> = (0..4)
            .map(|_| {
                let path = path.clone();
                std::thread::spawn(move || rotate(&path).expect("rotated"))
            })
            .collect();
        let mut epochs: Vec<_> = rotations.into_iter().map(|t| t.join().expect("joined")).collect();
        epochs.sort();
        assert_eq!(epochs, [2, 3, 4, 5]);
        assert_eq!(read(&path).expect("read").len(), 5);
    }

    #[test]
    fn a_key_that_others_can_read_is_refused_with_the_command_that_mends_it() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("site.key");
        create(&path).expect("made");
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).expect("set");
        let error = read(&path).expect_err("refused").to_string();
        assert!(error.contains("chmod 600"), "{error}");
    }

    #[test]
    fn a_damaged_line_is_named_by_its_number_and_not_shown() {
        let one = "ab".repeat(32);
        let error = |text: &str| parse(Path::new("k"), text).expect_err("damaged").to_string();
        for (text, line) in
            [(format!("{one}\n\n{one}"), 2), (format!("{one}\n+{}\n", "0".repeat(63)), 2)]
        {
            assert!(error(&text).contains(&format!("line {line}: not 64")), "{}", error(&text));
        }
        let repeated = error(&format!("{one}\n{one}\n"));
        assert!(repeated.contains("line 2 repeats the key of line 1"), "{repeated}");
        assert!(!repeated.contains("abab"));
        assert!(error("").contains("line 1"));
    }
}
