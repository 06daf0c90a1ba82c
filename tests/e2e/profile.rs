//! Profiles as their user meets them: explained, checked, and seen in what they deliver.

use crate::harness::{
    Sample, Site, assert_absent, files_under, judge_dates, modified, read_values, sample,
};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

const RESEARCH: &str = "research-longitudinal";

/// The results of `deid` over some files.
fn deid(site: &Site, inputs: &[&Path], out: &str) -> Vec<PathBuf> {
    let mut command = site.command();
    command.arg("deid").args(inputs).arg("--out").arg(site.path(out));
    crate::harness::Ran::of(&mut command).ok();
    files_under(&site.path(out))
}

/// The one result of one file.
fn deid_one(site: &Site, input: &Path, out: &str) -> PathBuf {
    let mut results = deid(site, &[input], out);
    assert_eq!(results.len(), 1, "{results:?}");
    results.remove(0)
}

fn ct(site: &Site) -> Sample {
    sample(&site.path("sent"), &["--ct", "1"]).remove(0)
}

#[test]
fn an_attribute_is_explained_under_the_configured_profile_and_another() {
    let site = Site::new();
    let configured = site.run(&["profile", "explain", "PatientAge"]).ok();
    assert!(configured.starts_with("PatientAge (0010,1010) AS\n"), "{configured}");
    assert!(configured.contains("\n    removed\n    [PS3.15 E.1-1 Basic Profile: X]"));
    let explain = ["profile", "explain", "--profile", RESEARCH, "(0010,1010)"];
    let research = site.run(&explain).ok();
    assert!(research.contains("090Y above 89 years"), "{research}");
    assert!(research.contains("[PS3.15 Retain Patient Characteristics Option]"), "{research}");
    let private =
        ["profile", "explain", "(0029,xx10)", "--creator", "SIEMENS CSA HEADER"].as_slice();
    assert!(site.run(private).ok().contains("removed\n    [private, not known to be safe]"));
    let list = site.run(&["profile", "list"]).ok();
    for name in ["basic", RESEARCH, "tcia-like", "strict"] {
        assert!(list.lines().any(|line| line == name), "{list}");
    }
}

#[test]
fn what_cannot_be_explained_is_said_with_what_can() {
    let site = Site::new();
    let explain = |what: &str| site.run(&["profile", "explain", what]);
    let words = ["\"PatientsName\" is no attribute", "keyword of PS3.6", "no file of that name"];
    explain("PatientsName").fails(2, &words);
    explain("60xx").fails(2, &["60xx names more than one attribute", "(60xx,3000)"]);
    let nowhere = ["profile", "explain", "PatientID", "--profile", "basics"];
    site.run(&nowhere).fails(2, &["\"basics\" is neither shipped (basic, ", "nor a file"]);
    std::fs::write(site.path("note.txt"), "not DICOM").expect("written");
    explain("note.txt").fails(1, &["not-dicom"]);
}

#[test]
fn a_file_is_explained_without_a_value() {
    let site = Site::new();
    let one = ct(&site);
    let path = one.path.to_str().expect("ASCII");
    let basic = site.run(&["profile", "explain", path]);
    let research = site.run(&["profile", "explain", path, "--profile", RESEARCH]);
    for ran in [&basic, &research] {
        assert_eq!(ran.code, Some(0), "{ran:?}");
        assert_absent(&one.identifiers, ran.stdout.as_bytes(), "an explanation");
        assert_absent(&one.identifiers, ran.stderr.as_bytes(), "its log");
        assert!(ran.stdout.contains("claims    the Basic Profile (113100, DCM)"), "{ran:?}");
    }
    for expected in [
        "pixels    the profile skips them",
        "pseudonymised       (0010,0010) PatientName\n",
        "removed             (0008,1030) StudyDescription\n",
        "cleaned             (0008,1032).(0008,0104) CodeMeaning\n",
        "uids-replaced       (0020,000D) StudyInstanceUID\n",
        "removed             (private), 2 times\n",
    ] {
        assert!(basic.stdout.contains(expected), "{expected:?} is not said: {}", basic.stdout);
    }
    for expected in [
        "pixels    every frame is read",
        "cleaned             (0008,1030) StudyDescription\n",
        "dates-shifted       (0008,0020) StudyDate\n",
    ] {
        assert!(research.stdout.contains(expected), "{expected:?}: {}", research.stdout);
    }
}

#[test]
fn conflicting_options_are_both_named() {
    let site = Site::new();
    let one = ct(&site);
    let both = "name = 'x'\nhide = 'all-text'\noptions = [\n\
                'Retain Longitudinal Temporal Information Full Dates Option',\n\
                'Retain Longitudinal Temporal Information Modified Dates Option']\n";
    std::fs::write(site.path("profile.toml"), both).expect("written");
    let words = ["profile.toml:3: ", "Full Dates Option", "Modified Dates Option", "conflict"];
    let (path, out) = (one.path.to_str().expect("ASCII"), site.text("files"));
    site.run(&["deid", path, "--out", &out]).fails(2, &words);
    site.run(&["serve"]).fails(2, &words);
    site.run(&["profile", "explain", "StudyDate"]).fails(2, &words);
    site.run(&["check"]).fails(2, &words);
}

#[test]
fn a_weaker_rule_is_warned_of_and_takes_the_claim_away() {
    let site = Site::new();
    let rule = "[[rules]]\nattribute = 'InstitutionName'\naction = 'keep'\n\
                when = { modality = 'CT' }\n";
    site.write_profile("basic", rule);
    let one = ct(&site);
    let other = modified(&one.path, "other.dcm", &["(0008,0060)=OT", "(0008,0018)=1.2.3.4"]);
    let checked = site.run(&["check"]).ok();
    let named = "rule 1: keep InstitutionName";
    let warning = checked.lines().find(|line| line.starts_with("warn") && line.contains(named));
    let warning = warning.unwrap_or_else(|| panic!("no warning: {checked}"));
    assert!(warning.contains("(113100, DCM) is not claimed for objects of Modality CT"));
    let explained = site.run(&["profile", "explain", "InstitutionName"]).ok();
    assert!(explained.contains("is weaker than the Basic Profile"), "{explained}");

    let told = |input: &Path, out: &str| {
        let keywords = [
            "DeidentificationMethod",
            "DeidentificationMethodCodeSequence",
            "PatientIdentityRemoved",
        ];
        read_values(&deid_one(&site, input, out), &keywords)
    };
    let weaker = told(&one.path, "weaker");
    let method = &weaker["DeidentificationMethod"];
    assert_eq!(method[1..], [named], "{method:?}");
    assert!(method[0].contains("weakened by these rules"), "{method:?}");
    assert_eq!(weaker["DeidentificationMethodCodeSequence"], [""; 0]);
    assert_eq!(weaker["PatientIdentityRemoved"], ["YES"]);
    let full = told(&other, "full");
    assert_eq!(full["DeidentificationMethodCodeSequence"], ["113100"]);
    assert_eq!(full["DeidentificationMethod"].len(), 1);

    site.write_profile("basic", "");
    assert!(!site.run(&["check"]).ok().contains("weaker"));
}

#[test]
fn options_in_force_and_their_limits_are_told_by_check() {
    let site = Site::new();
    assert!(site.run(&["check"]).ok().contains("profile \"basic\": no options; "));
    site.write_profile(RESEARCH, "");
    let checked = site.run(&["check"]).ok();
    let fine = checked.lines().find(|line| line.starts_with("ok     [deid]")).expect("a finding");
    assert!(fine.contains("Retain Safe Private Option") && fine.contains("Modified Dates Option"));
    let limit =
        "warn   [deid]  Clean Descriptors Option: text loses the identifiers that are known";
    assert_eq!(checked.matches(limit).count(), 1, "{checked}");
    assert!(!checked.contains("overlays and curves"), "{checked}");
}

/// The result of a source, by its Instance Number.
fn result_of<'a>(results: &'a BTreeMap<String, PathBuf>, source: &Path) -> &'a Path {
    &results[&number_of(source)]
}

fn number_of(path: &Path) -> String {
    read_values(path, &["InstanceNumber"])["InstanceNumber"].concat()
}

#[test]
fn the_dates_of_a_patient_move_together() {
    let site = Site::new();
    site.write_profile(RESEARCH, "");
    let samples = sample(&site.path("sent"), &["--patients", "2", "--studies", "2", "--ct", "1"]);
    // the number tells which result is whose
    let numbered: Vec<PathBuf> = (1..)
        .zip(&samples)
        .map(|(n, sample)| {
            let number = format!("(0020,0013)={n}");
            let zone = "(0008,002a)=20200229235959.5+0100";
            modified(&sample.path, &format!("numbered{n}.dcm"), &[&number, zone])
        })
        .collect();
    let inputs: Vec<&Path> = numbered.iter().map(PathBuf::as_path).collect();
    let results = deid(&site, &inputs, "files");
    assert_eq!(results.len(), 4);
    let results: BTreeMap<_, _> =
        results.into_iter().map(|path| (number_of(&path), path)).collect();
    let pair = |n: usize| (inputs[n], result_of(&results, inputs[n]));
    let (one, other) = (judge_dates(&[pair(0), pair(1)]), judge_dates(&[pair(2), pair(3)]));
    assert!((-1825..=-1).contains(&one) && (-1825..=-1).contains(&other), "{one} {other}");
    let ids = |n| read_values(pair(n).1, &["PatientID"])["PatientID"].clone();
    assert!(ids(0) == ids(1) && ids(2) == ids(3) && ids(0) != ids(2));
    let modified = read_values(pair(0).1, &["LongitudinalTemporalInformationModified"]);
    assert_eq!(modified["LongitudinalTemporalInformationModified"], ["MODIFIED"]);
}

#[test]
fn an_age_above_89_is_told_as_90() {
    let site = Site::new();
    site.write_profile(RESEARCH, "");
    let one = ct(&site);
    for (age, expected) in [("095Y", "090Y"), ("089Y", "089Y")] {
        let aged = modified(&one.path, &format!("{age}.dcm"), &[&format!("(0010,1010)={age}")]);
        let result = deid_one(&site, &aged, age);
        let told = read_values(&result, &["PatientAge", "PatientSex", "PatientBirthDate"]);
        assert_eq!(told["PatientAge"], [expected]);
        let source = read_values(&one.path, &["PatientSex"]);
        assert_eq!(told["PatientSex"], source["PatientSex"], "kept by the same option");
        assert!(told["PatientBirthDate"].is_empty());
    }
}

#[test]
fn two_projects_share_no_pseudonym() {
    let mut site = Site::new();
    site.write_profile("tcia-like", "");
    let one = ct(&site);
    let station = modified(&one.path, "station.dcm", &["(0008,1010)=CT-SOUTH", "(0018,1000)=4711"]);
    let keywords = [
        "PatientID",
        "PatientName",
        "StudyID",
        "AccessionNumber",
        "StationName",
        "DeviceSerialNumber",
        "StudyInstanceUID",
        "SeriesInstanceUID",
        "SOPInstanceUID",
        "FrameOfReferenceUID",
    ];
    let mut told = |project: &str| {
        site.set("deid.project", project);
        read_values(&deid_one(&site, &station, project), &keywords)
    };
    let (one, again, other) = (told("one"), told("one"), told("other"));
    assert_eq!(one, again);
    for keyword in keywords {
        assert!(!one[keyword].is_empty(), "{keyword} is there");
        assert_ne!(one[keyword], other[keyword], "{keyword}");
    }
}
