//! The leak probe of tests/judges: objects full of numbered strings, and the search for them.

use super::process::{printed, python, run};
use std::path::{Path, PathBuf};

/// What leak_probe.py wrote.
pub struct LeakProbe {
    /// The AE title to send it by, which is planted, too.
    pub calling: String,
    pub files: Vec<PathBuf>,
    listing: PathBuf,
}

/// Writes the probe into this directory, and its listing beside it.
pub fn leak_probe(directory: &Path) -> LeakProbe {
    let written = run(python("leak_probe.py").arg(directory));
    assert!(written.status.success(), "{}", printed(&written));
    let listing = directory.with_extension("json");
    std::fs::write(&listing, &written.stdout).expect("written");
    let read: serde_json::Value = serde_json::from_slice(&written.stdout).expect("JSON");
    let text = |value: &serde_json::Value| value.as_str().expect("text").to_owned();
    let objects = read["objects"].as_array().expect("a list").iter();
    let files = objects.map(|object| directory.join(text(&object["file"]))).collect();
    LeakProbe { calling: text(&read["calling"]), files, listing }
}

/// Asserts that every object of the probe was delivered into this directory, with the words that the
/// profile keeps and without any string that was planted.
pub fn judge_leaks(probe: &LeakProbe, profile: &str, results: &Path) {
    let judged = run(python("judge_leaks.py").arg(&probe.listing).arg(profile).arg(results));
    assert!(judged.status.success(), "{profile}: {}", printed(&judged));
}

impl LeakProbe {
    /// The places of strings that are in none of these files.
    pub fn unseen(&self, directory: &Path) -> Vec<String> {
        let mut judge = python("judge_leaks.py");
        let judged = run(judge.arg(&self.listing).arg("--sent").arg(directory));
        assert!(judged.status.success(), "{}", printed(&judged));
        serde_json::from_slice(&judged.stdout).expect("JSON")
    }
}
