//! Every image file of three public test packages with three boxes blanked: in the transfer syntax that it
//! came in, and outside of the boxes what it was, by pydicom and pylibjpeg.

mod public_files;

use public_files::{Entry, Outcome, judge, manifest, packages, python, root, run_all};
use std::ffi::OsString;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

/// Writes masks and boxes of every entry, and the profile of all.
fn plan(entries: &[Entry], out: &Path) -> usize {
    let files: Vec<_> = entries.iter().map(|entry| packages().join(&entry.path)).collect();
    let mut command = Command::new(python());
    let mut planning = command
        .arg(root().join("tests/judges/three_boxes.py"))
        .arg(out)
        .arg(root().join("conf/profiles/basic.toml"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("it runs");
    let json = serde_json::to_vec(&files).expect("paths are text");
    planning.stdin.take().expect("piped").write_all(&json).expect("written");
    let said = planning.wait_with_output().expect("it ends").stdout;
    let said: serde_json::Value = serde_json::from_slice(&said).expect("JSON");
    said["with_boxes"].as_u64().expect("a number") as usize
}

/// The transfer syntax that a Part 10 file states; empty if none can be found.
fn transfer_syntax(file: &Path) -> String {
    let bytes = std::fs::read(file).expect("readable");
    let tag = b"\x02\x00\x10\x00UI";
    let at = bytes.windows(tag.len()).position(|part| part == tag);
    let value = at.and_then(|at| {
        let length = u16::from_le_bytes([*bytes.get(at + 6)?, *bytes.get(at + 7)?]);
        bytes.get(at + 8..at + 8 + usize::from(length))
    });
    String::from_utf8_lossy(value.unwrap_or_default()).trim_matches(['\0', ' ']).to_owned()
}

#[test]
fn three_boxes_of_every_public_image_are_blanked_and_nothing_else_changes() {
    let entries: Vec<_> = manifest().into_iter().filter(|entry| entry.pixels).collect();
    let work = tempfile::tempdir().expect("a directory");
    let planned = plan(&entries, work.path());
    assert!(planned > 150, "{planned} images");
    let settings = |index: usize| {
        let masks = work.path().join(format!("{index}.toml"));
        let profile = OsString::from(work.path().join("profile.toml"));
        let mut settings = vec![("DEID_GATEWAY__DEID__PROFILE", profile)];
        if masks.exists() {
            settings.push(("DEID_GATEWAY__DEID__MASKS_FILE", masks.into()));
        }
        settings
    };
    let outcomes = run_all(&entries, work.path(), settings);
    let (mut faults, mut pairs) = (Vec::new(), Vec::new());
    for (index, (entry, outcome)) in entries.iter().zip(&outcomes).enumerate() {
        let source = packages().join(&entry.path);
        if !entry.may_become(outcome) {
            faults.push(format!("{} must be {}, is {outcome}", entry.path, entry.becomes));
        }
        let Outcome::Delivered(result) = outcome else { continue };
        let (before, after) = (transfer_syntax(&source), transfer_syntax(result));
        if before != after && !entry.decoded {
            faults.push(format!("{}: came in {before}, left in {after}", entry.path));
        }
        let boxes = work.path().join(format!("{index}.json"));
        pairs.push(vec![source, result.clone(), boxes]);
    }
    faults.extend(judge(&pairs).err());
    println!("{} delivered, {} held", pairs.len(), outcomes.len() - pairs.len());
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}
