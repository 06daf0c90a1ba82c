//! Destinations that are down, busy or unwilling; and the same result whichever way it is made.

use crate::harness::{
    Refusing, Site, Storescp, digests_by_uid, free_port, judge_all, sample, storescu, wait_until,
};

#[test]
fn what_came_while_the_destination_was_down_is_delivered_once_it_is_up() {
    let mut site = Site::new();
    let port = free_port();
    site.deliver_to_port(port);
    let samples = sample(&site.path("sent"), &["--ct", "2"]);
    let gateway = site.start();
    storescu(gateway.port, &[], &[&samples[0].path, &samples[1].path]);
    site.wait_jobs(|site| site.jobs().get("ready") == Some(&2));
    wait_until("it was tried in vain", || gateway.stderr().contains("unreachable"));
    let research = Storescp::start_on(port, &site.path("research"));
    site.wait_ended(2);
    judge_all(&samples, &research.received());
    gateway.stop();
}

#[test]
fn what_the_destination_cannot_store_now_is_tried_again() {
    let mut site = Site::new();
    let port = free_port();
    site.deliver_to_port(port);
    let samples = sample(&site.path("sent"), &["--ct", "1"]);
    let full = Refusing::start_on(port, "0xA700");
    let gateway = site.start();
    storescu(gateway.port, &[], &[&samples[0].path]);
    wait_until("it was tried in vain", || gateway.stderr().contains("will try later"));
    assert!(site.held().is_empty(), "a passing failure was held: {:?}", site.held());
    drop(full);
    let research = Storescp::start_on(port, &site.path("research"));
    site.wait_ended(1);
    judge_all(&samples, &research.received());
    gateway.stop();
}

#[test]
fn two_destinations_each_get_everything() {
    let mut site = Site::new();
    let research = Storescp::start(&site.path("research"));
    let folder = format!("name = \"folder\"\nkind = \"folder\"\npath = \"{}\"", site.text("out"));
    let pacs = format!(
        "name = \"pacs\"\nkind = \"dicom\"\naddress = \"127.0.0.1:{}\"\n\
         called_ae_title = \"RESEARCH\"",
        research.port
    );
    site.destinations(&[&folder, &pacs]);
    let samples = sample(&site.path("sent"), &["--ct", "2"]);
    let gateway = site.start();
    storescu(gateway.port, &[], &[&samples[0].path, &samples[1].path]);
    site.wait_ended(2);
    judge_all(&samples, &site.delivered());
    judge_all(&samples, &research.received());
    gateway.stop();
}

#[test]
fn what_one_destination_refuses_the_other_still_gets() {
    let mut site = Site::new();
    let refusing = Refusing::start_on(free_port(), "0xC000");
    let folder = format!("name = \"folder\"\nkind = \"folder\"\npath = \"{}\"", site.text("out"));
    let pacs = format!(
        "name = \"pacs\"\nkind = \"dicom\"\naddress = \"127.0.0.1:{}\"\n\
         called_ae_title = \"RESEARCH\"",
        refusing.port
    );
    site.destinations(&[&pacs, &folder]);
    let samples = sample(&site.path("sent"), &["--ct", "1"]);
    let gateway = site.start();
    storescu(gateway.port, &[], &[&samples[0].path]);
    site.wait_held("refused", 1);
    wait_until("the folder has it", || {
        site.delivered().iter().any(|p| p.extension().is_some_and(|e| e == "dcm"))
    });
    judge_all(&samples, &site.delivered());
    gateway.stop();
}

#[test]
fn files_and_the_gateway_give_the_same_bytes() {
    let site = Site::new();
    let samples = sample(&site.path("sent"), &["--ct", "2"]);
    let gateway = site.start();
    storescu(gateway.port, &[], &[&samples[0].path, &samples[1].path]);
    site.wait_ended(2);
    gateway.stop();
    let (sent, files) = (site.text("sent"), site.text("files"));
    let printed = site.run(&["deid", &sent, "--out", &files]).ok();
    assert!(printed.contains("2 de-identified"), "{printed}");
    assert_eq!(digests_by_uid(&site.path("files")), digests_by_uid(&site.path("out")));
}
