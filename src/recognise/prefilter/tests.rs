//! Drawn text is never cleared; what has no strokes of letters is.

use super::*;
use crate::recognise::local::tests::{Page, noise};
use noto_sans_mono_bitmap::RasterHeight::{Size16, Size24, Size32};

fn prefilter() -> Prefilter {
    Prefilter::load().expect("loads")
}

/// A slice of CT as a phantom: ellipses with blurred edges, and noise behind the same point spread.
fn anatomy(seed: u32) -> Page {
    let grain = noise(0, 64);
    Page::new(256, 256, 1, move |x, y| {
        let (u, v) = (f64::from(x) - 128.0, f64::from(y) - 128.0);
        let body = 1.0 / (1.0 + (((u / 105.0).hypot(v / 80.0) - 1.0) * 60.0).exp());
        let spine = 1.0 / (1.0 + ((u.hypot(v - 45.0) - 16.0) * 1.5).exp());
        let lung = 1.0 / (1.0 + ((((u.abs() - 48.0) / 30.0).hypot(v / 44.0) - 1.0) * 30.0).exp());
        let around = |dx: u32, dy: u32| f64::from(grain(x + dx + seed * 977, y + dy));
        let spread = (0..3).flat_map(|dy| (0..3).map(move |dx| (dx, dy)));
        let mean = spread.map(|(dx, dy)| around(dx, dy)).sum::<f64>() / 9.0 - 32.0;
        (20.0 + 110.0 * body + 80.0 * spine - 90.0 * lung * body + 0.8 * mean).clamp(0.0, 255.0)
            as u8
    })
}

#[test]
fn drawn_text_is_never_cleared_faint_inverted_or_turned() {
    let prefilter = prefilter();
    for (size, down) in
        [(Size16, false), (Size24, false), (Size32, false), (Size16, true), (Size32, true)]
    {
        for (ground, ink) in [(0, 20), (0, 255), (255, 0), (120, 144), (120, 96), (40, 60)] {
            let page = Page::flat(256, 256, 1, ground).write([40, 20], "DOE^JANE", size, ink, down);
            assert!(prefilter.has_doubts(&page.picture), "{size:?} {down} {ground} {ink}");
        }
    }
}

#[test]
fn text_on_anatomy_and_in_one_colour_alone_is_not_cleared() {
    let prefilter = prefilter();
    for seed in 0..4 {
        let page = anatomy(seed).write([60, 110], "SMITH 0815", Size16, 230, false);
        assert!(prefilter.has_doubts(&page.picture));
    }
    let mut page = Page::flat(256, 256, 3, 60);
    let ink = Page::flat(256, 256, 1, 60).write([40, 60], "SMITH 0815", Size16, 110, false);
    for channel in 0..3 {
        let mut picture = page.picture.clone();
        for (at, level) in ink.picture.data.iter().enumerate() {
            picture.data[at * 3 + channel] = *level;
        }
        assert!(prefilter.has_doubts(&picture), "channel {channel}");
    }
    page.picture.data.pop();
    assert!(prefilter.has_doubts(&page.picture), "the reader refuses it");
}

#[test]
fn gradients_waves_and_smooth_anatomy_are_cleared() {
    let prefilter = prefilter();
    let flat = Page::flat(300, 200, 1, 7);
    let gradient = Page::new(512, 512, 1, |x, y| ((x + y) / 4) as u8);
    let moving = Page::new(640, 400, 1, |x, _| (60.0 + 50.0 * (f64::from(x) / 40.0).sin()) as u8);
    for page in [flat, gradient, moving, anatomy(3)] {
        let scores = prefilter.highest(&page.picture);
        assert!(!prefilter.has_doubts(&page.picture), "{:?}: {scores:?}", page.picture);
    }
}

#[test]
fn lines_in_scripts_without_a_dictionary_are_not_cleared() {
    let bytes = include_bytes!("../../../testdata/pixels/scripts.png");
    let image = image::load_from_memory(bytes).expect("a picture").to_luma8();
    let width = image.width();
    for number in 0..6 {
        let rows = number * 48 * width as usize..(number + 1) * 48 * width as usize;
        let data = image.as_raw()[rows].to_vec();
        let picture = Picture { frame: 0, width, height: 48, samples: 1, enhanced: false, data };
        assert!(prefilter().has_doubts(&picture), "line {number}");
    }
}

#[test]
fn strips_of_a_large_picture_see_what_one_piece_would() {
    let network = Network::load().expect("loads");
    // 1600 rows of 700 pixels are three strips; the middle of it alone is one.
    let page = Page::new(700, 1600, 1, noise(20, 60));
    let (all, in_row) = network.scores(&page.picture.data, 700, 1600);
    let (first, end) = (640, 1152);
    let (middle, _) = network.scores(&page.picture.data[first * 700..end * 700], 700, end - first);
    assert_eq!(all.len(), in_row * 200);
    let (margin, cells) = (4 * in_row, 64 * in_row);
    let offset = first / network::CELL * in_row;
    assert_eq!(&all[offset + margin..offset + cells - margin], &middle[margin..cells - margin]);
}
