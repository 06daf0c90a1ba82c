//! What is refused leaves no trace; what came before is not processed twice.

use crate::harness::{Gateway, Site, modified, pynetdicom, sample, storescu, wait_until};
use std::path::PathBuf;

/// A site, a gateway on it, and one CT to send.
fn one_object(site: &Site) -> (Gateway, PathBuf) {
    let object = sample(&site.path("sent"), &["--ct", "1"]).remove(0).path;
    (site.start(), object)
}

fn assert_no_trace(site: &Site) {
    assert!(site.originals().is_empty(), "a payload file: {:?}", site.originals());
    assert_eq!(site.recorded_originals(), 0, "a record");
}

#[test]
fn an_association_aborted_inside_an_object_leaves_no_trace() {
    let site = Site::new();
    let (gateway, object) = one_object(&site);
    assert_eq!(pynetdicom(gateway.port, &["--abort-after", "200000"], &[&object]), ["aborted"]);
    let ended = "association ended";
    wait_until("the gateway notices", || gateway.stderr().contains(ended));
    assert_no_trace(&site);
    storescu(gateway.port, &[], &[&object]);
    site.wait_ended(1);
    gateway.stop();
}

/// Sends with `option`: the answer is `status`, nothing is stored, and the object sent rightly
/// afterwards is taken.
fn is_refused_and_not_stored(option: &[&str], status: &str) {
    let site = Site::new();
    let (gateway, object) = one_object(&site);
    assert_eq!(pynetdicom(gateway.port, option, &[&object]), [status]);
    assert_no_trace(&site);
    assert_eq!(pynetdicom(gateway.port, &[], &[&object]), ["0x0000"]);
    site.wait_ended(1);
    gateway.stop();
}

#[test]
fn a_truncated_object_is_refused_with_c000_and_not_stored() {
    is_refused_and_not_stored(&["--truncate", "100000"], "0xC000");
}

#[test]
fn an_object_that_is_not_the_one_of_its_command_is_refused_with_a900_and_not_stored() {
    is_refused_and_not_stored(&["--wrong-sop-uid"], "0xA900");
}

/// With this limit the answer is 0xA700 and nothing is stored.
fn is_out_of_resources(key: &str, value: i64) {
    let mut site = Site::new();
    site.set(key, value);
    let (gateway, object) = one_object(&site);
    assert_eq!(pynetdicom(gateway.port, &[], &[&object]), ["0xA700"]);
    assert_no_trace(&site);
    gateway.stop();
}

#[test]
fn with_too_little_free_space_an_object_is_refused_with_a700() {
    is_out_of_resources("intake.min_free_bytes", 1 << 60);
}

#[test]
fn an_object_above_the_limit_is_refused_with_a700() {
    is_out_of_resources("intake.max_object_bytes", 100_000);
}

#[test]
fn the_same_object_again_is_acknowledged_and_delivered_once() {
    let site = Site::new();
    let (gateway, object) = one_object(&site);
    assert_eq!(pynetdicom(gateway.port, &[], &[&object, &object]), ["0x0000"; 2]);
    site.wait_ended(1);
    assert_eq!(pynetdicom(gateway.port, &[], &[&object]), ["0x0000"]);
    assert_eq!((site.recorded_originals(), site.delivered().len()), (1, 1));
    assert!(site.originals().is_empty(), "the repeats were kept");
    gateway.stop();
}

#[test]
fn another_object_with_the_same_uid_is_held() {
    let site = Site::new();
    let (gateway, object) = one_object(&site);
    let changed = modified(&object, "changed.dcm", &["(0018,0060)=140"]);
    storescu(gateway.port, &[], &[&object]);
    site.wait_ended(1);
    let delivered = std::fs::read(&site.delivered()[0]).expect("readable");
    storescu(gateway.port, &[], &[&changed]);
    site.wait_held("changed-duplicate", 1);
    assert_eq!(std::fs::read(&site.delivered()[0]).expect("readable"), delivered);
    gateway.stop();
}

#[test]
fn another_object_with_the_same_uid_is_sent_when_configured() {
    let mut site = Site::new();
    site.set("spool.on_changed", "send");
    let (gateway, object) = one_object(&site);
    let changed = modified(&object, "changed.dcm", &["(0018,0060)=140"]);
    storescu(gateway.port, &[], &[&object]);
    site.wait_ended(1);
    let delivered = std::fs::read(&site.delivered()[0]).expect("readable");
    storescu(gateway.port, &[], &[&changed]);
    site.wait_ended(2);
    assert_eq!(site.delivered().len(), 1, "both have one new UID");
    assert_ne!(std::fs::read(&site.delivered()[0]).expect("readable"), delivered);
    gateway.stop();
}
