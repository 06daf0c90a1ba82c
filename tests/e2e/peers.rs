//! Every kind of sender and receiver, and what each object becomes between them.

use crate::harness::{
    Sample, Site, Storescp, assert_not_readable, dcmsend, echoscu, judge, judge_all, modified,
    pynetdicom, sample, storescu, transcoded, undecodable,
};

/// Sends three CTs to a gateway in front of `storescp` and judges what arrives there.
fn arrives_deidentified(send: impl FnOnce(u16, &[Sample])) {
    let mut site = Site::new();
    let research = Storescp::start(&site.path("research"));
    site.deliver_to_port(research.port);
    let samples = sample(&site.path("sent"), &["--ct", "3"]);
    let gateway = site.start();
    send(gateway.port, &samples);
    site.wait_ended(samples.len());
    judge_all(&samples, &research.received());
    assert!(site.originals().is_empty(), "originals stay after their delivery");
    gateway.stop();
}

fn paths(samples: &[Sample]) -> Vec<&std::path::Path> {
    samples.iter().map(|sample| sample.path.as_path()).collect()
}

#[test]
fn what_storescu_sends_arrives_deidentified_at_storescp() {
    arrives_deidentified(|port, samples| storescu(port, &[], &paths(samples)));
}

#[test]
fn what_dcmsend_sends_arrives_deidentified_at_storescp() {
    arrives_deidentified(|port, samples| dcmsend(port, &paths(samples)));
}

#[test]
fn what_pynetdicom_sends_arrives_deidentified_at_storescp() {
    arrives_deidentified(|port, samples| {
        assert_eq!(pynetdicom(port, &[], &paths(samples)), ["0x0000"; 3]);
    });
}

#[test]
fn two_senders_at_once_both_have_everything_delivered() {
    arrives_deidentified(|port, samples| {
        let (one, other) = samples.split_at(2);
        std::thread::scope(|scope| {
            scope.spawn(|| storescu(port, &[], &paths(one)));
            scope.spawn(|| assert_eq!(pynetdicom(port, &[], &paths(other)), ["0x0000"]));
        });
    });
}

#[test]
fn c_echo_is_answered() {
    let site = Site::new();
    let gateway = site.start();
    let answered = echoscu(gateway.port);
    assert!(answered.status.success(), "{answered:?}");
    gateway.stop();
}

#[test]
fn a_folder_is_filled_by_study_series_and_object_of_the_new_uids() {
    let site = Site::new();
    let samples = sample(&site.path("sent"), &["--ct", "2"]);
    let gateway = site.start();
    storescu(gateway.port, &[], &paths(&samples));
    site.wait_ended(2);
    let delivered = site.delivered();
    judge_all(&samples, &delivered);
    for path in &delivered {
        let object = dicom_object::open_file(path).expect("a Part 10 file");
        let uid = |tag| object.element(tag).expect("there").to_str().expect("text").into_owned();
        use dicom_dictionary_std::tags::{
            SERIES_INSTANCE_UID, SOP_INSTANCE_UID, STUDY_INSTANCE_UID,
        };
        let named = site
            .path("out")
            .join(uid(STUDY_INSTANCE_UID))
            .join(uid(SERIES_INSTANCE_UID))
            .join(format!("{}.dcm", uid(SOP_INSTANCE_UID)));
        assert_eq!(*path, named);
    }
    assert_eq!(delivered[0].parent(), delivered[1].parent(), "one series was torn apart");
    gateway.stop();
}

#[test]
fn a_retired_sop_class_is_taken_and_delivered() {
    let mut site = Site::new();
    let research = Storescp::start(&site.path("research"));
    site.deliver_to_port(research.port);
    let sample = sample(&site.path("sent"), &["--ct", "1"]).remove(0);
    // Ultrasound Image Storage as it was before 1993; old equipment still sends it.
    let retired = "1.2.840.10008.5.1.4.1.1.6";
    let object = modified(&sample.path, "us.dcm", &[&format!("(0008,0016)={retired}")]);
    let gateway = site.start();
    assert_eq!(pynetdicom(gateway.port, &[], &[&object]), ["0x0000"]);
    site.wait_ended(1);
    judge(&object, &research.received()[0]);
    gateway.stop();
}

#[test]
fn an_encapsulated_object_is_taken_in_its_syntax_and_decoded() {
    let site = Site::new();
    let sample = sample(&site.path("sent"), &["--ct", "1"]).remove(0);
    let object = transcoded(&sample.path, "dcmcrle");
    let gateway = site.start();
    storescu(gateway.port, &["--propose-rle"], &[&object]);
    site.wait_ended(1);
    judge(&object, &site.delivered()[0]);
    gateway.stop();
}

#[test]
fn an_object_that_no_decoder_reads_is_taken_and_held() {
    let site = Site::new();
    let sample = sample(&site.path("sent"), &["--ct", "1"]).remove(0);
    let object = undecodable(&sample.path);
    let gateway = site.start();
    storescu(gateway.port, &["--propose-mpeg2"], &[&object]);
    site.wait_held("pixels-not-decodable", 1);
    let list = site.run(&["held", "list"]).ok();
    assert!(list.contains("pixels-not-decodable") && list.contains("1 held"), "{list}");
    assert!(site.delivered().is_empty());
    gateway.stop();
}

/// Burned-in text of one object, with the whole profile: planted strings cannot be read afterwards.
fn burned_in_text_is_gone(kind: &str) {
    let mut site = Site::new();
    let research = Storescp::start(&site.path("research"));
    site.deliver_to_port(research.port);
    site.set("deid.profile", "basic");
    let samples = sample(&site.path("sent"), &[kind, "1"]);
    let gateway = site.start();
    storescu(gateway.port, &[], &paths(&samples));
    site.wait_ended(1);
    let received = research.received();
    judge_all(&samples, &received);
    assert_not_readable(&samples[0], &received[0]);
    gateway.stop();
}

#[test]
fn text_burned_into_an_ultrasound_cannot_be_read_after_delivery() {
    burned_in_text_is_gone("--us");
}

#[test]
fn text_burned_into_a_radiograph_cannot_be_read_after_delivery() {
    burned_in_text_is_gone("--cr");
}
