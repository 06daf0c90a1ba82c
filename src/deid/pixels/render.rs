//! Renders a frame as the 8-bit pictures that a reader could see: text may show in the object's
//! own window, only outside of it, or only when contrast is stretched.

use super::colour;
use super::layout::{Photometric, PixelLayout};
use super::samples::SampleForm;
use super::source::Frame;
use super::voi::{Voi, Window};
use crate::deid::picture::Picture;

/// Steps between the lowest and the highest value, to find percentiles by.
const BINS: usize = 4096;
/// Ranges whose ends differ by less than this part of their length look the same.
const SAME: f64 = 0.04;

/// The pictures of one frame, without those that look like another one. None at all if every pixel
/// is the same.
pub fn render(frame: &Frame, layout: &PixelLayout, voi: &Voi) -> Vec<Picture> {
    let picture = |samples: u8, data: Vec<u8>| Picture {
        frame: frame.index,
        width: layout.columns.into(),
        height: layout.rows.into(),
        samples,
        data,
    };
    if layout.samples_per_pixel == 3 || layout.palette.is_some() {
        let rendered = colour::render(frame, layout).into_iter();
        let mut pictures: Vec<_> = rendered.map(|data| picture(3, data)).collect();
        if layout.palette.is_some() && layout.bits_allocated > 1 {
            // Text in indices whose colours are alike is plain to whoever takes the palette away.
            let indices = extremes(frame, layout);
            pictures.extend(indices.map(|all| picture(1, shade(frame, layout, all, false))));
        }
        return pictures;
    }
    let invert = layout.photometric == Photometric::Monochrome1;
    if layout.bits_allocated == 1 {
        let data = one_bit(frame, layout, invert);
        let constant = data.windows(2).all(|pair| pair[0] == pair[1]);
        return if constant { vec![] } else { vec![picture(1, data)] };
    }
    let ranges = ranges(frame, layout, voi).into_iter();
    ranges.map(|range| picture(1, shade(frame, layout, range, invert))).collect()
}

fn one_bit(frame: &Frame, layout: &PixelLayout, invert: bool) -> Vec<u8> {
    let bit = |index: usize| frame.data.get(index / 8).map_or(0, |byte| byte >> (index % 8) & 1);
    (0..layout.pixels() as usize).map(|i| if (bit(i) == 1) != invert { 255 } else { 0 }).collect()
}

/// The ranges of values to spread over black to white.
fn ranges(frame: &Frame, layout: &PixelLayout, voi: &Voi) -> Vec<Window> {
    let Some(full) = extremes(frame, layout) else { return vec![] };
    let mut ranges = vec![full];
    if let Some(window) = voi.of_frame(frame.index) {
        // A window around everything shows what the full range shows, only paler.
        let (low, high) = (window.black.min(window.white), window.black.max(window.white));
        let shows_something = low < full.white && high > full.black;
        let cuts_something = low > full.black || high < full.white;
        if shows_something && cuts_something && !alike(window, full) {
            ranges.insert(0, window);
        }
    }
    if let Some(bulk) = bulk(frame, layout, full) {
        let dull = bulk.white - bulk.black < (full.white - full.black) / 2.0;
        if dull && !ranges.iter().any(|range| alike(*range, bulk)) {
            ranges.push(bulk);
        }
    }
    ranges
}

fn alike(one: Window, other: Window) -> bool {
    let tolerance = SAME * (one.white - one.black).abs().min((other.white - other.black).abs());
    let near = |a: f64, b: f64| (a - b).abs() <= tolerance;
    // Text is read just as well in a negative.
    near(one.black, other.black) && near(one.white, other.white)
        || near(one.black, other.white) && near(one.white, other.black)
}

/// The lowest and the highest value, if they differ.
fn extremes(frame: &Frame, layout: &PixelLayout) -> Option<Window> {
    let form = SampleForm::of(layout);
    let (mut black, mut white) = (f64::INFINITY, f64::NEG_INFINITY);
    for sample in frame.data.chunks_exact(layout.sample_bytes()) {
        let value = form.shown(sample);
        if value.is_finite() {
            black = black.min(value);
            white = white.max(value);
        }
    }
    (black < white && (white - black).is_finite()).then_some(Window { black, white })
}

/// From the 1st to the 99.5th percentile of the values between the extremes. The extremes
/// themselves are left out, as they are often padding around the image.
fn bulk(frame: &Frame, layout: &PixelLayout, full: Window) -> Option<Window> {
    let form = SampleForm::of(layout);
    let width = (full.white - full.black) / BINS as f64;
    let mut histogram = vec![0_u64; BINS];
    let (mut lowest, mut highest) = (full.white, full.black);
    for sample in frame.data.chunks_exact(layout.sample_bytes()) {
        let value = form.shown(sample);
        if value > full.black && value < full.white {
            let bin = ((value - full.black) / width) as usize;
            histogram[bin.min(BINS - 1)] += 1;
            lowest = lowest.min(value);
            highest = highest.max(value);
        }
    }
    let total: u64 = histogram.iter().sum();
    let bin_at = |wanted: f64| {
        let mut seen = 0;
        histogram.iter().position(|count| {
            seen += count;
            seen as f64 >= wanted * total as f64 && seen > 0
        })
    };
    let black = (full.black + bin_at(0.01)? as f64 * width).max(lowest);
    let white = (full.black + (bin_at(0.995)? + 1) as f64 * width).min(highest);
    (black < white).then_some(Window { black, white })
}

fn shade(frame: &Frame, layout: &PixelLayout, range: Window, invert: bool) -> Vec<u8> {
    let form = SampleForm::of(layout);
    let length = range.white - range.black;
    let grey = |sample: &[u8]| {
        let value = form.shown(sample);
        let part = match length == 0.0 {
            true => f64::from(u8::from(value > range.black)),
            false => (value - range.black) / length,
        };
        // `as` takes NaN to 0 and clips the rest.
        let grey = (part * 255.0).round() as u8;
        if invert { 255 - grey } else { grey }
    };
    let samples = frame.data.chunks_exact(layout.sample_bytes());
    if layout.sample_bytes() > 2 {
        return samples.map(grey).collect();
    }
    // At most 65,536 different samples: look them up.
    let table: Vec<u8> = (0..=u16::MAX)
        .take(1 << layout.bits_allocated.min(16))
        .map(|sample| grey(&sample.to_le_bytes()[..layout.sample_bytes()]))
        .collect();
    let index = |sample: &[u8]| match *sample {
        [low] => usize::from(low),
        [low, high, ..] => usize::from(u16::from_le_bytes([low, high])),
        [] => 0,
    };
    samples.map(|sample| table.get(index(sample)).copied().unwrap_or(0)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::deid::pixels::layout::tests::layout;
    use dicom_core::{DataElement, VR};
    use dicom_dictionary_std::tags;
    use dicom_object::InMemDicomObject;

    fn voi(center: &'static str, width: &'static str) -> Voi {
        Voi::read(&InMemDicomObject::from_element_iter([
            DataElement::new(tags::WINDOW_CENTER, VR::DS, center),
            DataElement::new(tags::WINDOW_WIDTH, VR::DS, width),
        ]))
    }

    fn words(values: &[u16]) -> Frame {
        Frame { index: 3, data: values.iter().flat_map(|value| value.to_le_bytes()).collect() }
    }

    fn data(pictures: &[Picture]) -> Vec<&[u8]> {
        pictures.iter().map(|picture| &picture.data[..]).collect()
    }

    #[test]
    fn values_outside_of_the_window_are_seen_in_a_second_picture() {
        let layout = layout("MONOCHROME2", 1, 4, 16);
        let frame = words(&[0, 100, 200, 4000]);
        let pictures = render(&frame, &layout, &voi("100.5", "201"));
        assert_eq!(data(&pictures)[..2], [&[0, 128, 255, 255][..], &[0, 6, 13, 255][..]]);
        assert_eq!((pictures[0].frame, pictures[0].width, pictures[0].height), (3, 4, 1));
    }

    #[test]
    fn pictures_that_look_the_same_are_made_once() {
        let layout = layout("MONOCHROME2", 1, 3, 16);
        let frame = words(&[0, 500, 1000]);
        for same in [voi("500", "1000"), voi("2000", "9000"), voi("5000", "10"), Voi::default()] {
            assert_eq!(render(&frame, &layout, &same).len(), 1);
        }
    }

    #[test]
    fn dull_content_beside_an_extreme_value_is_stretched() {
        let layout = layout("MONOCHROME2", 1, 200, 16);
        for extremes in [(0, 30_000), (30_000, 60_000), (0, 60_000)] {
            let mut values: Vec<u16> = (0..200).map(|i| 30_000 + i % 10).collect();
            (values[0], values[1]) = extremes;
            let pictures = render(&words(&values), &layout, &Voi::default());
            assert_eq!(pictures.len(), 2);
            assert!(pictures[1].data[2..].iter().any(|grey| *grey > 200));
            assert!(pictures[1].data[2..].iter().any(|grey| *grey < 50));
        }
    }

    #[test]
    fn a_frame_of_one_value_has_no_picture() {
        assert_eq!(render(&words(&[7; 4]), &layout("MONOCHROME2", 2, 2, 16), &voi("7", "2")), []);
        let bits = Frame { index: 0, data: vec![0] };
        assert_eq!(render(&bits, &layout("MONOCHROME2", 2, 2, 1), &Voi::default()), []);
    }

    #[test]
    fn monochrome1_is_shown_as_it_is_displayed() {
        let frame = Frame { index: 0, data: vec![0, 255] };
        let pictures = render(&frame, &layout("MONOCHROME1", 1, 2, 8), &Voi::default());
        assert_eq!(data(&pictures), [&[255, 0]]);
        let bits = Frame { index: 0, data: vec![0b01] };
        let pictures = render(&bits, &layout("MONOCHROME1", 1, 2, 1), &Voi::default());
        assert_eq!(data(&pictures), [&[0, 255]]);
    }

    #[test]
    fn floats_that_are_no_numbers_are_black() {
        let mut layout = layout("MONOCHROME2", 1, 4, 32);
        layout.float = true;
        let values = [f32::NAN, f32::INFINITY, -1.0, 1.0];
        let data: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
        let pictures = render(&Frame { index: 0, data }, &layout, &Voi::default());
        assert_eq!(pictures[0].data, [0, 255, 0, 255]);
        let data = f32::NAN.to_le_bytes().repeat(4);
        assert_eq!(render(&Frame { index: 0, data }, &layout, &Voi::default()), []);
    }
}
