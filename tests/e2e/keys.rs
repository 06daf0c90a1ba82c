//! The life of keys: rotation, Jobs that keep theirs, and projects that end without a link.

use crate::harness::{
    Sample, Site, Storescp, digests_by_uid, files_under, free_port, pynetdicom, sample, storescu,
    value,
};
use dicom_dictionary_std::tags;
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

fn patient_id(path: &Path) -> String {
    value(path, tags::PATIENT_ID)
}

fn ct(site: &Site, directory: &str, seed: &str) -> Sample {
    sample(&site.path(directory), &["--ct", "1", "--seed", seed]).remove(0)
}

/// The PatientIDs that `patient find` computes for the patient of a sample, by epoch.
fn pseudonyms(site: &Site, sample: &Sample) -> Vec<String> {
    let found = site.run(&["patient", "find", "--id", &patient_id(&sample.path)]).stdout;
    let epochs = found.lines().filter(|line| line.starts_with("  epoch "));
    epochs.map(|line| line.split_whitespace().nth(4).expect("a PatientID").to_owned()).collect()
}

/// The results of `deid` over the folder `sent`.
fn deid(site: &Site, out: &str) -> BTreeMap<String, BTreeSet<Vec<u8>>> {
    site.run(&["deid", &site.text("sent"), "--out", &site.text(out)]).ok();
    digests_by_uid(&site.path(out))
}

#[test]
fn a_rotation_keeps_every_pseudonym_until_its_epoch_is_set() {
    let mut site = Site::new();
    ct(&site, "sent", "1");
    let before = deid(&site, "before");
    let rotated = site.run(&["keys", "rotate"]).ok();
    assert!(rotated.contains("epoch 2 was added") && rotated.contains("set `epoch = 2`"));
    assert_eq!(deid(&site, "rotated"), before);
    site.set("keys.epoch", 2);
    let after = deid(&site, "after");
    assert!(before.keys().all(|uid| !after.contains_key(uid)), "the same UIDs under another key");
    site.set("keys.epoch", 1);
    assert_eq!(deid(&site, "back"), before);
    site.set("keys.epoch", 3);
    site.run(&["serve"]).fails(1, &["epoch is 3, and it holds 2", "keys rotate"]);
}

#[test]
fn a_job_that_was_routed_before_a_rotation_keeps_its_key() {
    let mut site = Site::new();
    let (before, after) = (ct(&site, "before", "1"), ct(&site, "after", "2"));
    let mut gateway = site.start_with(&[("DEID_GATEWAY_CRASH_AT", "routed")]);
    pynetdicom(gateway.port, &["--timeout", "5"], &[&before.path]);
    gateway.wait_killed("routed");
    site.run(&["keys", "rotate"]).ok();
    site.set("keys.epoch", 2);
    let gateway = site.start();
    storescu(gateway.port, &[], &[&after.path]);
    site.wait_ended(2);
    gateway.stop();
    let (old, new) = (pseudonyms(&site, &before), pseudonyms(&site, &after));
    let delivered: BTreeSet<_> = site.delivered().iter().map(|path| patient_id(path)).collect();
    assert_eq!(delivered, BTreeSet::from([old[0].clone(), new[1].clone()]));
    assert_ne!(old[0], old[1]);
}

#[test]
fn a_job_whose_key_is_gone_is_held() {
    let mut site = Site::new();
    let sample = ct(&site, "sent", "1");
    site.start().stop();
    let (file, backup) = (site.path("keys/site.key"), site.path("backup.key"));
    std::fs::copy(&file, &backup).expect("a backup");
    site.run(&["keys", "rotate"]).ok();
    site.set("keys.epoch", 2);
    let mut gateway = site.start_with(&[("DEID_GATEWAY_CRASH_AT", "routed")]);
    pynetdicom(gateway.port, &["--timeout", "5"], &[&sample.path]);
    gateway.wait_killed("routed");
    // a backup from before the rotation is restored
    let rotated = site.path("rotated.key");
    std::fs::rename(&file, &rotated).expect("moved");
    std::fs::rename(&backup, &file).expect("restored");
    site.set("keys.epoch", 1);
    let gateway = site.start();
    site.wait_held("unknown-key", 1);
    gateway.stop();
    std::fs::rename(&rotated, &file).expect("found again");
    let gateway = site.start();
    site.run(&["held", "reprocess", "--reason", "unknown-key"]).ok();
    site.wait_ended(1);
    gateway.stop();
}

#[test]
fn listing_keys_shows_no_key() {
    let mut site = Site::new();
    ct(&site, "sent", "1");
    site.run(&["keys", "list"]).fails(1, &["keys/site.key: cannot be opened"]);
    deid(&site, "out");
    site.run(&["keys", "rotate"]).ok();
    site.set("keys.linkage", "unlinkable");
    deid(&site, "own");
    let listed = site.run(&["keys", "list"]).ok();
    let lines: Vec<_> = listed.lines().collect();
    assert_eq!(lines.len(), 4, "{listed}");
    assert!(lines[3].starts_with("  epoch 1  ") && lines[3].ends_with("  unlinkable  in force"));
    let keys = files_under(&site.path("keys"));
    assert_eq!(keys.len(), 2, "the site key and that of the project: {keys:?}");
    for file in keys {
        let mode = std::fs::metadata(&file).expect("there").permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{}", file.display());
        let text = std::fs::read_to_string(&file).expect("keys");
        assert!(text.lines().all(|key| !listed.contains(&key[..16])));
    }
    site.run(&["keys", "rotate"]).fails(1, &["set [keys] epoch to the next number"]);
}

#[test]
fn a_closed_project_leaves_no_link_and_cannot_be_taken_up_again() {
    let mut site = Site::new();
    site.set("keys.linkage", "unlinkable");
    let port = free_port();
    site.deliver_to_port(port);
    let sample = ct(&site, "sent", "1");
    let close = ["keys", "close", "--project", "default", "--epoch", "1"];
    site.run(&close).fails(1, &["has no key of its own: nothing to close"]);
    let gateway = site.start();
    storescu(gateway.port, &[], &[&sample.path]);
    site.wait_jobs(|site| site.jobs().get("ready") == Some(&1));
    site.run(&close).fails(1, &["in use; stop the gateway"]);
    gateway.stop();
    site.run(&close).fails(1, &["1 jobs under this key are not over"]);
    let key = site.path("keys/site.key.d/default-1.key");
    assert!(key.exists(), "a refusal destroys nothing");

    let research = Storescp::start_on(port, &site.path("research"));
    let gateway = site.start();
    site.wait_ended(1);
    gateway.stop();
    let received = research.received().remove(0);
    let uid = value(&received, tags::SOP_INSTANCE_UID);
    let linked = site.database();
    let holds = |bytes: &[u8], text: &str| bytes.windows(text.len()).any(|w| w == text.as_bytes());
    assert!(holds(&linked, &uid) && holds(&linked, &patient_id(&received)));
    let kept = files_under(&site.path("spool/results"));
    let digest = Sha256::digest(std::fs::read(&kept[0]).expect("the result is still kept"));
    let digest: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    assert!(holds(&linked, &digest));

    let closed = site.run(&close).ok();
    assert!(closed.contains("removed from 1 jobs") && closed.contains("destroy them too"));
    assert!(!key.exists() && files_under(&site.path("spool/results")).is_empty());
    let database = site.database();
    for what in [tags::PATIENT_ID, tags::SOP_INSTANCE_UID, tags::STUDY_INSTANCE_UID] {
        assert!(!holds(&database, &value(&received, what)), "{what} is still in the database");
    }
    assert!(!holds(&database, &digest), "the digest of the result is still in the database");
    let found = site.run(&["patient", "find", "--id", &patient_id(&sample.path)]).ok();
    assert!(found.contains("No job of this patient is recorded"), "{found}");
    assert!(found.contains("epoch 1  closed: nothing links any more"), "{found}");

    let words = ["project \"default\", epoch 1 was closed", "set [keys] epoch to another number"];
    site.run(&["serve"]).fails(1, &words);
    site.run(&["deid", &site.text("sent"), "--out", &site.text("files")]).fails(1, &words);
    let checked = site.run(&["check"]);
    assert!(checked.stdout.contains("WRONG  [keys]") && checked.stdout.contains("was closed"));
    site.run(&close).ok(); // what is over is over

    // Another epoch knows nothing of the first: the same object is a new one.
    site.set("keys.epoch", 2);
    let gateway = site.start();
    storescu(gateway.port, &[], &[&sample.path]);
    site.wait_ended(2);
    gateway.stop();
    let uids: BTreeSet<_> =
        research.received().iter().map(|path| value(path, tags::SOP_INSTANCE_UID)).collect();
    assert!(uids.len() == 2 && uids.contains(&uid), "{uids:?}");
}
