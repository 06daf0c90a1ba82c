//! The keys of a site, in files of mode 0600.
//!
//! ```text
//! site.key                        one key of 64 hexadecimal digits per line, epoch 1 first
//! site.key.d/PROJECT-EPOCH.key    the random key of one unlinkable project and epoch
//! site.key.d/PROJECT-EPOCH.closed what is left of it once it was destroyed
//! ```
//! Invariants: a key file is made whole or not at all, synced with its directory, and never made
//! anew where one was closed; no key is printed or logged; while a process uses an unlinkable key it
//! holds a lock on its file, so that nobody destroys it meanwhile.

mod file;
mod own;

pub use file::rotate;
pub use own::{Closing, closed_epochs};

use crate::config::{Keys, Linkage};
use crate::deid::header::{KeyRing, ProjectKey, SiteKey};
use hkdf::Hkdf;
use sha2::Sha256;
use std::fs::File;
use std::path::{Path, PathBuf};

/// What is wrong with a key, and what to do.
#[derive(Debug, thiserror::Error)]
pub enum SiteKeyError {
    #[error("site key {}: {what}: {kind}", path.display())]
    Io { path: PathBuf, what: &'static str, kind: std::io::ErrorKind },
    #[error("site key {}: mode {mode:03o} lets others read it; run: chmod 600 {}", path.display(), path.display())]
    Readable { path: PathBuf, mode: u32 },
    #[error("site key {}: line {line}: not 64 hexadecimal digits; restore it from a backup", path.display())]
    Damaged { path: PathBuf, line: usize },
    #[error("site key {}: line {line} repeats the key of line {first}", path.display())]
    Repeated { path: PathBuf, line: usize, first: usize },
    #[error("site key {}: [keys] epoch is {epoch}, and it holds {found}: run `deid-gateway keys rotate`, or restore it from a backup", path.display())]
    NoEpoch { path: PathBuf, epoch: u32, found: usize },
    #[error(
        "project {project:?}, epoch {epoch} was closed and its key destroyed: set [keys] epoch to another number"
    )]
    Closed { project: String, epoch: u32 },
    #[error("project {project:?}, epoch {epoch} has no key of its own: nothing to close")]
    NoOwnKey { project: String, epoch: u32 },
    #[error(
        "project {project:?}, epoch {epoch} has no key of its own yet: one will be made at the first start"
    )]
    NoKeyYet { project: String, epoch: u32 },
    #[error("{}: in use; stop the gateway and every `deid` first", .0.display())]
    InUse(PathBuf),
}

/// A key that was not there before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyMade {
    pub what: &'static str,
    /// Of an unlinkable key.
    pub project: Option<String>,
    pub epoch: u32,
}

/// The secrets of a site. Keep it while a key of it is in use.
pub struct SiteSecrets {
    /// Every key, and which is in force.
    pub keys: KeyRing,
    /// For hashes of UIDs and patients in the spool; that of epoch 1 for ever.
    pub spool_key: [u8; 32],
    /// Keys that opening made.
    pub made: Vec<KeyMade>,
    /// Locked files of unlinkable keys.
    _in_use: Vec<File>,
}

impl SiteSecrets {
    /// The key of a project that new work gets.
    pub fn in_force(&self, project: &str) -> Result<ProjectKey, SiteKeyError> {
        let (project, epoch) = (project.to_owned(), self.keys.epoch());
        self.keys.in_force(&project).ok_or(SiteKeyError::NoKeyYet { project, epoch })
    }
}

/// The secrets of a project that is to be worked on; keys are made where there are none.
pub fn open(keys: &Keys, project: &str) -> Result<SiteSecrets, SiteKeyError> {
    open_all(keys, [project])
}

/// The secrets of all projects that are to be worked on; keys are made where there are none.
pub fn open_all<'a>(
    keys: &Keys,
    projects: impl IntoIterator<Item = &'a str> + Clone,
) -> Result<SiteSecrets, SiteKeyError> {
    let mut made = Vec::new();
    if !keys.site_key_file.exists() && file::create(&keys.site_key_file)? {
        made.push(KeyMade { what: "the site key", project: None, epoch: 1 });
    }
    if keys.linkage == Linkage::Unlinkable {
        for project in projects.clone() {
            if own::open_or_create(&keys.site_key_file, project, keys.epoch)? {
                let (project, epoch) = (Some(project.to_owned()), keys.epoch);
                made.push(KeyMade { what: "the key of a project", project, epoch });
            }
        }
    }
    let secrets = SiteSecrets { made, ..look(keys)? };
    for project in projects {
        // It could have been closed between the two steps above.
        secrets.in_force(project)?;
    }
    Ok(secrets)
}

/// The secrets as they are; nothing is made.
pub fn look(keys: &Keys) -> Result<SiteSecrets, SiteKeyError> {
    let path = &keys.site_key_file;
    let secrets = file::read(path)?;
    if keys.linkage == Linkage::SiteKey && keys.epoch as usize > secrets.len() {
        let (path, epoch, found) = (path.clone(), keys.epoch, secrets.len());
        return Err(SiteKeyError::NoEpoch { path, epoch, found });
    }
    let (own_keys, in_use) = own::read_all(path)?.into_iter().unzip();
    let spool_key = spool_key(&secrets[0]);
    let site_keys = secrets.into_iter().map(SiteKey::new).collect();
    let keys = KeyRing::new(site_keys, own_keys, keys.linkage, keys.epoch);
    Ok(SiteSecrets { keys, spool_key, made: Vec::new(), _in_use: in_use })
}

fn spool_key(first: &[u8; 32]) -> [u8; 32] {
    let mut key = [0; 32];
    // 32 bytes are far below what HKDF can expand to, so this cannot fail.
    let _ = Hkdf::<Sha256>::new(None, first).expand(b"deid-gateway spool hashes", &mut key);
    key
}

fn failed<'a>(
    path: &'a Path,
    what: &'static str,
) -> impl FnOnce(std::io::Error) -> SiteKeyError + 'a {
    move |error| SiteKeyError::Io { path: path.to_owned(), what, kind: error.kind() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(directory: &Path) -> Keys {
        Keys { site_key_file: directory.join("keys").join("site.key"), ..Keys::default() }
    }

    #[test]
    fn a_rotation_changes_nothing_until_its_epoch_is_set() {
        let directory = tempfile::tempdir().expect("a directory");
        let mut keys = keys(directory.path());
        let first = open(&keys, "trial").expect("made");
        assert_eq!(rotate(&keys.site_key_file).expect("rotated"), 2);
        let rotated = open(&keys, "trial").expect("read");
        assert_eq!(rotated.keys.in_force("trial"), first.keys.in_force("trial"));
        keys.epoch = 2;
        let second = open(&keys, "trial").expect("read");
        assert_ne!(second.keys.in_force("trial"), first.keys.in_force("trial"));
        assert_eq!(second.spool_key, first.spool_key, "known objects stay known");
        let old = first.keys.in_force("trial").expect("a key");
        assert_eq!(second.keys.find("trial", &old.key_id()), Some(old));
    }

    #[test]
    fn an_epoch_that_is_not_there_is_refused_with_the_command_that_makes_it() {
        let directory = tempfile::tempdir().expect("a directory");
        let mut keys = keys(directory.path());
        keys.epoch = 2;
        let error = open(&keys, "trial").err().expect("refused").to_string();
        assert!(error.contains("keys rotate") && error.contains("it holds 1"), "{error}");
    }

    #[test]
    fn an_unlinkable_key_is_random_kept_and_never_made_again_once_closed() {
        let directory = tempfile::tempdir().expect("a directory");
        let site = keys(directory.path());
        let linkable = open(&site, "a/b").expect("made").keys.in_force("a/b");
        let own = Keys { linkage: Linkage::Unlinkable, ..site.clone() };
        let first = open(&own, "a/b").expect("made");
        let key = first.keys.in_force("a/b").expect("a key");
        assert_ne!(Some(&key), linkable.as_ref());
        assert_eq!(open(&own, "a/b").expect("read").keys.in_force("a/b").as_ref(), Some(&key));
        // under another linkage its Jobs still find it
        let found = open(&site, "a/b").expect("read").keys.find("a/b", &key.key_id());
        assert_eq!(found.as_ref(), Some(&key));
        let in_use = Closing::begin(&own.site_key_file, "a/b", 1).err().expect("in use");
        assert!(matches!(in_use, SiteKeyError::InUse(_)), "{in_use}");
        drop(first);
        let closing = Closing::begin(&own.site_key_file, "a/b", 1).expect("free");
        assert_eq!(closing.key_id(), key.key_id());
        closing.seal().expect("sealed");
        closing.shred().expect("shredded");
        let closed = open(&own, "a/b").err().expect("closed").to_string();
        assert!(closed.contains("was closed") && closed.contains("another number"), "{closed}");
        assert_eq!(open(&site, "a/b").expect("read").keys.find("a/b", &key.key_id()), None);
        let next = open(&Keys { epoch: 2, ..own }, "a/b").expect("another epoch");
        assert_ne!(next.keys.in_force("a/b"), Some(key));
    }
}
