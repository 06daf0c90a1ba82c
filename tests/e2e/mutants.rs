//! Real objects, mutated: each is delivered, held or refused, the gateway stays up in bounded memory,
//! and the next good object goes through.

use crate::harness::{Site, files_under, judge_all, mutants, pynetdicom, sample};
use std::collections::BTreeMap;

/// Objects of one Association: fewer than the presentation contexts that it may have.
const BATCH: usize = 100;
/// What the parent process may hold: the models of the text reader and what passes through it.
const MAX_RESIDENT_KIB: u64 = 700_000;

/// Taken; a UID that is not the command's any more; cut inside an element.
const EXPECTED: [&str; 3] = ["0x0000", "0xA900", "0xC000"];

#[test]
fn a_thousand_mutated_objects_are_delivered_held_or_refused_and_the_gateway_goes_on() {
    let site = Site::new();
    mutants(&site.path("mutants"), 1_000);
    let files = files_under(&site.path("mutants"));
    let gateway = site.start();
    let mut answers: BTreeMap<String, usize> = BTreeMap::new();
    for batch in files.chunks(BATCH) {
        for (file, answer) in batch.iter().zip(pynetdicom(gateway.port, &[], batch)) {
            if !EXPECTED.contains(&answer.as_str()) {
                println!("mutants: {}: {answer}", file.display());
            }
            *answers.entry(answer).or_default() += 1;
        }
    }
    let expected = answers.keys().all(|answer| EXPECTED.contains(&answer.as_str()));
    assert!(expected, "{answers:?}\n{}", gateway.stderr());
    let taken = answers["0x0000"];
    assert!(taken > files.len() / 2, "{answers:?}");
    site.wait_jobs(|site| {
        let jobs = site.jobs();
        jobs.keys().all(|state| state == "ended" || state == "held")
            && jobs.values().sum::<usize>() == taken
    });
    let (jobs, held) = (site.jobs(), site.held());
    println!("mutants: {answers:?}; {jobs:?}; held: {held:?}");
    assert!(jobs["ended"] > taken / 5, "too few survive to tell anything: {jobs:?}");
    assert!(!held.contains_key("sandbox-crashed"), "{:?}", site.run(&["held", "list"]).stdout);
    assert!(gateway.peak_resident_kib() < MAX_RESIDENT_KIB, "{}", gateway.peak_resident_kib());
    let before = site.delivered();
    let samples = sample(&site.path("sent"), &["--ct", "1"]);
    assert_eq!(pynetdicom(gateway.port, &[], &[&samples[0].path]), ["0x0000"]);
    site.wait_jobs(|site| site.jobs()["ended"] == jobs["ended"] + 1);
    let mut delivered = site.delivered();
    delivered.retain(|path| !before.contains(path));
    judge_all(&samples, &delivered);
    gateway.stop();
}
