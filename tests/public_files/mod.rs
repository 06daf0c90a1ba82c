//! The DICOM files of three public test packages, what `real_files.toml` says of them, and the real
//! binary on one file.
//!
//! Invariant: a peer that is missing fails the test; nothing is skipped.

// each test binary uses a part
#![allow(dead_code)]

use serde::Deserialize;
use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{LazyLock, Mutex};

pub const GATEWAY: &str = env!("CARGO_BIN_EXE_deid-gateway");

#[derive(Deserialize)]
struct Manifest {
    file: Vec<Entry>,
}

#[derive(Deserialize)]
pub struct Entry {
    pub path: String,
    pub becomes: String,
    #[serde(default)]
    pub reason: Vec<String>,
    #[serde(default)]
    pub may_hold: Vec<String>,
    #[serde(default = "yes")]
    pub pixels: bool,
    /// It may leave in Explicit VR Little Endian where its syntax was asked for, as `why` says.
    #[serde(default)]
    pub decoded: bool,
    #[serde(default)]
    pub text: Vec<Text>,
}

fn yes() -> bool {
    true
}

#[derive(Deserialize)]
pub struct Text {
    pub string: String,
    pub hide: bool,
}

impl Entry {
    pub fn may_become(&self, outcome: &Outcome) -> bool {
        match outcome {
            Outcome::Delivered(_) => self.becomes == "delivered",
            Outcome::Held(reason) => self.reason.contains(reason) || self.may_hold.contains(reason),
            Outcome::Failed(_) => false,
        }
    }
}

pub enum Outcome {
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

/// Every file that the manifest lists.
pub fn manifest() -> Vec<Entry> {
    let text = std::fs::read_to_string(root().join("tests/real_files.toml")).expect("the manifest");
    let manifest: Manifest = toml::from_str(&text).expect("a valid manifest");
    assert!(manifest.file.len() > 250, "the manifest lists every file");
    manifest.file
}

pub fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// The Python environment that `tests/install` made.
pub fn python() -> PathBuf {
    let venv =
        std::env::var_os("DEID_TEST_VENV").map_or(root().join("target/test-venv"), |v| v.into());
    let python = root().join(venv).join("bin/python");
    assert!(python.exists(), "no {}: run tests/install first", python.display());
    python
}

/// Where its packages are, and with them the public files.
pub fn packages() -> &'static Path {
    static FOUND: LazyLock<PathBuf> = LazyLock::new(|| {
        let code = "import pydicom, pathlib; print(pathlib.Path(pydicom.__file__).parents[1])";
        let output = Command::new(python()).args(["-c", code]).output().expect("python runs");
        PathBuf::from(String::from_utf8(output.stdout).expect("a path").trim())
    });
    &FOUND
}

/// De-identifies one file into a folder of its own; `settings` go into the environment.
pub fn deidentify(input: &Path, out: &Path, settings: &[(&str, &OsStr)]) -> Outcome {
    let output = Command::new(GATEWAY)
        .arg("deid")
        .arg(input)
        .arg("--out")
        .arg(out)
        .env("DEID_GATEWAY__DETECTION__THREADS", "1")
        .envs(settings.iter().copied())
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

/// All entries, two at a time; `settings` of each go into the environment.
pub fn run_all(
    entries: &[Entry],
    work: &Path,
    settings: impl Fn(usize) -> Vec<(&'static str, OsString)> + Sync,
) -> Vec<Outcome> {
    let packages = packages();
    let key = work.join("site.key");
    let key = [("DEID_GATEWAY__KEYS__SITE_KEY_FILE", key.as_os_str())];
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
                    let more = settings(index);
                    let more = more.iter().map(|(name, value)| (*name, value.as_os_str()));
                    let settings: Vec<_> = key.into_iter().chain(more).collect();
                    let outcome = deidentify(&packages.join(&entry.path), &out, &settings);
                    outcomes.lock().expect("not poisoned").insert(index, outcome);
                }
            });
        }
    });
    outcomes.into_inner().expect("not poisoned").into_values().collect()
}

/// Headers, file format and pixels, by pydicom: of each a source, a result, and what says its boxes.
pub fn judge(pairs: &[Vec<PathBuf>]) -> Result<(), String> {
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
