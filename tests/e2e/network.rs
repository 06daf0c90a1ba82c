//! A network that cuts, delays, stalls, resets and half-closes at every PDU, on both sides of the
//! gateway: nothing is lost, nothing is half, and the next object goes through.

use crate::harness::{
    Fault, Plan, Proxy, Sample, Site, Storescp, digests_by_uid, free_port, renamed, sample,
    storescu, try_storescu, wait_until,
};
use std::path::{Path, PathBuf};

/// PDUs of one Association with one object of 525 KB in PDUs of 128 KB: from the requestor a request,
/// a command, five of data and a release; from the acceptor their answers.
const FROM_REQUESTOR: usize = 8;
const FROM_ACCEPTOR: usize = 3;

fn plans() -> impl Iterator<Item = Plan> {
    let places = (0..FROM_REQUESTOR).map(|pdu| (true, pdu));
    let places = places.chain((0..FROM_ACCEPTOR).map(|pdu| (false, pdu)));
    places.flat_map(|(from_requestor, pdu)| {
        Fault::ALL.into_iter().map(move |fault| Plan { fault, from_requestor, pdu })
    })
}

fn another(sample: &Sample, number: usize, folder: &Path) -> PathBuf {
    let file = folder.join(format!("{number}.dcm"));
    renamed(sample, number, &file);
    file
}

#[test]
fn whatever_happens_between_a_sender_and_the_gateway_what_is_sent_again_is_delivered_once() {
    let mut site = Site::new();
    site.set("intake.idle_timeout_ms", 1_000);
    site.set("intake.accept_timeout_ms", 1_000);
    let samples = sample(&site.path("sent"), &["--ct", "1"]);
    let gateway = site.start();
    let proxy = Proxy::start(free_port(), gateway.port);
    let mut sent = 0;
    for plan in plans() {
        sent += 1;
        let file = another(&samples[0], sent, &site.path("sent"));
        proxy.set(plan);
        let answered = try_storescu(proxy.port, &[&file]);
        assert!(proxy.is_taken());
        assert!(answered || plan.fault != Fault::Delay, "{plan:?}");
        storescu(gateway.port, &[], &[&file]);
    }
    site.wait_ended(sent);
    assert_eq!(site.delivered().len(), sent);
    let half = || files_ending_in(&site, "part");
    wait_until("nothing is left of what was cut", || half().is_empty());
    gateway.stop();
}

fn files_ending_in(site: &Site, extension: &str) -> Vec<PathBuf> {
    let mut files = site.originals();
    files.retain(|file| file.extension().is_some_and(|found| found == extension));
    files
}

#[test]
fn whatever_happens_between_the_gateway_and_a_destination_everything_is_delivered() {
    let mut site = Site::new();
    let research = Storescp::start(&site.path("research"));
    let proxy = Proxy::start(free_port(), research.port);
    site.destinations(&[&format!(
        "name = \"research\"\nkind = \"dicom\"\naddress = \"127.0.0.1:{}\"\n\
         called_ae_title = \"RESEARCH\"\nretry_min_ms = 20\nretry_max_ms = 40\ntimeout_ms = 1000",
        proxy.port
    )]);
    let samples = sample(&site.path("sent"), &["--ct", "1"]);
    let gateway = site.start();
    let mut sent = 0;
    for plan in plans() {
        sent += 1;
        let file = another(&samples[0], sent, &site.path("sent"));
        // an Association that is still open from before would not meet the fault
        wait_until(&format!("the last association before {plan:?} is released"), || {
            proxy.is_idle()
        });
        proxy.set(plan);
        storescu(gateway.port, &[], &[&file]);
        wait_until("the fault was met", || proxy.is_taken());
        site.wait_ended(sent);
    }
    let digests = digests_by_uid(&site.path("research"));
    assert_eq!(digests.len(), sent);
    assert!(digests.values().all(|copies| copies.len() == 1), "a repeat with other bytes");
    gateway.stop();
}
