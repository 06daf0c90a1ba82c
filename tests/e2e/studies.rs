//! What objects of a study tell each other, and studies that leave as a whole.

use crate::harness::{
    Sample, Site, Storescp, assert_absent, assert_not_readable, digests_by_uid, files_under,
    instance_number, judge_all, modified, pynetdicom, read_values, renamed, sample, storescu,
    undecodable, value, wait_until,
};
use dicom_dictionary_std::tags;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

const SECONDARY_CAPTURE: &str = "1.2.840.10008.5.1.4.1.1.7";

/// Crash points of studies, with what `crash.rs` asks of each.
pub const POINTS: &[&str] = &["identifiers-synced", "parked", "study-complete", "study-released"];

/// A site whose profile keeps cleaned descriptions and does not look at pixels of captures.
fn site() -> Site {
    let mut site = Site::new();
    site.write_profile("research-longitudinal", &format!("\"{SECONDARY_CAPTURE}\" = \"skip\""));
    site.set("spool.keep_identifiers_s", 3600);
    site
}

/// The same, where whole studies leave.
fn by_study() -> Site {
    let mut site = site();
    site.set("deid.release", "study");
    site.set("deid.release_quiet_s", 1);
    site
}

fn family(object: &Path) -> String {
    value(object, tags::PATIENT_NAME).split('^').next().expect("a family name").to_owned()
}

/// A screen capture of this object's study: its header names nobody, and a description and a code do.
fn capture(of: &Path, name: &str, more: &[&str]) -> PathBuf {
    let class = format!("(0008,0016)={SECONDARY_CAPTURE}");
    let uid = format!("(0008,0018)=1.2.826.0.1.3680043.8.498.{}", 5_000 + name.len());
    let description = format!("(0008,103E)=Stent type {}", family(of));
    let mut changes = vec![class.as_str(), &uid, &description, "(0020,0013)=77"];
    changes.extend(NOBODY);
    changes.extend(more);
    modified(of, name, &changes)
}

/// Whatever the samples identify their patient by in attributes that are searched for.
const NOBODY: [&str; 10] = [
    "(0010,0010)=",
    "(0010,0020)=",
    "(0010,0030)=",
    "(0010,1000)=",
    "(0010,2154)=",
    "(0008,0050)=",
    "(0008,0080)=",
    "(0008,0090)=",
    "(0008,1030)=",
    "(0020,0010)=",
];

fn result_of(source: &Path, site: &Site) -> PathBuf {
    let number = instance_number(source);
    let results = site.delivered().into_iter().filter(|result| instance_number(result) == number);
    let [result] = &results.collect::<Vec<_>>()[..] else { panic!("{number:?}: not once") };
    result.clone()
}

fn assert_names_nobody(result: &Path, family: &str) {
    let bytes = std::fs::read(result).expect("a result");
    assert_absent(&[family.to_owned()], &bytes, "a capture");
}

#[test]
fn a_capture_loses_the_name_that_its_study_or_patient_told_before_and_nobody_elses() {
    let site = site();
    let ct = sample(&site.path("sent"), &["--ct", "1"]).remove(0).path;
    let family = family(&ct);
    let of_study = capture(&ct, "capture.dcm", &[]);
    let id = format!("(0010,0020)={}", value(&ct, tags::PATIENT_ID));
    let other_study = ["(0020,000D)=1.2.826.0.1.3680043.8.498.1", "(0020,0013)=78", &id];
    let of_patient = capture(&ct, "of_patient.dcm", &other_study);
    let stranger = ["(0020,000D)=1.2.826.0.1.3680043.8.498.2", "(0020,0013)=79"];
    let of_stranger = capture(&ct, "of_a_stranger.dcm", &stranger);
    let gateway = site.start();
    storescu(gateway.port, &[], &[&ct]);
    // What left is still known.
    site.wait_ended(1);
    storescu(gateway.port, &[], &[&of_study, &of_patient, &of_stranger]);
    site.wait_ended(4);
    assert_names_nobody(&result_of(&of_study, &site), &family);
    assert_names_nobody(&result_of(&of_patient, &site), &family);
    let kept = read_values(&result_of(&of_stranger, &site), &["SeriesDescription"]);
    assert_eq!(kept["SeriesDescription"], [format!("Stent type {family}")]);
    gateway.stop();
}

#[test]
fn under_study_release_a_capture_loses_the_name_in_whatever_order_objects_come() {
    for capture_first in [true, false] {
        let site = by_study();
        let ct = sample(&site.path("sent"), &["--ct", "1"]).remove(0).path;
        let capture = capture(&ct, "capture.dcm", &[]);
        let gateway = site.start();
        let mut order = vec![&ct, &capture];
        if capture_first {
            order.reverse();
        }
        storescu(gateway.port, &[], &order);
        site.wait_ended(2);
        assert_names_nobody(&result_of(&capture, &site), &family(&ct));
        gateway.stop();
    }
}

#[test]
fn a_name_burned_into_an_object_that_names_nobody_is_hidden_even_if_its_words_may_stay() {
    let site = site();
    site.write_profile("basic", "");
    let mut samples = sample(&site.path("sent"), &["--ct", "1", "--us", "1"]);
    let (mut ultrasound, ct) = (samples.pop().expect("two"), samples.remove(0).path);
    let name = value(&ct, tags::PATIENT_NAME).replace('^', "\", \"");
    let profile = std::fs::read_to_string(site.path("profile.toml")).expect("a profile");
    let words = format!("hide = \"all-text\"\nkeep_words = [\"{name}\"]");
    let lax = profile.replacen("hide = \"all-text\"", &words, 1);
    assert_ne!(lax, profile, "the words of the name may stay");
    std::fs::write(site.path("profile.toml"), lax).expect("written");
    let nameless = modified(&ultrasound.path, "nameless.dcm", &NOBODY);
    let gateway = site.start();
    storescu(gateway.port, &[], &[&ct]);
    site.wait_ended(1);
    storescu(gateway.port, &[], &[&nameless]);
    site.wait_ended(2);
    let family = family(&ct);
    ultrasound.text.retain(|text| text.string.starts_with(&family));
    assert_not_readable(&ultrasound, &result_of(&ultrasound.path, &site));
    gateway.stop();
}

/// The one line of a study in `study list`.
fn listed(site: &Site) -> String {
    let list = site.run(&["study", "list"]).ok();
    list.lines().nth(1).unwrap_or_default().to_owned()
}

#[test]
fn a_held_object_keeps_its_study_here_and_no_other_and_nothing_identifying_stays() {
    let mut site = by_study();
    site.set("spool.keep_identifiers_s", 0);
    let samples = sample(&site.path("sent"), &["--ct", "3", "--studies", "2"]);
    let (first, second) = samples.split_at(3);
    let undecodable = undecodable(&first[2].path);
    let gateway = site.start();
    // Interleaved: each study is quiet by itself.
    let order = [&first[0], &second[0], &first[1], &second[1], &second[2]];
    let mut order: Vec<_> = order.map(|sample| sample.path.clone()).to_vec();
    order.insert(2, undecodable);
    assert_eq!(pynetdicom(gateway.port, &[], &order), ["0x0000"; 6]);
    let as_told = BTreeMap::from([
        ("ended".to_owned(), second.len()),
        ("held".to_owned(), 1),
        ("ready".to_owned(), 2),
    ]);
    site.wait_jobs(|site| site.jobs() == as_told);
    wait_until("it is told", || listed(&site).ends_with("held back: see held list"));
    let study = listed(&site).split_whitespace().next().expect("a study").to_owned();
    let held = site.run(&["held", "list"]).ok();
    let columns: Vec<_> = held.lines().nth(1).expect("one").split_whitespace().collect();
    assert_eq!(columns[4..6], [study.as_str(), "2"], "{held}");
    let job = columns[0].to_owned();
    let shown = site.run(&["held", "show", &job]).ok();
    assert!(shown.contains("keeps back       2 other objects of its study"), "{shown}");
    assert_eq!(site.delivered().len(), 3, "the other study alone");
    assert!(!files_under(&site.path("spool/identifiers")).is_empty());
    assert_eq!(site.run(&["held", "reject", &job]).ok(), "1 rejected\n");
    site.wait_jobs(|site| site.jobs().get("ended") == Some(&5));
    assert_eq!(listed(&site), "");
    let left: Vec<&Sample> = first[..2].iter().chain(second).collect();
    assert_eq!(site.delivered().len(), left.len());
    let moments = "SELECT 'all', count(DISTINCT released_ms) FROM jobs";
    assert_eq!(site.count(moments)["all"], 2, "each study in one moment");
    // Names, IDs and all: of either study, in no file of the spool.
    wait_until("what identified them is gone", || {
        files_under(&site.path("spool/identifiers")).is_empty()
    });
    let mut spool = Vec::new();
    for file in files_under(&site.path("spool")) {
        spool.extend(std::fs::read(file).unwrap_or_default());
    }
    for sample in &samples {
        assert_absent(&sample.identifiers, &spool, "the spool");
    }
    gateway.stop();
}

#[test]
fn what_comes_after_its_study_has_left_leaves_by_itself() {
    let site = by_study();
    let samples = sample(&site.path("sent"), &["--ct", "2"]);
    let late = site.path("late.dcm");
    renamed(&samples[1], 7, &late);
    let gateway = site.start();
    storescu(gateway.port, &[], &[&samples[0].path]);
    site.wait_ended(1);
    storescu(gateway.port, &[], &[&samples[1].path]);
    site.wait_ended(2);
    storescu(gateway.port, &[], &[&late]);
    site.wait_ended(3);
    let moments = "SELECT 'all', count(DISTINCT released_ms) FROM jobs";
    assert_eq!(site.count(moments)["all"], 3);
    gateway.stop();
}

/// How a sender is told to wait for an answer that a killed gateway will not give.
const IMPATIENT: &[&str] = &["--timeout", "5"];

fn nothing_is_lost_by_a_kill_at(point: &str) {
    assert!(POINTS.contains(&point));
    let mut site = Site::new();
    site.set("deid.release", "study");
    site.set("deid.release_quiet_s", 2);
    let research = Storescp::start(&site.path("research"));
    site.deliver_to_port(research.port);
    let samples = sample(&site.path("sent"), &["--ct", "3"]);
    let files: Vec<_> = samples.iter().map(|sample| sample.path.clone()).collect();
    let mut gateway = site.start_with(&[("DEID_GATEWAY_CRASH_AT", point)]);
    let answers = pynetdicom(gateway.port, IMPATIENT, &files);
    gateway.wait_killed(point);
    assert!(research.received().is_empty(), "nothing left before the kill");

    let gateway = site.start();
    let unanswered = files.iter().zip(&answers).filter(|(_, answer)| *answer != "0x0000");
    let again: Vec<_> = unanswered.map(|(file, _)| file).collect();
    if !again.is_empty() {
        assert!(pynetdicom(gateway.port, &[], &again).iter().all(|answer| answer == "0x0000"));
    }
    site.wait_ended(samples.len());
    gateway.stop();
    if point.starts_with("study-") {
        let moments = "SELECT 'all', count(DISTINCT released_ms) FROM jobs";
        assert_eq!(site.count(moments)["all"], 1, "all of it was received before the kill");
    }
    let digests = digests_by_uid(&site.path("research"));
    assert_eq!(digests.len(), samples.len());
    assert!(digests.values().all(|copies| copies.len() == 1), "a repeat with other bytes");
    judge_all(&samples, &research.received());
}

#[test]
fn killed_when_identifiers_are_on_disk_and_not_recorded_nothing_is_lost() {
    nothing_is_lost_by_a_kill_at("identifiers-synced");
}

#[test]
fn killed_when_an_object_begins_to_wait_for_its_study_nothing_is_lost() {
    nothing_is_lost_by_a_kill_at("parked");
}

#[test]
fn killed_when_work_on_a_study_begins_nothing_is_lost() {
    nothing_is_lost_by_a_kill_at("study-complete");
}

#[test]
fn killed_when_a_study_was_released_nothing_is_lost() {
    nothing_is_lost_by_a_kill_at("study-released");
}
