//! The random keys of unlinkable projects: a file for each project and epoch, and their end.

use super::file::{self, parse, private_directory, random_key, read_private, sync_directory};
use super::{SiteKeyError, failed};
use crate::deid::header::{OwnKey, ProjectKey};
use std::fs::{File, TryLockError};
use std::io::{ErrorKind, Seek, Write};
use std::path::{Path, PathBuf};

/// Where the key of a project and epoch is, and what is left of it once it was closed.
struct Place {
    key: PathBuf,
    closed: PathBuf,
}

impl Place {
    fn of(site_key_file: &Path, project: &str, epoch: u32) -> Self {
        let directory = directory(site_key_file);
        let stem = format!("{}-{epoch}", encoded(project));
        Self {
            key: directory.join(format!("{stem}.key")),
            closed: directory.join(format!("{stem}.closed")),
        }
    }
}

fn directory(site_key_file: &Path) -> PathBuf {
    let mut name = site_key_file.as_os_str().to_owned();
    name.push(".d");
    name.into()
}

/// Makes the key of a project and epoch, unless it is there or was closed; whether it was this call.
pub(super) fn open_or_create(
    site_key_file: &Path,
    project: &str,
    epoch: u32,
) -> Result<bool, SiteKeyError> {
    let place = Place::of(site_key_file, project, epoch);
    if place.closed.exists() {
        return Err(SiteKeyError::Closed { project: project.to_owned(), epoch });
    }
    if place.key.exists() {
        return Ok(false);
    }
    private_directory(&directory(site_key_file))?;
    sync_directory(&directory(site_key_file))?;
    let made = file::write_new(&place.key, &format!("{}\n", random_key(&place.key)?))?;
    if made {
        tracing::info!(epoch, "a key was made for this project and epoch alone");
    }
    Ok(made)
}

/// Every key there is, each with its file, which is locked against `Closing` until it is dropped.
pub(super) fn read_all(site_key_file: &Path) -> Result<Vec<(OwnKey, File)>, SiteKeyError> {
    let directory = directory(site_key_file);
    let entries = match std::fs::read_dir(&directory) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries.map_err(failed(&directory, "cannot be listed"))?,
    };
    let mut keys = Vec::new();
    for entry in entries.flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let Some((project, epoch)) = name.strip_suffix(".key").and_then(decoded) else { continue };
        if Place::of(site_key_file, &project, epoch).closed.exists() {
            continue;
        }
        let path = entry.path();
        let file = match File::open(&path) {
            Err(error) if error.kind() == ErrorKind::NotFound => continue,
            file => file.map_err(failed(&path, "cannot be opened"))?,
        };
        match file.try_lock_shared() {
            Err(TryLockError::WouldBlock) => continue, // it is being closed
            locked => locked.map_err(|error| failed(&path, "cannot be locked")(error.into()))?,
        }
        let key = ProjectKey::new(only_key(&path, &file)?);
        keys.push((OwnKey { project, epoch, key }, file));
    }
    Ok(keys)
}

fn only_key(path: &Path, file: &File) -> Result<[u8; 32], SiteKeyError> {
    let keys = parse(path, &read_private(path, file)?)?;
    match keys[..] {
        [key] => Ok(key),
        _ => Err(SiteKeyError::Damaged { path: path.to_owned(), line: 2 }),
    }
}

/// The epochs of a project whose keys were destroyed.
pub fn closed_epochs(site_key_file: &Path, project: &str) -> Result<Vec<u32>, SiteKeyError> {
    let directory = directory(site_key_file);
    let entries = match std::fs::read_dir(&directory) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries.map_err(failed(&directory, "cannot be listed"))?,
    };
    let names = entries.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned());
    let closed = names.filter_map(|name| decoded(name.strip_suffix(".closed")?));
    let mut epochs: Vec<_> =
        closed.filter(|(name, _)| name == project).map(|(_, epoch)| epoch).collect();
    epochs.sort();
    Ok(epochs)
}

/// The end of an unlinkable key: `seal`, forget what links elsewhere, `shred`. What stopped between
/// is begun again and does the rest.
pub struct Closing {
    place: Place,
    key_id: String,
    /// Locked; `None` when it is gone already.
    file: Option<File>,
}

impl Closing {
    /// Takes the key of a project and epoch away from everyone else.
    pub fn begin(site_key_file: &Path, project: &str, epoch: u32) -> Result<Self, SiteKeyError> {
        let place = Place::of(site_key_file, project, epoch);
        let file = match File::options().read(true).write(true).open(&place.key) {
            Err(error) if error.kind() == ErrorKind::NotFound => None,
            file => Some(file.map_err(failed(&place.key, "cannot be opened"))?),
        };
        if let Some(file) = &file {
            match file.try_lock() {
                Err(TryLockError::WouldBlock) => return Err(SiteKeyError::InUse(place.key)),
                locked => {
                    locked.map_err(|error| failed(&place.key, "cannot be locked")(error.into()))?;
                }
            }
        }
        let sealed = match std::fs::read_to_string(&place.closed) {
            Err(error) if error.kind() == ErrorKind::NotFound => None,
            text => Some(text.map_err(failed(&place.closed, "cannot be read"))?),
        };
        let key_id = match (&sealed, &file) {
            (Some(text), _) => text.trim().to_owned(),
            (None, Some(file)) => ProjectKey::new(only_key(&place.key, file)?).key_id(),
            (None, None) => {
                return Err(SiteKeyError::NoOwnKey { project: project.to_owned(), epoch });
            }
        };
        Ok(Self { place, key_id, file })
    }

    /// The id of the key: what its Jobs are recorded under.
    pub fn key_id(&self) -> &str {
        &self.key_id
    }

    /// From here on nobody can use the key or make one in its place.
    pub fn seal(&self) -> Result<(), SiteKeyError> {
        file::write_new(&self.place.closed, &format!("{}\n", self.key_id)).map(|_| ())
    }

    /// Overwrites the key, synced, and removes its file.
    pub fn shred(self) -> Result<(), SiteKeyError> {
        let Some(mut file) = self.file else { return Ok(()) };
        let path = &self.place.key;
        let length = file.metadata().map_err(failed(path, "cannot be read"))?.len();
        let zeros = vec![b'0'; length as usize];
        let overwritten =
            file.rewind().and_then(|()| file.write_all(&zeros)).and_then(|()| file.sync_all());
        overwritten.map_err(failed(path, "cannot be overwritten"))?;
        std::fs::remove_file(path).map_err(failed(path, "cannot be removed"))?;
        sync_directory(path)
    }
}

/// A project as a part of a file name; two projects never share one.
fn encoded(project: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
    let part = |byte: u8| match plain(byte) {
        true => char::from(byte).to_string(),
        false => format!("%{byte:02X}"),
    };
    project.bytes().map(part).collect()
}

/// The project and epoch of a file's stem, if it is one of ours.
fn decoded(stem: &str) -> Option<(String, u32)> {
    let (name, epoch) = stem.rsplit_once('-')?;
    let mut bytes = Vec::new();
    let mut rest = name.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'%' => {
                let digits = [rest.next()?, rest.next()?];
                u8::from_str_radix(std::str::from_utf8(&digits).ok()?, 16).ok()?
            }
            other => other,
        });
    }
    let project = String::from_utf8(bytes).ok()?;
    let epoch = epoch.parse().ok()?;
    (format!("{}-{epoch}", encoded(&project)) == stem).then_some((project, epoch))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_project_is_one_safe_file_name(project in ".{1,40}", epoch in 1u32..) {
            let stem = format!("{}-{epoch}", encoded(&project));
            prop_assert!(!stem.contains(['/', '.', '\0', '\\', ' ']));
            prop_assert_eq!(decoded(&stem), Some((project, epoch)));
        }
    }

    #[test]
    fn a_closing_that_stopped_is_ended_by_another() {
        let directory = tempfile::tempdir().expect("a directory");
        let site = directory.path().join("site.key");
        open_or_create(&site, "trial", 1).expect("made");
        let (key_id, key) = {
            let closing = Closing::begin(&site, "trial", 1).expect("begun");
            closing.seal().expect("sealed");
            (closing.key_id().to_owned(), closing.place.key)
        };
        assert!(key.exists());
        assert_eq!(closed_epochs(&site, "trial").expect("listed"), [1]);
        assert!(read_all(&site).expect("read").is_empty(), "a sealed key is nobody's");
        let again = Closing::begin(&site, "trial", 1).expect("begun again");
        assert_eq!(again.key_id(), key_id);
        again.seal().expect("sealed before");
        again.shred().expect("shredded");
        assert!(!key.exists());
        let third = Closing::begin(&site, "trial", 1).expect("what is over is over");
        third.shred().expect("nothing to do");
        let nothing = Closing::begin(&site, "trial", 2).err().expect("no key");
        assert!(matches!(nothing, SiteKeyError::NoOwnKey { .. }), "{nothing}");
    }

    #[test]
    fn shredding_leaves_nothing_of_the_key_in_its_file() {
        let directory = tempfile::tempdir().expect("a directory");
        let site = directory.path().join("site.key");
        open_or_create(&site, "trial", 1).expect("made");
        let place = Place::of(&site, "trial", 1);
        let before = std::fs::read_to_string(&place.key).expect("a key");
        // another name of the same file shows what is left in it
        let other = directory.path().join("other");
        std::fs::hard_link(&place.key, &other).expect("linked");
        Closing::begin(&site, "trial", 1).expect("begun").shred().expect("shredded");
        let after = std::fs::read_to_string(&other).expect("there");
        assert_eq!(after.len(), before.len());
        assert_eq!(after, "0".repeat(after.len()));
    }
}
