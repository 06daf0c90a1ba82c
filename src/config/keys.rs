//! `[keys]`: what pseudonyms are derived from, and whose are looked up instead.

use super::ConfigError;
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

/// What the key of a project comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Linkage {
    /// The site key: who has it can make every pseudonym again.
    SiteKey,
    /// Randomness of its own, until `keys close` destroys it.
    Unlinkable,
}

/// What becomes of a patient who is not in the lookup file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum UnknownPatients {
    /// Pseudonyms are derived from the key.
    Derive,
    /// The object is held.
    Hold,
}

/// `[keys]`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Keys {
    pub site_key_file: PathBuf,
    pub linkage: Linkage,
    /// Which key is in force, counted from 1.
    pub epoch: u32,
    /// Empty: there is none.
    pub lookup_file: PathBuf,
    pub unknown_patients: UnknownPatients,
}

impl Default for Keys {
    fn default() -> Self {
        Self {
            site_key_file: "./var/keys/site.key".into(),
            linkage: Linkage::SiteKey,
            epoch: 1,
            lookup_file: PathBuf::new(),
            unknown_patients: UnknownPatients::Derive,
        }
    }
}

impl Keys {
    /// The lookup file, if one is named.
    pub fn lookup_file(&self) -> Option<&Path> {
        Some(self.lookup_file.as_path()).filter(|path| !path.as_os_str().is_empty())
    }

    pub(super) fn check(&self, spool: &Path) -> Result<(), ConfigError> {
        let refused = |message| Err(ConfigError::value("keys", message));
        if self.site_key_file.starts_with(spool) {
            return refused("site_key_file must lie outside the spool directory");
        }
        if self.epoch == 0 {
            return refused("epoch counts from 1");
        }
        if self.unknown_patients == UnknownPatients::Hold && self.lookup_file().is_none() {
            return refused(
                "unknown_patients = \"hold\" needs lookup_file: every patient is unknown",
            );
        }
        Ok(())
    }
}
