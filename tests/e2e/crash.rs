//! `kill -9` at every transition of a record: nothing acknowledged is lost, repeats are the same.

use crate::harness::{
    Sample, Site, Storescp, digests_by_uid, files_under, instance_number, judge_all, pynetdicom,
    sample, undecodable, wait_until,
};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

macro_rules! survives_a_kill_at {
    ($($test:ident: $point:literal,)*) => {
        const POINTS: &[&str] = &[$($point),*];
        $(#[test]
        fn $test() {
            nothing_is_lost_by_a_kill_at($point);
        })*
    };
}

survives_a_kill_at! {
    killed_after_syncing_the_payload_nothing_is_lost: "payload-synced",
    killed_between_accepting_and_answering_nothing_is_lost: "accepted",
    killed_after_routing_nothing_is_lost: "routed",
    killed_when_its_patient_is_recorded_nothing_is_lost: "admitted",
    killed_after_syncing_the_result_nothing_is_lost: "result-synced",
    killed_when_ready_nothing_is_lost: "ready",
    killed_after_holding_nothing_is_lost: "held",
    killed_between_answer_and_record_nothing_is_lost: "answered",
    killed_before_removing_the_original_nothing_is_lost: "delivered",
}

/// How a sender is told to wait for an answer that a killed gateway will not give.
const IMPATIENT: &[&str] = &["--timeout", "5"];

#[test]
fn every_transition_of_the_source_is_killed_in_a_test() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut named = Vec::new();
    for file in files_under(&root) {
        let text = std::fs::read_to_string(&file).unwrap_or_default();
        let names = text.split("crash_point(\"").skip(1);
        named.extend(names.filter_map(|rest| rest.split('"').next().map(str::to_owned)));
    }
    let points = POINTS.iter().chain(crate::studies::POINTS);
    let mut tested: Vec<_> = points.map(|point| (*point).to_owned()).collect();
    named.sort();
    tested.sort();
    assert_eq!(named, tested, "crash points of src/ and those of this test");
}

/// Two CTs to be delivered, and one that will be held: no decoder reads it.
fn objects(site: &Site) -> (Vec<Sample>, Vec<PathBuf>) {
    let mut samples = sample(&site.path("sent"), &["--ct", "3"]);
    let held = undecodable(&samples.pop().expect("three").path);
    let mut files: Vec<_> = samples.iter().map(|sample| sample.path.clone()).collect();
    files.push(held);
    (samples, files)
}

fn nothing_is_lost_by_a_kill_at(point: &str) {
    let mut site = Site::new();
    let research = Storescp::start(&site.path("research"));
    site.deliver_to_port(research.port);
    let (samples, files) = objects(&site);

    let mut gateway = site.start_with(&[("DEID_GATEWAY_CRASH_AT", point)]);
    let answers = pynetdicom(gateway.port, IMPATIENT, &files);
    gateway.wait_killed(point);

    let gateway = site.start();
    let unanswered: Vec<_> =
        files.iter().zip(&answers).filter(|(_, answer)| *answer != "0x0000").collect();
    if !unanswered.is_empty() {
        let again: Vec<_> = unanswered.iter().map(|(file, _)| file).collect();
        assert!(pynetdicom(gateway.port, &[], &again).iter().all(|answer| answer == "0x0000"));
    }
    let ended = BTreeMap::from([("ended".to_owned(), 2), ("held".to_owned(), 1)]);
    site.wait_jobs(|site| site.jobs() == ended);
    // A sender that is not sure sends everything again: acknowledged, and nothing more happens.
    assert_eq!(pynetdicom(gateway.port, &[], &files), ["0x0000"; 3]);
    assert_eq!(site.jobs(), ended);
    assert_eq!(site.held(), BTreeMap::from([("pixels-not-decodable".to_owned(), 1)]));
    assert_eq!(site.recorded_originals(), 3);
    assert_eq!(site.originals().len(), 1, "only the held one keeps its original");
    gateway.stop();

    let digests = digests_by_uid(&site.path("research"));
    assert_eq!(digests.len(), samples.len(), "new UIDs at the destination");
    assert!(digests.values().all(|copies| copies.len() == 1), "a repeat with other bytes");
    let received = research.received();
    if point == "answered" {
        assert!(received.len() > samples.len(), "this kill must lead to a repeat");
    }
    let mut once = Vec::new();
    for sample in &samples {
        let number = instance_number(&sample.path);
        once.extend(received.iter().find(|result| instance_number(result) == number).cloned());
    }
    judge_all(&samples, &once);
}

#[test]
fn killed_while_everything_is_in_flight_nothing_acknowledged_is_lost() {
    let mut site = Site::new();
    let research = Storescp::start(&site.path("research"));
    site.deliver_to_port(research.port);
    let samples = sample(&site.path("sent"), &["--ct", "6"]);
    let files: Vec<_> = samples.iter().map(|sample| sample.path.clone()).collect();

    let gateway = site.start();
    let port = gateway.port;
    let answers = std::thread::scope(|scope| {
        let sender =
            scope.spawn(|| pynetdicom(port, &[IMPATIENT, &["--parallel", "2"]].concat(), &files));
        wait_until("something was received", || site.recorded_originals() >= 2);
        gateway.kill();
        sender.join().expect("the sender ends")
    });
    let gateway = site.start();
    let mut again = files.clone();
    let mut answers = answers.iter();
    again.retain(|_| answers.next().is_some_and(|answer| answer != "0x0000"));
    assert!(again.len() < files.len(), "something was acknowledged before the kill");
    if !again.is_empty() {
        assert_eq!(pynetdicom(gateway.port, &[], &again), vec!["0x0000"; again.len()]);
    }
    site.wait_ended(samples.len());
    assert!(site.originals().is_empty());
    let digests = digests_by_uid(&site.path("research"));
    assert_eq!(digests.len(), samples.len());
    assert!(digests.values().all(|copies| copies.len() == 1), "a repeat with other bytes");
    gateway.stop();
}

#[test]
fn an_object_that_the_gateway_does_not_survive_is_held_at_last() {
    let site = Site::new();
    let samples = sample(&site.path("sent"), &["--ct", "1"]);
    let fatal = [("DEID_GATEWAY_CRASH_AT", "admitted")];
    let mut gateway = site.start_with(&fatal);
    let answers = pynetdicom(gateway.port, IMPATIENT, &[&samples[0].path]);
    gateway.wait_killed("admitted");
    assert_eq!(answers, ["0x0000"]);
    for _ in 1..10 {
        site.start_with(&fatal).wait_killed("admitted");
    }
    let gateway = site.start_with(&fatal);
    site.wait_held("step-failed", 1);
    gateway.stop();
    let gateway = site.start();
    site.run(&["held", "reprocess", "--all"]).ok();
    site.wait_ended(1);
    gateway.stop();
}
