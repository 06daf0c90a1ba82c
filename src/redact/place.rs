//! Where inputs and results are: files, or objects in S3.
//!
//! Invariants: a result appears under its name whole or not at all, and never in place of another one
//! unless that was asked for; nothing of a source but its bytes is copied.

use super::s3::S3;
use crate::config::Config;
use std::ffi::OsStr;
use std::fmt;
use std::io::{self, ErrorKind};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

const SCHEME: &str = "s3://";

/// A file or folder, or an object or a prefix in S3.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    File(PathBuf),
    Object { bucket: String, key: String },
}

impl Place {
    /// What an argument names: `s3://bucket/key`, or a path.
    pub fn parse(argument: &OsStr) -> Result<Self, String> {
        let Some(rest) = argument.to_str().and_then(|text| text.strip_prefix(SCHEME)) else {
            return Ok(Self::File(argument.into()));
        };
        let (bucket, key) = rest.split_once('/').unwrap_or((rest, ""));
        match bucket.is_empty() {
            true => Err("no bucket: write s3://BUCKET/KEY".into()),
            false => Ok(Self::Object { bucket: bucket.into(), key: key.into() }),
        }
    }

    /// The same place by its one name, links followed as far as there are files.
    pub(super) fn resolved(&self) -> Self {
        let Self::File(path) = self else { return self.clone() };
        if let Ok(whole) = path.canonicalize() {
            return Self::File(whole);
        }
        let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
        let parent = parent.unwrap_or(Path::new(".")).canonicalize();
        match (parent, path.file_name()) {
            (Ok(parent), Some(name)) => Self::File(parent.join(name)),
            _ => self.clone(),
        }
    }

    /// Some parts below this folder or prefix.
    pub(super) fn below(&self, parts: &[String]) -> Self {
        match self {
            Self::File(path) => Self::File(path.join(parts.iter().collect::<PathBuf>())),
            Self::Object { bucket, key } => {
                let parts = parts.join("/");
                let key = match key.is_empty() || key.ends_with('/') {
                    true => format!("{key}{parts}"),
                    false => format!("{key}/{parts}"),
                };
                Self::Object { bucket: bucket.clone(), key }
            }
        }
    }

    /// The folder or prefix that it is in.
    pub(super) fn parent(&self) -> Self {
        match self {
            Self::File(path) => Self::File(path.parent().unwrap_or(Path::new("")).to_owned()),
            Self::Object { bucket, key } => {
                let end = key.rfind('/').map_or(0, |at| at + 1);
                Self::Object { bucket: bucket.clone(), key: key[..end].to_owned() }
            }
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => write!(f, "{}", path.display()),
            Self::Object { bucket, key } => write!(f, "{SCHEME}{bucket}/{key}"),
        }
    }
}

/// What became of a result that was to get its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Put {
    Written,
    /// Something has that name.
    Taken,
}

/// Reads and writes both.
pub(super) struct Store {
    pub s3: S3,
}

impl Store {
    pub fn new(config: &Config) -> Self {
        Self { s3: S3::new(config) }
    }

    /// Whether something has this name.
    pub async fn has(&self, place: &Place) -> Result<bool, String> {
        match place {
            Place::File(path) => Ok(path.symlink_metadata().is_ok()),
            Place::Object { bucket, key } => self.s3.has(bucket, key).await,
        }
    }

    /// Gives the content of a file a name.
    pub async fn put(
        &self,
        from: &Path,
        to: &Place,
        replace: bool,
        content_type: &str,
    ) -> Result<Put, String> {
        match to {
            Place::File(path) => {
                let (from, path) = (from.to_owned(), path.clone());
                let written = tokio::task::spawn_blocking(move || write(&from, &path, replace));
                let written = written.await.map_err(|_| "its task stopped".to_owned())?;
                let said = |error: io::Error| {
                    format!("the output folder cannot be written: {:?}", error.kind())
                };
                written.map_err(said)
            }
            Place::Object { bucket, key } => {
                self.s3.put(from, bucket, key, replace, content_type).await
            }
        }
    }
}

fn write(from: &Path, to: &Path, replace: bool) -> io::Result<Put> {
    let directory = to.parent().filter(|parent| !parent.as_os_str().is_empty());
    let directory = directory.unwrap_or(Path::new("."));
    std::fs::create_dir_all(directory)?;
    // readable by whom the folder is, and not by its owner alone
    let mode = std::fs::Permissions::from_mode(0o666);
    let mut file =
        tempfile::Builder::new().prefix(".deid-part-").permissions(mode).tempfile_in(directory)?;
    io::copy(&mut std::fs::File::open(from)?, &mut file)?;
    file.as_file().sync_all()?;
    if replace {
        file.persist(to).map_err(|error| error.error)?;
        return Ok(Put::Written);
    }
    match file.persist_noclobber(to) {
        Ok(_) => Ok(Put::Written),
        Err(error) if error.error.kind() == ErrorKind::AlreadyExists => Ok(Put::Taken),
        Err(error) => Err(error.error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> Result<Place, String> {
        Place::parse(OsStr::new(text))
    }

    #[test]
    fn a_place_is_a_path_or_a_key() {
        let object =
            |bucket: &str, key: &str| Place::Object { bucket: bucket.into(), key: key.into() };
        assert_eq!(parsed("s3://b/a b/ü.png"), Ok(object("b", "a b/ü.png")));
        assert_eq!(parsed("s3://b"), Ok(object("b", "")));
        assert!(parsed("s3:///x").is_err());
        assert_eq!(parsed("dir/x.png"), Ok(Place::File("dir/x.png".into())));
        let parts = ["x".to_owned(), "y.png".to_owned()];
        assert_eq!(object("b", "p").below(&parts), object("b", "p/x/y.png"));
        assert_eq!(object("b", "p/").below(&parts), object("b", "p/x/y.png"));
        assert_eq!(object("b", "p/q.png").parent(), object("b", "p/"));
        assert_eq!(object("b", "q.png").parent(), object("b", ""));
    }

    #[test]
    fn what_is_there_is_replaced_only_where_that_was_asked_for() {
        let directory = tempfile::tempdir().expect("a directory");
        let (from, to) = (directory.path().join("from"), directory.path().join("sub/to"));
        std::fs::write(&from, "new").expect("written");
        assert_eq!(write(&from, &to, false).expect("written"), Put::Written);
        std::fs::write(&to, "old").expect("written");
        assert_eq!(write(&from, &to, false).expect("looked"), Put::Taken);
        assert_eq!(std::fs::read(&to).expect("there"), b"old");
        assert_eq!(write(&from, &to, true).expect("written"), Put::Written);
        assert_eq!(std::fs::read(&to).expect("there"), b"new");
        assert_eq!(std::fs::read_dir(directory.path().join("sub")).expect("there").count(), 1);
    }
}
