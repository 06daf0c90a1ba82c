//! Every character set of the Standard, and declarations that are wrong: names are found in the
//! script that they are in, at every level, and what stays reads as it did, for pydicom and DCMTK.

use crate::harness::{Ran, Site, files_under, printed, python, run};
use std::path::{Path, PathBuf};
use std::process::Output;

/// What `judge` says of results by the names of their cases.
fn judged(pairs: &[(String, PathBuf)]) -> Output {
    let mut command = python("charsets.py");
    command.arg("judge");
    for (case, result) in pairs {
        command.arg(case).arg(result);
    }
    run(&mut command)
}

/// Writes an object for every set; the names of the cases.
fn written(folder: &Path) -> Vec<String> {
    let output = run(python("charsets.py").arg("write").arg(folder));
    assert!(output.status.success(), "{}", printed(&output));
    let cases: Vec<String> = serde_json::from_slice(&output.stdout).expect("a list");
    assert!(cases.len() >= 30, "{} cases", cases.len());
    cases
}

#[test]
fn names_in_every_character_set_are_removed_and_the_rest_is_read_as_before() {
    let site = Site::new();
    let folder = site.path("sent");
    let cases = written(&folder);
    let results: Vec<_> = cases
        .into_iter()
        .map(|case| {
            let out = site.path(&format!("out-{case}"));
            let mut command = site.command();
            command.env("DEID_GATEWAY__DEID__PROFILE", "research-longitudinal");
            command.arg("deid").arg(folder.join(&case).with_extension("dcm"));
            Ran::of(command.arg("--out").arg(&out)).ok();
            let mut files = files_under(&out);
            assert_eq!(files.len(), 1, "{case}");
            (case, files.remove(0))
        })
        .collect();
    let output = judged(&results);
    assert!(output.status.success(), "{}", printed(&output));
}

#[test]
fn the_judge_of_character_sets_sees_names_in_the_objects_that_were_sent() {
    let site = Site::new();
    let folder = site.path("sent");
    for case in written(&folder) {
        let sent = folder.join(&case).with_extension("dcm");
        let output = judged(&[(case.clone(), sent)]);
        assert_eq!(output.status.code(), Some(1), "{case}: {}", printed(&output));
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(said.contains(": a name "), "{case}: {said}");
    }
}
