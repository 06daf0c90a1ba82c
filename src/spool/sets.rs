//! Sets of identifiers on disk: each a file named by a keyed hash of what is in it.
//!
//! Invariants: the values are in these files alone, which only their owner can read, and never in the
//! database; a set is whole and synced, and so is its directory, before a record names it; it is never
//! changed, so a record that names one means what it meant; a file that has not the hash of its name
//! is no set; what no record names is removed.

use super::SpoolError;
use super::files::{self, hex};
use super::patients::parts_hash;
use crate::deid::identifiers::Identifiers;
use std::collections::HashSet;
use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};

/// Identifiers of one set, at the most: many times those of a patient with many studies.
pub(super) const MAX_IDENTIFIERS: usize = 8_192;
/// Bytes of their values, at the most.
pub(super) const MAX_BYTES: usize = 512 * 1024;

/// How records know a set.
pub(super) type SetHash = Vec<u8>;

/// The directory of sets.
#[derive(Debug, Clone)]
pub(super) struct Sets {
    directory: PathBuf,
    key: [u8; 32],
}

impl Sets {
    pub fn new(directory: &Path, key: [u8; 32]) -> Self {
        Self { directory: directory.to_owned(), key }
    }

    fn path(&self, hash: &[u8]) -> PathBuf {
        self.directory.join(hex(hash)).with_extension("set")
    }

    /// Whether there is a file for it.
    pub fn has(&self, hash: &[u8]) -> bool {
        self.path(hash).exists()
    }

    /// What records name these by.
    pub fn hash(&self, identifiers: &Identifiers) -> Result<SetHash, SpoolError> {
        Ok(parts_hash(&self.key, b"identifiers", &[&encoded(identifiers)?]))
    }

    /// The identifiers of a set; `None` if it is not there or not what it was.
    pub fn load(&self, hash: &[u8]) -> Option<Identifiers> {
        let bytes = std::fs::read(self.path(hash)).ok()?;
        let same = parts_hash(&self.key, b"identifiers", &[&bytes]) == hash;
        let read = postcard::from_bytes(&bytes).ok().filter(|_| same);
        if read.is_none() {
            tracing::error!("a set of identifiers is damaged: it is as if it were not there");
        }
        read
    }

    /// Makes a set durable, if it is not there.
    pub fn store(&self, identifiers: &Identifiers) -> Result<SetHash, SpoolError> {
        use std::os::unix::fs::OpenOptionsExt;
        let bytes = encoded(identifiers)?;
        let hash = parts_hash(&self.key, b"identifiers", &[&bytes]);
        let path = self.path(&hash);
        if path.exists() && self.load(&hash).is_some() {
            return Ok(hash);
        }
        let part = path.with_extension("part");
        let opened =
            File::options().write(true).create(true).truncate(true).mode(0o600).open(&part);
        let written = opened.and_then(|mut file| {
            file.write_all(&bytes)?;
            file.sync_all()
        });
        written
            .and_then(|()| std::fs::rename(&part, &path))
            .map_err(|e| SpoolError::file(&path, "cannot write", &e))?;
        files::sync_directory(&self.directory)?;
        Ok(hash)
    }

    /// Removes what is not among `kept`, unfinished files included.
    pub fn keep_only(&self, kept: &HashSet<SetHash>) -> Result<(), SpoolError> {
        let kept: HashSet<PathBuf> = kept.iter().map(|hash| self.path(hash)).collect();
        let read = std::fs::read_dir(&self.directory);
        let read =
            read.map_err(|e| SpoolError::file(&self.directory, "cannot list this directory", &e))?;
        let paths = read.flatten().map(|entry| entry.path());
        paths.filter(|path| !kept.contains(path)).for_each(|path| files::remove(&path));
        Ok(())
    }
}

/// Whether a set is larger than one may get.
pub(super) fn is_too_large(identifiers: &Identifiers) -> bool {
    identifiers.0.len() > MAX_IDENTIFIERS || identifiers.bytes() > MAX_BYTES
}

/// `base`, and of `more` each set that leaves the whole within the limits.
pub(super) fn united<'a>(
    base: Identifiers,
    more: impl IntoIterator<Item = &'a Identifiers>,
) -> Identifiers {
    more.into_iter().fold(base, |all, set| {
        let both = all.united(set);
        if is_too_large(&both) { all } else { both }
    })
}

fn encoded(identifiers: &Identifiers) -> Result<Vec<u8>, SpoolError> {
    postcard::to_stdvec(identifiers)
        .map_err(|_| SpoolError::Database("a set of identifiers cannot be encoded".into()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::deid::identifiers::{Identifier, IdentifierKind};
    use crate::phi::Phi;

    pub fn identifiers(names: &[&str]) -> Identifiers {
        let one = |name: &&str| Identifier {
            kind: IdentifierKind::Name,
            value: Phi::new((*name).to_owned()),
        };
        Identifiers(names.iter().map(one).collect())
    }

    #[test]
    fn a_set_reads_back_and_one_that_was_changed_is_none() {
        let directory = tempfile::tempdir().expect("a directory");
        let sets = Sets::new(directory.path(), [5; 32]);
        let set = identifiers(&["ZQDOE^JANE"]);
        let hash = sets.store(&set).expect("stored");
        assert_eq!(sets.store(&set).expect("again"), hash);
        assert_eq!(sets.load(&hash), Some(set.clone()));
        assert_eq!(Sets::new(directory.path(), [6; 32]).load(&hash), None, "another key");
        let path = sets.path(&hash);
        use std::os::unix::fs::PermissionsExt;
        let mode = std::fs::metadata(&path).expect("a file").permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        std::fs::write(&path, b"\x01\x00\x03DOE").expect("written");
        assert_eq!(sets.load(&hash), None);
        sets.store(&set).expect("mended");
        assert_eq!(sets.load(&hash), Some(set));
    }

    #[test]
    fn what_no_record_names_goes() {
        let directory = tempfile::tempdir().expect("a directory");
        let sets = Sets::new(directory.path(), [5; 32]);
        let kept = sets.store(&identifiers(&["A"])).expect("stored");
        let other = sets.store(&identifiers(&["B"])).expect("stored");
        std::fs::write(directory.path().join("77.part"), "C").expect("written");
        sets.keep_only(&HashSet::from([kept.clone()])).expect("removed");
        assert!(sets.has(&kept) && !sets.has(&other));
        assert_eq!(std::fs::read_dir(directory.path()).expect("readable").count(), 1);
    }

    #[test]
    fn a_set_that_would_get_too_large_is_left_out_and_smaller_ones_are_not() {
        let many: Vec<_> = (0..MAX_IDENTIFIERS).map(|n| format!("N{n:05}")).collect();
        let many = identifiers(&many.iter().map(String::as_str).collect::<Vec<_>>());
        assert!(!is_too_large(&many));
        let all = united(identifiers(&["A"]), [&many, &identifiers(&["B"])]);
        assert_eq!(all, identifiers(&["A", "B"]));
        assert!(is_too_large(&identifiers(&[&"x".repeat(MAX_BYTES + 1)])));
    }
}
