//! The objects that are judged: the public test files, and generated ones.

use crate::public_files::{Entry, Outcome, manifest, packages, python, root};
use serde::Deserialize;
use std::io::{Seek, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// One object before it goes through the gateway.
pub struct Object {
    /// What a fault calls it.
    pub name: String,
    pub path: PathBuf,
    pub sop_class: String,
    pub study: String,
    /// What the manifest says; generated objects are all delivered.
    listed: Option<Entry>,
}

impl Object {
    /// Whether this may become of it.
    pub fn may_become(&self, outcome: &Outcome) -> bool {
        match &self.listed {
            Some(entry) => entry.may_become(outcome),
            None => matches!(outcome, Outcome::Delivered(_)),
        }
    }
}

pub struct Corpus {
    pub objects: Vec<Object>,
}

#[derive(Deserialize)]
struct Description {
    sop_class: String,
    study: String,
}

impl Corpus {
    /// Finds the public files and writes the generated ones into `work`.
    pub fn gather(work: &Path) -> Self {
        let packages = packages();
        let mut found: Vec<(String, PathBuf, Option<Entry>)> = Vec::new();
        for entry in manifest() {
            let path = packages.join(&entry.path);
            found.push((entry.path.clone(), path, Some(entry)));
        }
        let generated = work.join("generated");
        for file in generate(&generated) {
            found.push((format!("generated/{file}"), generated.join(&file), None));
        }
        let paths: Vec<_> = found.iter().map(|(_, path, _)| path.clone()).collect();
        let objects = found
            .into_iter()
            .zip(describe(&paths))
            .map(|((name, path, listed), Description { sop_class, study })| Object {
                name,
                path,
                sop_class,
                study,
                listed,
            })
            .collect();
        Self { objects }
    }
}

/// One generated object, by its name.
pub fn generated(work: &Path, name: &str) -> PathBuf {
    generate(work);
    let path = work.join(name).with_extension("dcm");
    assert!(path.exists(), "{name} is generated");
    path
}

/// Runs a judge of tests/judges with this JSON on its stdin.
pub fn judge(script: &str, arguments: &[&str], input: &impl serde::Serialize) -> Output {
    let mut stdin = tempfile::tempfile().expect("a temporary file");
    let json = serde_json::to_vec(input).expect("serialises");
    stdin.write_all(&json).and_then(|()| stdin.rewind()).expect("written");
    Command::new(python())
        .arg(root().join("tests/judges").join(script))
        .args(arguments)
        .stdin(stdin)
        .output()
        .expect("python runs")
}

fn generate(out: &Path) -> Vec<String> {
    let output = judge("generate_objects.py", &[out.to_str().expect("text")], &());
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("a listing")
}

fn describe(paths: &[PathBuf]) -> Vec<Description> {
    let output = judge("describe_objects.py", &[], &paths);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("descriptions")
}
