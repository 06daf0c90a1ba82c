//! The leak probe: hundreds of planted strings, each in one place where a tool was ever seen to leave one.
//! None may be in the bytes or the names of what leaves, every object must leave, and the words that describe
//! it must be in it.

use crate::harness::{Site, Storescp, judge_leaks, leak_probe, pynetdicom};

/// A site of this profile that takes every object of the probe.
fn site(profile: &str) -> Site {
    let site = Site::new();
    site.write_profile(profile, "");
    let path = site.path("profile.toml");
    let text = std::fs::read_to_string(&path).expect("readable");
    let held = "documents = \"hold\"";
    assert_eq!(text.matches(held).count(), 1, "{profile} holds documents");
    std::fs::write(&path, text.replace(held, "documents = \"drop\"")).expect("written");
    site
}

/// Sends the probe through the gateway to a research PACS and a folder, and judges both.
fn probe(profile: &str) {
    let mut site = site(profile);
    let probe = leak_probe(&site.path("sent"));
    let research = Storescp::start(&site.path("research"));
    let folder = format!("name = \"out\"\nkind = \"folder\"\npath = \"{}\"", site.text("out"));
    let pacs = format!(
        "name = \"research\"\nkind = \"dicom\"\naddress = \"127.0.0.1:{}\"\n\
         called_ae_title = \"RESEARCH\"\nretry_min_ms = 50\nretry_max_ms = 200",
        research.port
    );
    site.destinations(&[&folder, &pacs]);
    let gateway = site.start();
    let sent = pynetdicom(gateway.port, &["--calling", &probe.calling], &probe.files);
    assert_eq!(sent, vec!["0x0000"; probe.files.len()]);
    site.wait_ended(probe.files.len());
    gateway.stop();
    for results in [site.path("out"), research.directory().to_owned()] {
        judge_leaks(&probe, profile, &results);
    }
}

#[test]
fn no_planted_string_leaves_under_the_basic_profile() {
    probe("basic");
}

/// The same by the command line: File Meta Information, preamble and names of files do not travel by C-STORE.
fn probe_files(profile: &str) {
    let site = site(profile);
    let probe = leak_probe(&site.path("sent"));
    site.run(&["deid", &site.text("sent"), "--out", &site.text("out")]).ok();
    judge_leaks(&probe, profile, &site.path("out"));
}

#[test]
fn no_planted_string_leaves_by_files() {
    probe_files("basic");
}

#[test]
fn every_planted_string_is_found_in_what_was_sent() {
    let site = Site::new();
    let probe = leak_probe(&site.path("sent"));
    let unseen = probe.unseen(&site.path("sent"));
    // The AE title alone is in no file.
    assert_eq!(unseen, ["the calling AE title"]);
}
