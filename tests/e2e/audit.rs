//! The audit log: every object that was delivered has its lines, nobody is named, and every change is found.

use crate::harness::{Site, assert_absent, sample, storescu};
use serde_json::Value;
use std::path::PathBuf;

fn log(site: &Site) -> PathBuf {
    site.path("spool/audit/audit-000000000001.jsonl")
}

fn lines(site: &Site) -> Vec<Value> {
    let text = std::fs::read_to_string(log(site)).expect("a log");
    text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
}

/// The lines of this event.
fn of<'l>(lines: &'l [Value], event: &str) -> Vec<&'l Value> {
    lines.iter().filter(|line| line["event"] == event).collect()
}

#[test]
fn every_delivered_object_has_its_lines_and_nobody_is_named() {
    let site = Site::new();
    let samples = sample(&site.path("sent"), &["--ct", "2", "--us", "1"]);
    let gateway = site.start();
    let sent: Vec<_> = samples.iter().map(|sample| &sample.path).collect();
    storescu(gateway.port, &[], &sent);
    site.wait_ended(sent.len());
    gateway.stop();
    let lines = lines(&site);
    assert_eq!(of(&lines, "received").len(), sent.len());
    assert_eq!(of(&lines, "started").len(), 1);
    for delivered in of(&lines, "sent") {
        let job = |line: &&&Value| line["job"] == delivered["job"];
        let made = of(&lines, "deidentified");
        let made = made.iter().find(job).expect("what was decided");
        assert_eq!((&made["sop"], &made["profile"]), (&delivered["sop"], &Value::from("basic")));
        assert!(made["key"].is_string() && made["boxes"].is_object(), "{made}");
        assert_eq!(delivered["destination"], "out");
    }
    assert_eq!(of(&lines, "sent").len(), sent.len());
    let text = std::fs::read(log(&site)).expect("a log");
    for sample in &samples {
        assert_absent(&sample.identifiers, &text, "the audit log");
    }
    assert!(site.run(&["audit", "verify"]).ok().contains("from 1 to "));
}

#[test]
fn a_line_that_was_changed_taken_out_or_cut_off_is_found_with_its_place() {
    let site = Site::new();
    let samples = sample(&site.path("sent"), &["--ct", "1"]);
    let gateway = site.start();
    storescu(gateway.port, &[], &[&samples[0].path]);
    site.wait_ended(1);
    gateway.stop();
    let whole = std::fs::read_to_string(log(&site)).expect("a log");
    let count = whole.lines().count();
    assert!(count >= 5, "{whole}");
    let without = |number: usize| {
        let kept = whole.lines().enumerate().filter(|(at, _)| *at != number);
        kept.map(|(_, line)| format!("{line}\n")).collect::<String>()
    };
    for (text, words) in [
        (whole.replace("\"destination\":\"out\"", "\"destination\":\"elsewhere\""), "line "),
        (without(2), "line 3"),
        (without(count - 1), "cut off"),
    ] {
        assert_ne!(text, whole);
        std::fs::write(log(&site), text).expect("written");
        let ran = site.run(&["audit", "verify"]);
        assert_eq!(ran.code, Some(1), "{ran:?}");
        assert!(ran.stderr.contains(words), "{words}: {ran:?}");
    }
    std::fs::write(log(&site), &whole).expect("written");
    site.run(&["audit", "verify"]).ok();
    let copy = site.text("spool/audit/audit-000000000001.jsonl");
    assert!(site.run(&["audit", "verify", &copy]).ok().contains("not known"));
}

#[test]
fn the_log_goes_on_in_another_file_and_over_a_crash() {
    let mut site = Site::new();
    site.set("audit.rotate_bytes", 4_096);
    let samples = sample(&site.path("sent"), &["--ct", "6"]);
    let gateway = site.start();
    let sent: Vec<_> = samples.iter().map(|sample| &sample.path).collect();
    storescu(gateway.port, &[], &sent[..3]);
    gateway.kill();
    let gateway = site.start();
    storescu(gateway.port, &[], &sent[3..]);
    site.wait_ended(6);
    gateway.stop();
    let said = site.run(&["audit", "verify"]).ok();
    let files = std::fs::read_dir(site.path("spool/audit")).expect("a directory").count();
    assert!(files > 1 && said.contains(&format!("in {files} files, from 1 to ")), "{said}");
}
