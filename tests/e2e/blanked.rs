//! Pixels that cannot be decoded: held, or replaced by a blank picture, as the profile says.

use crate::harness::{Site, judge_blanked, undecodable_pixels};

#[test]
fn what_cannot_be_decoded_leaves_as_a_blank_picture_where_the_profile_says_so() {
    let site = Site::new();
    let profile = site.path("profile.toml");
    let text = std::fs::read_to_string(&profile).expect("readable");
    let asked = text.replace("undecodable = \"hold\"", "undecodable = \"blank\"");
    assert_ne!(asked, text, "the profile names it");
    let objects = undecodable_pixels(&site.path("in"));
    let (from, to) = (site.text("in/objects"), site.text("out"));
    let held = site.run(&["deid", &from, "--out", &site.text("none")]).stdout;
    assert!(held.starts_with("0 de-identified"), "{held}");
    std::fs::write(&profile, asked).expect("written");
    let reports = site.text("reports");
    let printed = site.run(&["deid", &from, "--out", &to, "--reports", &reports]).ok();
    assert!(printed.starts_with(&format!("{objects} de-identified")), "{printed}");
    judge_blanked(&site.path("in"), &site.path("out"));
    for report in std::fs::read_dir(&reports).expect("a folder") {
        let report = std::fs::read(report.expect("a file").path()).expect("readable");
        let report: serde_json::Value = serde_json::from_slice(&report).expect("JSON");
        assert_eq!(report["redaction"]["treatment"], "blanked");
        assert!(report["redaction"]["undecodable"]["reason"].is_string());
    }
}
