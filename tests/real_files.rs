//! Every DICOM file of three public test packages becomes what `real_files.toml` says, and what is
//! delivered is judged by pydicom and Tesseract.

use serde::Deserialize;
use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

const GATEWAY: &str = env!("CARGO_BIN_EXE_deid-gateway");

#[derive(Deserialize)]
struct Manifest {
    file: Vec<Entry>,
}

#[derive(Deserialize)]
struct Entry {
    path: String,
    becomes: String,
    #[serde(default)]
    reason: Vec<String>,
    #[serde(default)]
    may_hold: Vec<String>,
    #[serde(default)]
    text: Vec<Text>,
}

#[derive(Deserialize)]
struct Text {
    string: String,
    hide: bool,
}

impl Entry {
    fn may_become(&self, outcome: &Outcome) -> bool {
        match outcome {
            Outcome::Delivered(_) => self.becomes == "delivered",
            Outcome::Held(reason) => self.reason.contains(reason) || self.may_hold.contains(reason),
            Outcome::Failed(_) => false,
        }
    }
}

enum Outcome {
    Delivered(PathBuf),
    Held(String),
    Failed(String),
}

impl std::fmt::Display for Outcome {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Delivered(_) => f.write_str("delivered"),
            Self::Held(reason) => write!(f, "held: {reason}"),
            Self::Failed(said) => write!(f, "neither: {said}"),
        }
    }
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// The Python environment that `tests/install` made.
fn python() -> PathBuf {
    let venv =
        std::env::var_os("DEID_TEST_VENV").map_or(root().join("target/test-venv"), |v| v.into());
    let python = root().join(venv).join("bin/python");
    assert!(python.exists(), "no {}: run tests/install first", python.display());
    python
}

fn packages() -> PathBuf {
    let code = "import pydicom, pathlib; print(pathlib.Path(pydicom.__file__).parents[1])";
    let output = Command::new(python()).args(["-c", code]).output().expect("python runs");
    PathBuf::from(String::from_utf8(output.stdout).expect("a path").trim())
}

/// De-identifies one file into a folder of its own.
fn deidentify(input: &Path, out: &Path, key: &Path) -> Outcome {
    let output = Command::new(GATEWAY)
        .arg("deid")
        .arg(input)
        .arg("--out")
        .arg(out)
        .env("DEID_GATEWAY__KEYS__SITE_KEY_FILE", key)
        .env("DEID_GATEWAY__DETECTION__THREADS", "1")
        .output()
        .expect("the gateway runs");
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    if output.status.success() {
        let mut files = walkdir::WalkDir::new(out).into_iter().flatten();
        let file = files.find(|entry| entry.file_type().is_file());
        return file.map_or_else(
            || Outcome::Failed("exit 0 without a file".into()),
            |file| Outcome::Delivered(file.into_path()),
        );
    }
    let reason = said.lines().find_map(|line| line.trim().strip_suffix(": 1"));
    match reason {
        Some(reason) => Outcome::Held(reason.to_owned()),
        None => Outcome::Failed(String::from_utf8_lossy(&output.stderr).into_owned()),
    }
}

/// All entries, two at a time.
fn run_all(entries: &[Entry], work: &Path) -> Vec<Outcome> {
    let packages = packages();
    let key = work.join("site.key");
    // Made once, so that the runs do not race for it.
    deidentify(&packages.join(&entries[0].path), &work.join("first"), &key);
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
                    let outcome = deidentify(&packages.join(&entry.path), &out, &key);
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
    let text = std::fs::read_to_string(root().join("tests/real_files.toml")).expect("the manifest");
    let manifest: Manifest = toml::from_str(&text).expect("a valid manifest");
    assert!(manifest.file.len() > 250, "the manifest lists every file");
    let work = tempfile::tempdir().expect("a directory");
    let outcomes = run_all(&manifest.file, work.path());
    let packages = packages();
    let mut faults = Vec::new();
    let mut pairs = Vec::new();
    for (entry, outcome) in manifest.file.iter().zip(&outcomes) {
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
