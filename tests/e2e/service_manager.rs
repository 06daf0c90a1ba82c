//! Under a service manager: it is told when the gateway is ready, reloads, stops and lives.

use crate::harness::{Ran, Site, wait_until};
use std::os::unix::net::UnixDatagram;

/// Everything that was told since the last time, one line each.
fn told(socket: &UnixDatagram) -> Vec<String> {
    let mut lines = Vec::new();
    let mut buffer = [0; 4096];
    while let Ok(bytes) = socket.recv(&mut buffer) {
        let text = String::from_utf8_lossy(&buffer[..bytes]).into_owned();
        lines.extend(text.lines().map(str::to_owned));
    }
    lines
}

/// Waits until this line comes; all that came until then.
fn wait_told(socket: &UnixDatagram, line: &str) -> Vec<String> {
    let mut all = Vec::new();
    wait_until(&format!("{line} is told"), || {
        all.extend(told(socket));
        all.iter().any(|told| told == line)
    });
    all
}

#[test]
fn a_service_manager_is_told_of_ready_alive_reloading_and_stopping() {
    let site = Site::new();
    let socket = UnixDatagram::bind(site.path("notify")).expect("a socket");
    socket.set_nonblocking(true).expect("set");
    let notify = site.text("notify");
    let mut gateway = site.start_with(&[("NOTIFY_SOCKET", &notify), ("WATCHDOG_USEC", "400000")]);
    let told = wait_told(&socket, "WATCHDOG=1");
    assert_eq!(told.first().map(String::as_str), Some("READY=1"), "{told:?}");
    assert!(gateway.reload().contains("reloaded"));
    let told = wait_told(&socket, "READY=1");
    let at = |line: &str| told.iter().position(|told| told.starts_with(line));
    assert!(at("RELOADING=1") < at("READY=1") && at("MONOTONIC_USEC=").is_some(), "{told:?}");
    gateway.terminate();
    wait_told(&socket, "STOPPING=1");
    assert_eq!(gateway.wait().code(), Some(0));
}

#[test]
fn completions_and_the_manual_page_know_every_command() {
    let site = Site::new();
    for arguments in [&["completions", "bash"][..], &["completions", "zsh"], &["man"]] {
        let text = site.run(arguments).ok();
        for command in ["serve", "check", "held", "profile", "keys"] {
            assert!(text.contains(command), "{command} is not in {arguments:?}");
        }
        assert!(!text.contains("sandbox-child"), "{arguments:?}");
    }
    let ran: Ran = site.run(&["completions", "cobol"]);
    assert_eq!(ran.code, Some(2), "{ran:?}");
}
