//! Codestreams that contradict their headers, end early or ask for too much cost only their object.

use crate::harness::{Site, files_under, hidden, mismatched, slow};
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
    let said = |line: &str| {
        line.trim().split_once(": ").map(|(reason, count)| (reason.to_owned(), count.parse().ok()))
    };
    let held: usize = ran
        .stdout
        .lines()
        .filter_map(said)
        .filter_map(|(reason, count)| {
            let count: usize = count?;
            assert!(REASONS.contains(&reason.as_str()), "{count} are held as {reason}: {ran:?}");
            Some(count)
        })
        .sum();
    assert_eq!(held, names, "{ran:?}");
    assert!(!ran.stderr.contains("tried once more"), "a child was killed: {ran:?}");
}

#[test]
fn an_object_beyond_a_limit_is_held_and_one_at_it_is_not() {
    // 87 frames of 88 x 320 samples of a byte.
    for (limit, most) in
        [("max_frames", 87), ("max_frame_bytes", 88 * 320 * 3), ("max_pixel_bytes", 87 * 88 * 320)]
    {
        for (most, code) in [(most, Some(0)), (most / 4, Some(1))] {
            let mut site = Site::new();
            hidden(&site.path("in"));
            site.set(&format!("limits.{limit}"), i64::from(most));
            let object = site.text("in/objects/on-frame-40-of-87.dcm");
            let ran = site.run(&["deid", &object, "--out", &site.text("out")]);
            assert_eq!(ran.code, code, "{limit} = {most}: {ran:?}");
            assert_eq!(ran.stdout.contains("limit-exceeded: 1"), code == Some(1), "{ran:?}");
        }
    }
}

#[test]
fn an_object_that_decodes_longer_than_a_step_may_is_held() {
    let mut site = Site::new();
    let object = slow(&site.path("in"));
    site.set("sandbox.request_cpu_s", 1);
    let object = object.to_str().expect("a path in ASCII");
    let ran = site.run(&["deid", object, "--out", &site.text("out")]);
    assert_eq!(ran.code, Some(1), "{ran:?}");
    assert!(ran.stdout.contains("needs more than 1 s of processor time"), "{ran:?}");
}
