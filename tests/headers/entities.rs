//! `dcentvfy` over whole studies, before and after: references that lead nowhere, and entities
//! whose objects disagree.

use crate::dicom3tools::{lines, without_values};
use crate::runs::Pair;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// What is wrong in a study. The object stands in it by its place, not by its name, and UIDs do not
/// stand in it: so a study and its result can be compared.
fn findings(files: &[&Path]) -> BTreeMap<String, usize> {
    let lines = lines("dcentvfy", files);
    let mut findings = BTreeMap::new();
    // a reference that an object makes twice is one that leads nowhere
    for mut line in lines.into_iter().collect::<BTreeSet<_>>() {
        for (place, file) in files.iter().enumerate() {
            line = line.replace(&format!("<{}>", file.display()), &format!("#{place}"));
        }
        *findings.entry(without_uids(&without_values(&line))).or_insert(0) += 1;
    }
    findings
}

fn without_uids(line: &str) -> String {
    let is_uid =
        |word: &&str| !word.is_empty() && word.chars().all(|c| c.is_ascii_digit() || c == '.');
    line.split(' ').map(|word| if is_uid(&word) { "*" } else { word }).collect::<Vec<_>>().join(" ")
}

fn added(before: &[&Path], after: &[&Path]) -> Vec<String> {
    let before = findings(before);
    let more = |(line, count): &(String, usize)| *count > before.get(line).copied().unwrap_or(0);
    findings(after).into_iter().filter(more).map(|(line, _)| line).collect()
}

/// What is wrong with the result of a study and was not with the study.
pub fn newly_broken(pairs: &[Pair]) -> Vec<String> {
    let mut studies: BTreeMap<&str, Vec<&Pair>> = BTreeMap::new();
    for pair in pairs.iter().filter(|pair| !pair.object.study.is_empty()) {
        studies.entry(&pair.object.study).or_default().push(pair);
    }
    studies.retain(|_, study| study.len() > 1);
    assert!(studies.len() > 20, "only {} whole studies", studies.len());
    let mut faults = Vec::new();
    for study in studies.values() {
        let before: Vec<_> = study.iter().map(|pair| pair.before.file.as_path()).collect();
        let after: Vec<_> = study.iter().map(|pair| pair.after.file.as_path()).collect();
        let first = &study[0].object.name;
        faults.extend(
            added(&before, &after)
                .into_iter()
                .map(|line| format!("dcentvfy: {line}, #0 is {first}")),
        );
    }
    faults
}

#[test]
fn a_reference_that_leads_nowhere_is_found() {
    let work = tempfile::tempdir().expect("a directory");
    let study = ["ct_1", "ct_2", "ct_3", "gsps_1"]
        .map(|name| crate::corpus::generated(&work.path().join(name), name));
    let [first, second, third, state] = study.each_ref().map(|path| path.as_path());
    let whole = [first, second, third, state];
    assert_eq!(added(&whole, &whole), Vec::<String>::new());
    let broken = added(&whole, &[first, first, third, state]);
    assert!(broken.iter().any(|line| line.contains("Missing SOPInstanceUID")), "{broken:?}");
}
