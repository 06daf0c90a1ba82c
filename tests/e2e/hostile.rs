//! Objects made to break a receiver cost only themselves.

use crate::harness::{Site, files_under, hostile, judge_all, pynetdicom, sample, send_hostile};
use std::path::Path;

#[test]
fn hostile_objects_are_held_or_refused_while_others_flow() {
    let site = Site::new();
    let directory = site.path("hostile");
    let listing = hostile(&directory);
    let samples = sample(&site.path("sent"), &["--ct", "2"]);
    let gateway = site.start();
    assert_eq!(pynetdicom(gateway.port, &[], &[&samples[0].path]), ["0x0000"]);
    for (name, answer) in [
        ("nested", "0x0000"),
        ("huge_length", "0x0000"),
        ("bad_uid", "0x0000"),
        ("truncated", "0xC000"),
        ("unknown_ts", "no-context"),
    ] {
        assert_eq!(send_hostile(gateway.port, &directory, &listing[name]), answer, "{name}");
    }
    assert_eq!(pynetdicom(gateway.port, &[], &[&samples[1].path]), ["0x0000"]);
    site.wait_jobs(|site| site.jobs().get("ended") == Some(&2));
    site.wait_held("limit-exceeded", 2);
    site.wait_held("malformed", 1);
    judge_all(&samples, &site.delivered());
    gateway.stop();
}

#[test]
fn no_file_name_is_made_of_what_a_peer_sent() {
    let site = Site::new();
    let directory = site.path("hostile");
    let entry = &hostile(&directory)["bad_uid"];
    let gateway = site.start();
    assert_eq!(send_hostile(gateway.port, &directory, entry), "0x0000");
    site.wait_held("malformed", 1);
    gateway.stop();
    let escaped = Path::new("/tmp/deid-gateway-escaped");
    assert!(!escaped.exists() && !escaped.with_extension("dcm").exists());
    for file in files_under(&site.path("spool")) {
        let name = file.file_name().expect("a name").to_str().expect("ASCII");
        let ours = ["lock", "spool.sqlite", "spool.sqlite-wal", "spool.sqlite-shm"];
        // the audit log by the number of its first event
        let audit = name.strip_prefix("audit-").and_then(|rest| rest.strip_suffix(".jsonl"));
        let audit = audit.is_some_and(|first| first.bytes().all(|byte| byte.is_ascii_digit()));
        // objects by a random name, sets of identifiers by a keyed hash
        let of = |suffix, digits| {
            name.strip_suffix(suffix).is_some_and(|stem: &str| {
                stem.len() == digits && stem.bytes().all(|byte| byte.is_ascii_hexdigit())
            })
        };
        let ours = audit || of(".dcm", 32) || of(".set", 64) || ours.contains(&name);
        assert!(ours, "{name}");
    }
}
