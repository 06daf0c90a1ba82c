//! A disk that fills, fails or forgets, and keys that are gone: nothing acknowledged is lost, and the
//! gateway goes on by itself where it can.

use crate::harness::{
    Faults, Sample, Site, Storescp, digests_by_uid, files_under, free_port, judge_all, pynetdicom,
    sample, wait_until,
};
use std::path::Path;

/// CTs that are acknowledged and de-identified, and wait in the spool of a gateway that was killed.
/// Whoever listens on the port gets them.
fn waiting_for_a_destination(count: usize) -> (Site, Vec<Sample>, u16) {
    let mut site = Site::new();
    let port = free_port();
    site.deliver_to_port(port);
    let samples = sample(&site.path("sent"), &["--ct", &count.to_string()]);
    let gateway = site.start();
    assert_eq!(pynetdicom(gateway.port, &[], &paths(&samples)), vec!["0x0000"; count]);
    site.wait_jobs(|site| site.jobs().get("ready") == Some(&count));
    gateway.kill();
    (site, samples, port)
}

fn paths(samples: &[Sample]) -> Vec<&Path> {
    samples.iter().map(|sample| sample.path.as_path()).collect()
}

fn flip_a_bit(path: &Path) {
    let mut bytes = std::fs::read(path).expect("a payload");
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(path, bytes).expect("written");
}

fn remove_the_records(site: &Site) {
    for file in files_under(&site.path("spool")) {
        if file.to_string_lossy().contains("spool.sqlite") {
            std::fs::remove_file(file).expect("removed");
        }
    }
}

#[test]
fn records_that_are_gone_stop_the_start_and_their_objects_are_not_lost() {
    let (site, samples, port) = waiting_for_a_destination(2);
    remove_the_records(&site);
    site.run(&["serve"]).fails(1, &["spool.sqlite is gone", "restore it from a backup"]);
    assert_eq!(site.originals().len(), 2);
    std::fs::write(site.path("spool/spool.sqlite"), "").expect("an empty database");
    let research = Storescp::start_on(port, &site.path("research"));
    let gateway = site.start();
    site.wait_ended(2);
    judge_all(&samples, &research.received());
    assert_eq!(pynetdicom(gateway.port, &[], &paths(&samples)), ["0x0000"; 2]);
    assert_eq!(site.recorded_originals(), 2, "they are known again");
    gateway.stop();
}

#[test]
fn a_record_that_a_backup_does_not_have_is_made_again() {
    let mut site = Site::new();
    let port = free_port();
    site.deliver_to_port(port);
    let samples = sample(&site.path("sent"), &["--ct", "2"]);
    let gateway = site.start();
    pynetdicom(gateway.port, &[], &paths(&samples[..1]));
    site.wait_jobs(|site| site.jobs().get("ready") == Some(&1));
    let backup = site.path("backup.sqlite");
    let records = rusqlite::Connection::open(site.path("spool/spool.sqlite")).expect("opened");
    records.execute("VACUUM INTO ?1", [backup.to_str()]).expect("a backup");
    drop(records);
    pynetdicom(gateway.port, &[], &paths(&samples[1..]));
    site.wait_jobs(|site| site.jobs().get("ready") == Some(&2));
    gateway.kill();
    remove_the_records(&site);
    std::fs::copy(&backup, site.path("spool/spool.sqlite")).expect("restored");
    let research = Storescp::start_on(port, &site.path("research"));
    let gateway = site.start();
    site.wait_ended(2);
    judge_all(&samples, &research.received());
    gateway.stop();
}

#[test]
fn a_site_key_that_is_gone_or_is_another_stops_the_start() {
    let (site, samples, port) = waiting_for_a_destination(1);
    let key = site.path("keys/site.key");
    let moved = site.path("moved.key");
    std::fs::rename(&key, &moved).expect("moved");
    site.run(&["serve"]).fails(1, &["site.key is gone", "restore it from a backup"]);
    assert!(!key.exists(), "no other key was made");
    std::fs::copy(&moved, &key).expect("copied");
    let text = std::fs::read_to_string(&key).expect("a key");
    let other: String = text.chars().map(|c| if c == 'a' { 'b' } else { c }).collect();
    std::fs::write(&key, other).expect("another key");
    site.run(&["serve"]).fails(1, &["made under another site key"]);
    std::fs::rename(&moved, &key).expect("restored");
    let research = Storescp::start_on(port, &site.path("research"));
    let gateway = site.start();
    site.wait_ended(1);
    judge_all(&samples, &research.received());
    gateway.stop();
}

#[test]
fn a_bit_that_flips_in_an_original_is_found_held_and_told() {
    let site = Site::new();
    let samples = sample(&site.path("sent"), &["--ct", "1"]);
    let mut gateway = site.start_with(&[("DEID_GATEWAY_CRASH_AT", "routed")]);
    assert_eq!(pynetdicom(gateway.port, &["--timeout", "5"], &paths(&samples)), ["0x0000"]);
    gateway.wait_killed("routed");
    flip_a_bit(&site.originals()[0]);
    let gateway = site.start();
    site.wait_held("storage-damaged", 1);
    wait_until("it is told", || gateway.stderr().contains("storage-damaged"));
    assert!(site.delivered().is_empty());
    // sent again it is no duplicate: the stored one cannot be used
    assert_eq!(pynetdicom(gateway.port, &[], &paths(&samples)), ["0x0000"]);
    wait_until("the whole one is delivered", || !site.delivered().is_empty());
    judge_all(&samples, &site.delivered());
    gateway.stop();
}

#[test]
fn a_bit_that_flips_in_a_result_is_found_before_it_leaves_and_mended_by_reprocess() {
    let (site, samples, port) = waiting_for_a_destination(1);
    flip_a_bit(&files_under(&site.path("spool/results"))[0]);
    let research = Storescp::start_on(port, &site.path("research"));
    let gateway = site.start();
    site.wait_held("storage-damaged", 1);
    assert!(research.received().is_empty());
    site.run(&["held", "reprocess", "--all"]).ok();
    site.wait_ended(1);
    judge_all(&samples, &research.received());
    gateway.stop();
}

#[test]
fn a_full_disk_refuses_with_a700_and_recovers_by_itself() {
    let site = Site::new();
    let faults = Faults::new(&site.path(""));
    let samples = sample(&site.path("sent"), &["--ct", "2"]);
    let gateway = site.start_with(&faults.environment());
    assert_eq!(pynetdicom(gateway.port, &[], &paths(&samples[..1])), ["0x0000"]);
    site.wait_ended(1);
    faults.set("full", "");
    assert_eq!(pynetdicom(gateway.port, &[], &paths(&samples[1..])), ["0xA700"]);
    assert!(files_under(&site.path("spool/originals")).is_empty(), "nothing is left of it");
    faults.mend("full");
    assert_eq!(pynetdicom(gateway.port, &[], &paths(&samples[1..])), ["0x0000"]);
    site.wait_ended(2);
    judge_all(&samples, &site.delivered());
    gateway.stop();
}

#[test]
fn records_that_find_no_room_refuse_with_a700_and_recover_by_themselves() {
    let site = Site::new();
    let faults = Faults::new(&site.path(""));
    let samples = sample(&site.path("sent"), &["--ct", "2"]);
    let gateway = site.start_with(&faults.environment());
    assert_eq!(pynetdicom(gateway.port, &[], &paths(&samples[..1])), ["0x0000"]);
    site.wait_ended(1);
    faults.set("full-records", "");
    assert_eq!(pynetdicom(gateway.port, &[], &paths(&samples[1..])), ["0xA700"]);
    assert!(site.originals().is_empty(), "nothing is left of it");
    faults.mend("full-records");
    assert_eq!(pynetdicom(gateway.port, &[], &paths(&samples[1..])), ["0x0000"]);
    site.wait_ended(2);
    judge_all(&samples, &site.delivered());
    gateway.stop();
}

#[test]
fn after_a_sync_that_failed_nothing_is_taken_until_a_restart_and_nothing_is_lost() {
    let mut site = Site::new();
    let research = Storescp::start(&site.path("research"));
    site.deliver_to_port(research.port);
    let faults = Faults::new(&site.path(""));
    let samples = sample(&site.path("sent"), &["--ct", "2"]);
    let gateway = site.start_with(&faults.environment());
    assert_eq!(pynetdicom(gateway.port, &[], &paths(&samples[..1])), ["0x0000"]);
    site.wait_ended(1);
    faults.set("unsynced", "");
    assert_eq!(pynetdicom(gateway.port, &[], &paths(&samples[1..])), ["0xA700"]);
    faults.mend("unsynced");
    // what the system lost by the failed sync nobody knows: it is not tried again
    assert_eq!(pynetdicom(gateway.port, &[], &paths(&samples[1..])), ["0xA700"]);
    wait_until("it is told", || gateway.stderr().contains("restart after mending it"));
    gateway.stop();
    let gateway = site.start();
    assert_eq!(pynetdicom(gateway.port, &[], &paths(&samples[1..])), ["0x0000"]);
    site.wait_ended(2);
    judge_all(&samples, &research.received());
    assert!(digests_by_uid(&site.path("research")).values().all(|copies| copies.len() == 1));
    gateway.stop();
}

#[test]
fn a_clock_that_is_set_back_or_forward_stops_no_delivery() {
    let mut site = Site::new();
    let port = free_port();
    site.deliver_to_port(port);
    let faults = Faults::new(&site.path(""));
    let samples = sample(&site.path("sent"), &["--ct", "2"]);
    faults.set("clock", "86400");
    let gateway = site.start_with(&faults.environment());
    assert_eq!(pynetdicom(gateway.port, &[], &paths(&samples[..1])), ["0x0000"]);
    site.wait_jobs(|site| site.jobs().get("ready") == Some(&1));
    wait_until("it was tried in vain", || gateway.stderr().contains("unreachable"));
    faults.mend("clock");
    let research = Storescp::start_on(port, &site.path("research"));
    site.wait_ended(1);
    faults.set("clock", "31536000");
    assert_eq!(pynetdicom(gateway.port, &[], &paths(&samples[1..])), ["0x0000"]);
    site.wait_ended(2);
    judge_all(&samples, &research.received());
    gateway.stop();
}
