//! `eval headers` over generated study sets with an answer key, in the ten checks of MIDI-B: what the
//! gateway makes passes every item, and a result with a fault fails at that item alone.

use crate::corpus::judge;
use crate::public_files::GATEWAY;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The seeds of the study sets.
const SEEDS: [&str; 2] = ["20261125", "7"];

/// Words around an identifier, which cleaning takes as well until it takes the identifier alone.
const NOT_YET: &str = "text_retained";

/// A study set, its key, and how many items each check has by the account of the generator.
struct Set {
    folder: PathBuf,
    items: BTreeMap<String, u64>,
}

impl Set {
    fn generate(folder: PathBuf, seed: &str) -> Self {
        let out = folder.to_str().expect("text");
        let output = judge("generate_study_set.py", &[out, "--seed", seed], &());
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        Self { folder, items: serde_json::from_slice(&output.stdout).expect("counts") }
    }

    fn key(&self) -> PathBuf {
        self.folder.join("key.csv")
    }

    /// The rows of the key, with one column's value each.
    fn column(&self, name: &str) -> Vec<(String, String)> {
        let mut reader = csv::Reader::from_path(self.key()).expect("a key");
        let at =
            reader.headers().expect("a head").iter().position(|c| c == name).expect("a column");
        let rows = reader.records().map(|row| row.expect("a row"));
        rows.map(|row| (row[1].to_owned(), row[at].to_owned())).collect()
    }
}

/// What `eval headers` said.
struct Scored {
    code: Option<i32>,
    json: Value,
    said: String,
    /// Id, check and why.
    failures: Vec<[String; 3]>,
}

fn score(work: &Path, key: &Path, arguments: &[&OsStr]) -> Scored {
    let failures = work.join("failures.csv");
    let output = Command::new(GATEWAY)
        .args(["eval", "headers", "--json", "--failures"])
        .args([failures.as_os_str(), key.as_os_str()])
        .args(arguments)
        .env("DEID_GATEWAY__DETECTION__THREADS", "1")
        .env("DEID_GATEWAY__KEYS__SITE_KEY_FILE", work.join("site.key"))
        .output()
        .expect("the gateway runs");
    let said = [&output.stdout[..], &output.stderr[..]].concat();
    let said = String::from_utf8(said).expect("text");
    let json = serde_json::from_slice(&output.stdout).unwrap_or(Value::Null);
    let written = std::fs::read_to_string(&failures).unwrap_or_default();
    let rows = written.lines().skip(1).map(|line| {
        let mut cells = line.split(',').map(str::to_owned);
        std::array::from_fn(|_| cells.next().expect("three cells"))
    });
    let failures = rows.collect();
    let _ = std::fs::remove_file(work.join("failures.csv"));
    Scored { code: output.status.code(), json, said: said + &written, failures }
}

/// De-identifies a set under the profile that is nearest to what MIDI-B asks for.
fn deidentified(work: &Path, set: &Set) -> Scored {
    let (out, mapping) = (work.join("out"), work.join("mapping.csv"));
    let arguments = ["--profile".as_ref(), "tcia-like".as_ref(), "--out".as_ref(), out.as_os_str()];
    let more = ["--mapping".as_ref(), mapping.as_os_str()];
    score(work, &set.key(), &[&arguments[..], &more[..]].concat())
}

fn results(work: &Path, set: &Set, mapping: &Path) -> Scored {
    score(work, &set.key(), &["--results".as_ref(), mapping.as_os_str()])
}

#[test]
fn every_item_of_two_study_sets_passes_and_a_fault_fails_its_item_alone() {
    for seed in SEEDS {
        let work = tempfile::tempdir().expect("a directory");
        let set = Set::generate(work.path().join("set"), seed);
        let scored = deidentified(work.path(), &set);
        let before = scored.failures.iter().filter(|[_, check, _]| check != NOT_YET);
        assert_eq!(before.count(), 0, "seed {seed}: {:?}\n{}", scored.failures, scored.said);
        assert_every_item_counts(&set, &scored);
        assert_says_no_value(&set, &scored);
        a_fault_fails_its_item_alone(work.path(), &set, &scored);
        a_source_without_a_result_fails_all_of_its_items(work.path(), &set, &scored);
    }
}

/// What failed now and did not before.
fn new_failures<'a>(now: &'a Scored, before: &'a Scored) -> impl Iterator<Item = &'a [String; 3]> {
    now.failures.iter().filter(|failure| !before.failures.contains(failure))
}

/// Ten checks and no item missing: a key that is not read would pass as well.
fn assert_every_item_counts(set: &Set, scored: &Scored) {
    assert_eq!(set.items.len(), 10, "the generator asks all ten checks");
    for (check, items) in &set.items {
        let tally = &scored.json["checks"][check];
        assert_eq!(tally["items"].as_u64(), Some(*items), "{check}");
        if check != NOT_YET {
            assert_eq!(tally["passed"].as_u64(), Some(*items), "{check}");
        }
    }
    let all: u64 = set.items.values().sum();
    assert!(all >= 500, "{all} items");
    assert_eq!(scored.json["all"]["items"].as_u64(), Some(all));
}

fn assert_says_no_value(set: &Set, scored: &Scored) {
    let removed = set.column("text").into_iter().filter(|(check, _)| check == "text_removed");
    let sources = set.column("source").into_iter();
    let unsaid: BTreeSet<String> = removed.chain(sources).map(|(_, value)| value).collect();
    for value in unsaid.iter().filter(|value| value.chars().count() > 3) {
        assert!(!scored.said.contains(value.as_str()), "{value}: {}", scored.said);
    }
}

fn a_fault_fails_its_item_alone(work: &Path, set: &Set, good: &Scored) {
    let (key, mapping, bad) = (set.key(), work.join("mapping.csv"), work.join("bad"));
    let paths = [&key, &mapping, &bad].map(|path| path.to_str().expect("text"));
    let output = judge("plant_faults.py", &paths, &());
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let planted: BTreeMap<String, String> = serde_json::from_slice(&output.stdout).expect("ids");
    assert_eq!(planted.len(), 10, "a fault for every check");
    let scored = results(work, set, &bad.join("mapping.csv"));
    let failed: BTreeMap<_, _> =
        new_failures(&scored, good).map(|[id, check, _]| (check.clone(), id.clone())).collect();
    assert_eq!(failed, planted);
    assert_eq!(new_failures(&scored, good).count(), 10, "{:?}", scored.failures);
    assert_eq!(scored.code, Some(1));
    assert_says_no_value(set, &scored);
}

fn a_source_without_a_result_fails_all_of_its_items(work: &Path, set: &Set, good: &Scored) {
    let mapping = work.join("mapping.csv");
    let text = std::fs::read_to_string(&mapping).expect("a mapping");
    let (cut, last) = text.trim_end().rsplit_once('\n').expect("lines");
    let source = last.split(',').next().expect("a source");
    let fewer = work.join("fewer.csv");
    std::fs::write(&fewer, format!("{cut}\n")).expect("written");
    let scored = results(work, set, &fewer);
    let asked = set.column("source").iter().filter(|(_, of)| of == source).count();
    let failed = scored.failures.iter().filter(|[_, _, why]| why == "no-result").count();
    let others = new_failures(&scored, good).filter(|[_, _, why]| why != "no-result").count();
    assert_eq!((failed, others), (asked, 0));
    assert!(scored.said.contains("without_result"), "{}", scored.said);
}

#[test]
fn a_key_that_proves_nothing_is_refused_with_its_line_and_without_its_values() {
    let work = tempfile::tempdir().expect("a directory");
    crate::corpus::generated(work.path(), "ct_1");
    let head = "check,source,attribute,text,boxes\n";
    for (row, said) in [
        ("text_removed,ct_1.dcm,StudyDescription,Wurlitzer,", "key.csv line 2: text: its source"),
        ("text_removed,ct_1.dcm,*,Wurlitzer,", "key.csv line 2: text: its source"),
        ("tag_retained,ct_1.dcm,EchoTime,,", "key.csv line 2: attribute: its source"),
        ("date_shifted,ct_1.dcm,PatientName,,", "key.csv line 2: attribute: its source"),
        ("uid_changed,ct_1.dcm,Modality,,", "key.csv line 2: attribute: its source"),
        ("pixels_retained,ct_1.dcm,,,\"0,0,900,2\"", "key.csv line 2: boxes: not inside"),
        ("tag_retained,wurlitzer.dcm,Modality,,", "key.csv line 2: source: the file cannot"),
        ("tag_retained,key.csv,Modality,,", "key.csv line 2: source: no DICOM"),
        ("tag_wurlitzer,ct_1.dcm,Modality,,", "key.csv line 2: check: no such check"),
        ("", "key.csv: no items"),
    ] {
        let key = work.path().join("key.csv");
        std::fs::write(&key, format!("{head}{row}\n")).expect("written");
        let scored = score(work.path(), &key, &[]);
        assert_eq!(scored.code, Some(2), "{row}: {}", scored.said);
        assert!(scored.said.contains(said), "{row}: {}", scored.said);
        assert!(!scored.said.to_lowercase().contains("wurlitzer"), "{}", scored.said);
    }
}
