//! Routes: who sends what decides which profile, project and destinations it gets, or that it goes
//! nowhere; and what cannot be told is held.

use crate::harness::{
    Sample, Site, assert_absent, files_under, judge, modified, pynetdicom, sample, storescu, value,
};
use dicom_dictionary_std::tags;
use std::path::{Path, PathBuf};

fn ct(site: &Site, directory: &str, seed: &str) -> Sample {
    sample(&site.path(directory), &["--ct", "1", "--seed", seed]).remove(0)
}

fn send_as(port: u16, calling: &str, object: &Path) {
    storescu(port, &["-aet", calling], &[object]);
}

fn patient_id(path: &Path) -> String {
    value(path, tags::PATIENT_ID)
}

fn in_folder(site: &Site, name: &str) -> Vec<PathBuf> {
    files_under(&site.path(name))
}

/// A profile that replaces Study Description by this text, under a name of its own.
fn profile_that_says(site: &Site, text: &str) -> String {
    let rule = format!(
        "[[rules]]\nattribute = 'StudyDescription'\naction = 'replace'\nvalue = '{text}'\n"
    );
    site.write_profile("basic", &rule);
    let name = format!("{text}.toml");
    std::fs::rename(site.path("profile.toml"), site.path(&name)).expect("renamed");
    site.write_profile("basic", "");
    site.text(&name)
}

#[test]
fn senders_are_told_apart_and_each_project_has_a_key_of_its_own() {
    let mut site = Site::new();
    site.folders(&["one", "two"]);
    site.set("keys.linkage", "unlinkable");
    let (strict, wide) = (profile_that_says(&site, "STRICT"), profile_that_says(&site, "WIDE"));
    site.routes(&[
        &format!(
            "name = 'one'\ncalling_ae_title = ['CT?', 'MR*']\nproject = 'p1'\n\
             profile = '{strict}'\ndestinations = ['one']"
        ),
        &format!(
            "name = 'two'\ncalling_ae_title = 'ct2'\npeer = '127.0.0.0/8'\nproject = 'p2'\n\
             profile = '{wide}'\ndestinations = ['two']"
        ),
    ]);
    let (first, both) = (ct(&site, "first", "1"), ct(&site, "both", "2"));
    let gateway = site.start();
    send_as(gateway.port, "CT1", &first.path);
    site.wait_ended(1);
    send_as(gateway.port, "CT2", &both.path);
    site.wait_ended(3);
    let (one, two) = (in_folder(&site, "one"), in_folder(&site, "two"));
    assert_eq!((one.len(), two.len()), (2, 1));
    judge(&both.path, &two[0]);
    for (paths, said) in [(&one, "STRICT"), (&two, "WIDE")] {
        for path in paths {
            assert_eq!(value(path, tags::STUDY_DESCRIPTION), said);
        }
    }
    let ids: Vec<_> = one.iter().map(|path| patient_id(path)).collect();
    assert!(!ids.contains(&patient_id(&two[0])), "two projects share a pseudonym");
    let found = site.run(&["patient", "find", "--id", &patient_id(&both.path)]).ok();
    assert!(found.contains("project \"p1\"") && found.contains("project \"p2\""), "{found}");
    assert!(found.contains(&patient_id(&two[0])), "{found}");
    let keys = site.run(&["keys", "list"]).ok();
    for project in ["p1", "p2"] {
        let of = keys.split("keys of project ").find(|part| part.contains(project));
        assert!(of.is_some_and(|part| part.contains("unlinkable  in force")), "{keys}");
    }
    gateway.stop();
    site.run(&["keys", "close", "--project", "p2", "--epoch", "1"]).ok();
    site.run(&["serve"]).fails(1, &["\"p2\"", "was closed"]);
}

const BY_HEADER: [&str; 3] = [
    "name = 'phantom'\nheader = [{ attribute = 'StudyDescription', is = '*PHANTOM*' }]\n\
     action = 'drop'",
    "name = 'trial'\nmodality = 'CT'\nsop_class = 'CTImageStorage'\n\
     header = [{ attribute = 'ImageType', is = 'AXIAL' }]\ndestinations = ['out']\nfinal = true",
    "name = 'doubt'\nheader = [{ attribute = 'StudyID', present = false }]\naction = 'hold'",
];

/// What the header of an object says for `BY_HEADER`.
fn with(sample: &Sample, name: &str, description: &str, image_type: &str) -> PathBuf {
    let description = format!("(0008,1030)={description}");
    let image_type = format!("(0008,0008)={image_type}");
    modified(&sample.path, name, &[&description, &image_type])
}

#[test]
fn a_header_decides_and_what_was_dropped_is_on_record_with_its_route() {
    let mut site = Site::new();
    site.routes(&BY_HEADER);
    let [kept, dropped, left] = ["1", "2", "3"].map(|seed| ct(&site, seed, seed));
    let wanted = with(&kept, "kept.dcm", "Chest", "ORIGINAL\\PRIMARY\\axial");
    let phantom = with(&dropped, "phantom.dcm", "qa phantom 7", "ORIGINAL\\PRIMARY\\AXIAL");
    let other = with(&left, "left.dcm", "Chest", "ORIGINAL\\PRIMARY\\LOCALIZER");
    let gateway = site.start();
    for object in [&wanted, &phantom, &other] {
        send_as(gateway.port, "CT1", object);
    }
    site.wait_jobs(|site| {
        let jobs = site.jobs();
        jobs.get("ended") == Some(&1) && jobs.get("dropped") == Some(&1) && jobs.len() == 3
    });
    site.wait_held("no-route", 1);
    judge(&wanted, &site.delivered()[0]);
    assert_eq!(site.originals().len(), 1, "the payload of what was dropped stays");
    let list = site.run(&["held", "list", "--reason", "no-route"]).ok();
    assert!(list.contains("called \"DEID\" by \"CT1\" from 127.0.0.1"), "{list}");
    let table = site.run(&["route", "dropped"]).ok();
    assert!(table.contains("1  dropped by route \"phantom\"") && table.contains("CT1"), "{table}");
    let none = site.run(&["route", "dropped", "--route", "trial"]).ok();
    assert_eq!(none, "no route has dropped anything\n");
    let uid = value(&phantom, tags::SOP_INSTANCE_UID);
    let object = site.run(&["route", "object", &uid]).ok();
    assert!(object.contains("  dropped  ") && object.contains("route    phantom"), "{object}");
    site.run(&["route", "object", "1.2.3"]).fails(1, &["no such record"]);
    for shown in [&list, &table, &object, &gateway.stderr()] {
        for sample in [&kept, &dropped, &left] {
            assert_absent(&sample.identifiers, shown.as_bytes(), "what is told of routes");
        }
        assert!(!shown.to_lowercase().contains("qa phantom"), "{shown}");
    }
    assert_absent(&dropped.identifiers, &site.database(), "the database");
    let database = String::from_utf8_lossy(&site.database()).to_lowercase();
    assert!(!database.contains("qa phantom"), "a header's value is stored");
    gateway.stop();
    // Without that route it is an object like any other when it is sent again.
    site.routes(&["name = 'all'\ndestinations = ['out']"]);
    let gateway = site.start();
    send_as(gateway.port, "CT1", &phantom);
    site.wait_jobs(|site| site.jobs().get("ended") == Some(&2));
    gateway.stop();
}

#[test]
fn what_a_route_cannot_tell_is_held_and_never_dropped_or_delivered() {
    let mut site = Site::new();
    site.routes(&[
        "name = 'names'\nheader = [{ attribute = 'StudyDescription', is = '*VIP*' }]\n\
         action = 'drop'",
        "name = 'all'\ndestinations = ['out']",
    ]);
    let [unreadable, crashing, fine] = ["1", "2", "3"].map(|seed| ct(&site, seed, seed));
    // half a character of ISO 2022 IR 87
    let escaped = "(0008,1030)=\u{1B}$B;3E\u{1B}(B";
    let object = modified(&unreadable.path, "u.dcm", &["(0008,0005)=\\ISO 2022 IR 87", escaped]);
    let fault = format!("overflow:{}", crashing.sop_uid);
    let gateway = site.start_with(&[("DEID_GATEWAY_SANDBOX_FAULT", &fault)]);
    for path in [&object, &crashing.path, &fine.path] {
        send_as(gateway.port, "CT1", path);
    }
    site.wait_held("route-undecided", 1);
    site.wait_held("sandbox-crashed", 1);
    site.wait_jobs(|site| site.jobs().get("ended") == Some(&1));
    assert_eq!(site.jobs().get("dropped"), None);
    judge(&fine.path, &site.delivered()[0]);
    let shown = site.run(&["held", "show", "--reason", "route-undecided"]).ok();
    assert!(shown.contains("whether route names matches cannot be told"), "{shown}");
    gateway.stop();
    // Nobody asks the header any more: both are routed anew.
    site.routes(&["name = 'all'\ndestinations = ['out']"]);
    let gateway = site.start();
    assert_eq!(site.run(&["held", "reprocess", "--all"]).ok(), "2 will run again\n");
    site.wait_ended(3);
    gateway.stop();
}

#[test]
fn an_object_without_a_route_is_routed_anew_by_reprocess() {
    let mut site = Site::new();
    site.routes(&["name = 'mr'\ncalling_ae_title = 'MR1'\ndestinations = ['out']"]);
    let sample = ct(&site, "sent", "1");
    let gateway = site.start();
    assert_eq!(pynetdicom(gateway.port, &[], &[&sample.path]), ["0x0000"]);
    site.wait_held("no-route", 1);
    // The routes are the same: so is the answer, under the same number.
    let jobs = |site: &Site| site.run(&["held", "list"]).stdout;
    let listed = jobs(&site);
    site.run(&["held", "reprocess", "1"]).ok();
    site.wait_jobs(|site| jobs(site) == listed);
    gateway.stop();
    site.routes(&["name = 'all'\ndestinations = ['out']"]);
    let gateway = site.start();
    site.run(&["held", "reprocess", "--reason", "no-route"]).ok();
    site.wait_ended(1);
    judge(&sample.path, &site.delivered()[0]);
    let object = site.run(&["route", "object", &sample.sop_uid]).ok();
    assert!(object.starts_with("job 1  ended") && object.contains("route    all"), "{object}");
    gateway.stop();
}

#[test]
fn a_drop_that_a_kill_interrupts_is_a_drop() {
    let mut site = Site::new();
    site.routes(&["name = 'none'\naction = 'drop'"]);
    let sample = ct(&site, "sent", "1");
    let mut gateway = site.start_with(&[("DEID_GATEWAY_CRASH_AT", "routed")]);
    pynetdicom(gateway.port, &["--timeout", "5"], &[&sample.path]);
    gateway.wait_killed("routed");
    assert_eq!(site.originals().len(), 1, "it was killed before the file was removed");
    let gateway = site.start();
    assert!(site.originals().is_empty(), "the payload came back");
    assert_eq!(site.jobs().get("dropped"), Some(&1));
    gateway.stop();
}

#[test]
fn explain_names_conditions_and_patterns_and_no_value_of_the_file() {
    let mut site = Site::new();
    let mut routes = BY_HEADER.to_vec();
    routes.insert(0, "name = 'mr'\ncalling_ae_title = 'MR*'\npeer = '10.0.0.0/8'\naction = 'hold'");
    site.routes(&routes);
    let sample = ct(&site, "sent", "1");
    let object = with(&sample, "a.dcm", "SECRET WORDS", "ORIGINAL\\PRIMARY\\AXIAL");
    let file = object.to_str().expect("ASCII");
    let explain = |more: &[&str]| site.run(&[&["route", "explain", file], more].concat()).ok();
    let known = explain(&["--calling", "CT1", "--called", "DEID", "--peer", "10.1.2.3"]);
    let line = |text: &str, name: &str| {
        let found = text.lines().find(|line| line.starts_with(&format!("{name} ")));
        found.unwrap_or_else(|| panic!("no line {name}: {text}")).to_owned()
    };
    assert!(line(&known, "mr").contains("no             calling AE title is not MR*"), "{known}");
    assert!(line(&known, "phantom").contains("StudyDescription is not *PHANTOM*"), "{known}");
    assert!(line(&known, "trial").contains("matches"), "{known}");
    assert!(line(&known, "doubt").contains("route \"trial\" ends the looking"), "{known}");
    assert!(known.contains("\nto out: profile basic, project default\n"), "{known}");
    let open = explain(&[]);
    assert!(line(&open, "mr").contains("calling AE title: not given, say --calling"), "{open}");
    assert!(open.contains("open: whether route \"mr\" matches is not known"), "{open}");
    for text in [&known, &open] {
        assert_absent(&sample.identifiers, text.as_bytes(), "explain");
        assert!(!text.contains("SECRET"), "{text}");
    }
    std::fs::write(site.path("text"), "no DICOM").expect("written");
    let ran = site.run(&["route", "explain", &site.text("text")]);
    ran.fails(1, &["not-dicom"]);
}

#[test]
fn check_prints_the_table_and_what_is_odd_in_it() {
    let mut site = Site::new();
    site.folders(&["out", "spare"]);
    site.routes(&[
        "name = 'ct'\nmodality = ['CT', 'MR']\ndestinations = ['out']\nfinal = true",
        "name = 'never'\nmodality = 'CT'\ncalling_ae_title = 'X'\naction = 'drop'",
    ]);
    let ran = site.run(&["check"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    for line in [
        "ok     route \"ct\"  Modality CT|MR -> profile ",
        "ok     route \"never\"  calling AE title X, Modality CT -> dropped",
        "ok     [[routes]]  what no route matches is held (no-route)",
        "warn   route \"never\"  it can never match: whatever it is for ends at route \"ct\"",
        "warn   destination \"spare\"  no route leads here",
    ] {
        assert!(ran.stdout.contains(line), "{line:?} is not said: {}", ran.stdout);
    }
    site.routes(&["name = 'ct'\ndestinations = ['elsewhere']"]);
    site.run(&["check"]).fails(2, &["routes[0] \"ct\"", "no destination \"elsewhere\""]);
}
