//! Renders a frame as the 8-bit pictures that a reader could see: text may show in the object's
//! own window, only outside of it, or only when contrast is stretched.

use super::colour;
use super::faint::Ranks;
use super::layout::{Photometric, PixelLayout};
use super::ranges::{extremes, looks};
use super::samples::{SampleForm, is_constant};
use super::source::Frame;
use super::voi::{Look, Voi, Window};
use crate::deid::hold::{Hold, HoldReason};
use crate::deid::picture::Picture;

/// Side of the tiles in which pictures are compared.
const TILE: usize = 16;
/// Pictures whose tiles differ by fewer levels than this in the mean look the same.
const SAME: u64 = 4;

/// The pictures of one frame, without those that look like another one. None at all only if every
/// pixel has the same bits.
pub fn render(frame: &Frame, layout: &PixelLayout, voi: &Voi) -> Result<Vec<Picture>, Hold> {
    let picture = |samples: u8, enhanced: bool, data: Vec<u8>| Picture {
        frame: frame.index,
        width: layout.columns.into(),
        height: layout.rows.into(),
        samples,
        enhanced,
        data,
    };
    let grey_picture = |grey: Grey| picture(1, grey.enhanced, grey.data);
    let mut pictures: Vec<Picture> = Vec::new();
    if layout.samples_per_pixel == 3 || layout.palette.is_some() {
        let colours = colour::render(frame, layout);
        // Colours that are alike, or lie in the low bits of wide samples, are plain to whoever
        // looks at the samples; indices also to whoever takes the palette away.
        if layout.palette.is_some() || layout.bits_stored > 8 || colours.is_empty() {
            let looks = match layout.palette {
                Some(_) => extremes(frame, layout).map(Look::Window).into_iter().collect(),
                None => vec![],
            };
            let shown: Vec<Vec<u8>> = colours.iter().map(|rgb| colour::luminance(rgb)).collect();
            let greys = grey(frame, layout, looks, &shown);
            pictures.extend(greys.into_iter().map(grey_picture));
        }
        pictures.extend(colours.into_iter().map(|data| picture(3, false, data)));
    } else {
        let greys = grey(frame, layout, looks(frame, layout, voi)?, &[]);
        pictures.extend(greys.into_iter().map(grey_picture));
    }
    if pictures.is_empty() && !is_constant(frame, layout) {
        let detail = format!("frame {}: its pixels differ, but nothing shows it", frame.index);
        return Err(Hold::new(HoldReason::DetectionFailed, detail));
    }
    Ok(pictures)
}

/// A rendering in grey.
struct Grey {
    enhanced: bool,
    data: Vec<u8>,
}

/// The frame in grey: its values by each of `looks`, and what is faint in all of these and in the
/// pictures that are `shown` already.
fn grey(frame: &Frame, layout: &PixelLayout, looks: Vec<Look>, shown: &[Vec<u8>]) -> Vec<Grey> {
    let plain = |data| Grey { enhanced: false, data };
    let invert = layout.photometric == Photometric::Monochrome1;
    if layout.bits_allocated == 1 {
        let data = one_bit(frame, layout, invert);
        let constant = data.windows(2).all(|pair| pair[0] == pair[1]);
        return if constant { vec![] } else { vec![plain(data)] };
    }
    let form = SampleForm::of(layout);
    let samples = frame.data.chunks_exact(layout.sample_bytes());
    let ranks = match layout.samples_per_pixel {
        1 => Ranks::new(samples.map(move |sample| form.order(sample)), layout.columns.into()),
        _ => Ranks::new(colour::mixed(frame, layout), layout.columns.into()),
    };
    let mut pictures: Vec<Vec<u8>> = Vec::new();
    // Tables last: what a window shows as well is known then.
    let (tables, windows): (Vec<_>, Vec<_>) =
        looks.into_iter().partition(|look| matches!(look, Look::Table(_)));
    for look in windows.into_iter().chain(tables) {
        match look {
            Look::Window(range) => {
                pictures.push(shade(frame, layout, invert, |value| grey_in(range, value)));
            }
            Look::Table(table) => {
                let data = shade(frame, layout, invert, |value| table.grey(value));
                let width = usize::from(layout.columns);
                if !pictures.iter().any(|other| look_alike(other, &data, width)) {
                    pictures.push(data);
                }
            }
        }
    }
    let faint = ranks.has_more_than(|| pictures.iter().chain(shown));
    let contrast = faint.then(|| ranks.contrast());
    let drawn = contrast
        .as_ref()
        .and_then(|contrast| ranks.drawn(|| pictures.iter().chain(shown).chain([contrast])));
    let enhanced = |data| Grey { enhanced: true, data };
    let fainter = contrast.into_iter().chain(drawn).map(enhanced);
    pictures.into_iter().map(plain).chain(fainter).collect()
}

fn one_bit(frame: &Frame, layout: &PixelLayout, invert: bool) -> Vec<u8> {
    let bit = |index: usize| frame.data.get(index / 8).map_or(0, |byte| byte >> (index % 8) & 1);
    (0..layout.pixels() as usize).map(|i| if (bit(i) == 1) != invert { 255 } else { 0 }).collect()
}

/// Whether two pictures, or one and the negative of the other, differ little everywhere.
fn look_alike(one: &[u8], other: &[u8], width: usize) -> bool {
    let height = one.len().checked_div(width).unwrap_or(0);
    let alike = |negative: u8| {
        (0..height).step_by(TILE).all(|top| {
            (0..width).step_by(TILE).all(|left| {
                let (rows, columns) = (top..height.min(top + TILE), left..width.min(left + TILE));
                let count = (rows.len() * columns.len()) as u64;
                let rows = rows.map(|y| y * width + columns.start..y * width + columns.end);
                let differences = rows.flat_map(|row| one[row.clone()].iter().zip(&other[row]));
                let sum: u64 = differences.map(|(a, b)| u64::from(a.abs_diff(b ^ negative))).sum();
                sum < SAME * count
            })
        })
    };
    alike(0) || alike(255)
}

fn grey_in(range: Window, value: f64) -> u8 {
    // Halves, because the length of what a double can be is infinite.
    let length = range.white / 2.0 - range.black / 2.0;
    let part = match length == 0.0 {
        true => f64::from(u8::from(value > range.black)),
        false => (value / 2.0 - range.black / 2.0) / length,
    };
    // `as` takes NaN to 0 and clips the rest.
    (part * 255.0).round() as u8
}

fn shade(frame: &Frame, layout: &PixelLayout, invert: bool, grey: impl Fn(f64) -> u8) -> Vec<u8> {
    let form = SampleForm::of(layout);
    let grey = |sample: &[u8]| {
        let grey = grey(form.shown(sample));
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
    use crate::deid::pixels::palette::Palette;
    use dicom_core::value::DataSetSequence;
    use dicom_core::{DataElement, PrimitiveValue, VR};
    use dicom_dictionary_std::tags;
    use dicom_object::InMemDicomObject;

    fn voi(center: &str, width: &str) -> Voi {
        Voi::read(&InMemDicomObject::from_element_iter([
            DataElement::new(tags::WINDOW_CENTER, VR::DS, center),
            DataElement::new(tags::WINDOW_WIDTH, VR::DS, width),
        ]))
    }

    fn words(values: &[u16]) -> Frame {
        Frame { index: 3, data: values.iter().flat_map(|value| value.to_le_bytes()).collect() }
    }

    fn shown(frame: &Frame, layout: &PixelLayout, voi: &Voi) -> Vec<Picture> {
        render(frame, layout, voi).expect("rendered")
    }

    fn data(pictures: &[Picture]) -> Vec<&[u8]> {
        pictures.iter().map(|picture| &picture.data[..]).collect()
    }

    #[test]
    fn values_outside_of_the_window_are_seen_in_a_second_picture() {
        let layout = layout("MONOCHROME2", 1, 4, 16);
        let frame = words(&[0, 100, 200, 4000]);
        let pictures = shown(&frame, &layout, &voi("100.5", "201"));
        assert_eq!(data(&pictures)[..2], [&[0, 128, 255, 255][..], &[0, 6, 13, 255][..]]);
        assert_eq!((pictures[0].frame, pictures[0].width, pictures[0].height), (3, 4, 1));
    }

    #[test]
    fn pictures_that_look_the_same_are_made_once() {
        let layout = layout("MONOCHROME2", 1, 3, 16);
        let frame = words(&[0, 500, 1000]);
        for same in [voi("500", "1000"), voi("2000", "9000"), voi("5000", "10"), Voi::default()] {
            assert_eq!(shown(&frame, &layout, &same).len(), 1);
        }
    }

    #[test]
    fn text_in_any_window_of_the_object_is_seen() {
        let layout = layout("MONOCHROME2", 1, 4, 16);
        let frame = words(&[0, 12, 2000, 4000]);
        let pictures = shown(&frame, &layout, &voi("2000\\x\\6", "4000\\5\\13"));
        assert_eq!(data(&pictures)[0], [11, 255, 255, 255]);
        let centers: Vec<String> = (1..=9).map(|at| (at * 300).to_string()).collect();
        let hold = |count: usize| {
            let widths = vec!["100"; count].join("\\");
            let voi = voi(&centers[..count].join("\\"), &widths);
            render(&frame, &layout, &voi).map_err(|hold| hold.reason).map(|all| all.len())
        };
        assert!(hold(8).is_ok());
        assert_eq!(hold(9), Err(HoldReason::LimitExceeded));
    }

    #[test]
    fn text_in_a_lookup_table_of_the_object_is_seen() {
        let voi = |entries: &[u16]| {
            let item = InMemDicomObject::from_element_iter([
                DataElement::new(
                    tags::LUT_DESCRIPTOR,
                    VR::US,
                    PrimitiveValue::U16(vec![4, 0, 8].into()),
                ),
                DataElement::new(tags::LUT_DATA, VR::OW, PrimitiveValue::U16(entries.into())),
            ]);
            let items = DataSetSequence::from(vec![item]);
            let sequence = DataElement::new(tags::VOILUT_SEQUENCE, VR::SQ, items);
            Voi::read(&InMemDicomObject::from_element_iter([sequence]))
        };
        let layout = layout("MONOCHROME2", 1, 4, 16);
        let frame = words(&[0, 1, 2, 3]);
        let pictures = shown(&frame, &layout, &voi(&[0, 200, 0, 200]));
        assert_eq!(data(&pictures).last(), Some(&&[0, 255, 0, 255][..]));
        let like_the_full_range = shown(&frame, &layout, &voi(&[0, 80, 160, 240]));
        assert_eq!(like_the_full_range, shown(&frame, &layout, &Voi::default()));
    }

    #[test]
    fn dull_content_beside_an_extreme_value_is_stretched() {
        let layout = layout("MONOCHROME2", 1, 200, 16);
        for extremes in [(0, 30_000), (30_000, 60_000), (0, 60_000)] {
            let mut values: Vec<u16> = (0..200).map(|i| 30_000 + i % 10).collect();
            (values[0], values[1]) = extremes;
            let pictures = shown(&words(&values), &layout, &Voi::default());
            assert_eq!(pictures.len(), 2);
            assert!(pictures[1].data[2..].iter().any(|grey| *grey > 200));
            assert!(pictures[1].data[2..].iter().any(|grey| *grey < 50));
        }
    }

    #[test]
    fn a_frame_of_one_value_has_no_picture() {
        assert_eq!(shown(&words(&[7; 4]), &layout("MONOCHROME2", 2, 2, 16), &voi("7", "2")), []);
        let bits = Frame { index: 0, data: vec![0] };
        assert_eq!(shown(&bits, &layout("MONOCHROME2", 2, 2, 1), &Voi::default()), []);
    }

    #[test]
    fn monochrome1_is_shown_as_it_is_displayed() {
        let frame = Frame { index: 0, data: vec![0, 255] };
        let pictures = shown(&frame, &layout("MONOCHROME1", 1, 2, 8), &Voi::default());
        assert_eq!(data(&pictures), [&[255, 0]]);
        let bits = Frame { index: 0, data: vec![0b01] };
        let pictures = shown(&bits, &layout("MONOCHROME1", 1, 2, 1), &Voi::default());
        assert_eq!(data(&pictures), [&[0, 255]]);
    }

    /// A frame of one row of floats.
    fn floats(values: &[f64], bits: u16) -> (Frame, PixelLayout) {
        let mut layout = layout("MONOCHROME2", 1, values.len() as u16, bits);
        layout.float = true;
        let bytes = |value: &f64| match bits {
            32 => (*value as f32).to_le_bytes().to_vec(),
            _ => value.to_le_bytes().to_vec(),
        };
        (Frame { index: 0, data: values.iter().flat_map(bytes).collect() }, layout)
    }

    /// Whether some picture shows pixels `one` and `other` at least 60 levels apart.
    fn tells_apart(pictures: &[Picture], one: usize, other: usize) -> bool {
        pictures.iter().any(|picture| picture.data[one].abs_diff(picture.data[other]) >= 60)
    }

    #[test]
    fn text_among_values_that_are_no_numbers_is_seen() {
        let nan = f64::NAN;
        for values in [
            vec![nan, nan, 1.0, nan],
            vec![f64::INFINITY, f64::INFINITY, nan, f64::INFINITY],
            vec![0.0, 0.0, -0.0, 0.0],
            vec![3.0, 3.0, nan, 3.0],
        ] {
            let (frame, layout) = floats(&values, 64);
            let pictures = shown(&frame, &layout, &Voi::default());
            assert!(tells_apart(&pictures, 1, 2), "{values:?}");
        }
        let (frame, layout) = floats(&[nan; 4], 32);
        assert_eq!(shown(&frame, &layout, &Voi::default()), []);
    }

    #[test]
    fn an_extreme_value_hides_no_text() {
        let mut far: Vec<f64> =
            (0..200).map(|at| if at % 40 == 30 { 100.0 } else { 0.0 }).collect();
        for extremes in [[1e30, 0.0], [-1.7e308, 1.7e308]] {
            far[..2].copy_from_slice(&extremes);
            let (frame, layout) = floats(&far, 64);
            assert!(tells_apart(&shown(&frame, &layout, &Voi::default()), 150, 151));
        }
    }

    #[test]
    fn colours_that_are_alike_are_told_apart_by_their_samples() {
        let mut one_bit = layout("MONOCHROME2", 1, 8, 1);
        one_bit.photometric = Photometric::PaletteColor;
        one_bit.palette = Some(Palette { first: 0, entries: vec![[9, 9, 9], [9, 9, 9]] });
        let frame = Frame { index: 0, data: vec![0b0100] };
        assert!(tells_apart(&shown(&frame, &one_bit, &Voi::default()), 1, 2));
        // Black in every colour of RGB.
        let frame = Frame { index: 0, data: vec![0, 127, 128, 0, 128, 128, 0, 127, 128] };
        let pictures = shown(&frame, &layout("YBR_FULL", 1, 3, 8), &Voi::default());
        assert!(tells_apart(&pictures, 0, 1));
        let wide = [0, 0, 0, 255, 0, 0, 0, 255, 0, 0, 0, 255, 3, 0, 0, 255, 0, 0];
        let frame = Frame { index: 0, data: wide.to_vec() };
        let pictures = shown(&frame, &layout("RGB", 1, 3, 16), &Voi::default());
        assert!(tells_apart(&pictures, 1, 2));
    }

    #[test]
    fn pixels_that_differ_where_nothing_shows_it_are_held() {
        // White in 8 bits, and 4, 2 and 1 parts of the samples add up to the same.
        let samples = [0xFF00_u16, 0xFF01, 0xFF00, 0xFF00, 0xFF00, 0xFF02];
        let hold = render(&words(&samples), &layout("RGB", 1, 2, 16), &Voi::default());
        assert_eq!(hold.map_err(|hold| hold.reason), Err(HoldReason::DetectionFailed));
    }
}
