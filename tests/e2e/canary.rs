//! Planted identifiers: at the loudest log level none is printed, logged, named or recorded.

use crate::harness::{
    Sample, Site, assert_absent, files_under, hostile, modified, pynetdicom, sample, send_hostile,
    undecodable, value,
};
use dicom_dictionary_std::tags;
use std::path::{Path, PathBuf};

/// What hostile.py plants in its objects.
const HOSTILE: [&str; 4] = ["HOSTILE", "HENRY", "HOST4711", "1.2.826.0.1.3680043.8.498.77."];

fn identifiers(samples: &[Sample]) -> Vec<String> {
    let planted = samples.iter().flat_map(|sample| sample.identifiers.iter().cloned());
    let burned = samples.iter().flat_map(|sample| &sample.text).filter(|text| text.hide);
    let mut all: Vec<_> = planted.chain(burned.map(|text| text.string.clone())).collect();
    all.extend(HOSTILE.map(str::to_owned));
    all.sort();
    all.dedup();
    assert!(all.len() > 20, "too few canaries: {all:?}");
    all
}

/// The names of files, without the temporary directory that they lie in.
fn names(site: &Site, directory: &str) -> Vec<u8> {
    let root = site.path("");
    let names = files_under(&site.path(directory)).into_iter().map(|path| {
        let inside = path.strip_prefix(&root).expect("inside").to_owned();
        inside.into_os_string().into_encoded_bytes()
    });
    names.collect::<Vec<_>>().join(&b'\n')
}

/// One of each kind of object: delivered with text to hide, held by the decoder, and changed.
fn objects(directory: &Path) -> (Vec<Sample>, Vec<PathBuf>) {
    let samples = sample(directory, &["--ct", "2", "--us", "1"]);
    let changed = modified(&samples[0].path, "changed.dcm", &["(0018,0060)=140"]);
    let undecodable = undecodable(&samples[1].path);
    let ultrasound = samples[2].path.clone();
    (samples.into_iter().collect(), vec![changed, undecodable, ultrasound])
}

#[test]
fn serving_at_trace_level_tells_no_identifier() {
    let mut site = Site::new();
    site.set("log.level", "trace");
    let (samples, mut files) = objects(&site.path("sent"));
    files.insert(0, samples[0].path.clone());
    let hostile_directory = site.path("hostile");
    let listing = hostile(&hostile_directory);
    let gateway = site.start();
    assert_eq!(pynetdicom(gateway.port, &[], &files), ["0x0000"; 4]);
    pynetdicom(gateway.port, &["--wrong-sop-uid"], &[&samples[1].path]);
    pynetdicom(gateway.port, &["--truncate", "3000"], &[&samples[1].path]);
    for name in ["nested", "huge_length", "bad_uid", "truncated"] {
        send_hostile(gateway.port, &hostile_directory, &listing[name]);
    }
    site.wait_jobs(|site| {
        let (jobs, held) = (site.jobs(), site.held());
        jobs.get("ended") == Some(&2) && held.values().sum::<usize>() == 5
    });
    let id = value(&samples[0].path, tags::PATIENT_ID);
    let commands = [
        ["held", "list"].as_slice(),
        &["held", "show", "--all"],
        &["patient", "find", "--id", &id],
        &["patient", "exclude", "--id", &id],
        &["patient", "excluded"],
    ];
    let looked = commands.map(|arguments| site.run(arguments)).map(|ran| ran.stdout + &ran.stderr);
    let identifiers = identifiers(&samples);
    let (stdout, stderr) = (gateway.stdout(), gateway.stderr());
    assert!(stderr.contains("TRACE") || stderr.contains("DEBUG"), "not at its loudest");
    let database = site.database();
    assert!(database.len() > 10_000, "the database was looked at");
    let names = [names(&site, "spool"), names(&site, "out")].concat();
    for (what, bytes) in [
        ("stdout", stdout.as_bytes()),
        ("stderr", stderr.as_bytes()),
        ("held list", looked[0].as_bytes()),
        ("held show", looked[1].as_bytes()),
        ("patient find", looked[2].as_bytes()),
        ("patient exclude", looked[3].as_bytes()),
        ("patient excluded", looked[4].as_bytes()),
        ("the database", &database),
        ("file names", &names),
    ] {
        assert_absent(&identifiers, bytes, what);
    }
    gateway.stop();
}

#[test]
fn files_at_trace_level_tell_no_identifier() {
    let mut site = Site::new();
    site.set("log.level", "trace");
    let (samples, _) = objects(&site.path("in"));
    hostile(&site.path("in/hostile"));
    // Names of patients stand in paths, too.
    let named = format!("in/{}.dcm", samples[0].identifiers[0]);
    std::fs::copy(&samples[0].path, site.path(&named)).expect("copied");
    let broken = format!("in/{}.txt", samples[0].identifiers[1]);
    std::fs::write(site.path(&broken), "not DICOM").expect("written");
    let (input, out) = (site.text("in"), site.text("out"));
    let ran = site.run(&["deid", &input, "--out", &out]);
    assert_eq!(ran.code, Some(1), "{ran:?}");
    let identifiers = identifiers(&samples);
    for (what, bytes) in [
        ("stdout", ran.stdout.as_bytes()),
        ("stderr", ran.stderr.as_bytes()),
        ("file names", &names(&site, "out")),
    ] {
        assert_absent(&identifiers, bytes, what);
    }
    assert!(!site.delivered().is_empty());
}

#[test]
fn the_canary_sings_when_an_identifier_is_there() {
    let found = std::panic::catch_unwind(|| {
        assert_absent(&["HOLLERBACH".into()], b"a line about hollerbach", "a line");
    });
    assert!(found.is_err());
}
