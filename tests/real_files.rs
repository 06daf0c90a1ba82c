//! Every DICOM file of three public test packages becomes what `real_files.toml` says, and what is
//! delivered is judged by pydicom and Tesseract.

mod public_files;

use public_files::{Entry, Outcome, deidentify, manifest, packages, python, root};
use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

/// All entries, two at a time.
fn run_all(entries: &[Entry], work: &Path) -> Vec<Outcome> {
    let packages = packages();
    let key = work.join("site.key");
    let settings = [("DEID_GATEWAY__KEYS__SITE_KEY_FILE", key.as_os_str())];
    // Made once, so that the runs do not race for it.
    deidentify(&packages.join(&entries[0].path), &work.join("first"), &settings);
    // The largest first: the longest would otherwise run alone at the end.
    let bytes = |index: &usize| {
        std::fs::metadata(packages.join(&entries[*index].path)).map_or(0, |file| file.len())
    };
    let mut order: Vec<usize> = (0..entries.len()).collect();
    order.sort_by_key(|index| std::cmp::Reverse(bytes(index)));
    let next = AtomicUsize::new(0);
    let outcomes = Mutex::new(BTreeMap::new());
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                loop {
                    let turn = next.fetch_add(1, Ordering::Relaxed);
                    let Some(&index) = order.get(turn) else { return };
                    let entry = &entries[index];
                    let out = work.join(index.to_string());
                    let outcome = deidentify(&packages.join(&entry.path), &out, &settings);
                    outcomes.lock().expect("not poisoned").insert(index, outcome);
                }
            });
        }
    });
    outcomes.into_inner().expect("not poisoned").into_values().collect()
}

/// Headers, file format and pixels, by pydicom.
fn judge(pairs: &[(PathBuf, PathBuf)]) -> Result<(), String> {
    let mut judge = Command::new(python())
        .arg(root().join("tests/judges/judge_pairs.py"))
        .arg("--manifest")
        .arg(root().join("tests/real_files.toml"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the judge runs");
    let json = serde_json::to_vec(pairs).expect("paths are text");
    judge.stdin.take().expect("piped").write_all(&json).expect("written");
    let output = judge.wait_with_output().expect("the judge ends");
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    if output.status.success() { Ok(()) } else { Err(said) }
}

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
    let outcomes = run_all(&manifest, work.path());
    let packages = packages();
    let mut faults = Vec::new();
    let mut pairs = Vec::new();
    for (entry, outcome) in manifest.iter().zip(&outcomes) {
        if !entry.may_become(outcome) {
            faults.push(format!("{} must be {}, is {outcome}", entry.path, entry.becomes));
        }
        if let Outcome::Delivered(result) = outcome {
            pairs.push((packages.join(&entry.path), result.clone()));
            faults.extend(reread(entry, result).err());
        }
    }
    faults.extend(judge(&pairs).err());
    println!("{} delivered, {} held", pairs.len(), outcomes.len() - pairs.len());
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}
