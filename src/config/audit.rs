//! `[audit]`: the log of what happened to every object.

use super::ConfigError;
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

/// The directory of the log in that of the spool, where the configuration names none.
const IN_SPOOL: &str = "audit";

/// `[audit]`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Audit {
    /// Empty: in the spool.
    pub directory: PathBuf,
    /// A file of this length is followed by another.
    pub rotate_bytes: u64,
}

impl Default for Audit {
    fn default() -> Self {
        Self { directory: PathBuf::new(), rotate_bytes: 64 << 20 }
    }
}

impl Audit {
    /// Where the log is.
    pub fn directory(&self, spool: &Path) -> PathBuf {
        match self.directory.as_os_str().is_empty() {
            true => spool.join(IN_SPOOL),
            false => self.directory.clone(),
        }
    }

    pub(super) fn check(&self) -> Result<(), ConfigError> {
        match self.rotate_bytes {
            4_096.. => Ok(()),
            _ => Err(ConfigError::value("audit", "rotate_bytes must be at least 4096")),
        }
    }
}
