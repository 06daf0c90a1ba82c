//! The DICOM files of three public test packages, what `real_files.toml` says of them, and the real
//! binary on one file.
//!
//! Invariant: a peer that is missing fails the test; nothing is skipped.

// each test binary uses a part
#![allow(dead_code)]

use serde::Deserialize;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;

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
    #[serde(default)]
    pub text: Vec<Text>,
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
