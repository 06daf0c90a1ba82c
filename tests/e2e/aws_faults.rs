//! Services that do not answer, or refuse: objects wait or are held, and none passes unread.

use crate::harness::{
    Asked, CREDENTIALS, Cloud, CloudFault, Ran, Site, assert_absent, assert_not_readable, cloud,
    free_port, judge_all, sample, storescu, wait_until,
};
use std::collections::BTreeMap;

/// What a service says of a request stands in its messages: it may not be logged.
const QUOTED: &str = "HOLLERBACH";

/// Each fault on another patient, whose text was never asked about before.
fn waits_and_goes_on(service: Asked, faults: &[CloudFault]) {
    let aws = Cloud::start();
    let mut site = aws.site("aws", "phi");
    site.set("aws.attempt_timeout_ms", 4_000);
    site.set("aws.operation_timeout_ms", 9_000);
    let patients = faults.len().to_string();
    let samples = cloud(&site.path("in"), &["notes", &patients, "1"]);
    let gateway = site.start_with(&CREDENTIALS);
    let waited = || gateway.stderr().matches("waits").count();
    for (number, (fault, sample)) in faults.iter().zip(&samples).enumerate() {
        let before = waited();
        aws.fails(service, Some(*fault));
        storescu(gateway.port, &[], &[&sample.path]);
        wait_until(&format!("{fault:?}: it waits"), || waited() > before);
        assert_eq!(site.delivered().len(), number, "{fault:?}: nothing passes unread");
        assert_eq!(site.held(), BTreeMap::new(), "{fault:?}");
        aws.fails(service, None);
        site.wait_ended(number + 1);
    }
    judge_all(&samples, &site.delivered());
    let log = gateway.stderr();
    gateway.stop();
    samples.iter().for_each(|one| assert_absent(&one.identifiers, log.as_bytes(), "the log"));
    assert!(!log.contains(QUOTED), "{log}");
}

#[test]
fn while_rekognition_is_throttled_broken_or_silent_objects_wait_and_then_go_on() {
    use CloudFault::{Hangs, Silent, Throttled, Truncated, Unavailable};
    waits_and_goes_on(Asked::Rekognition, &[Throttled, Unavailable, Truncated, Silent, Hangs]);
}

#[test]
fn while_comprehend_medical_is_throttled_or_broken_objects_wait_and_then_go_on() {
    use CloudFault::{Throttled, Truncated, Unavailable};
    waits_and_goes_on(Asked::Comprehend, &[Throttled, Unavailable, Truncated]);
}

#[test]
fn others_do_not_wait_for_an_object_that_does_and_a_restart_loses_none() {
    let aws = Cloud::start();
    let site = aws.site("aws", "all-text");
    aws.fails(Asked::Rekognition, Some(CloudFault::Unavailable));
    let named = cloud(&site.path("in"), &["notes", "1", "1"]);
    let plain = sample(&site.path("plain"), &["--ct", "1"]);
    let gateway = site.start_with(&CREDENTIALS);
    storescu(gateway.port, &[], &[&named[0].path]);
    wait_until("it waits", || gateway.stderr().contains("waits"));
    storescu(gateway.port, &[], &[&plain[0].path]);
    site.wait_jobs(|site| site.jobs().get("ended") == Some(&1));
    assert_eq!(site.jobs().get("waiting"), Some(&1));
    gateway.kill();
    aws.fails(Asked::Rekognition, None);
    let gateway = site.start_with(&CREDENTIALS);
    site.wait_ended(2);
    assert_eq!(site.delivered().len(), 2, "each once");
    gateway.stop();
}

#[test]
fn who_is_not_let_in_has_objects_held() {
    for service in [Asked::Rekognition, Asked::Comprehend] {
        let aws = Cloud::start();
        let site = aws.site("both", "phi");
        aws.fails(service, Some(CloudFault::AccessDenied));
        let samples = cloud(&site.path("in"), &["notes", "1", "1"]);
        let gateway = site.start_with(&CREDENTIALS);
        storescu(gateway.port, &[], &[&samples[0].path]);
        site.wait_held("detection-failed", 1);
        let log = gateway.stderr();
        assert!(log.contains("AccessDeniedException") && !log.contains(QUOTED), "{log}");
        assert!(site.delivered().is_empty());
        gateway.stop();
    }
}

#[test]
fn where_it_may_the_embedded_reader_stands_in() {
    let aws = Cloud::start();
    let mut site = aws.site("aws", "all-text");
    site.set("aws.fallback", "local");
    aws.fails(Asked::Rekognition, Some(CloudFault::Unavailable));
    let samples = cloud(&site.path("in"), &["notes", "1", "1"]);
    let gateway = site.start_with(&CREDENTIALS);
    storescu(gateway.port, &[], &[&samples[0].path]);
    site.wait_ended(1);
    judge_all(&samples, &site.delivered());
    assert_not_readable(&samples[0], &site.delivered()[0]);
    assert!(aws.calls(Asked::Rekognition) >= 1);
    gateway.stop();
}

fn check(site: &Site, credentials: &[(&str, &str)]) -> Ran {
    Ran::of(site.command().arg("check").envs(credentials.iter().copied()))
}

fn said(ran: &Ran, service: &str) -> String {
    let found = ran.stdout.lines().find(|line| line.contains(service));
    found.unwrap_or_else(|| panic!("no line of {service}: {ran:?}")).to_owned()
}

#[test]
fn check_asks_each_service_once_and_says_what_to_do() {
    let aws = Cloud::start();
    let mut site = aws.site("aws", "phi");
    let fine = check(&site, &CREDENTIALS);
    assert_eq!(fine.code, Some(0), "{fine:?}");
    for service in ["Amazon Rekognition", "Amazon Comprehend Medical"] {
        assert!(said(&fine, service).starts_with("ok"), "{fine:?}");
    }
    assert_eq!((aws.calls(Asked::Rekognition), aws.calls(Asked::Comprehend)), (1, 1));

    aws.fails(Asked::Comprehend, Some(CloudFault::AccessDenied));
    let denied = check(&site, &CREDENTIALS);
    assert_eq!(denied.code, Some(1), "{denied:?}");
    let line = said(&denied, "Amazon Comprehend Medical");
    assert!(line.contains("comprehendmedical:DetectPHI"), "{line}");

    let keyless: Vec<_> =
        CREDENTIALS.into_iter().filter(|(name, _)| !name.contains("KEY")).collect();
    let line = said(&check(&site, &keyless), "Amazon Rekognition");
    assert!(line.contains("no credentials"), "{line}");

    site.set("aws.rekognition_endpoint", format!("http://127.0.0.1:{}", free_port()));
    let line = said(&check(&site, &CREDENTIALS), "Amazon Rekognition");
    assert!(line.contains("cannot be reached") && line.contains("region"), "{line}");
}
