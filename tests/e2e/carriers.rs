//! What the gateway cannot read is held by its kind; documents are dropped, and faces pass or are
//! held, as the profile says.

use crate::harness::{Site, assert_absent, carriers, files_under, judge, judge_document};
use std::path::{Path, PathBuf};

/// The kinds of documents of carriers.py.
const DOCUMENTS: [&str; 5] = ["pdf", "cda", "stl", "obj", "mtl"];

/// A site whose profile has these lines in place of those of the shipped one.
fn site(changes: &[(&str, &str)]) -> (Site, serde_json::Value) {
    let site = Site::new();
    let listing = carriers(&site.path("in"));
    let path = site.path("profile.toml");
    let mut profile = std::fs::read_to_string(&path).expect("readable");
    for (shipped, changed) in changes {
        assert_eq!(profile.matches(shipped).count(), 1, "{shipped} is not in the profile once");
        profile = profile.replace(shipped, changed);
    }
    std::fs::write(&path, profile).expect("written");
    (site, listing)
}

fn input(site: &Site, name: &str) -> PathBuf {
    site.path(&format!("in/{name}.dcm"))
}

/// Asserts that `deid` delivers the object, and that judges find it de-identified.
fn delivered(site: &Site, name: &str) -> PathBuf {
    let (source, out) = (input(site, name), site.text(&format!("out-{name}")));
    let source = source.to_str().expect("a path in ASCII");
    let printed = site.run(&["deid", source, "--out", &out]).ok();
    assert!(printed.starts_with("1 de-identified"), "{name}: {printed}");
    let files = files_under(Path::new(&out));
    let [result] = &files[..] else { panic!("{name}: {files:?}") };
    judge(&input(site, name), result);
    result.clone()
}

/// Asserts that `deid` holds the object for this reason, saying this, and leaves no file.
fn held(site: &Site, name: &str, reason: &str, says: &str) {
    let (source, out) = (input(site, name), site.text(&format!("out-{name}")));
    let ran = site.run(&["deid", source.to_str().expect("a path in ASCII"), "--out", &out]);
    assert_eq!(ran.code, Some(1), "{name}: {ran:?}");
    let lines: Vec<_> = ran.stdout.lines().map(str::trim).collect();
    assert_eq!(lines[1..3], ["1 held:", &format!("{reason}: 1")], "{name}: {ran:?}");
    assert!(lines[3].contains(says), "{name}: {ran:?}");
    assert_eq!(files_under(Path::new(&out)), Vec::<PathBuf>::new(), "{name}");
}

fn planted(listing: &serde_json::Value, name: &str) -> Vec<String> {
    let strings = listing[name]["identifiers"].as_array().expect("a list");
    strings.iter().map(|value| value.as_str().expect("text").to_owned()).collect()
}

#[test]
fn what_cannot_be_read_is_held_by_its_kind() {
    let (site, _) = site(&[]);
    for name in DOCUMENTS {
        let kind = format!("an encapsulated {}", name.to_uppercase());
        held(&site, name, "sop-class-not-cleanable", &kind);
    }
    for (name, reason, says) in [
        ("raw", "sop-class-not-cleanable", "Raw Data"),
        ("spectroscopy", "sop-class-not-cleanable", "MR Spectroscopy"),
        ("voice", "sop-class-not-cleanable", "a voice may be heard"),
        ("private", "sop-class-not-cleanable", "a private SOP class"),
        ("url", "pixels-not-decodable", "(0028,7FE0)"),
        ("photograph", "recognizable-face", "a photograph"),
    ] {
        held(&site, name, reason, says);
    }
    // Volumes pass as they are, of a head as well.
    for name in ["head_ct", "chest_ct", "some_ct"] {
        delivered(&site, name);
    }
}

#[test]
fn a_dropped_document_is_a_valid_one_that_tells_nothing() {
    let (site, listing) = site(&[("documents = \"hold\"", "documents = \"drop\"")]);
    for name in DOCUMENTS {
        let planted = planted(&listing, name);
        let source = std::fs::read(input(&site, name)).expect("readable");
        let diagnosis = planted.last().expect("planted").as_bytes();
        assert!(source.windows(diagnosis.len()).any(|w| w == diagnosis), "{name} tells nothing");
        let result = delivered(&site, name);
        judge_document(&result);
        assert_absent(&planted, &std::fs::read(&result).expect("readable"), name);
    }
    // What is no document has nothing that could take its place.
    for name in ["raw", "spectroscopy", "voice", "private"] {
        held(&site, name, "sop-class-not-cleanable", "");
    }
}

#[test]
fn a_photograph_passes_where_the_profile_allows_it() {
    let (site, _) = site(&[("photographs = \"hold\"", "photographs = \"allow\"")]);
    delivered(&site, "photograph");
}

#[test]
fn volumes_that_may_show_a_head_are_held_where_the_profile_says_so() {
    let (site, _) = site(&[("head_volumes = \"allow\"", "head_volumes = \"hold\"")]);
    held(&site, "head_ct", "recognizable-face", "a volume of the head");
    held(&site, "some_ct", "recognizable-face", "Body Part Examined (0018,0015)");
    delivered(&site, "chest_ct");
}

#[test]
fn check_warns_of_what_the_profile_lets_out() {
    let warned = |changes: &[(&str, &str)]| {
        let ran = site(changes).0.run(&["check"]);
        let lines = ran.stdout.lines().filter_map(|line| line.strip_prefix("warn   [deid]  "));
        let lines: Vec<_> = lines.map(str::to_owned).collect();
        assert_eq!(ran.code, Some(0), "a warning is no fault: {ran:?}");
        lines
    };
    let hold_heads = ("head_volumes = \"allow\"", "head_volumes = \"hold\"");
    let [heads] = &warned(&[])[..] else { panic!("not one warning") };
    assert!(heads.contains("not defaced"), "{heads}");
    assert_eq!(warned(&[hold_heads]), Vec::<String>::new());
    let [photographs] =
        &warned(&[hold_heads, ("photographs = \"hold\"", "photographs = \"allow\"")])[..]
    else {
        panic!("not one warning")
    };
    assert!(photographs.starts_with("photographs"), "{photographs}");
    let [documents] = &warned(&[hold_heads, ("documents = \"hold\"", "documents = \"drop\"")])[..]
    else {
        panic!("not one warning")
    };
    assert!(documents.starts_with("encapsulated documents are dropped"), "{documents}");
}
