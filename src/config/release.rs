//! When results leave: each by itself, or all of a series or study at once.

use super::ConfigError;
use serde::{Deserialize, Serialize};
use std::fmt;

/// A week: whoever waits longer for a study has lost it.
const MAX_QUIET_S: u64 = 7 * 86_400;

/// What leaves together.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ReleaseBy {
    /// Each object as soon as it is ready.
    #[default]
    Object,
    /// All of a series.
    Series,
    /// All of a study.
    Study,
}

impl ReleaseBy {
    /// As configuration and records spell it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Object => "object",
            Self::Series => "series",
            Self::Study => "study",
        }
    }
}

/// What leaves together, and when it counts as complete.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Release {
    pub by: ReleaseBy,
    /// So long after its last object was received. Without meaning for single objects.
    pub quiet_s: u64,
}

impl fmt::Display for Release {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.by {
            ReleaseBy::Object => f.write_str("each object by itself"),
            by => write!(f, "each {} as a whole, after {} s of quiet", by.as_str(), self.quiet_s),
        }
    }
}

pub(super) fn check_quiet(section: &str, quiet_s: u64) -> Result<(), ConfigError> {
    match (1..=MAX_QUIET_S).contains(&quiet_s) {
        true => Ok(()),
        false => {
            let message = format!("release_quiet_s must be 1 to {MAX_QUIET_S}");
            Err(ConfigError::value(section, message))
        }
    }
}
