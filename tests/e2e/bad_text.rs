//! Text that breaks the rules of its character set, or takes long: handled or held, with a place, never with
//! the value.

use crate::harness::{Ran, Site, assert_absent, bad_text, files_under};
use std::time::{Duration, Instant};

/// One object, in a build without optimisation, on a machine that does something else.
const SLOW: Duration = Duration::from_secs(20);

#[test]
fn text_that_breaks_rules_or_takes_long_is_handled_or_held_and_never_told() {
    let site = Site::new();
    let directory = site.path("in");
    let listing = bad_text(&directory);
    let objects = listing.as_object().expect("a listing");
    assert!(objects.len() >= 15);
    for profile in ["basic", "research-longitudinal"] {
        site.write_profile(profile, "");
        for (name, entry) in objects {
            let text = |value: &serde_json::Value| value.as_str().expect("text").to_owned();
            let planted: Vec<_> =
                entry["planted"].as_array().expect("a list").iter().map(text).collect();
            let out = site.path(&format!("{profile}-{name}"));
            let file = directory.join(text(&entry["file"]));
            let began = Instant::now();
            let ran = Ran::of(site.command().arg("deid").arg(&file).arg("--out").arg(&out));
            assert!(began.elapsed() < SLOW, "{name} under {profile}: {:?}", began.elapsed());
            let results = files_under(&out);
            match ran.code {
                Some(0) => assert_eq!(results.len(), 1, "{name} under {profile}: {ran:?}"),
                // Of the reasons to hold, those that speak of the object.
                Some(1) => {
                    assert!(ran.stdout.contains("\n1 held:\n"), "{name} under {profile}: {ran:?}");
                    assert!(!ran.stdout.contains("sandbox-"), "{name} under {profile}: {ran:?}");
                    assert_eq!(results.len(), 0, "{name} under {profile}");
                }
                _ => panic!("{name} under {profile}: {ran:?}"),
            }
            for path in results {
                let bytes = std::fs::read(&path).expect("readable");
                assert_absent(&planted, &bytes, &format!("the result of {name} under {profile}"));
                let path = path.strip_prefix(&out).expect("inside").to_string_lossy().into_owned();
                assert_absent(&planted, path.as_bytes(), "a name of a file");
            }
            assert_absent(&planted, ran.stdout.as_bytes(), "stdout");
            assert_absent(&planted, ran.stderr.as_bytes(), "stderr");
        }
    }
}
