//! `check` says of everything whether it is fit, and what to do when it is not.

use crate::harness::{Ran, Site, Storescp, free_port};

fn line<'a>(ran: &'a Ran, start: &str) -> &'a str {
    let found = ran.stdout.lines().find(|line| line.starts_with(start));
    found.unwrap_or_else(|| panic!("no line {start:?}: {ran:?}"))
}

#[test]
fn a_configuration_that_is_fit_passes() {
    let mut site = Site::new();
    let research = Storescp::start(&site.path("research"));
    site.deliver_to_port(research.port);
    let ran = site.run(&["check"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    for what in ["[deid]", "[keys]", "[spool]", "[intake]", "[detection]", "[sandbox]"] {
        line(&ran, &format!("ok     {what}"));
    }
    assert!(line(&ran, "ok     destination \"research\"").contains("answers C-ECHO"));
    for what in ["[spool] disk", "[spool] encryption"] {
        let found = ran
            .stdout
            .lines()
            .any(|l| l.split_once("  ").is_some_and(|(_, l)| l.trim_start().starts_with(what)));
        assert!(found, "{what}: {ran:?}");
    }
    line(&ran, "ok     [observe]");
    let (findings, to_enter) = ran.stdout.split_once("\n\n").expect("what to enter");
    let is_fit = |line: &str| line.starts_with("ok ") || line.starts_with("warn ");
    assert!(findings.lines().all(is_fit), "{ran:?}");
    assert!(to_enter.contains("AE title        DEID"), "{to_enter}");
}

#[test]
fn a_destination_that_is_down_is_named_with_what_to_check() {
    let mut site = Site::new();
    let port = free_port();
    site.deliver_to_port(port);
    let ran = site.run(&["check"]);
    assert_eq!(ran.code, Some(1), "{ran:?}");
    let wrong = line(&ran, "WRONG  destination \"research\"");
    assert!(wrong.contains(&format!("RESEARCH at 127.0.0.1:{port}")), "{wrong}");
    assert!(wrong.contains("cannot connect; check address"), "{wrong}");
}

#[test]
fn a_folder_that_cannot_be_made_is_named() {
    let mut site = Site::new();
    std::fs::write(site.path("file"), "").expect("written");
    let path = site.text("file/out");
    site.destinations(&[&format!("name = \"out\"\nkind = \"folder\"\npath = \"{path}\"")]);
    let ran = site.run(&["check"]);
    assert_eq!(ran.code, Some(1), "{ran:?}");
    let wrong = line(&ran, "WRONG  destination \"out\"");
    assert!(wrong.contains(&path) && wrong.contains("not writable"), "{wrong}");
}

#[test]
fn a_port_in_use_is_found() {
    let mut site = Site::new();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = taken.local_addr().expect("an address").to_string();
    site.set("intake.listen", address.clone());
    let ran = site.run(&["check"]);
    assert_eq!(ran.code, Some(1), "{ran:?}");
    let wrong = line(&ran, "WRONG  [intake]");
    assert!(wrong.contains(&address) && wrong.contains("in use; by a gateway"), "{wrong}");
}

#[test]
fn a_disk_with_too_little_room_is_found_before_objects_are_refused() {
    let mut site = Site::new();
    site.set("intake.min_free_bytes", i64::MAX);
    let ran = site.run(&["check"]);
    assert_eq!(ran.code, Some(1), "{ran:?}");
    let wrong = line(&ran, "WRONG  [spool] disk");
    assert!(wrong.contains("objects are refused below") && wrong.contains("make room"), "{wrong}");
}

#[test]
fn a_token_that_everybody_can_read_is_told() {
    let mut site = Site::new();
    std::fs::write(site.path("token"), "a-long-token\n").expect("written");
    site.set("observe.token_file", site.text("token"));
    let mode = |mode| {
        use std::os::unix::fs::PermissionsExt;
        let mode = std::fs::Permissions::from_mode(mode);
        std::fs::set_permissions(site.path("token"), mode).expect("set");
    };
    mode(0o644);
    let told = site.run(&["check"]);
    assert!(line(&told, "warn   [observe] token_file").contains("chmod o="), "{told:?}");
    mode(0o640);
    line(&site.run(&["check"]), "ok     [observe] token_file");
}
