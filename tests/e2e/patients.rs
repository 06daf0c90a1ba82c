//! Patients: finding what left of one, excluding one, and the site's own table of them.

use crate::harness::{
    Ran, Sample, Site, Storescp, assert_absent, files_under, free_port, modified, sample, storescu,
    undecodable, value, wait_until,
};
use dicom_dictionary_std::tags;
use rusqlite::Connection;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

/// One CT of each of two patients.
fn two_patients(site: &Site) -> (Sample, Sample) {
    let mut samples = sample(&site.path("sent"), &["--patients", "2", "--ct", "1"]);
    let other = samples.pop().expect("two");
    (samples.pop().expect("two"), other)
}

fn patient_id(path: &Path) -> String {
    value(path, tags::PATIENT_ID)
}

fn send(port: u16, samples: &[&Sample]) {
    storescu(port, &[], &samples.iter().map(|sample| &sample.path).collect::<Vec<_>>());
}

fn sop_uid(path: &Path) -> String {
    value(path, tags::SOP_INSTANCE_UID)
}

#[test]
fn find_lists_what_was_delivered_where() {
    let mut site = Site::new();
    let research = Storescp::start(&site.path("research"));
    let folder = format!("name = \"folder\"\nkind = \"folder\"\npath = \"{}\"", site.text("out"));
    let pacs = format!(
        "name = \"pacs\"\nkind = \"dicom\"\naddress = \"127.0.0.1:{}\"\n\
         called_ae_title = \"RESEARCH\"",
        research.port
    );
    site.destinations(&[&folder, &pacs]);
    let (one, other) = two_patients(&site);
    let gateway = site.start();
    send(gateway.port, &[&one]);
    site.wait_ended(1);
    let delivered = site.delivered().remove(0);
    send(gateway.port, &[&other]);
    site.wait_ended(2);
    let id = patient_id(&one.path);
    let running = site.run(&["patient", "find", "--id", &id]);
    gateway.stop();
    let stopped = site.run(&["patient", "find", "--id", &id]);
    assert_eq!((running.code, &running.stdout), (Some(0), &stopped.stdout), "{running:?}");
    let text = &running.stdout;
    assert!(text.contains("1 job of this patient"), "{text}");
    for expected in [
        format!("  PatientID  {}\n", patient_id(&delivered)),
        format!("  study      {}\n", value(&delivered, tags::STUDY_INSTANCE_UID)),
        format!("  series     {}\n", value(&delivered, tags::SERIES_INSTANCE_UID)),
        format!("  object     {}\n", sop_uid(&delivered)),
        "  delivered  folder  20".to_owned(),
        "  delivered  pacs  20".to_owned(),
    ] {
        assert!(text.contains(&expected), "{expected:?} is not said: {text}");
    }
    // the pseudonym under the one epoch there is
    let epoch = text.lines().find(|line| line.starts_with("  epoch 1")).expect("an epoch");
    assert!(epoch.contains(&patient_id(&delivered)) && epoch.ends_with("in force"), "{epoch}");
    assert_absent(&one.identifiers, text.as_bytes(), "find");
    assert_absent(&one.identifiers, running.stderr.as_bytes(), "the log of find");
    assert_absent(&one.identifiers, &site.database(), "the database");
    let mut command = site.command();
    let read = Ran::with_input(command.args(["patient", "find", "--id", "-"]), &format!("{id}\n"));
    assert_eq!(read.stdout, *text, "read from standard input");
    let nobody = site.run(&["patient", "find", "--id", "NOBODY"]).ok();
    assert!(nobody.contains("No job of this patient is recorded"), "{nobody}");
}

#[test]
fn an_object_without_a_patient_id_is_found_by_its_study() {
    let site = Site::new();
    let (one, other) = two_patients(&site);
    let changes = ["(0010,0020)=", "(0020,000D)=1.2.3.4.77", "(0008,0018)=1.2.3.4.78"];
    let nobody = modified(&one.path, "nobody.dcm", &changes);
    let gateway = site.start();
    storescu(gateway.port, &[], &[&nobody, &other.path]);
    site.wait_ended(2);
    let found = site.run(&["patient", "find", "--id", "1.2.3.4.77"]).ok();
    assert!(found.contains("1 job of this patient"), "{found}");
    gateway.stop();
}

#[test]
fn an_excluded_patients_object_is_dropped_with_a_record_and_nothing_leaves() {
    let site = Site::new();
    let (one, other) = two_patients(&site);
    site.start().stop();
    let id = patient_id(&one.path);
    let excluded = site.run(&["patient", "exclude", "--id", &id]).ok();
    assert!(excluded.starts_with("excluded; 0 open jobs dropped\n"), "{excluded}");
    assert!(excluded.contains("Nothing was delivered before"), "{excluded}");
    let gateway = site.start();
    send(gateway.port, &[&one, &other]);
    site.wait_jobs(|site| {
        let jobs = site.jobs();
        jobs.get("dropped") == Some(&1) && jobs.get("ended") == Some(&1)
    });
    assert_eq!(site.delivered().len(), 1, "the other patient's");
    wait_until("its original is gone", || site.originals().is_empty());
    let log = gateway.stderr();
    assert!(log.contains("dropped: its patient is excluded"), "{log}");
    let found = site.run(&["patient", "find", "--id", &id]).ok();
    assert!(found.contains("  dropped  received 20"), "{found}");
    assert!(found.contains("  not sent   out  "), "{found}");
    assert!(found.contains("  decision   drop: the patient is excluded  by "), "{found}");
    let list = site.run(&["patient", "excluded"]).ok();
    assert!(list.starts_with("1 excluded\n  ") && list.contains("since 20"), "{list}");
    let again = site.run(&["patient", "exclude", "--id", &id]).ok();
    assert!(again.starts_with("was excluded before; 0 open"), "{again}");

    // Consent is given again: what is sent from now on is processed, also what was dropped.
    site.run(&["patient", "include", "--id", &id, "--issuer", "X"]).fails(1, &["as it was"]);
    site.run(&["patient", "include", "--id", &id]).ok();
    send(gateway.port, &[&one]);
    site.wait_jobs(|site| site.jobs().get("ended") == Some(&2));
    assert_eq!(site.delivered().len(), 2);
    for what in [&found, &list, &excluded, &gateway.stderr()] {
        assert_absent(&one.identifiers, what.as_bytes(), "what was printed and logged");
    }
    assert_absent(&one.identifiers, &site.database(), "the database");
    gateway.stop();
}

#[test]
fn what_waits_for_an_excluded_patient_is_dropped_at_once() {
    let mut site = Site::new();
    let port = free_port();
    site.deliver_to_port(port);
    let (one, other) = two_patients(&site);
    let held = undecodable(&one.path);
    let held = modified(&held, "held.dcm", &["(0008,0018)=1.2.3.4.5"]);
    let gateway = site.start();
    send(gateway.port, &[&one, &other]);
    storescu(gateway.port, &["--propose-mpeg2"], &[&held]);
    site.wait_jobs(|site| site.jobs().get("ready") == Some(&2) && site.held().len() == 1);
    let id = patient_id(&one.path);
    let excluded = site.run(&["patient", "exclude", "--id", &id]).ok();
    assert!(excluded.starts_with("excluded; 2 open jobs dropped\n"), "{excluded}");
    assert_eq!(site.originals().len(), 1, "their originals are gone");
    assert_eq!(files_under(&site.path("spool/results")).len(), 1, "and so is the result");
    let research = Storescp::start_on(port, &site.path("research"));
    site.wait_jobs(|site| site.jobs().get("ended") == Some(&1));
    gateway.stop();
    let received = research.received();
    assert_eq!(received.len(), 1, "the other patient's alone: {received:?}");
    let other = site.run(&["patient", "find", "--id", &patient_id(&other.path)]).ok();
    assert!(other.contains(&sop_uid(&received[0])), "{other}");
}

#[test]
fn what_was_delivered_before_the_exclusion_is_listed_to_be_withdrawn() {
    let site = Site::new();
    let (one, other) = two_patients(&site);
    let gateway = site.start();
    send(gateway.port, &[&one]);
    site.wait_ended(1);
    let delivered = site.delivered().remove(0);
    send(gateway.port, &[&other]);
    site.wait_ended(2);
    let excluded = site.run(&["patient", "exclude", "--id", &patient_id(&one.path)]).ok();
    gateway.stop();
    assert!(excluded.contains("1 delivered before, to be withdrawn"), "{excluded}");
    assert!(excluded.contains(&format!("  object     {}\n", sop_uid(&delivered))), "{excluded}");
    assert!(excluded.contains("  delivered  out  20"), "{excluded}");
    assert_eq!(site.jobs().get("ended"), Some(&2), "what is over stays over");
}

#[test]
fn an_issuer_tells_patients_of_one_id_apart() {
    let site = Site::new();
    let (one, _) = two_patients(&site);
    let id = patient_id(&one.path);
    let of_issuer = |name: &str, issuer: &str, uid: &str| {
        let issuer = format!("(0010,0021)={issuer}");
        modified(&one.path, name, &[&issuer, &format!("(0008,0018)={uid}")])
    };
    let north = of_issuer("north.dcm", "North", "1.2.3.1");
    let south = of_issuer("south.dcm", "South", "1.2.3.2");
    let gateway = site.start();
    storescu(gateway.port, &[], &[&one.path, &north, &south]);
    site.wait_ended(3);
    let found = |arguments: &[&str]| {
        site.run(&[&["patient", "find", "--id", &id], arguments].concat()).ok()
    };
    let everyone = found(&[]);
    assert!(everyone.contains("3 jobs of this patient"), "{everyone}");
    assert!(everyone.contains("An object that names an issuer has another"), "{everyone}");
    let northern = found(&["--issuer", " NORTH"]);
    assert!(northern.contains("1 job of this patient"), "{northern}");
    let nameless = found(&["--issuer", ""]);
    assert!(nameless.contains("1 job of this patient"), "{nameless}");
    let pseudonyms: std::collections::BTreeSet<_> =
        site.delivered().iter().map(|path| patient_id(path)).collect();
    assert_eq!(pseudonyms.len(), 3);
    let excluded = site.run(&["patient", "exclude", "--id", &id, "--issuer", "north"]).ok();
    assert!(excluded.contains("1 delivered before"), "{excluded}");
    let more = [("n2.dcm", "North", "1.2.4.1"), ("s2.dcm", "South", "1.2.4.2")];
    let more = more.map(|(name, issuer, uid)| of_issuer(name, issuer, uid));
    storescu(gateway.port, &[], &more);
    site.wait_jobs(|site| {
        let jobs = site.jobs();
        (jobs.get("dropped"), jobs.get("ended")) == (Some(&1), Some(&4))
    });
    gateway.stop();
}

/// Makes the spool's database one of version 1, with the same records.
fn downgrade(site: &Site) {
    let (path, old) = (site.path("spool/spool.sqlite"), site.path("spool/new.sqlite"));
    // closing the last connection empties the journal
    let last = Connection::open(&path).expect("opened");
    last.query_row("SELECT count(*) FROM jobs", [], |_| Ok(())).expect("read");
    drop(last);
    std::fs::rename(&path, &old).expect("renamed");
    let connection = Connection::open(&path).expect("opened");
    let tables = include_str!("../../src/spool/schema_1.sql");
    connection.execute_batch(&format!("{tables} PRAGMA user_version = 1;")).expect("version 1");
    connection
        .execute_batch(&format!(
            "ATTACH '{}' AS new;
             INSERT INTO originals SELECT id, sop_hash, sha256, bytes, sop_class, transfer_syntax,
                 calling_ae, called_ae, peer, received_ms, changed, state FROM new.originals;
             INSERT INTO profiles SELECT * FROM new.profiles;
             INSERT INTO jobs SELECT id, original, profile, profile_digest, project, key_id, state,
                 held_reason, held_detail, report, result_sha256, result_bytes, sop_class,
                 transfer_syntax, new_study, new_series, new_sop, result_kept, updated_ms
                 FROM new.jobs;
             INSERT INTO deliveries SELECT id, job, destination, state, attempts, next_ms, status,
                 updated_ms FROM new.deliveries;",
            old.display()
        ))
        .expect("copied");
    drop(connection);
    std::fs::remove_file(old).expect("removed");
}

#[test]
fn what_an_earlier_version_left_ready_is_known_by_patient_before_it_leaves() {
    let mut site = Site::new();
    let port = free_port();
    site.deliver_to_port(port);
    let (one, other) = two_patients(&site);
    let gateway = site.start();
    send(gateway.port, &[&one, &other]);
    site.wait_jobs(|site| site.jobs().get("ready") == Some(&2));
    gateway.stop();
    downgrade(&site);
    let id = patient_id(&one.path);
    let excluded = site.run(&["patient", "exclude", "--id", &id]).ok();
    assert!(excluded.contains("2 open jobs have not been opened"), "{excluded}");
    let research = Storescp::start_on(port, &site.path("research"));
    let gateway = site.start();
    site.wait_jobs(|site| {
        let jobs = site.jobs();
        (jobs.get("dropped"), jobs.get("ended")) == (Some(&1), Some(&1))
    });
    gateway.stop();
    assert_eq!(research.received().len(), 1);
}

/// Writes the site's table, for its owner alone.
fn table(site: &mut Site, rows: &str) {
    let path = site.path("table.csv");
    let text = format!("patient_id,issuer,new_id,new_name,date_offset_days\n{rows}");
    std::fs::write(&path, text).expect("written");
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).expect("set");
    site.set("keys.lookup_file", site.text("table.csv"));
}

#[test]
fn a_listed_patient_gets_the_sites_own_id_and_an_unknown_one_is_held() {
    let mut site = Site::new();
    let (one, other) = two_patients(&site);
    let (listed, unknown) = (patient_id(&one.path), patient_id(&other.path));
    table(&mut site, &format!("{},,STUDY-0042,Trial^Participant,-17\n", listed.to_lowercase()));
    site.set("keys.unknown_patients", "hold");
    let gateway = site.start();
    send(gateway.port, &[&one, &other]);
    site.wait_jobs(|site| site.jobs().get("ended") == Some(&1) && site.held().len() == 1);
    assert_eq!(site.held().get("unknown-patient"), Some(&1));
    let delivered = site.delivered().remove(0);
    assert_eq!(patient_id(&delivered), "STUDY-0042");
    assert_eq!(value(&delivered, tags::PATIENT_NAME), "Trial^Participant");
    let found = site.run(&["patient", "find", "--id", &listed]).ok();
    assert!(found.contains("  PatientID  STUDY-0042\n"), "{found}");
    assert!(found.contains("The lookup file lists this patient"), "{found}");
    gateway.stop();

    // The file is read at the start; then what was held runs again.
    table(&mut site, &format!("{listed},,STUDY-0042,,\n{unknown},,STUDY-0043,,\n"));
    let gateway = site.start();
    site.run(&["held", "reprocess", "--reason", "unknown-patient"]).ok();
    site.wait_ended(2);
    gateway.stop();
    let ids: Vec<_> = site.delivered().iter().map(|path| patient_id(path)).collect();
    assert!(ids.contains(&"STUDY-0043".to_owned()), "{ids:?}");

    // The same table for files, with the same bytes where its rows are the same.
    let (sent, files) = (site.text("sent"), site.text("files"));
    site.run(&["deid", &sent, "--out", &files]).ok();
    let mut ids: Vec<_> =
        files_under(&site.path("files")).iter().map(|path| patient_id(path)).collect();
    ids.sort();
    assert_eq!(ids, ["STUDY-0042", "STUDY-0043"]);
}

#[test]
fn a_new_id_or_name_that_tells_who_it_is_does_not_leave() {
    let mut site = Site::new();
    let (one, other) = two_patients(&site);
    let name = value(&other.path, tags::PATIENT_NAME);
    let rows = format!(
        "{},,STUDY-{},,\n{},,STUDY-2,{name},\n",
        patient_id(&one.path),
        patient_id(&one.path),
        patient_id(&other.path)
    );
    table(&mut site, &rows);
    let (sent, out) = (site.text("sent"), site.text("out"));
    let ran = site.run(&["deid", &sent, "--out", &out]);
    assert_eq!(ran.code, Some(1), "{ran:?}");
    assert!(ran.stdout.contains("identifier-remains: 2"), "{ran:?}");
    assert!(site.delivered().is_empty());
}

#[test]
fn a_bad_table_stops_the_start_naming_its_line_and_no_value() {
    let mut site = Site::new();
    let (one, _) = two_patients(&site);
    table(&mut site, "A1,,GOOD-1,,\nSECRET77,,GOOD-1,,\n");
    let line = format!("{}:3: ", site.text("table.csv"));
    let (sent, out) = (site.text("sent"), site.text("out"));
    for arguments in [&["serve"][..], &["deid", &sent, "--out", &out]] {
        let ran = site.run(arguments);
        ran.fails(2, &[&line, "new_id is that of line 2"]);
        assert!(!ran.stderr.contains("SECRET77") && !ran.stderr.contains("GOOD-1"), "{ran:?}");
    }
    let checked = site.run(&["check"]);
    assert_eq!(checked.code, Some(1), "{checked:?}");
    assert!(checked.stdout.contains("WRONG  [keys] lookup_file") && checked.stdout.contains(&line));
    assert!(one.path.exists() && site.delivered().is_empty());
    site.set("keys.lookup_file", "");
    site.set("keys.unknown_patients", "hold");
    site.run(&["serve"]).fails(2, &["[keys] unknown_patients = \"hold\" needs lookup_file"]);
}
