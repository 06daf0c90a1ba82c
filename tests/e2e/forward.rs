//! Destinations that misbehave: nothing is lost, nothing takes for ever, no object waits for one
//! before it; and what a person steers.

use crate::harness::{
    Gateway, Misbehaving, Sample, Site, Storescp, digests_by_uid, free_port, instance_number,
    judge_all, modified, sample, storescu, value, wait_until,
};
use std::path::Path;

/// A site with so many CTs, in front of a PACS that behaves like this.
fn before(behaviour: &[&str], more: &str, count: usize) -> (Site, Misbehaving, Vec<Sample>) {
    let mut site = Site::new();
    let peer = Misbehaving::start(&site.path("research"), behaviour);
    site.deliver_to_port_with(peer.port, more);
    let samples = sample(&site.path("sent"), &["--ct", &count.to_string()]);
    (site, peer, samples)
}

fn send(gateway: &Gateway, samples: &[Sample]) {
    let paths: Vec<_> = samples.iter().map(|sample| &sample.path).collect();
    storescu(gateway.port, &[], &paths);
}

/// Every object arrives whole, whatever the PACS does at first.
fn arrives_in_spite_of(behaviour: &[&str], more: &str) -> (Site, Misbehaving) {
    let (site, peer, samples) = before(behaviour, more, 3);
    let gateway = site.start();
    send(&gateway, &samples);
    site.wait_ended(3);
    let digests = digests_by_uid(&site.path("research"));
    assert!(digests.values().all(|copies| copies.len() == 1), "a repeat with other bytes");
    judge_all(&samples, &once(&peer, &samples));
    gateway.stop();
    (site, peer)
}

/// One of the copies of each.
fn once(peer: &Misbehaving, samples: &[Sample]) -> Vec<std::path::PathBuf> {
    let received = peer.received();
    let one_of = |sample: &Sample| {
        let number = instance_number(&sample.path);
        received.iter().find(|path| instance_number(path) == number).cloned()
    };
    samples.iter().filter_map(one_of).collect()
}

const IMPATIENT: &str = "timeout_ms = 500";

#[test]
fn a_pacs_that_never_answers_an_association_gets_all_once_it_does() {
    arrives_in_spite_of(&["mute", "--times", "2"], IMPATIENT);
}

#[test]
fn a_pacs_that_never_answers_objects_gets_all_once_it_does() {
    arrives_in_spite_of(&["silent", "--times", "2"], IMPATIENT);
}

#[test]
fn a_pacs_that_stops_reading_gets_all_once_it_reads() {
    arrives_in_spite_of(&["stop-reading", "--times", "2"], IMPATIENT);
}

#[test]
fn a_pacs_that_aborts_inside_objects_gets_all_once_it_does_not() {
    arrives_in_spite_of(&["abort", "--times", "2"], "");
}

#[test]
fn a_pacs_that_cuts_the_connection_inside_objects_gets_all_once_it_does_not() {
    arrives_in_spite_of(&["cut", "--times", "2"], "");
}

#[test]
fn a_pacs_that_closes_after_each_object_gets_each_once() {
    let (_site, peer) = arrives_in_spite_of(&["close-after-each"], "associations = 1");
    assert_eq!(peer.received().len(), 3, "an object was sent twice");
}

#[test]
fn a_pacs_that_asks_for_release_after_each_object_is_answered_and_gets_each_once() {
    let (_site, peer) = arrives_in_spite_of(&["release-after-each"], "associations = 1");
    assert_eq!(peer.received().len(), 3, "an object was sent twice");
}

#[test]
fn a_pacs_that_answers_slowly_but_in_time_gets_each_once() {
    let slow = ["slow", "--delay", "0.4"];
    let (_site, peer) = arrives_in_spite_of(&slow, "timeout_ms = 10000");
    assert_eq!(peer.received().len(), 3, "an object was sent twice");
}

#[test]
fn an_object_that_takes_longer_than_its_time_is_sent_again() {
    let slow = ["slow", "--delay", "3600", "--times", "1"];
    arrives_in_spite_of(&slow, "object_timeout_ms = 1000");
}

#[test]
fn a_pacs_that_takes_one_context_at_a_time_is_asked_for_one() {
    let (_site, peer) = arrives_in_spite_of(&["one-context"], "");
    assert!(peer.said("association").iter().any(|said| said.starts_with("1 ")));
}

#[test]
fn a_warning_counts_as_delivered_and_is_recorded() {
    let (site, _peer, samples) = before(&["status", "--status", "0xB007"], "", 1);
    let gateway = site.start();
    send(&gateway, &samples);
    site.wait_ended(1);
    let list = site.run(&["destination", "list"]).ok();
    assert!(list.contains("B007"), "{list}");
    gateway.stop();
}

/// Both of two SOP classes are offered; what is refused is held, the other goes.
#[test]
fn a_class_that_is_refused_does_not_stop_the_other() {
    let retired = "1.2.840.10008.5.1.4.1.1.6";
    let (site, peer, samples) = before(&["refuse-class", "--class", retired], "", 4);
    let class = format!("(0008,0016)={retired}");
    let refused = modified(&samples[0].path, "us.dcm", &[&class]);
    let gateway = site.start();
    // One by one, so that the refused class is proposed alone, and the association rejected.
    storescu(gateway.port, &["--required"], &[&refused]);
    for (sent, other) in samples[1..].iter().enumerate() {
        let turned_away = || peer.said("association").len() > 2 * sent;
        wait_until("the refused one was tried", turned_away);
        storescu(gateway.port, &[], &[&other.path]);
        wait_until("the other arrives", || peer.received().len() == sent + 1);
    }
    site.wait_held("refused", 1);
    judge_all(&samples[1..], &peer.received());
    gateway.stop();
}

#[test]
fn implicit_vr_alone_gets_the_same_elements_in_implicit_vr() {
    let (site, peer, samples) = before(&["implicit-only"], "", 2);
    let gateway = site.start();
    send(&gateway, &samples);
    site.wait_ended(2);
    let received = peer.received();
    // judged in the form that the judges read, as another toolkit writes it
    let explicit: Vec<_> = received.iter().map(|path| in_explicit_vr(path)).collect();
    judge_all(&samples, &explicit);
    // what a folder would have got, verified, in Explicit VR
    let (sent, files) = (site.text("sent"), site.text("files"));
    site.run(&["deid", &sent, "--out", &files]).ok();
    for path in &received {
        let object = dicom_object::open_file(path).expect("a Part 10 file");
        assert_eq!(object.meta().transfer_syntax(), "1.2.840.10008.1.2");
        let verified = verified_result(&site.path("files"), path);
        let verified = dicom_object::open_file(verified).expect("a Part 10 file");
        let write = |object: dicom_object::DefaultDicomObject| {
            let mut bytes = Vec::new();
            let syntax = dicom_transfer_syntax_registry::entries::EXPLICIT_VR_LITTLE_ENDIAN;
            object.write_dataset_with_ts(&mut bytes, &syntax.erased()).expect("written");
            bytes
        };
        assert_eq!(write(object), write(verified), "other elements than were verified");
    }
    gateway.stop();
}

fn in_explicit_vr(path: &Path) -> std::path::PathBuf {
    let copy = path.with_extension("explicit");
    let converted = std::process::Command::new("dcmconv").arg("+te").args([path, &copy]).status();
    assert!(converted.expect("DCMTK: run tests/install").success());
    copy
}

fn verified_result(files: &Path, received: &Path) -> std::path::PathBuf {
    use dicom_dictionary_std::tags::SOP_INSTANCE_UID;
    let uid = value(received, SOP_INSTANCE_UID);
    let all = crate::harness::files_under(files);
    all.into_iter().find(|path| path.ends_with(format!("{uid}.dcm"))).expect("verified")
}

#[test]
fn both_classes_in_one_batch_are_told_apart() {
    let retired = "1.2.840.10008.5.1.4.1.1.6";
    let (site, peer, samples) = before(&["refuse-class", "--class", retired], "", 2);
    let refused = modified(&samples[0].path, "us.dcm", &[&format!("(0008,0016)={retired}")]);
    let gateway = site.start();
    site.run(&["destination", "pause", "research"]).ok();
    wait_until("it is paused", || gateway.stderr().contains("paused=true"));
    storescu(gateway.port, &["--required"], &[&refused, &samples[1].path]);
    site.wait_jobs(|site| site.jobs().get("ready") == Some(&2));
    site.run(&["destination", "resume", "research"]).ok();
    site.wait_held("refused", 1);
    wait_until("the other arrives", || peer.received().len() == 1);
    judge_all(&samples[1..], &peer.received());
    gateway.stop();
}

#[test]
fn an_unreachable_destination_costs_one_probe_and_not_one_for_each_object() {
    let (site, peer, samples) = before(&["reject"], "associations = 4", 6);
    let gateway = site.start();
    send(&gateway, &samples);
    site.wait_jobs(|site| site.jobs().get("ready") == Some(&6));
    let before = peer.said("association").len();
    wait_until("it is probed some times", || peer.said("association").len() >= before + 30);
    // Each probe proposes all, then one, and is told once; the first pass may have used every lane.
    let (probes, associations) =
        (gateway.stderr().matches("rejected the association").count(), peer.said("association"));
    assert!(associations.len() <= 2 * (probes + 1) + 8, "{probes} probes: {associations:?}");
    gateway.stop();
}

#[test]
fn several_associations_at_once_carry_the_objects() {
    let slow = ["slow", "--delay", "0.5"];
    let (site, peer, samples) = before(&slow, "associations = 3", 6);
    let gateway = site.start();
    site.run(&["destination", "pause", "research"]).ok();
    wait_until("it is paused", || gateway.stderr().contains("paused=true"));
    send(&gateway, &samples);
    site.wait_jobs(|site| site.jobs().get("ready") == Some(&6));
    site.run(&["destination", "resume", "research"]).ok();
    site.wait_ended(6);
    assert!(peer.said("association").iter().any(|said| said.ends_with(" 3")), "three at once");
    gateway.stop();
}

#[test]
fn what_is_answered_with_failures_for_too_long_is_held_with_the_status() {
    let (site, _peer, samples) =
        before(&["status", "--status", "0xA700"], "give_up_after_s = 1", 1);
    let gateway = site.start();
    send(&gateway, &samples);
    site.wait_held("refused", 1);
    let list = site.run(&["held", "list"]).ok();
    assert!(list.contains("status A700") && list.contains("tried for"), "{list}");
    gateway.stop();
}

#[test]
fn a_duplicate_after_an_attempt_counts_as_delivered() {
    let (mut site, peer, samples) = before(&["silent"], IMPATIENT, 1);
    let gateway = site.start();
    send(&gateway, &samples);
    wait_until("it was sent in vain", || gateway.stderr().contains("will try later"));
    gateway.stop();
    drop(peer);
    let has_it = Misbehaving::start(&site.path("other"), &["status", "--status", "0x0111"]);
    site.deliver_to_port(has_it.port);
    let gateway = site.start();
    site.wait_ended(1);
    gateway.stop();
}

#[test]
fn a_duplicate_that_was_never_sent_is_held() {
    let (site, _peer, samples) = before(&["status", "--status", "0x0111"], "", 1);
    let gateway = site.start();
    send(&gateway, &samples);
    site.wait_held("refused", 1);
    let list = site.run(&["held", "list"]).ok();
    assert!(list.contains("status 0111"), "{list}");
    gateway.stop();
}

#[test]
fn a_paused_destination_gets_nothing_even_after_a_restart_until_it_is_resumed() {
    let mut site = Site::new();
    let research = Storescp::start(&site.path("research"));
    site.deliver_to_port(research.port);
    let samples = sample(&site.path("sent"), &["--ct", "1"]);
    let gateway = site.start();
    let said = site.run(&["destination", "pause", "research"]).ok();
    assert!(said.contains("paused"), "{said}");
    wait_until("it is paused", || gateway.stderr().contains("paused=true"));
    send(&gateway, &samples);
    site.wait_jobs(|site| site.jobs().get("ready") == Some(&1));
    gateway.stop();
    let gateway = site.start();
    let list = site.run(&["destination", "list"]).ok();
    let line = list.lines().find(|line| line.starts_with("research")).expect("a line").to_owned();
    assert!(line.contains("paused") && line.split_whitespace().any(|w| w == "1"), "{list}");
    assert!(research.received().is_empty());
    site.run(&["destination", "resume", "research"]).ok();
    site.wait_ended(1);
    judge_all(&samples, &research.received());
    gateway.stop();
}

#[test]
fn outside_its_window_a_destination_gets_nothing() {
    let mut site = Site::new();
    let research = Storescp::start(&site.path("research"));
    let since = std::time::SystemTime::UNIX_EPOCH.elapsed().expect("after 1970").as_secs();
    let at = |hours: u64| format!("{:02}:00", (since / 3_600 + hours) % 24);
    let window = |from, to| format!("windows_utc = [\"{}-{}\"]", at(from), at(to));
    site.deliver_to_port_with(research.port, &window(3, 5));
    let samples = sample(&site.path("sent"), &["--ct", "1"]);
    let gateway = site.start();
    send(&gateway, &samples);
    site.wait_jobs(|site| site.jobs().get("ready") == Some(&1));
    gateway.stop();
    assert!(research.received().is_empty(), "sent outside its window");
    site.deliver_to_port_with(research.port, &window(23, 2));
    let gateway = site.start();
    site.wait_ended(1);
    gateway.stop();
}

#[test]
fn a_destination_gets_no_more_objects_in_a_second_than_configured() {
    let mut site = Site::new();
    let research = Storescp::start(&site.path("research"));
    site.deliver_to_port_with(research.port, "max_objects_per_s = 2");
    let samples = sample(&site.path("sent"), &["--ct", "5"]);
    let gateway = site.start();
    site.run(&["destination", "pause", "research"]).ok();
    wait_until("it is paused", || gateway.stderr().contains("paused=true"));
    send(&gateway, &samples);
    site.wait_jobs(|site| site.jobs().get("ready") == Some(&5));
    let began = std::time::Instant::now();
    site.run(&["destination", "resume", "research"]).ok();
    site.wait_ended(5);
    assert!(began.elapsed().as_millis() >= 2_000, "five objects in {:?}", began.elapsed());
    gateway.stop();
}

#[test]
fn retry_ends_a_long_pause_at_once() {
    let mut site = Site::new();
    let port = free_port();
    site.deliver_to_port_with(port, "");
    let table = site.config["destinations"][0].as_table_mut().expect("a table");
    table.insert("retry_min_ms".into(), 3_600_000.into());
    table.insert("retry_max_ms".into(), 3_600_000.into());
    let samples = sample(&site.path("sent"), &["--ct", "1"]);
    let gateway = site.start();
    send(&gateway, &samples);
    wait_until("it was tried in vain", || gateway.stderr().contains("unreachable"));
    let list = site.run(&["destination", "list"]).ok();
    assert!(list.contains("trouble") && list.contains("cannot connect"), "{list}");
    let research = Storescp::start_on(port, &site.path("research"));
    site.run(&["destination", "retry", "research"]).ok();
    site.wait_ended(1);
    judge_all(&samples, &research.received());
    gateway.stop();
}

#[test]
fn a_name_that_is_no_destination_is_refused() {
    let site = Site::new();
    site.start().stop();
    site.run(&["destination", "pause", "nowhere"]).fails(1, &["no such destination", "out"]);
}

#[test]
fn a_wrong_window_is_named() {
    let mut site = Site::new();
    site.deliver_to_port_with(free_port(), "windows_utc = [\"22-06\"]");
    site.run(&["check"]).fails(2, &["22:00-06:00"]);
}

#[test]
fn a_destination_that_takes_one_association_at_a_time_gets_everything_without_a_pause() {
    let mut site = Site::new();
    // DCMTK's storescp lets a second one wait until the first has ended.
    let research = Storescp::start(&site.path("research"));
    site.destinations(&[&format!(
        "name = \"research\"\nkind = \"dicom\"\naddress = \"127.0.0.1:{}\"\n\
         called_ae_title = \"RESEARCH\"\nassociations = 2\ntimeout_ms = 100000",
        research.port
    )]);
    let samples = sample(&site.path("sent"), &["--ct", "6"]);
    let gateway = site.start();
    let files: Vec<_> = samples.iter().map(|sample| &sample.path).collect();
    storescu(gateway.port, &[], &files);
    site.wait_ended(samples.len());
    assert_eq!(research.received().len(), samples.len());
    assert!(!gateway.stderr().contains("unreachable"), "{}", gateway.stderr());
    gateway.stop();
}
