//! Every DICOM file of three public test packages becomes what `real_files.toml` says, and what is
//! delivered is judged by pydicom and Tesseract.

mod public_files;

use public_files::{Entry, Outcome, judge, manifest, packages, python, root, run_all};
use std::path::Path;
use std::process::Command;

/// No string that had to go can be read in the result by Tesseract.
fn reread(entry: &Entry, result: &Path) -> Result<(), String> {
    let hidden: Vec<_> = entry.text.iter().filter(|t| t.hide).map(|t| t.string.as_str()).collect();
    if hidden.is_empty() {
        return Ok(());
    }
    let output = Command::new(python())
        .arg(root().join("tests/judges/reread.py"))
        .arg(result)
        .args(["--frames", "2", "--psm", "11", "--scales", "2", "--must-not-read"])
        .args(&hidden)
        .output()
        .expect("the judge runs");
    let said = || format!("{}: {}", entry.path, String::from_utf8_lossy(&output.stdout));
    if output.status.success() { Ok(()) } else { Err(said()) }
}

#[test]
fn every_public_test_file_is_delivered_clean_or_held_for_the_right_reason() {
    let manifest = manifest();
    let work = tempfile::tempdir().expect("a directory");
    let outcomes = run_all(&manifest, work.path(), |_| vec![]);
    let packages = packages();
    let mut faults = Vec::new();
    let mut pairs = Vec::new();
    for (entry, outcome) in manifest.iter().zip(&outcomes) {
        if !entry.may_become(outcome) {
            faults.push(format!("{} must be {}, is {outcome}", entry.path, entry.becomes));
        }
        if let Outcome::Delivered(result) = outcome {
            pairs.push(vec![packages.join(&entry.path), result.clone()]);
            faults.extend(reread(entry, result).err());
        }
    }
    faults.extend(judge(&pairs).err());
    println!("{} delivered, {} held", pairs.len(), outcomes.len() - pairs.len());
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}
