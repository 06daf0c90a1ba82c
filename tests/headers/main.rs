//! The header that leaves is valid, whole and consistent, under every shipped profile: for every
//! public test file and for generated objects of many SOP classes,
//!
//! - `dciodvfy` finds no error in the result that it does not find in the source;
//! - `dcentvfy` finds no reference or entity broken in a study that was whole;
//! - what the profile keeps has the bytes that it had (`judge_utility.py`);
//! - the trees of structured reports are valid, keep what they measured and name nobody (`judge_reports.py`).
//!
//! Pixels pass unseen, which is quick and leaves the header the same. `benchmark` scores whole studies,
//! with their pixels, against an answer key.

#[path = "../public_files/mod.rs"]
mod public_files;

mod benchmark;
mod conflicts;
mod corpus;
mod dicom3tools;
mod entities;
mod errors;
mod reports;
mod runs;
mod utility;

use conflicts::Conflicts;
use corpus::Corpus;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// Every profile of conf/profiles.
const PROFILES: &[&str] = &["basic", "research-longitudinal", "tcia-like", "strict"];

/// The file of a shipped profile.
fn file_of(profile: &str) -> PathBuf {
    public_files::root().join("conf/profiles").join(profile).with_extension("toml")
}

#[test]
fn every_shipped_profile_is_judged() {
    let folder = public_files::root().join("conf/profiles");
    let files = std::fs::read_dir(folder).expect("the shipped profiles");
    let shipped: BTreeSet<String> = files
        .map(|file| std::fs::read_to_string(file.expect("a file").path()).expect("text"))
        .map(|text| toml::from_str::<toml::Table>(&text).expect("valid"))
        // what is no profile has no name
        .filter_map(|table| Some(table.get("name")?.as_str()?.to_owned()))
        .collect();
    let judged: BTreeSet<String> = PROFILES.iter().map(|&name| name.to_owned()).collect();
    assert_eq!(judged, shipped, "PROFILES names the profiles of conf/profiles");
}

#[test]
fn headers_stay_valid_whole_and_consistent_under_every_profile() {
    let work = tempfile::tempdir().expect("a directory");
    let corpus = Corpus::gather(work.path());
    let mut conflicts = Conflicts::read();
    let mut faults = Vec::new();
    for profile in PROFILES {
        let found = judge(profile, &corpus, &mut conflicts, work.path());
        faults.extend(found.into_iter().map(|fault| format!("{profile}: {fault}")));
    }
    faults.extend(conflicts.unused());
    assert!(faults.is_empty(), "{} faults\n{}", faults.len(), faults.join("\n"));
}

/// All that is wrong with what leaves under a profile.
fn judge(profile: &str, corpus: &Corpus, conflicts: &mut Conflicts, work: &Path) -> Vec<String> {
    let folder = work.join(profile);
    let (pairs, mut faults) = runs::run(&file_of(profile), corpus, &folder);
    let classes: BTreeSet<_> = pairs.iter().map(|pair| &pair.object.sop_class).collect();
    let (delivered, classes) = (pairs.len(), classes.len());
    assert!(delivered > 250 && classes > 45, "{delivered} delivered, of {classes} SOP classes");
    println!("{profile}: {delivered} delivered, of {classes} SOP classes");
    faults.extend(errors::new_errors(&pairs, conflicts));
    faults.extend(entities::newly_broken(&pairs));
    faults.extend(utility::lost(&file_of(profile), &pairs));
    faults.extend(reports::faults(&file_of(profile), &pairs));
    std::fs::remove_dir_all(&folder).expect("removed");
    faults
}
