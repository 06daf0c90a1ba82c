//! Text in every place that carries pixels, or bytes beside them, is gone, and what should stay stays.

use crate::encoded::ask_for;
use crate::harness::{Site, hidden, judge_graphics, judge_hidden};
use std::collections::BTreeMap;

/// `deid` of the objects of hidden.py under a profile that says this of the transfer syntax: those that
/// are to be held are, for their reasons; the judge takes the others.
fn nothing_is_left(transfer_syntax: &str) {
    let site = Site::new();
    let listing = hidden(&site.path("in"));
    ask_for(&site, transfer_syntax);
    let (from, to) = (site.text("in/objects"), site.text("out"));
    let ran = site.run(&["deid", &from, "--out", &to]);
    assert_eq!(ran.code, Some(1), "{ran:?}");
    // Inputs are numbered in the order of their file names, and held by their reasons.
    let mut reasons: BTreeMap<usize, &str> = BTreeMap::new();
    let mut reason = "";
    for line in ran.stdout.lines() {
        let (word, _) = line.trim().split_once(": ").unwrap_or_default();
        match word.strip_prefix("input ").and_then(|number| number.parse().ok()) {
            Some(number) => drop(reasons.insert(number, reason)),
            None => reason = word,
        }
    }
    let mut listing: Vec<_> = listing.into_iter().collect();
    listing.sort_by_key(|(name, _)| format!("{name}.dcm"));
    for (number, (name, wanted)) in (1..).zip(listing) {
        let is = reasons.get(&number).copied();
        let right = is.map_or(wanted.is_empty(), |is| wanted.iter().any(|w| w == is));
        assert!(right, "{name} is held for {is:?}, not {wanted:?}: {ran:?}");
    }
    judge_hidden(&site.path("in"), &site.path("out"));
}

#[test]
fn no_hidden_text_is_left_where_results_leave_as_they_came() {
    nothing_is_left("same");
}

#[test]
fn no_hidden_text_is_left_where_results_leave_decoded() {
    nothing_is_left("explicit");
}

#[test]
fn an_overlay_without_text_stays_under_the_clean_graphics_option() {
    let site = Site::new();
    hidden(&site.path("in"));
    let profile = std::fs::read_to_string(site.path("profile.toml")).expect("readable");
    let asked = profile.replace("options = []", "options = [\"Clean Graphics Option\"]");
    assert_ne!(asked, profile, "the profile names its options");
    std::fs::write(site.path("profile.toml"), asked).expect("written");
    let object = site.text("in/objects/in-one-overlay-of-two.dcm");
    site.run(&["deid", &object, "--out", &site.text("out")]).ok();
    judge_graphics(&site.path("in"), &site.path("out"));
}
