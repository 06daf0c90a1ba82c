//! `Phi<T>`: a value that may identify a person. Its `Debug` and `Display` are masked, so that it
//! cannot reach a log, an error or a file name by formatting; `reveal` is the only way in.

use serde::{Deserialize, Serialize};
use std::fmt;

/// A value that may identify a person.
///
/// Serialisation is for the pipe to a child process and for the protected spool only.
#[derive(Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Phi<T>(T);

impl<T> Phi<T> {
    /// Marks `value` as identifying.
    pub fn new(value: T) -> Self {
        Self(value)
    }

    /// The value itself. Never format what this returns.
    pub fn reveal(&self) -> &T {
        &self.0
    }
}

impl<T> fmt::Debug for Phi<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[phi]")
    }
}

impl<T> fmt::Display for Phi<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[phi]")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formatting_never_shows_the_value() {
        let name = Phi::new("DOE^JANE".to_string());
        assert_eq!(format!("{name} {name:?} {:?}", Some(&name)), "[phi] [phi] Some([phi])");
        assert_eq!(name.reveal(), "DOE^JANE");
    }
}
