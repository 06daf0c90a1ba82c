//! Why nothing could be done at all.

use super::Place;
use crate::config::ConfigError;
use crate::site_key::SiteKeyError;
use std::path::{Path, PathBuf};

/// Why nothing could be done at all.
#[derive(Debug, thiserror::Error)]
pub enum RedactError {
    #[error(transparent)]
    Config(#[from] ConfigError),
    #[error(transparent)]
    SiteKey(#[from] SiteKeyError),
    #[error("{}: {what}: {source}", path.display())]
    Path { path: PathBuf, what: &'static str, source: std::io::Error },
    #[error("{0}: nothing to do: no file here")]
    Empty(Place),
    #[error("{0}: {1}")]
    Store(Place, String),
    #[error("no key can be made: {0}")]
    Random(String),
    #[error("cannot start child processes: {0}")]
    Sandbox(std::io::Error),
}

impl RedactError {
    /// What befell a path.
    pub(super) fn path(
        path: &Path,
        what: &'static str,
    ) -> impl FnOnce(std::io::Error) -> Self + use<> {
        let path = path.to_owned();
        move |source| Self::Path { path, what, source }
    }
}
