//! Between two PACS that are Orthanc: one routes what it receives to the gateway, the other archives what
//! comes out and shows it by REST and DICOMweb.

use crate::harness::{
    Gateway, Orthanc, Sample, Site, assert_absent, assert_not_readable, free_port, instance_number,
    judge_all, sample, storescu, value, wait_until,
};
use dicom_core::Tag;
use dicom_dictionary_std::tags;
use std::path::PathBuf;

/// A site between a PACS and an archive, with one study to send.
struct Between {
    site: Site,
    pacs: Orthanc,
    archive: Orthanc,
    samples: Vec<Sample>,
}

impl Between {
    /// The PACS knows the gateway, which lets in one of this AE title, before the gateway runs.
    fn new(allowed: &str, objects: &[&str]) -> Self {
        let mut site = Site::new();
        let (port, archive) = (free_port(), Orthanc::archive());
        site.set("intake.listen", format!("127.0.0.1:{port}"));
        site.destinations(&[&format!(
            "name = \"archive\"\nkind = \"dicom\"\naddress = \"127.0.0.1:{}\"\n\
             called_ae_title = \"ARCHIVE\"\ncalling_ae_title = \"DEID\"",
            archive.dicom_port
        )]);
        let samples = sample(&site.path("sent"), objects);
        let mut between = Self { site, pacs: Orthanc::pacs("PACS", port), archive, samples };
        between.allow(allowed);
        between
    }

    fn allow(&mut self, title: &str) {
        self.site.senders(&[&format!(
            "name = \"pacs\"\ncalling_ae_title = \"{title}\"\ncalled_ae_title = \"DEID\"\n\
             peer = \"127.0.0.1\""
        )]);
    }

    /// A modality stores the study in the PACS.
    fn examine(&self) {
        let files: Vec<_> = self.samples.iter().map(|sample| &sample.path).collect();
        storescu(self.pacs.dicom_port, &["-aet", "MODALITY"], &files);
        assert_eq!(count(&self.pacs, "CountInstances"), self.samples.len());
    }

    /// Waits until the archive has as many objects as the PACS; its files.
    fn archived(&self) -> Vec<PathBuf> {
        self.site.wait_ended(self.samples.len());
        for what in ["CountPatients", "CountStudies", "CountSeries", "CountInstances"] {
            assert_eq!(count(&self.archive, what), count(&self.pacs, what), "{what}");
        }
        self.archive.files("archived")
    }

    /// The PACS has a job that failed for this reason, and all of the study; the archive has nothing.
    fn kept_by_the_pacs(&self, reason: &str) {
        wait_until("the job of the PACS fails", || !self.pacs.failed_jobs().is_empty());
        for job in self.pacs.failed_jobs() {
            assert!(job["ErrorDetails"].to_string().contains(reason), "{job}");
        }
        assert_eq!(count(&self.pacs, "CountInstances"), self.samples.len());
        assert_eq!(count(&self.archive, "CountInstances"), 0);
    }
}

fn count(orthanc: &Orthanc, what: &str) -> usize {
    orthanc.json("/statistics")[what].as_u64().expect("a count") as usize
}

/// What a search of studies by one attribute finds.
fn found(archive: &Orthanc, attribute: &str, value: &str) -> Vec<serde_json::Value> {
    let found = archive.json(&format!("/dicom-web/studies?{attribute}={value}"));
    found.as_array().expect("a list").clone()
}

/// Everything that the archive shows of what it has: answers by their paths.
fn shown(archive: &Orthanc, study: &str) -> Vec<(String, Vec<u8>)> {
    let mut paths =
        vec!["/patients?expand".to_owned(), format!("/dicom-web/studies/{study}/metadata")];
    for level in ["studies", "series", "instances"] {
        paths.extend([format!("/{level}?expand"), format!("/dicom-web/{level}?includefield=all")]);
    }
    for id in archive.ids("/instances") {
        paths.extend(
            ["tags", "header", "metadata?expand"].map(|what| format!("/instances/{id}/{what}")),
        );
    }
    paths.into_iter().map(|path| (path.clone(), archive.get(&path))).collect()
}

/// Every instance has a picture, by REST and by DICOMweb.
fn assert_pictures(archive: &Orthanc) {
    for id in archive.ids("/instances") {
        let picture = archive.get(&format!("/instances/{id}/preview"));
        assert!(picture.starts_with(b"\x89PNG"), "{id} has no preview");
    }
    for instance in archive.json("/dicom-web/instances").as_array().expect("a list") {
        let url = instance["00081190"]["Value"][0].as_str().expect("where it is");
        let path = &url[url.find("/dicom-web/").expect("its path")..];
        let picture = archive.get(&format!("{path}/rendered"));
        assert!(picture.starts_with(b"\xff\xd8\xff"), "{path} is not rendered");
    }
}

#[test]
fn a_study_that_orthanc_routes_to_the_gateway_is_complete_and_of_nobody_in_an_orthanc_archive() {
    let objects = ["--ct", "2", "--cr", "1", "--us", "1", "--cine", "1", "--frames", "4"];
    let between = Between::new("PACS", &objects);
    let Between { site, archive, samples, .. } = &between;
    let gateway = site.start();
    between.examine();
    let results = between.archived();
    gateway.stop();
    judge_all(samples, &results);
    for sample in samples.iter().filter(|sample| !sample.text.is_empty()) {
        let result = results.iter().find(|r| instance_number(r) == instance_number(&sample.path));
        assert_not_readable(sample, result.expect("it arrived"));
    }
    assert_pictures(archive);
    let of = |path: &PathBuf, tag: Tag| value(path, tag);
    let (source, result) = (&samples[0].path, &results[0]);
    let study = of(result, tags::STUDY_INSTANCE_UID);
    for (path, answer) in shown(archive, &study) {
        for sample in samples {
            assert_absent(&sample.identifiers, &answer, &path);
        }
    }
    for (attribute, tag) in
        [("PatientID", tags::PATIENT_ID), ("StudyInstanceUID", tags::STUDY_INSTANCE_UID)]
    {
        assert!(found(archive, attribute, &of(source, tag)).is_empty(), "the old {attribute}");
        let [found] = &found(archive, attribute, &of(result, tag))[..] else {
            panic!("the new {attribute} does not find one study")
        };
        assert_eq!(found["00201208"]["Value"][0], samples.len(), "its number of instances");
    }
}

#[test]
fn what_the_pacs_could_not_send_while_the_gateway_was_down_arrives_when_it_sends_it_again() {
    let between = Between::new("PACS", &["--ct", "2"]);
    between.examine();
    between.kept_by_the_pacs("Connection refused");
    arrives_when_sent_again(&between, between.site.start());
}

#[test]
fn a_pacs_that_is_not_on_the_list_keeps_its_study_and_sends_it_once_it_is() {
    let mut between = Between::new("OTHER", &["--ct", "2"]);
    let gateway = between.site.start();
    between.examine();
    between.kept_by_the_pacs("Association Rejected");
    assert!(gateway.stderr().contains("calling-ae-title"), "{}", gateway.stderr());
    assert_eq!(between.site.recorded_originals(), 0);
    between.allow("PACS");
    between.site.write_config();
    gateway.reload();
    arrives_when_sent_again(&between, gateway);
}

fn arrives_when_sent_again(between: &Between, gateway: Gateway) {
    between.pacs.resubmit_failed_jobs();
    judge_all(&between.samples, &between.archived());
    gateway.stop();
}
