//! The demo as a new user runs it: the real binary, in an empty directory.

use image::RgbImage;
use std::path::Path;
use std::process::{Command, Output};

/// Rows of the ultrasound's banner, with the line below it.
const BANNER: u32 = 85;
/// Rows of the radiograph without text.
const WITHOUT_TEXT: std::ops::Range<u32> = 160..1120;

fn demo(directory: &Path, arguments: &[&str]) -> Output {
    let temporary = directory.join("tmp");
    std::fs::create_dir_all(&temporary).expect("a directory");
    Command::new(env!("CARGO_BIN_EXE_deid-gateway"))
        .args(arguments)
        .current_dir(directory)
        .env("TMPDIR", &temporary)
        .output()
        .expect("started")
}

fn picture(directory: &Path, name: &str) -> RgbImage {
    image::open(directory.join("demo-out").join(name)).expect(name).into_rgb8()
}

/// The rows in which two pictures differ.
fn changed_rows(before: &RgbImage, after: &RgbImage) -> Vec<u32> {
    assert_eq!(before.dimensions(), after.dimensions());
    let differs =
        |y: &u32| (0..before.width()).any(|x| before.get_pixel(x, *y) != after.get_pixel(x, *y));
    (0..before.height()).filter(differs).collect()
}

#[test]
fn everything_is_delivered_and_only_text_that_identifies_is_hidden() {
    let directory = tempfile::tempdir().expect("a directory");
    let directory = directory.path();
    let output = demo(directory, &["demo"]);
    let said = String::from_utf8_lossy(&output.stdout);
    let warned = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}\n{warned}");
    assert!(said.contains("OK: every object was delivered and verified."), "{said}");
    assert!(said.contains("0 of 17 identifiers"), "{said}");
    assert!(said.contains("10 of 10 burned-in lines that identify"), "{said}");
    assert!(said.lines().all(|line| line.chars().count() <= 100), "{said}");
    assert_eq!(warned, "", "nothing went wrong on the way");

    let pair = |name: &str| {
        let [before, after] = ["before", "after"].map(|when| format!("{name}-{when}.png"));
        let (before, after) = (picture(directory, &before), picture(directory, &after));
        let both = picture(directory, &format!("{name}-both.png"));
        assert!(both.width() > before.width() + after.width());
        changed_rows(&before, &after)
    };
    let ultrasound = pair("ultrasound");
    assert!(ultrasound.len() > 30 && ultrasound.iter().all(|row| *row < BANNER));
    let radiograph = pair("radiograph");
    assert!(radiograph.len() > 60 && !radiograph.iter().any(|row| WITHOUT_TEXT.contains(row)));
    assert!(pair("ct-slice").is_empty());

    let left = std::fs::read_dir(directory.join("tmp")).expect("listed").count();
    assert_eq!(left, 0, "temporary files stay behind");
}

#[test]
fn a_configuration_is_refused_because_it_would_not_be_used() {
    let directory = tempfile::tempdir().expect("a directory");
    let output = demo(directory.path(), &["--config", "gateway.toml", "demo"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).contains("omit --config"));
}
