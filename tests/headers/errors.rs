//! `dciodvfy` before and after: the errors that the gateway made.

use crate::conflicts::Conflicts;
use crate::dicom3tools::{Inspected, without_values};
use crate::runs::Pair;
use std::collections::BTreeMap;

/// An error without values and places: the attribute by its path, and what is wrong with it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Error {
    /// Keywords, joined by `/`; empty where the whole object is meant.
    pub path: String,
    pub message: String,
    /// Of PS3.3; empty where none is named.
    pub module: String,
}

impl Error {
    /// A line of `dciodvfy -new`; `None` if it is no error.
    fn parse(line: &str) -> Option<Self> {
        let rest = line.strip_prefix("Error - ")?;
        let (path, rest) = match rest.strip_prefix("</").and_then(|rest| rest.split_once("> - ")) {
            Some((path, rest)) => (keywords(path), rest),
            None => (String::new(), rest),
        };
        let (message, module) = match rest.rsplit_once(" - Module=<") {
            Some((message, module)) => (message, module.trim_end_matches('>')),
            None => (rest, ""),
        };
        Some(Self { path, message: without_values(message), module: module.to_owned() })
    }

    /// The keyword of the attribute itself.
    pub fn attribute(&self) -> &str {
        self.path.rsplit('/').next().unwrap_or_default()
    }
}

impl std::fmt::Display for Error {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {} [{}]", self.path, self.message, self.module)
    }
}

/// A path without the numbers of items and the tags of attributes that have a keyword.
fn keywords(path: &str) -> String {
    let keyword = |step: &str| {
        let named = step.find('(').filter(|at| *at > 0);
        named.map_or(step, |at| &step[..at]).split('[').next().unwrap_or_default().trim().to_owned()
    };
    path.split('/').map(keyword).collect::<Vec<_>>().join("/")
}

/// The errors of one file, each with how often.
fn errors(of: &Inspected) -> BTreeMap<Error, usize> {
    let mut errors = BTreeMap::new();
    for error in of.lines.iter().filter_map(|line| Error::parse(line)) {
        *errors.entry(error).or_insert(0) += 1;
    }
    errors
}

/// What one file has that the other has not, or less often.
fn added(before: &BTreeMap<Error, usize>, after: &BTreeMap<Error, usize>) -> Vec<Error> {
    let more =
        |(error, count): &(&Error, &usize)| **count > before.get(error).copied().unwrap_or(0);
    after.iter().filter(more).map(|(error, _)| error.clone()).collect()
}

/// Every error that a result has and its source had not, but for the Standard's own conflicts.
pub fn new_errors(pairs: &[Pair], conflicts: &mut Conflicts) -> Vec<String> {
    let mut faults: BTreeMap<Error, Vec<&str>> = BTreeMap::new();
    for pair in pairs {
        let new = added(&errors(&pair.before), &errors(&pair.after));
        for error in new.into_iter().filter(|error| !conflicts.explain(error, &pair.object.name)) {
            faults.entry(error).or_default().push(&pair.object.name);
        }
    }
    let fault = |(error, objects): (Error, Vec<&str>)| {
        format!("dciodvfy: {error} in {}, first {}", objects.len(), objects[0])
    };
    faults.into_iter().map(fault).collect()
}

#[test]
fn an_error_is_known_by_its_attribute_and_not_by_its_value() {
    let line = "Error - </ContentSequence(0040,a730)[5]/PersonName(0040,a123)[1]> - \
        Value invalid for this VR [PN] = <Doe, J> - Character invalid for this VR = ',' (0x2c)";
    let error = Error::parse(line).expect("an error");
    assert_eq!(error.path, "ContentSequence/PersonName");
    assert_eq!(error.attribute(), "PersonName");
    assert_eq!(error.message, "Value invalid for this VR [PN] = * - Character invalid for this VR");
    let line = "Error - </StudyID(0020,0010)> - Missing attribute for Type 2 Required - Module=<GeneralStudy>";
    let error = Error::parse(line).expect("an error");
    assert_eq!(error.message, "Missing attribute for Type 2 Required");
    assert_eq!(error.module, "GeneralStudy");
    assert_eq!(Error::parse("Warning - </StudyID(0020,0010)> - Missing"), None);
}

#[test]
fn a_required_attribute_that_goes_is_a_new_error() {
    let work = tempfile::tempdir().expect("a directory");
    let ct = crate::corpus::generated(work.path(), "ct_1");
    let before = errors(&Inspected::of(&ct));
    assert_eq!(before.len(), 0, "{before:?}");
    let without = work.path().join("without.dcm");
    std::fs::copy(&ct, &without).expect("copied");
    let status = std::process::Command::new("dcmodify")
        .args(["-nb", "-e", "(0008,0060)", "-m", "(0020,0013)=one"])
        .arg(&without)
        .status()
        .expect("dcmodify runs");
    assert!(status.success());
    let paths: Vec<_> =
        added(&before, &errors(&Inspected::of(&without))).into_iter().map(|e| e.path).collect();
    assert!(paths.contains(&"Modality".to_owned()), "{paths:?}");
    assert!(paths.contains(&"InstanceNumber".to_owned()), "{paths:?}");
}
