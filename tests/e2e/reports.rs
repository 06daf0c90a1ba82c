//! The report of an object: what was done, by which rule, and never a value.

use crate::harness::{Site, assert_absent, files_under, read_values, sample, storescu};
use serde_json::Value;
use std::path::Path;

fn json(text: &str) -> Value {
    serde_json::from_str(text).expect("JSON")
}

fn read(path: &Path) -> Value {
    json(&std::fs::read_to_string(path).expect("readable"))
}

fn entry<'a>(report: &'a Value, path: &str) -> &'a Value {
    let entries = report["header"]["entries"].as_array().expect("entries");
    let found = entries.iter().find(|entry| entry["path"] == path);
    found.unwrap_or_else(|| panic!("{path} is not told: {report}"))
}

#[test]
fn every_result_has_a_report_without_an_identifier() {
    let site = Site::new();
    let samples = sample(&site.path("sent"), &["--ct", "1", "--us", "1"]);
    std::fs::write(site.path("sent/note.txt"), "not DICOM").expect("written");
    let (sent, out) = (site.text("sent"), site.text("files"));
    // inside the input: reports are not taken for inputs
    let reports = site.text("sent/reports");
    let arguments = ["deid", &sent, "--out", &out, "--reports", &reports];
    for _ in 0..2 {
        let ran = site.run(&arguments);
        assert_eq!(ran.code, Some(1), "{ran:?}");
        assert!(ran.stdout.contains("not-dicom: 1"), "{ran:?}");
    }
    let (results, told) = (files_under(&site.path("files")), files_under(Path::new(&reports)));
    assert_eq!((results.len(), told.len()), (2, 2), "{told:?}");
    for result in &results {
        let uid = read_values(result, &["SOPInstanceUID"])["SOPInstanceUID"].concat();
        let path = Path::new(&reports).join(format!("{uid}.json"));
        let report = read(&path);
        assert_eq!(report["sop_instance_uid"], uid.as_str());
        assert_eq!((&report["profile"], &report["project"]), (&"basic".into(), &"default".into()));
        assert_eq!(report["profile_sha256"].as_str().expect("a digest").len(), 64);
        assert!(report["key_id"].as_str().is_some_and(|id| id.len() == 16), "{report}");
        let name = entry(&report, "(0010,0010)");
        assert_eq!((&name["action"], &name["count"]), (&"pseudonymised".into(), &1.into()));
        assert_eq!(name["rule"], "PS3.15 E.1-1 Basic Profile: Z");
        assert_eq!(entry(&report, "(0008,1032).(0008,0104)")["action"], "cleaned");
        let boxes = report["redaction"]["boxes"].as_array().expect("boxes");
        let looked = report["redaction"]["treatment"] == "looked";
        assert_eq!(!boxes.is_empty(), looked, "{report}");
        let known = ["text", "known-identifier", "found-on-reread"].map(Value::from);
        assert!(boxes.iter().all(|hidden| known.contains(&hidden["reason"])), "{report}");
    }
    assert!(results.len() == 2 && told.iter().any(|path| read(path)["frames"] == 1));
    let mut planted: Vec<_> = samples.iter().flat_map(|s| s.identifiers.clone()).collect();
    planted
        .extend(samples.iter().flat_map(|s| &s.text).filter(|t| t.hide).map(|t| t.string.clone()));
    assert!(planted.len() > 20, "too few canaries");
    for path in told {
        assert_absent(&planted, &std::fs::read(&path).expect("readable"), "a report");
        assert_absent(&planted, path.file_name().expect("a name").as_encoded_bytes(), "its name");
    }
}

#[test]
fn the_gateway_tells_of_a_job_what_deid_writes() {
    let site = Site::new();
    let one = sample(&site.path("sent"), &["--ct", "1"]).remove(0);
    let gateway = site.start();
    storescu(gateway.port, &[], &[&one.path]);
    site.wait_ended(1);
    gateway.stop();
    let ran = site.run(&["report", "1"]);
    assert_absent(&one.identifiers, ran.stdout.as_bytes(), "report");
    let by_job = ran.ok();
    let uid = json(&by_job)["sop_instance_uid"].as_str().expect("a UID").to_owned();
    assert_eq!(site.run(&["report", &uid]).ok(), by_job);
    let (sent, reports) = (site.text("sent"), site.text("reports"));
    site.run(&["deid", &sent, "--out", &site.text("files"), "--reports", &reports]).ok();
    assert_eq!(read(&site.path("reports").join(format!("{uid}.json"))), json(&by_job));
    site.run(&["report", "2"]).fails(1, &["there is no report of this"]);
}
