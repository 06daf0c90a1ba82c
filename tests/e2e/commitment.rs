//! Storage commitment, asked of destinations and by senders; pynetdicom is the other side.

use crate::harness::{
    Committing, Sample, Site, Storescp, ask_to_commit, assert_absent, files_under, hearing,
    judge_all, sample, storescu, undecodable, wait_until,
};
use std::collections::BTreeSet;

/// A site whose research PACS is asked to commit.
fn site_before(research: &Committing, site: &mut Site, more: &str) {
    let more = format!("commitment = true\ncommitment_wait_ms = 1000\n{more}");
    site.deliver_to_port_with(research.peer.port, &more);
}

fn send(port: u16, samples: &[Sample]) {
    let paths: Vec<_> = samples.iter().map(|sample| &sample.path).collect();
    storescu(port, &[], &paths);
}

/// Sends two objects, waits until they are delivered, and judges them.
fn is_delivered_by(report: &str, arguments: &[&str], more: &str) -> (Site, Committing) {
    let mut site = Site::new();
    let research = Committing::start(&site.path("research"), report, arguments);
    site_before(&research, &mut site, more);
    let samples = sample(&site.path("sent"), &["--ct", "2"]);
    let gateway = site.start();
    research.knows_gateway(gateway.port);
    send(gateway.port, &samples);
    site.wait_ended(2);
    assert!(!research.peer.said("asked").is_empty(), "delivered without a commitment");
    wait_until("originals go after their delivery", || site.originals().is_empty());
    gateway.stop();
    (site, research)
}

#[test]
fn a_result_on_the_same_association_makes_it_delivered() {
    let (_site, research) = is_delivered_by("same", &[], "");
    assert_eq!(research.received().len(), 2);
    wait_until("the report is answered", || {
        research.peer.said("reported").iter().all(|said| said.ends_with("0000"))
    });
}

#[test]
fn a_result_on_a_new_association_makes_it_delivered() {
    let (_site, research) = is_delivered_by("new", &[], "");
    assert_eq!(research.received().len(), 2);
    wait_until("a report is answered", || {
        research.peer.said("reported").iter().any(|said| said.ends_with("0000"))
    });
}

#[test]
fn what_the_destination_failed_to_keep_is_sent_again() {
    let (_site, research) = is_delivered_by("same", &["--fail-first", "1"], "");
    assert_eq!(research.peer.said("stored").len(), 3, "one of two was sent again");
}

#[test]
fn a_request_that_is_refused_or_never_reported_on_is_made_again() {
    let arguments = ["--refuse-first", "1", "--silent-first", "1"];
    let (_site, research) = is_delivered_by("new", &arguments, "commitment_timeout_ms = 1500");
    assert!(research.peer.said("asked").len() >= 3);
    assert_eq!(research.received().len(), 2, "asking again does not send again");
}

#[test]
fn what_is_stored_and_not_committed_is_not_delivered_and_survives_a_kill() {
    let mut site = Site::new();
    let deaf = Committing::start(&site.path("deaf"), "same", &["--silent-first", "1000"]);
    site_before(&deaf, &mut site, "commitment_timeout_ms = 3000");
    let samples = sample(&site.path("sent"), &["--ct", "1"]);
    let gateway = site.start();
    send(gateway.port, &samples);
    wait_until("it was asked", || !deaf.peer.said("asked").is_empty());
    assert_eq!(site.jobs().get("ready"), Some(&1), "delivered without a commitment");
    assert_eq!(site.originals().len(), 1, "the original went before the commitment");
    let list = site.run(&["destination", "list"]).ok();
    let line = list.lines().find(|line| line.starts_with("research")).expect("a line").to_owned();
    let words: Vec<_> = line.split_whitespace().collect();
    assert_eq!(words[2..6], ["0", "-", "1", "0"], "waiting, oldest, uncommitted, sent: {list}");
    gateway.kill();
    drop(deaf);
    // After the restart it is asked for again, of a PACS that never had it: sent, and asked for.
    let research = Committing::start(&site.path("research"), "same", &[]);
    site_before(&research, &mut site, "commitment_timeout_ms = 3000");
    let gateway = site.start();
    site.wait_ended(1);
    assert_eq!(research.peer.said("stored").len(), 1);
    assert_eq!(research.peer.said("asked").len(), 2, "asked before it was sent again, and after");
    gateway.stop();
}

#[test]
fn a_destination_that_never_commits_makes_the_object_held() {
    let mut site = Site::new();
    let deaf = Committing::start(&site.path("research"), "same", &["--silent-first", "1000"]);
    site_before(&deaf, &mut site, "commitment_timeout_ms = 500\ngive_up_after_s = 2");
    let samples = sample(&site.path("sent"), &["--ct", "1"]);
    let gateway = site.start();
    send(gateway.port, &samples);
    site.wait_held("refused", 1);
    let list = site.run(&["held", "list"]).ok();
    assert!(list.contains("never committed"), "{list}");
    gateway.stop();
}

/// A site that commits to senders, one of which hears on this port.
fn committing_site(site: &mut Site, port: u16) {
    site.set("intake.storage_commitment", true);
    let mut peer = toml::Table::new();
    peer.insert("ae_title".into(), "MODALITY".into());
    peer.insert("address".into(), format!("127.0.0.1:{port}").into());
    site.set("intake.commitment_peers", vec![toml::Value::Table(peer)]);
}

#[test]
fn a_sender_is_told_what_is_kept_only_after_the_destination_has_it() {
    let mut site = Site::new();
    let research = Storescp::start(&site.path("research"));
    site.deliver_to_port(research.port);
    let sender = hearing(&site.path(""));
    committing_site(&mut site, sender.port);
    let samples = sample(&site.path("sent"), &["--ct", "2"]);
    let gateway = site.start();
    site.run(&["destination", "pause", "research"]).ok();
    wait_until("it is paused", || gateway.stderr().contains("paused=true"));
    send(gateway.port, &samples);
    let paths: Vec<_> = samples.iter().map(|sample| &sample.path).collect();
    assert_eq!(ask_to_commit(gateway.port, &[], &paths), "0000");
    site.wait_jobs(|site| site.jobs().get("ready") == Some(&2));
    // It survives a kill: the request, and that nothing is promised yet.
    gateway.kill();
    assert!(sender.said("result").is_empty(), "told before it was delivered");
    let uids: Vec<_> = samples.iter().map(|sample| sample.sop_uid.clone()).collect();
    assert_absent(&uids, &site.database(), "the database");
    let gateway = site.start();
    site.run(&["destination", "resume", "research"]).ok();
    wait_until("the sender is told", || sender.said("result") == ["1"]);
    assert_eq!(research.received().len(), 2, "told before the destination had it");
    let kept: BTreeSet<_> = sender.said("kept").into_iter().collect();
    assert_eq!(kept, uids.into_iter().collect());
    wait_until("the request is forgotten", || {
        files_under(&site.path("spool/commitments")).is_empty()
    });
    judge_all(&samples, &research.received());
    gateway.stop();
}

#[test]
fn held_unknown_and_mistaken_objects_are_failures_with_their_reasons() {
    let mut site = Site::new();
    let sender = hearing(&site.path(""));
    committing_site(&mut site, sender.port);
    let samples = sample(&site.path("sent"), &["--ct", "3"]);
    let held = undecodable(&samples[0].path);
    let gateway = site.start();
    storescu(gateway.port, &["--propose-mpeg2"], &[&held]);
    storescu(gateway.port, &[], &[&samples[1].path]);
    site.wait_held("pixels-not-decodable", 1);
    site.wait_jobs(|site| site.jobs().get("ended") == Some(&1));
    let paths: Vec<_> = samples.iter().map(|sample| &sample.path).collect();
    assert_eq!(ask_to_commit(gateway.port, &[], &paths), "0000");
    wait_until("the sender is told", || sender.said("result") == ["2"]);
    assert_eq!(sender.said("kept"), [samples[1].sop_uid.clone()]);
    let failed: BTreeSet<_> = sender.said("failed").into_iter().collect();
    let wanted = [format!("{} 0110", samples[0].sop_uid), format!("{} 0112", samples[2].sop_uid)];
    assert_eq!(failed, BTreeSet::from(wanted));
    let options = ["--class", "1.2.840.10008.5.1.4.1.1.4"];
    assert_eq!(ask_to_commit(gateway.port, &options, &paths[1..2]), "0000");
    let mistaken = format!("{} 0119", samples[1].sop_uid);
    wait_until("the sender is told", || sender.said("failed").contains(&mistaken));
    gateway.stop();
}

#[test]
fn a_sender_is_told_only_after_the_destination_committed() {
    let mut site = Site::new();
    let research = Committing::start(&site.path("research"), "same", &["--silent-first", "1"]);
    site_before(&research, &mut site, "commitment_timeout_ms = 3000");
    let sender = hearing(&site.path(""));
    committing_site(&mut site, sender.port);
    let samples = sample(&site.path("sent"), &["--ct", "1"]);
    let gateway = site.start();
    send(gateway.port, &samples);
    wait_until("the destination was asked", || research.peer.said("asked").len() == 1);
    assert_eq!(ask_to_commit(gateway.port, &[], &[&samples[0].path]), "0000");
    wait_until("the sender is told", || sender.said("result") == ["1"]);
    assert_eq!(research.peer.said("reported").len(), 1, "told before the destination committed");
    gateway.stop();
}

#[test]
fn without_being_configured_no_sender_is_promised_anything() {
    let mut site = Site::new();
    let samples = sample(&site.path("sent"), &["--ct", "1"]);
    let gateway = site.start();
    assert_eq!(ask_to_commit(gateway.port, &[], &[&samples[0].path]), "no-association");
    gateway.stop();
    committing_site(&mut site, 1);
    let gateway = site.start();
    let strange = ask_to_commit(gateway.port, &["--calling", "STRANGER"], &[&samples[0].path]);
    assert_eq!(strange, "0110", "it has no address to be told at");
    gateway.stop();
}
