//! The content trees of structured reports, by `judge_reports.py`, and by DCMTK's reader of reports.

use crate::corpus::judge;
use crate::runs::Pair;
use std::path::Path;
use std::process::{Command, Stdio};

/// The storage classes of structured reports and key objects.
const REPORTS: &str = "1.2.840.10008.5.1.4.1.1.88.";

/// Everything that is wrong with the reports among these.
pub fn faults(profile: &Path, pairs: &[Pair]) -> Vec<String> {
    let is_report = |pair: &&Pair| pair.object.sop_class.starts_with(REPORTS);
    let reports: Vec<_> = pairs.iter().filter(is_report).collect();
    assert!(reports.len() >= 10, "{} reports", reports.len());
    let paths: Vec<(&Path, &Path)> =
        reports.iter().map(|pair| (&*pair.object.path, &*pair.result)).collect();
    let mut faults = judged(profile, &paths);
    let unread = reports.iter().filter(|p| is_read(&p.object.path) && !is_read(&p.result));
    faults
        .extend(unread.map(|pair| format!("reports: dsrdump does not read {}", pair.object.name)));
    faults
}

fn judged(profile: &Path, pairs: &[(&Path, &Path)]) -> Vec<String> {
    let output = judge("judge_reports.py", &[profile.to_str().expect("text")], &pairs);
    let said = String::from_utf8_lossy(&output.stdout);
    match output.status.code() {
        Some(0) => Vec::new(),
        Some(1) => said.lines().map(|line| format!("reports: {line}")).collect(),
        _ => vec![format!("reports: {said}{}", String::from_utf8_lossy(&output.stderr))],
    }
}

/// Whether DCMTK reads the file as a report that PS3.3 allows.
fn is_read(report: &Path) -> bool {
    let mut dump = Command::new("dsrdump");
    dump.arg(report).stdout(Stdio::null()).stderr(Stdio::null());
    dump.status().expect("dsrdump runs: tests/install installs DCMTK").success()
}

#[test]
fn a_tree_that_loses_a_number_or_tells_a_name_is_a_failure() {
    let work = tempfile::tempdir().expect("a directory");
    let source = crate::corpus::generated(work.path(), "enhancedsr_1");
    let key = work.path().join("site.key");
    let settings = [("DEID_GATEWAY__KEYS__SITE_KEY_FILE", key.as_os_str())];
    let outcome = crate::public_files::deidentify(&source, &work.path().join("out"), &settings);
    let crate::public_files::Outcome::Delivered(result) = outcome else { panic!("{outcome}") };
    let profile = crate::file_of("basic");
    assert_eq!(judged(&profile, &[(&source, &result)]), Vec::<String>::new());
    assert!(is_read(&source) && is_read(&result));
    // Of the root: the findings, the length in them, the first text in them.
    let findings = "(0040,a730)[5].(0040,a730)";
    let change = |path: &str| {
        let status = Command::new("dcmodify").args(["-nb", "-m", path]).arg(&result).status();
        assert!(status.expect("dcmodify runs").success(), "{path}");
    };
    change(&format!("{findings}[2].(0040,a300)[0].(0040,a30a)=99.5"));
    change(&format!("{findings}[0].(0040,a160)=Mrs Kaarst"));
    let faults = judged(&profile, &[(&source, &result)]);
    for fault in ["the number or its unit is lost", "text that should be a dummy"] {
        assert!(faults.iter().any(|found| found.contains(fault)), "{fault}: {faults:?}");
    }
}
