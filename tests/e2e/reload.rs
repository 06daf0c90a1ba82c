//! SIGHUP: another configuration without a restart, whole or not at all, and nothing is lost by it.

use crate::harness::{Gateway, Sample, Site, files_under, judge, sample, storescu, value};
use dicom_dictionary_std::tags;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

fn ct(site: &Site, directory: &str, seed: &str) -> Sample {
    sample(&site.path(directory), &["--ct", "1", "--seed", seed]).remove(0)
}

fn send(gateway: &Gateway, samples: &[&Sample]) {
    storescu(gateway.port, &[], &samples.iter().map(|s| &s.path).collect::<Vec<_>>());
}

/// Makes the profile of the site one whose results say this.
fn profile_says(site: &Site, text: &str) {
    let rule = format!(
        "[[rules]]\nattribute = 'StudyDescription'\naction = 'replace'\nvalue = '{text}'\n"
    );
    site.write_profile("basic", &rule);
}

fn said(paths: &[PathBuf]) -> Vec<String> {
    let mut all: Vec<_> = paths.iter().map(|path| value(path, tags::STUDY_DESCRIPTION)).collect();
    all.sort();
    all
}

fn reloads(site: &Site, gateway: &Gateway) {
    site.write_config();
    let said = gateway.reload();
    assert!(said.contains("the configuration was reloaded"), "{said}");
}

/// Why the old configuration stays.
fn stays(site: &Site, gateway: &Gateway) -> String {
    site.write_config();
    let said = gateway.reload();
    assert!(said.contains("was not reloaded; the old one stays in force"), "{said}");
    said
}

fn lookup(site: &mut Site, rows: &str) {
    let path = site.path("table.csv");
    let header = "patient_id,issuer,new_id,new_name,date_offset_days\n";
    std::fs::write(&path, format!("{header}{rows}")).expect("written");
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).expect("set");
    site.set("keys.lookup_file", path.to_str().expect("ASCII"));
    site.set("keys.unknown_patients", "hold");
}

#[test]
fn profile_and_lookup_file_are_read_again_and_a_routed_job_keeps_its_profile() {
    let mut site = Site::new();
    profile_says(&site, "BEFORE");
    lookup(&mut site, "");
    let (early, late) = (ct(&site, "early", "1"), ct(&site, "late", "2"));
    let gateway = site.start();
    send(&gateway, &[&early]);
    site.wait_held("unknown-patient", 1);
    profile_says(&site, "AFTER");
    let id = |sample: &Sample| value(&sample.path, tags::PATIENT_ID);
    lookup(&mut site, &format!("{},,T-1,,\n{},,T-2,,\n", id(&early), id(&late)));
    reloads(&site, &gateway);
    send(&gateway, &[&late]);
    site.wait_jobs(|site| site.jobs().get("ended") == Some(&1));
    site.run(&["held", "reprocess", "--reason", "unknown-patient"]).ok();
    site.wait_ended(2);
    let by_patient = |wanted: &str| {
        let found = site.delivered().into_iter().find(|p| value(p, tags::PATIENT_ID) == wanted);
        value(&found.expect("delivered"), tags::STUDY_DESCRIPTION)
    };
    assert_eq!((by_patient("T-1"), by_patient("T-2")), ("BEFORE".into(), "AFTER".into()));
    gateway.stop();
}

#[test]
fn an_object_without_a_route_goes_once_a_reload_brings_one() {
    let mut site = Site::new();
    site.routes(&["name = 'mr'\nmodality = 'MR'\ndestinations = ['out']"]);
    let sample = ct(&site, "sent", "1");
    let gateway = site.start();
    send(&gateway, &[&sample]);
    site.wait_held("no-route", 1);
    site.routes(&["name = 'ct'\nmodality = 'CT'\nproject = 'new'\ndestinations = ['out']"]);
    reloads(&site, &gateway);
    site.run(&["held", "reprocess", "--reason", "no-route"]).ok();
    site.wait_ended(1);
    judge(&sample.path, &site.delivered()[0]);
    gateway.stop();
}

#[test]
fn a_configuration_that_is_not_fit_changes_nothing() {
    let mut site = Site::new();
    profile_says(&site, "BEFORE");
    let gateway = site.start();
    let good = site.config.clone();
    profile_says(&site, "AFTER");

    std::fs::write(site.path("gateway.toml"), "[deid]\nprofil = 'x'\n").expect("written");
    let said = gateway.reload();
    assert!(said.contains("stays in force") && said.contains("profil"), "{said}");
    site.set("sandbox.workers", 3);
    site.routes(&["name = 'none'\naction = 'drop'"]);
    let said = stays(&site, &gateway);
    assert!(said.contains("a restart is needed for sandbox.workers"), "{said}");
    site.config = good.clone();
    site.routes(&["name = 'none'\ndestinations = ['nowhere']"]);
    assert!(stays(&site, &gateway).contains("nowhere"));
    site.config = good.clone();
    site.set("keys.lookup_file", site.text("missing.csv"));
    assert!(stays(&site, &gateway).contains("missing.csv"));

    let sample = ct(&site, "sent", "1");
    send(&gateway, &[&sample]);
    site.wait_ended(1);
    assert_eq!(said_of(&site), ["BEFORE"]);
    site.config = good;
    reloads(&site, &gateway);
    send(&gateway, &[&ct(&site, "later", "2")]);
    site.wait_ended(2);
    assert_eq!(said_of(&site), ["AFTER", "BEFORE"]);
    gateway.stop();
}

fn said_of(site: &Site) -> Vec<String> {
    said(&site.delivered())
}

#[test]
fn destinations_come_change_and_go_and_what_waits_for_one_waits() {
    let mut site = Site::new();
    let folder = |site: &Site, name: &str, path: &str| {
        format!("name = '{name}'\nkind = 'folder'\npath = '{}'", site.text(path))
    };
    // A file in the place of the folder: nothing can be delivered there.
    std::fs::write(site.path("blocked"), "").expect("written");
    let blocked = format!("{}\nretry_max_ms = 100", folder(&site, "a", "blocked/a"));
    site.destinations(&[&blocked]);
    let (first, second) = (ct(&site, "first", "1"), ct(&site, "second", "2"));
    let gateway = site.start();
    send(&gateway, &[&first]);
    site.wait_jobs(|site| site.jobs().get("ready") == Some(&1));
    site.destinations(&[&folder(&site, "b", "b")]);
    reloads(&site, &gateway);
    assert!(gateway.stderr().contains("deliveries wait for destinations that are not configured"));
    send(&gateway, &[&second]);
    let in_folder = |name: &str| files_under(&site.path(name));
    site.wait_jobs(|site| site.jobs().get("ended") == Some(&1));
    judge(&second.path, &in_folder("b")[0]);
    assert!(site.jobs().get("ready") == Some(&1), "what waited for the other is gone");
    let (a, b) = (folder(&site, "a", "a"), folder(&site, "b", "b"));
    site.destinations(&[&a, &b]);
    reloads(&site, &gateway);
    site.wait_ended(2);
    let in_folder = |name: &str| files_under(&site.path(name));
    judge(&first.path, &in_folder("a")[0]);
    assert_eq!((in_folder("a").len(), in_folder("b").len()), (1, 1));
    assert!(Path::new(&site.path("blocked")).is_file());
    gateway.stop();
}
