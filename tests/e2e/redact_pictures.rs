//! `redact` on picture files: their form stays, their text and whatever else they carry goes.

use crate::harness::{Ran, Site, files_under, run_python, sample};
use std::path::Path;

fn redact(site: &Site, arguments: &[&str]) -> Ran {
    let arguments: Vec<_> = [&["redact"], arguments].concat();
    site.run(&arguments)
}

fn made(site: &Site) {
    run_python("pictures.py", &["make", &site.text("made")]);
}

fn copy(site: &Site, picture: &str, to: &str) {
    let to = site.path(to);
    std::fs::create_dir_all(to.parent().expect("inside")).expect("made");
    std::fs::copy(site.path("made/in").join(picture), to).expect("copied");
}

fn names(directory: &Path) -> Vec<String> {
    let name = |path: std::path::PathBuf| {
        path.strip_prefix(directory).expect("inside").to_string_lossy().into_owned()
    };
    files_under(directory).into_iter().map(name).collect()
}

#[test]
fn every_kind_of_picture_keeps_its_form_and_loses_its_text_and_metadata() {
    let site = Site::new();
    made(&site);
    let (from, to) = (site.text("made/in"), site.text("out"));
    let ran = redact(&site, &[&from, "--out", &to, "--json", "--show-paths"]);
    std::fs::write(site.path("listing.json"), &ran.stdout).expect("written");
    assert_eq!(ran.code, Some(0), "{ran:?}");
    run_python("pictures.py", &["judge", &site.text("made"), &site.text("listing.json")]);
}

#[test]
fn what_is_no_picture_that_can_be_redacted_is_held_by_itself() {
    let site = Site::new();
    made(&site);
    run_python("pictures.py", &["bad", &site.text("in")]);
    copy(&site, "grey 8.png", "in/chest.png");
    let twelve = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/pixels/grey-dct-12.jpg");
    std::fs::copy(twelve, site.path("in/twelve.jpg")).expect("copied");
    let ran = redact(&site, &[&site.text("in"), "--out", &site.text("out"), "--show-paths"]);
    assert_eq!(ran.code, Some(1), "{ran:?}");
    assert!(ran.stdout.starts_with("1 de-identified"), "{ran:?}");
    for (file, said) in [
        ("cmyk.jpg", "CMYK"),
        ("animated.png", "animated"),
        ("empty.png", "neither DICOM, PNG nor JPEG"),
        ("text.png", "neither DICOM, PNG nor JPEG"),
        ("image.gif", "neither DICOM, PNG nor JPEG"),
        ("short.png", "ends early"),
        ("damaged.png", "does not decode"),
        ("short.jpg", "ends early"),
        ("bomb.png", "more than"),
        ("twelve.jpg", "12 bits"),
    ] {
        let line = ran.stdout.lines().find(|line| line.contains(file));
        assert!(line.is_some_and(|line| line.contains(said)), "{file}: {ran:?}");
    }
    assert_eq!(names(&site.path("out")), ["de-id-chest.png"]);
}

#[test]
fn a_large_picture_is_held_where_the_limit_is_lower() {
    let mut site = Site::new();
    made(&site);
    site.set("limits.max_frame_bytes", 100_000);
    copy(&site, "rgb 8.png", "in/chest.png");
    copy(&site, "grey 8.png", "in/knee.png");
    let ran = redact(&site, &[&site.text("in"), "--out", &site.text("out")]);
    assert_eq!(ran.code, Some(1), "{ran:?}");
    assert!(ran.stdout.contains("  limit-exceeded: 1\n"), "{ran:?}");
    assert_eq!(names(&site.path("out")), ["de-id-knee.png"]);
}

#[test]
fn results_lie_beside_their_inputs_once_and_are_not_taken_for_inputs() {
    let site = Site::new();
    made(&site);
    copy(&site, "grey 8.png", "in/sub/chest.png");
    copy(&site, "rgb 444.jpg", "in/okonkwo.jpg");
    let input = std::fs::read(site.path("in/sub/chest.png")).expect("there");
    let printed = redact(&site, &[&site.text("in")]).ok();
    assert!(printed.contains("1 named by a pseudonym"), "{printed}");
    let after = names(&site.path("in"));
    assert_eq!(after.len(), 4, "{after:?}");
    assert!(after.contains(&"sub/de-id-chest.png".to_owned()), "{after:?}");
    let replaced = after.iter().find(|name| name.starts_with("de-id-")).expect("a result");
    assert!(!replaced.contains("okonkwo") && replaced.ends_with(".jpg"), "{replaced}");
    let again = redact(&site, &[&site.text("in")]).ok();
    assert!(again.starts_with("0 de-identified") && again.contains("2 skipped"), "{again}");
    assert_eq!(names(&site.path("in")), after);
    assert_eq!(std::fs::read(site.path("in/sub/chest.png")).expect("there"), input);
    let result = site.path("in/sub/de-id-chest.png");
    let first = std::fs::read(&result).expect("there");
    std::fs::write(&result, "another").expect("written");
    redact(&site, &[&site.text("in")]).ok();
    assert_eq!(std::fs::read(&result).expect("there"), b"another");
    let forced = redact(&site, &[&site.text("in"), "--out", &site.text("in"), "--force"]).ok();
    assert!(forced.starts_with("2 de-identified"), "{forced}");
    assert_eq!(std::fs::read(&result).expect("there"), first, "the same input, the same bytes");
}

#[test]
fn a_result_never_has_the_name_of_an_input() {
    let site = Site::new();
    made(&site);
    copy(&site, "grey 8.png", "in/chest.png");
    copy(&site, "rgb 8.png", "in/de-id-chest.png");
    let input = std::fs::read(site.path("in/de-id-chest.png")).expect("there");
    let (one, other) = (site.text("in/chest.png"), site.text("in/de-id-chest.png"));
    let ran = redact(&site, &[&one, &other, "--force"]);
    assert_eq!(ran.code, Some(1), "{ran:?}");
    assert!(ran.stdout.contains("its result would have the name of an input"), "{ran:?}");
    assert_eq!(std::fs::read(site.path("in/de-id-chest.png")).expect("there"), input);
}

#[test]
fn text_is_shown_only_to_whoever_asks_for_it_and_no_configuration_is_needed() {
    let site = Site::new();
    made(&site);
    copy(&site, "grey 8.png", "in/chest.png");
    let run = |arguments: &[&str]| {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_deid-gateway"));
        command.current_dir(site.path("in")).args(["redact", "chest.png", "--force"]);
        Ran::of(command.args(arguments))
    };
    for quiet in [&["--redacted-box-color", "#00ff00"][..], &["--json"]] {
        let ran = run(quiet);
        assert_eq!(ran.code, Some(0), "{ran:?}");
        assert!(!ran.stdout.contains("SMITH") && !ran.stderr.contains("SMITH"), "{ran:?}");
    }
    let shown = run(&["--show-text"]);
    assert!(shown.stdout.contains("SMITHSON"), "{shown:?}");
    assert!(shown.stdout.contains("hidden, by score"), "{shown:?}");
    assert!(shown.stderr.contains("a random key that is gone when it ends"), "{shown:?}");
    assert!(!site.path("in/var").exists(), "no key is left behind");
    for wrong in [
        &["--redacted-box-color", "reddish"][..],
        &["--dpi", "0"],
        &["--phi-detection-threshold", "1.5"],
        &["--hide", "nothing"],
        &["s3:///key"],
    ] {
        assert_eq!(run(wrong).code, Some(2), "{wrong:?}");
    }
}

#[test]
fn an_object_gets_the_name_of_its_file_and_pictures_of_its_frames() {
    let site = Site::new();
    let ct = sample(&site.path("sent"), &["--ct", "1"]);
    std::fs::create_dir(site.path("in")).expect("made");
    std::fs::copy(&ct[0].path, site.path("in/ct slice.dcm")).expect("copied");
    std::fs::copy(&ct[0].path, site.path("in/SMITH_JOHN.xyz")).expect("copied");
    let out = site.text("out");
    let printed = redact(&site, &[&site.text("in"), "--out", &out, "--png"]).ok();
    assert!(printed.starts_with("2 de-identified"), "{printed}");
    let results = names(&site.path("out"));
    assert_eq!(results.len(), 4, "{results:?}");
    assert!(!results.concat().contains("SMITH"), "{results:?}");
    for name in ["de-id-ct slice.dcm", "de-id-ct slice.dcm.png"] {
        assert!(results.contains(&name.to_owned()), "{results:?}");
    }
    let picture = std::fs::read(site.path("out/de-id-ct slice.dcm.png")).expect("there");
    assert!(picture.starts_with(b"\x89PNG"));
    let cine = sample(&site.path("cine"), &["--cine", "1", "--frames", "3"]);
    let cine = cine[0].path.to_str().expect("ASCII");
    redact(&site, &[cine, "--out", &site.text("frames"), "--png"]).ok();
    let ends = |end: &str| names(&site.path("frames")).iter().filter(|n| n.ends_with(end)).count();
    assert_eq!([ends(".0001.png"), ends(".0003.png"), ends(".png")], [1, 1, 3]);
    let again = redact(&site, &[&site.text("in"), "--out", &out, "--png"]).ok();
    assert!(again.contains("2 skipped"), "{again}");
}
