//! `tests/iod_conflicts.toml`: errors that the Standard asks for, because PS3.15 removes what PS3.3
//! requires. Every entry has a reason, and one that nothing needs is a fault.

use crate::errors::Error;
use crate::public_files::root;
use serde::Deserialize;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    conflict: Vec<Conflict>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Conflict {
    attribute: String,
    message: String,
    module: String,
    why: String,
    /// The objects that it is true of; absent: all.
    objects: Option<Vec<String>>,
    #[serde(skip)]
    used: bool,
}

pub struct Conflicts(Vec<Conflict>);

impl Conflicts {
    pub fn read() -> Self {
        let text = std::fs::read_to_string(root().join("tests/iod_conflicts.toml"));
        let file: File = toml::from_str(&text.expect("the list")).expect("a valid list");
        for conflict in &file.conflict {
            assert!(conflict.why.len() > 20, "{} needs a reason", conflict.attribute);
        }
        Self(file.conflict)
    }

    /// Whether an entry accounts for the error.
    pub fn explain(&mut self, error: &Error, object: &str) -> bool {
        let entry = self.0.iter_mut().find(|conflict| {
            conflict.attribute == error.attribute()
                && conflict.message == error.message
                && conflict.module == error.module
                && conflict.objects.as_ref().is_none_or(|only| only.iter().any(|o| o == object))
        });
        entry.map(|conflict| conflict.used = true).is_some()
    }

    /// Entries that no object needed.
    pub fn unused(&self) -> Vec<String> {
        let unused = self.0.iter().filter(|conflict| !conflict.used);
        unused.map(|c| format!("iod_conflicts.toml: nothing needs {}", c.attribute)).collect()
    }
}
