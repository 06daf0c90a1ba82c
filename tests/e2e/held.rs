//! Held objects: looking at them tells no identifier, deciding on them works while it runs.

use crate::harness::{
    Gateway, Refusing, Sample, Site, Storescp, free_port, judge_all, sample, storescu, undecodable,
};

/// A gateway whose destination refused one object for good.
fn refused() -> (Site, Gateway, Refusing, Vec<Sample>) {
    let mut site = Site::new();
    let port = free_port();
    site.deliver_to_port(port);
    let samples = sample(&site.path("sent"), &["--ct", "1"]);
    let refusing = Refusing::start_on(port, "0xA900");
    let gateway = site.start();
    storescu(gateway.port, &[], &[&samples[0].path]);
    site.wait_held("refused", 1);
    (site, gateway, refusing, samples)
}

#[test]
fn what_the_destination_refuses_is_held_with_the_status() {
    let (site, gateway, _refusing, _) = refused();
    let list = site.run(&["held", "list", "--reason", "refused"]).ok();
    assert!(list.contains("refused") && list.contains("A900"), "{list}");
    assert!(list.contains("destination research"), "{list}");
    gateway.stop();
}

#[test]
fn a_refused_object_is_delivered_by_reprocess_once_the_destination_is_mended() {
    let (site, gateway, refusing, samples) = refused();
    let port = refusing.port;
    drop(refusing);
    let research = Storescp::start_on(port, &site.path("research"));
    let printed = site.run(&["held", "reprocess", "--reason", "refused"]).ok();
    assert_eq!(printed, "1 will run again\n");
    site.wait_ended(1);
    judge_all(&samples, &research.received());
    assert!(site.originals().is_empty());
    gateway.stop();
}

#[test]
fn reject_ends_a_held_object_and_removes_its_original() {
    let (site, gateway, refusing, samples) = refused();
    assert_eq!(site.originals().len(), 1);
    assert_eq!(site.run(&["held", "reject", "1"]).ok(), "1 rejected\n");
    assert!(site.originals().is_empty(), "the original stays");
    assert_eq!(site.run(&["held", "list"]).ok(), "nothing is held\n");
    let port = refusing.port;
    drop(refusing);
    let research = Storescp::start_on(port, &site.path("research"));
    // One more object through the same destination: had the rejected one been due, it would be first.
    let other = sample(&site.path("other"), &["--ct", "1", "--seed", "7"]);
    storescu(gateway.port, &[], &[&other[0].path]);
    site.wait_jobs(|site| site.jobs().get("ended") == Some(&1));
    judge_all(&other, &research.received());
    // Whoever sends the rejected object again means it.
    storescu(gateway.port, &[], &[&samples[0].path]);
    site.wait_jobs(|site| site.jobs().get("ended") == Some(&2));
    assert_eq!(research.received().len(), 2);
    gateway.stop();
}

#[test]
fn looking_at_a_held_object_shows_no_identifier() {
    let site = Site::new();
    let sample = sample(&site.path("sent"), &["--ct", "1"]).remove(0);
    let object = undecodable(&sample.path);
    let gateway = site.start();
    storescu(gateway.port, &["--propose-mpeg2"], &[&object]);
    site.wait_held("pixels-not-decodable", 1);
    for arguments in [["held", "show", "1"], ["held", "show", "--all"]] {
        let shown = site.run(&arguments).ok();
        assert!(shown.contains("reason           pixels-not-decodable"), "{shown}");
        assert!(shown.contains("from             STORESCU"), "{shown}");
        for identifier in &sample.identifiers {
            assert!(!shown.contains(identifier.as_str()), "{identifier} is shown: {shown}");
        }
    }
    gateway.stop();
}

#[test]
fn held_objects_are_listed_by_reason() {
    let site = Site::new();
    let sample = sample(&site.path("sent"), &["--ct", "1"]).remove(0);
    let object = undecodable(&sample.path);
    let gateway = site.start();
    storescu(gateway.port, &["--propose-mpeg2"], &[&object]);
    site.wait_held("pixels-not-decodable", 1);
    let listed = |reason| site.run(&["held", "list", "--reason", reason]).ok();
    assert!(listed("pixels-not-decodable").contains("1 held"));
    assert_eq!(listed("text-remains"), "nothing is held\n");
    let unknown = site.run(&["held", "list", "--reason", "because"]);
    assert_eq!(unknown.code, Some(2));
    assert!(unknown.stderr.contains("pixels-not-decodable"), "the codes are listed: {unknown:?}");
    site.run(&["held", "show", "77"]).fails(1, &["there is no such record"]);
    site.run(&["held", "reject", "77"]).fails(1, &["there is no such record"]);
    gateway.stop();
}
