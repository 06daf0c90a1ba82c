//! What the profile keeps is there with the bytes that it had, by `judge_utility.py`.

use crate::corpus::judge;
use crate::runs::Pair;
use std::path::Path;

/// Everything that the profile in this file keeps and that was lost on the way.
pub fn lost(profile: &Path, pairs: &[Pair]) -> Vec<String> {
    let paths: Vec<_> = pairs.iter().map(|pair| (&pair.object.path, &pair.result)).collect();
    failures(profile, &paths)
}

fn failures(profile: &Path, pairs: &[(impl AsRef<Path>, impl AsRef<Path>)]) -> Vec<String> {
    let paths: Vec<_> = pairs.iter().map(|(a, b)| (a.as_ref(), b.as_ref())).collect();
    let output = judge("judge_utility.py", &[profile.to_str().expect("text")], &paths);
    let said = String::from_utf8_lossy(&output.stdout);
    match output.status.code() {
        Some(0) => Vec::new(),
        Some(1) => said.lines().map(|line| format!("utility: {line}")).collect(),
        _ => vec![format!("utility: {said}{}", String::from_utf8_lossy(&output.stderr))],
    }
}

#[test]
fn an_attribute_that_changes_or_goes_is_a_failure() {
    let work = tempfile::tempdir().expect("a directory");
    let source = crate::corpus::generated(work.path(), "ct_1");
    let key = work.path().join("site.key");
    let settings = [("DEID_GATEWAY__KEYS__SITE_KEY_FILE", key.as_os_str())];
    let outcome = crate::public_files::deidentify(&source, &work.path().join("out"), &settings);
    let crate::public_files::Outcome::Delivered(result) = outcome else { panic!("{outcome}") };
    let profile = crate::file_of("basic");
    assert_eq!(failures(&profile, &[(&source, &result)]), Vec::<String>::new());
    let status = std::process::Command::new("dcmodify")
        .args(["-nb", "-e", "(0018,0050)", "-m", "(0018,0060)=121"])
        .args(["-m", "(0008,1032)[0].(0008,0102)=99OTHER", "-m", "(0020,000d)="])
        .arg(&result)
        .status()
        .expect("dcmodify runs: tests/install installs DCMTK");
    assert!(status.success());
    let failures = failures(&profile, &[(&source, &result)]);
    for fault in [
        "SliceThickness is gone",
        "KVP has other bytes",
        "ProcedureCodeSequence/CodingSchemeDesignator has other bytes",
        "StudyInstanceUID has no UID",
    ] {
        assert!(failures.iter().any(|f| f.contains(fault)), "{fault}: {failures:?}");
    }
}
