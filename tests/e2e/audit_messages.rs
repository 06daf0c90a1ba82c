//! DICOM audit messages: an audit record repository is told of everything, once it is there, and of nobody.

use crate::harness::{
    Authority, Repository, Signed, Site, Storescp, assert_absent, free_port, pynetdicom, run,
    sample, storescu, value, wait_until,
};
use std::path::Path;
use std::process::Command;

fn text(path: &Path) -> &str {
    path.to_str().expect("ASCII")
}

/// Makes a repository on this port that of the site.
fn tell(site: &mut Site, port: u16, authority: &Path, ours: &Signed) {
    let (certificate, key) = (text(&ours.certificate), text(&ours.key));
    let section = format!(
        "address = \"127.0.0.1:{port}\"\nsource_id = \"GATEWAY\"\nsite_id = \"north\"\n\
         timeout_ms = 2000\nretry_min_ms = 50\nretry_max_ms = 100\n\
         tls = {{ ca_file = \"{}\", server_name = \"localhost\", certificate_file = \"{certificate}\", \
         key_file = \"{key}\" }}",
        text(authority)
    );
    site.set("audit.syslog", section.parse::<toml::Table>().expect("TOML"));
}

/// The XML of a message, whose header is as PS3.15 section A.6 says.
fn xml(message: &str) -> &str {
    let (header, xml) = message.split_once('\u{FEFF}').expect("a byte order mark");
    let fields: Vec<_> = header.trim_end().split(' ').collect();
    assert!(["<85>1", "<84>1"].contains(&fields[0]), "{header}");
    assert_eq!((fields[3], fields[5], fields[6]), ("deid-gateway", "DICOM+RFC3881", "[meta"));
    xml
}

/// The messages of this event.
fn of<'m>(messages: &'m [String], code: &str) -> Vec<&'m str> {
    let event = format!("<EventID csd-code=\"{code}\"");
    messages.iter().map(|message| xml(message)).filter(|xml| xml.contains(&event)).collect()
}

/// The numbers of the lines, in the order of arrival.
fn numbers(messages: &[String]) -> Vec<u64> {
    let number = |message: &String| {
        let rest = message.split_once("sequenceId=\"").expect("a number").1;
        rest.split_once('"').expect("ended").0.parse().expect("a number")
    };
    messages.iter().map(number).collect()
}

/// Holds every message against the schema of PS3.15 section A.5.1, by another program.
fn assert_valid(site: &Site, messages: &[String]) {
    let folder = site.path("messages");
    std::fs::create_dir_all(&folder).expect("made");
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut xmllint = Command::new("xmllint");
    xmllint.args(["--noout", "--nonet", "--relaxng"]);
    xmllint.arg(root.join("tests/judges/audit_message.rng"));
    for (number, message) in messages.iter().enumerate() {
        let file = folder.join(format!("{number}.xml"));
        std::fs::write(&file, xml(message)).expect("written");
        xmllint.arg(file);
    }
    let ran = run(&mut xmllint);
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
}

#[test]
fn every_object_is_told_in_and_out_and_nobody_is_named_though_the_repository_was_down() {
    let mut site = Site::new();
    let authority = Authority::new(&site.path("tls"), "authority");
    let research = Storescp::start(&site.path("research"));
    site.deliver_to_port(research.port);
    site.set("audit.rotate_bytes", 4_096);
    let port = free_port();
    tell(&mut site, port, &authority.file, &authority.sign("gateway"));
    let samples = sample(&site.path("sent"), &["--ct", "3", "--us", "1"]);
    let sent: Vec<_> = samples.iter().map(|sample| &sample.path).collect();
    let gateway = site.start();
    storescu(gateway.port, &[], &sent[..2]);
    site.wait_ended(2);
    wait_until("trouble with audit messages", || {
        gateway.stderr().contains("audit messages do not arrive")
    });
    let said = site.run(&["status"]).ok();
    assert!(said.contains("events wait") && said.contains("cannot be reached"), "{said}");
    // what waits outlives a crash
    gateway.kill();
    let gateway = site.start();
    let repository = Repository::start(port, &authority);
    storescu(gateway.port, &[], &sent[2..]);
    site.wait_ended(sent.len());
    gateway.stop();
    let messages = repository.messages();
    let count = sent.len();
    assert_eq!(of(&messages, "110100").len(), 3, "two starts and a stop");
    assert!(messages.last().expect("messages").contains("csd-code=\"110121\""));
    let transfers = of(&messages, "110104");
    let (out, come): (Vec<_>, Vec<_>) =
        transfers.iter().partition(|xml| xml.contains("<Anonymized>true</Anonymized>"));
    assert_eq!((come.len(), out.len(), of(&messages, "110105").len()), (count, count, count));
    for delivered in research.received() {
        let uid = delivered_uid(&delivered);
        let is_told = |xml: &&&&str| xml.contains(&format!("<Instance UID=\"{uid}\"/>"));
        assert_eq!(out.iter().filter(is_told).count(), 1, "{uid}");
    }
    let numbers = numbers(&messages);
    assert!(numbers.is_sorted_by(|a, b| a < b), "in order and once: {numbers:?}");
    assert_valid(&site, &messages);
    for sample in &samples {
        assert_absent(&sample.identifiers, messages.concat().as_bytes(), "the audit messages");
    }
    assert!(site.run(&["status"]).ok().contains("0 events wait"));
    assert!(site.run(&["audit", "verify"]).ok().contains(" lines in "));
}

fn delivered_uid(file: &Path) -> String {
    value(file, dicom_dictionary_std::tags::SOP_INSTANCE_UID)
}

#[test]
fn strangers_keys_and_decisions_are_told_and_a_folder_is_an_export() {
    let mut site = Site::new();
    let authority = Authority::new(&site.path("tls"), "authority");
    let repository = Repository::start(0, &authority);
    tell(&mut site, repository.port, &authority.file, &authority.sign("gateway"));
    site.senders(&["name = \"ct\"\ncalling_ae_title = \"CT1\""]);
    let samples = sample(&site.path("sent"), &["--ct", "1"]);
    let gateway = site.start();
    let none: [&Path; 0] = [];
    let options = ["--echo", "--timeout", "10", "--calling", "XA1"];
    assert!(pynetdicom(gateway.port, &options, &none)[0].starts_with("rejected"));
    storescu(gateway.port, &["-aet", "CT1"], &[&samples[0].path]);
    site.wait_ended(1);
    for command in [
        vec!["keys", "rotate"],
        vec!["destination", "pause", "out"],
        vec!["destination", "resume", "out"],
        vec!["patient", "exclude", "--id", "NOBODY"],
        vec!["patient", "include", "--id", "NOBODY"],
        vec!["patient", "find", "--id", "NOBODY"],
        vec!["held", "list"],
        vec!["audit", "verify"],
    ] {
        site.run(&command).ok();
    }
    gateway.stop();
    let messages = repository.messages();
    assert_eq!(of(&messages, "110106").len(), 1, "an export");
    assert_eq!(of(&messages, "110101").len(), 3, "looked at");
    let alerts = of(&messages, "110113");
    for told in [
        "key-made: the site key",
        "key-rotated",
        "association-rejected: calling-ae-title",
        "destination-paused",
        "destination-steered: resume",
        "patient-excluded",
        "patient-steered: include",
    ] {
        let found = alerts.iter().filter(|xml| xml.contains(told)).count();
        assert_eq!(found, 1, "{told}: {alerts:#?}");
    }
    assert!(!messages.concat().contains("NOBODY"));
    assert_valid(&site, &messages);
}

#[test]
fn a_repository_that_is_not_the_one_is_told_nothing_and_check_says_why() {
    let mut site = Site::new();
    let authority = Authority::new(&site.path("tls"), "authority");
    let other = Authority::new(&site.path("tls"), "other");
    let repository = Repository::start(0, &authority);
    let ours = authority.sign("gateway");
    tell(&mut site, repository.port, &other.file, &ours);
    let line = |site: &Site| {
        let said = site.run(&["check"]).stdout;
        let found = said.lines().find(|line| line.contains("[audit.syslog]"));
        found.expect("a finding").to_owned()
    };
    let wrong = line(&site);
    assert!(wrong.starts_with("WRONG") && wrong.contains("UnknownIssuer"), "{wrong}");
    // nor does it take one whom its authority did not sign
    tell(&mut site, repository.port, &authority.file, &other.sign("gateway2"));
    let wrong = line(&site);
    assert!(wrong.starts_with("WRONG") && wrong.contains("the connection broke"), "{wrong}");
    let gateway = site.start();
    wait_until("trouble with audit messages", || {
        gateway.stderr().contains("audit messages do not arrive")
    });
    gateway.stop();
    assert!(repository.messages().is_empty());
    tell(&mut site, repository.port, &authority.file, &ours);
    assert!(line(&site).starts_with("ok"));
}
