//! Drawn cines: text that comes, goes and changes over moving noise is read in every frame that has it.

use super::*;
use crate::config::Detection;
use crate::phi::Phi;
use noto_sans_mono_bitmap::{FontWeight, RasterHeight, get_raster};

const WIDTH: u32 = 192;
const HEIGHT: u32 = 96;

/// A frame of noise that is another in each, up to `loudness` levels.
fn frame(index: u32, loudness: u32) -> Picture {
    let mut state = 0x9E37_79B9 ^ index.wrapping_mul(0x85EB_CA6B);
    let mut next = move || {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        state
    };
    let level = |_| 60 + if loudness > 0 { (next() % loudness) as u8 } else { 0 };
    let data = (0..WIDTH * HEIGHT).map(level).collect();
    Picture { frame: index, width: WIDTH, height: HEIGHT, samples: 1, enhanced: false, data }
}

fn write(mut picture: Picture, left: u32, top: u32, text: &str) -> Picture {
    let mut start = left;
    for letter in text.chars() {
        let glyph = get_raster(letter, FontWeight::Regular, RasterHeight::Size16).expect("ASCII");
        for (row, line) in glyph.rows().enumerate() {
            for (column, strength) in line.iter().enumerate() {
                let at = ((top + row as u32) * WIDTH + start + column as u32) as usize;
                let (ink, old) = (u32::from(*strength), u32::from(picture.data[at]));
                picture.data[at] = ((ink * 230 + (255 - ink) * old) / 255) as u8;
            }
        }
        start += glyph.width() as u32;
    }
    picture
}

fn line(frame: u32, area: [u32; 4], text: &str) -> TextLine {
    let [left, top, right, bottom] = area;
    let area = PixelRect { left, top, right, bottom };
    TextLine {
        frame,
        area,
        text: Phi::new(text.into()),
        confidence: 0.9,
        unread: false,
        words: Vec::new(),
    }
}

fn anchor(picture: Picture, lines: Vec<TextLine>) -> Anchor {
    let edges = Strokes::of(&picture, &areas(&lines));
    Anchor { picture, lines: Arc::new(lines), edges, since: Vec::new(), whole_every: 4 }
}

/// What was read in each frame, and how many were read whole.
async fn read(pictures: Vec<Picture>, whole_every: u32) -> (Vec<Vec<String>>, usize) {
    let settings = Detection { read_whole_every: whole_every, ..Detection::default() };
    let recogniser = Recogniser::new(&settings);
    let mut texts = vec![Vec::new(); pictures.len()];
    let mut sequence = recogniser.sequence();
    for picture in pictures {
        for line in sequence.read(picture).await.expect("read") {
            texts[line.frame as usize].push(line.text.reveal().replace(' ', ""));
        }
    }
    (texts, recogniser.remembered_pictures())
}

#[tokio::test]
async fn text_that_comes_late_or_changes_is_read_in_each_frame_that_has_it() {
    let banner = |index: u32| write(frame(index, 20), 4, 2, "ID 4471902");
    let frames: Vec<Picture> = (0..9)
        .map(|index| match index {
            4 => write(banner(index), 30, 50, "JANE DOE"),
            5.. => write(banner(index), 30, 50, &format!("TIME {index}")),
            _ => banner(index),
        })
        .collect();
    let (texts, whole) = read(frames, 32).await;
    for (index, texts) in texts.iter().enumerate() {
        let has = |text: &str| texts.iter().any(|read| read == text);
        assert!(has("ID4471902"), "frame {index}: {texts:?}");
        assert_eq!(has("JANEDOE"), index == 4, "frame {index}: {texts:?}");
        assert_eq!(has(&format!("TIME{index}")), index > 4, "frame {index}: {texts:?}");
    }
    assert!((2..=5).contains(&whole), "{whole} of 9 were read whole");
}

#[tokio::test]
async fn one_means_that_each_is_read_whole() {
    let frames: Vec<Picture> = (0..3).map(|index| frame(index, 20)).collect();
    assert_eq!(read(frames, 1).await.1, 3);
}

#[test]
fn noise_that_moves_is_no_text_and_letters_over_it_are() {
    let before = anchor(frame(0, 24), vec![]);
    let known = |judgement| matches!(judgement, Judgement::Known { same: false, .. });
    let moved = (1..20).filter(|index| known(before.judge(&frame(*index, 24)))).count();
    assert!(moved >= 17, "{moved} of 19");
    for text in ["MEIER", "42"] {
        let after = write(frame(1, 24), 60, 40, text);
        assert!(matches!(before.judge(&after), Judgement::Other), "{text}");
    }
    assert!(matches!(before.judge(&frame(0, 24)), Judgement::Known { same: true, .. }));
}

#[test]
fn a_line_with_any_other_pixel_is_read_again_and_what_grows_beyond_it_is_new() {
    let banner = write(frame(0, 0), 4, 2, "HR 72");
    let before = anchor(banner.clone(), vec![line(0, [2, 2, 46, 20], "HR 72")]);
    let mut after = banner;
    after.data[(10 * WIDTH + 30) as usize] ^= 0x20;
    let Judgement::Known { changed, same: false } = before.judge(&after) else {
        panic!("one pixel is no text")
    };
    assert_eq!(changed, [0]);
    let grown = write(frame(0, 0), 4, 2, "HR 72 MEIER");
    assert!(matches!(before.judge(&grown), Judgement::Other));
}

#[test]
fn what_only_its_turn_brought_to_light_stands_in_all_frames_before() {
    let mut before = anchor(frame(0, 20), vec![line(0, [4, 4, 40, 20], "KNOWN")]);
    before.since = vec![1, 2, 3];
    assert!(matches!(before.judge(&frame(4, 20)), Judgement::Turn));
    let read = vec![line(4, [5, 4, 41, 20], "KNOWN"), line(4, [60, 60, 90, 76], "LATE")];
    let (after, missed) = before.replaced(frame(4, 20), Arc::new(read), true);
    let places: Vec<(u32, &str)> =
        missed.iter().map(|line| (line.frame, line.text.reveal().as_str())).collect();
    assert_eq!(places, [(1, "LATE"), (2, "LATE"), (3, "LATE")]);
    assert_eq!((after.whole_every, after.since.len(), after.picture.frame), (2, 0, 4));
}

#[test]
fn what_is_new_is_looked_at_more_than_once() {
    let mut before = anchor(frame(0, 0), vec![]);
    let drawn = write(write(frame(1, 0), 4, 30, "MEIERMEIERMEIER"), 4, 46, "MEIERMEIERMEIER");
    let mut readings = 0;
    while matches!(before.judge(&drawn), Judgement::Other) && readings < 9 {
        // Nothing was found there.
        let other = Picture { frame: 1, ..frame(0, 0) };
        before = before.replaced(drawn.clone(), Arc::new(vec![]), false).0;
        before.picture = other;
        readings += 1;
    }
    assert!((2..6).contains(&readings), "{readings}");
}
