//! `redact` between S3 and S3, S3 and folders: only what was asked for appears, and nothing of the source but
//! its picture.

use crate::harness::{BUCKET, Ran, S3, Site, files_under, run_python, sample};
use std::process::Command;

const KEY: &str = "in/chest röntgen 1.png";
const RESULT: &str = "in/de-id-chest röntgen 1.png";

fn site_with_pictures() -> (Site, S3) {
    let site = Site::new();
    let s3 = S3::start(&site.path("s3"));
    run_python("pictures.py", &["make", &site.text("made")]);
    let read = |name: &str| std::fs::read(site.path("made/in").join(name)).expect("made");
    s3.put(KEY, &read("rgb 8.png"));
    s3.put("in/sub/knee.jpg", &read("rgb 420.jpg"));
    (site, s3)
}

fn redact(site: &Site, s3: &S3, arguments: &[&str]) -> Ran {
    let mut command = site.command();
    s3.environment(&mut command);
    Ran::of(command.arg("redact").args(arguments))
}

#[test]
fn an_object_becomes_one_beside_it_without_metadata_and_is_not_done_twice() {
    let (site, s3) = site_with_pictures();
    let url = format!("s3://{BUCKET}/{KEY}");
    let original = s3.get(KEY).expect("there");
    assert_eq!(original.1.get("patient").map(String::as_str), Some("SMITHSON"));
    let printed = redact(&site, &s3, &[&url]).ok();
    assert!(printed.starts_with("1 de-identified"), "{printed}");
    let (data, metadata) = s3.get(RESULT).expect("a result");
    assert!(data.starts_with(b"\x89PNG") && data != original.0);
    assert!(metadata.is_empty(), "{metadata:?}");
    assert_eq!(s3.get(KEY).expect("there").0, original.0, "the input is as it was");
    let again = redact(&site, &s3, &[&url]).ok();
    assert!(again.contains("1 skipped"), "{again}");
    s3.put(RESULT, b"something else");
    redact(&site, &s3, &[&url]).ok();
    assert_eq!(s3.get(RESULT).expect("there").0, b"something else", "it is not replaced");
    redact(&site, &s3, &[&url, "--force"]).ok();
    assert_eq!(s3.get(RESULT).expect("there").0, data, "unless that is asked for");
}

#[test]
fn a_prefix_goes_to_another_prefix_and_into_a_folder_and_a_file_to_s3() {
    let (site, s3) = site_with_pictures();
    let prefix = format!("s3://{BUCKET}/in/");
    let printed = redact(&site, &s3, &[&prefix, "--out", &format!("s3://{BUCKET}/out")]).ok();
    assert!(printed.starts_with("2 de-identified"), "{printed}");
    let results: Vec<_> = s3.keys().into_iter().filter(|key| key.starts_with("out/")).collect();
    assert_eq!(results, ["out/de-id-chest röntgen 1.png", "out/sub/de-id-knee.jpg"]);
    redact(&site, &s3, &[&prefix, "--out", &site.text("folder")]).ok();
    let names: Vec<_> = files_under(&site.path("folder"));
    assert_eq!(names.len(), 2, "{names:?}");
    assert!(site.path("folder/sub/de-id-knee.jpg").exists());
    let ct = sample(&site.path("sent"), &["--ct", "1"]);
    let file = ct[0].path.to_str().expect("ASCII");
    redact(&site, &s3, &[file, "--out", &format!("s3://{BUCKET}/dicom")]).ok();
    let dicom = s3.keys().into_iter().find(|key| key.starts_with("dicom/")).expect("a result");
    assert_eq!(&s3.get(&dicom).expect("there").0[128..132], b"DICM");
}

#[test]
fn what_s3_refuses_is_said_and_the_others_go_on() {
    let (site, s3) = site_with_pictures();
    s3.put("in/forbidden scan.png", b"x");
    let (denied, good) = (format!("s3://{BUCKET}/in/"), format!("s3://{BUCKET}/{KEY}"));
    let ran =
        redact(&site, &s3, &[&denied, "s3://not-there/x.png", &format!("s3://{BUCKET}/none")]);
    assert_eq!(ran.code, Some(1), "{ran:?}");
    for word in [
        "2 de-identified",
        "3 failed:",
        "access is denied",
        "there is no such bucket",
        "there is no such object",
    ] {
        assert!(ran.stdout.contains(word), "{word}: {ran:?}");
    }
    assert!(!ran.stdout.contains("forbidden scan"), "a key may name a patient: {ran:?}");
    let mut command = site.command();
    s3.environment_with(&mut command, "a-wrong-secret");
    let ran = Ran::of(command.args(["redact", &good, "--force"]));
    ran.fails(1, &["the credentials are refused"]);
    let mut command: Command = site.command();
    s3.environment(&mut command);
    command.env("DEID_GATEWAY__INTAKE__MAX_OBJECT_BYTES", "1000");
    let ran = Ran::of(command.args(["redact", &good, "--force"]));
    assert!(
        ran.code == Some(1) && ran.stdout.contains("larger than [intake] max_object_bytes"),
        "{ran:?}"
    );
}
