//! Text in every place that carries pixels, or bytes beside them, is gone, and what should stay stays.

use crate::harness::{Site, hidden, judge_hidden};

/// `deid` of the objects of hidden.py under a profile that says this of the transfer syntax: those that
/// are to be held are, for their reasons; the judge takes the others.
fn nothing_is_left(transfer_syntax: &str) {
    let site = Site::new();
    let listing = hidden(&site.path("in"));
    site.ask_for(transfer_syntax);
    let (from, to) = (site.text("in"), site.text("out"));
    let ran = site.run(&["deid", &from, "--out", &to]);
    assert_eq!(ran.code, Some(1), "{ran:?}");
    let held: Vec<_> = listing.iter().filter(|(_, reasons)| !reasons.is_empty()).collect();
    let delivered = listing.len() - held.len();
    assert!(ran.stdout.starts_with(&format!("{delivered} de-identified")), "{ran:?}");
    for (name, reasons) in held {
        let line = ran.stdout.lines().find(|line| line.contains(&format!("{name}.dcm")));
        let line = line.unwrap_or_else(|| panic!("{name} is not held: {ran:?}"));
        assert!(reasons.iter().any(|reason| ran.stdout.contains(reason)), "{line}");
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
