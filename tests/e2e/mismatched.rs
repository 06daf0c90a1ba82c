//! Codestreams that contradict their headers, end early or ask for too much cost only their object.

use crate::harness::{Site, files_under, mismatched};
use std::path::PathBuf;

/// What such an object may be held for: never because its child was killed.
const REASONS: [&str; 5] =
    ["pixels-mismatch", "pixels-not-decodable", "truncated", "limit-exceeded", "malformed"];

#[test]
fn pixels_that_are_not_what_the_header_says_are_held_in_bounded_memory() {
    let mut site = Site::new();
    let names = mismatched(&site.path("in"));
    // Beyond a frame of 400 MB, which is within the limits, and its picture.
    site.set("sandbox.memory_bytes", 1536 << 20);
    let (from, to) = (site.text("in"), site.text("out"));
    let ran = site.run(&["deid", &from, "--out", &to]);
    assert_eq!(ran.code, Some(1), "{ran:?}");
    assert_eq!(files_under(&site.path("out")), Vec::<PathBuf>::new(), "delivered");
    let said = |line: &str| line.trim().split_once(": ").map(|(reason, count)| (reason.to_owned(), count.parse().ok()));
    let held: usize = ran.stdout.lines().filter_map(said).filter_map(|(reason, count)| {
        let count: usize = count?;
        assert!(REASONS.contains(&reason.as_str()), "{count} are held as {reason}: {ran:?}");
        Some(count)
    }).sum();
    assert_eq!(held, names, "{ran:?}");
    assert!(!ran.stderr.contains("tried once more"), "a child was killed: {ran:?}");
}
