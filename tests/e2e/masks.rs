//! Device masks: boxes that are blanked in every picture of a device, in the colour of the profile.

use crate::harness::{
    Site, encoded, files_under, judge_boxes, judge_filled, native, sample, storescu,
};
use std::path::Path;

fn write_masks(site: &mut Site, text: &str) {
    let path = site.path("masks.toml");
    std::fs::write(&path, text).expect("written");
    site.set("deid.masks_file", path.to_str().expect("ASCII"));
}

fn banner(selector: &str, right: u32, bottom: u32) -> String {
    let area = format!("{{ left = 0, top = 0, right = {right}, bottom = {bottom} }}");
    format!("[[masks]]\nname = 'banner'\n{selector}\nboxes = [{area}]\n")
}

#[test]
fn masks_are_checked_and_listed() {
    let mut site = Site::new();
    write_masks(&mut site, &banner("modality = 'US'\nrows = 480", 10, 10));
    let ran = site.run(&["check"]);
    let wanted = "[deid] masks_file  \"banner\": modality US, rows 480: 1 box";
    let plain = ran.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
    let wanted = wanted.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(plain.contains(&wanted), "{ran:?}");
    write_masks(&mut site, &banner("model = ''", 10, 10));
    site.run(&["check"]).fails(2, &["masks.toml", "banner", "selects nothing"]);
    write_masks(&mut site, &banner("colour = 'red'", 10, 10));
    site.run(&["check"]).fails(2, &["masks.toml:3", "colour"]);
}

#[test]
fn a_reload_brings_masks_and_a_report_names_them() {
    let mut site = Site::new();
    let cts = sample(&site.path("in"), &["--ct", "2"]);
    let gateway = site.start();
    storescu(gateway.port, &[], &[&cts[0].path]);
    site.wait_ended(1);
    let first = files_under(&site.path("out"));
    judge_boxes(&cts[0].path, &first[0], "[]");
    write_masks(&mut site, &banner("manufacturer = 'SAMP*'", 101, 33));
    site.write_config();
    assert!(gateway.reload().contains("the configuration was reloaded"));
    storescu(gateway.port, &[], &[&cts[1].path]);
    site.wait_ended(2);
    let all = files_under(&site.path("out"));
    let second = all.iter().find(|path| !first.contains(path)).expect("delivered");
    judge_boxes(&cts[1].path, second, r#"[{"frame": 0, "box": [0, 0, 101, 33]}]"#);
    gateway.stop();
    let (from, to) = (cts[1].path.to_str().expect("ASCII").to_owned(), site.text("again"));
    let reports = site.text("reports");
    site.run(&["deid", &from, "--out", &to, "--reports", &reports]).ok();
    let report = std::fs::read(&files_under(Path::new(&reports))[0]).expect("readable");
    let report: serde_json::Value = serde_json::from_slice(&report).expect("JSON");
    assert_eq!(report["redaction"]["masks"][0]["mask"], "banner");
    assert_eq!(report["redaction"]["masks"][0]["last_frame"], 0);
    assert_eq!(report["redaction"]["treatment"], "skipped");
}

#[test]
fn boxes_have_the_colour_of_the_profile_in_every_form_of_pixels() {
    let mut site = Site::new();
    native(&site.path("native"));
    encoded(&site.path("encoded"));
    write_masks(&mut site, &banner("sop_class = '*'", 37, 21));
    // the secondary captures that both sets are made of
    let skipped: String = (1..=4)
        .map(|class| format!("\"1.2.840.10008.5.1.4.1.1.7.{class}\" = \"skip\"\n"))
        .collect();
    site.write_profile("basic", &skipped);
    let path = site.path("profile.toml");
    let profile = std::fs::read_to_string(&path).expect("readable");
    let coloured = profile.replace("fill = \"black\"", "fill = \"#e0a020\"");
    assert_ne!(coloured, profile, "the profile names it");
    std::fs::write(&path, coloured).expect("written");
    for set in ["native", "encoded"] {
        let (from, to) = (site.text(&format!("{set}/objects")), site.text(&format!("{set}/out")));
        site.run(&["deid", &from, "--out", &to]).ok();
        let syntaxes = judge_filled(Path::new(&to), [0, 0, 37, 21], "e0a020");
        if set == "encoded" {
            // all of them: coefficients are replaced in any colour
            assert_eq!(syntaxes["JPEG Baseline (Process 1)"], 7);
            assert_eq!(syntaxes["JPEG Extended (Process 2 and 4)"], 4);
        }
    }
}
