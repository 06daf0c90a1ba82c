//! Colour frames as 8-bit RGB (PS3.3 C.7.6.3.1.2).

use super::layout::{Photometric, PixelLayout};
use super::samples::SampleForm;
use super::source::Frame;

/// Colours that use less than this much of 0 to 255 are rendered a second time, stretched.
const DULL: u8 = 128;

/// The renderings of a colour frame; none if every pixel has the same colour.
pub(super) fn render(frame: &Frame, layout: &PixelLayout) -> Vec<Vec<u8>> {
    let rgb = to_rgb(frame, layout);
    let first = rgb.get(..3).unwrap_or_default();
    if rgb.chunks_exact(3).all(|pixel| pixel == first) {
        return vec![];
    }
    let (mut low, mut high) = (u8::MAX, 0);
    for value in &rgb {
        (low, high) = (low.min(*value), high.max(*value));
        if high - low >= DULL {
            return vec![rgb];
        }
    }
    // Not 0: two pixels differ.
    let span = u32::from(high - low);
    let stretch = |value: &u8| (u32::from(value - low) * 255 / span) as u8;
    let stretched = rgb.iter().map(stretch).collect();
    vec![rgb, stretched]
}

/// A rendering in grey.
pub(super) fn luminance(rgb: &[u8]) -> Vec<u8> {
    let grey = |pixel: &[u8]| {
        let [red, green, blue] = [0, 1, 2].map(|channel| u32::from(pixel[channel]));
        ((299 * red + 587 * green + 114 * blue) / 1000) as u8
    };
    rgb.chunks_exact(3).map(grey).collect()
}

fn to_rgb(frame: &Frame, layout: &PixelLayout) -> Vec<u8> {
    let form = SampleForm::of(layout);
    let pixels = layout.pixels() as usize;
    let size = layout.sample_bytes();
    if let Some(palette) = &layout.palette {
        let stored = |index: usize| match layout.bits_allocated {
            1 => frame.data.get(index / 8).map_or(0, |byte| i64::from(byte >> (index % 8) & 1)),
            _ => sample(frame, index, size).map_or(0, |sample| form.stored(sample)),
        };
        return (0..pixels).flat_map(|index| palette.colour(stored(index))).collect();
    }
    if layout.photometric == Photometric::Rgb
        && !layout.planar
        && layout.bits_stored == 8
        && size == 1
    {
        return frame.data.clone();
    }
    // Bits that no sample uses are left out: what BitsStored promises may be far above what is
    // there, and all of it would come out black.
    let highest = frame.data.chunks_exact(size).map(|sample| form.stored(sample)).max();
    let used = (64 - highest.unwrap_or(0).leading_zeros()).max(8) as i32;
    let shift = if layout.bits_stored < 8 { i32::from(layout.bits_stored) - 8 } else { used - 8 };
    let eight = |stored: i64| {
        if shift >= 0 { (stored >> shift) as u8 } else { (stored << -shift) as u8 }
    };
    let ybr = layout.photometric.is_ybr();
    (0..pixels)
        .map(|pixel| components(frame, layout, pixel).map(eight))
        .flat_map(|colour| if ybr { from_ybr(colour) } else { colour })
        .collect()
}

/// The three stored values of a pixel.
fn components(frame: &Frame, layout: &PixelLayout, pixel: usize) -> [i64; 3] {
    let (form, size) = (SampleForm::of(layout), layout.sample_bytes());
    let pixels = layout.pixels() as usize;
    let indices = match (layout.photometric, layout.planar) {
        (Photometric::YbrFull422, _) => {
            let pair = pixel / 2 * 4;
            [pair + pixel % 2, pair + 2, pair + 3]
        }
        (_, true) => [pixel, pixels + pixel, 2 * pixels + pixel],
        (_, false) => [pixel * 3, pixel * 3 + 1, pixel * 3 + 2],
    };
    indices.map(|index| sample(frame, index, size).map_or(0, |sample| form.stored(sample)))
}

/// A number for every pixel that differs where one component differs.
pub(super) fn mixed<'a>(
    frame: &'a Frame,
    layout: &'a PixelLayout,
) -> impl Iterator<Item = u64> + Clone + 'a {
    (0..layout.pixels() as usize).map(|pixel| {
        let [first, second, third] = components(frame, layout, pixel).map(|value| value as u64);
        first.wrapping_mul(4).wrapping_add(second.wrapping_mul(2)).wrapping_add(third)
    })
}

fn sample(frame: &Frame, index: usize, size: usize) -> Option<&[u8]> {
    frame.data.get(index * size..(index + 1) * size)
}

/// PS3.3 C.7.6.3.1.2, YBR_FULL.
fn from_ybr([y, cb, cr]: [u8; 3]) -> [u8; 3] {
    let (y, cb, cr) = (f32::from(y), f32::from(cb) - 128.0, f32::from(cr) - 128.0);
    let rgb = [y + 1.402 * cr, y - 0.344_136 * cb - 0.714_136 * cr, y + 1.772 * cb];
    // `as` clips.
    rgb.map(|value| value.round() as u8)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::deid::pixels::layout::tests::layout;
    use crate::deid::pixels::palette::Palette;

    fn rendered(layout: &PixelLayout, data: &[u8]) -> Vec<Vec<u8>> {
        render(&Frame { index: 0, data: data.to_vec() }, layout)
    }

    #[test]
    fn every_arrangement_of_colour_is_rendered_by_pixel() {
        let mut rgb = layout("RGB", 1, 2, 8);
        assert_eq!(rendered(&rgb, &[1, 2, 3, 250, 5, 6]), [[1, 2, 3, 250, 5, 6]]);
        rgb.planar = true;
        assert_eq!(rendered(&rgb, &[1, 250, 2, 5, 3, 6]), [[1, 2, 3, 250, 5, 6]]);
        let ybr = layout("YBR_FULL", 1, 2, 8);
        assert_eq!(rendered(&ybr, &[255, 128, 128, 76, 85, 255]), [[255, 255, 255, 254, 0, 0]]);
        let pairs = layout("YBR_FULL_422", 1, 2, 8);
        assert_eq!(rendered(&pairs, &[0, 255, 128, 128]), [[0, 0, 0, 255, 255, 255]]);
    }

    #[test]
    fn colours_in_the_low_bits_of_wide_samples_are_seen() {
        let wide = layout("RGB", 1, 2, 16);
        assert_eq!(
            rendered(&wide, &[9, 0, 9, 0, 9, 0, 250, 0, 9, 0, 9, 0]),
            [[9, 9, 9, 250, 9, 9]]
        );
        let data = [0, 0, 0, 0, 0, 0, 0, 255, 0, 128, 0, 0];
        assert_eq!(rendered(&wide, &data), [[0, 0, 0, 255, 128, 0]]);
    }

    #[test]
    fn a_palette_gives_its_colours() {
        let mut indexed = layout("MONOCHROME2", 1, 2, 8);
        indexed.photometric = Photometric::PaletteColor;
        indexed.palette = Some(Palette { first: 0, entries: vec![[1, 2, 3], [250, 5, 6]] });
        assert_eq!(rendered(&indexed, &[0, 1]), [[1, 2, 3, 250, 5, 6]]);
        assert!(rendered(&indexed, &[1, 9]).is_empty(), "both show the last colour");
    }

    #[test]
    fn dark_colours_are_rendered_again_stretched() {
        let rgb = layout("RGB", 1, 2, 8);
        let pictures = rendered(&rgb, &[0, 0, 0, 10, 10, 5]);
        assert_eq!(pictures, [[0, 0, 0, 10, 10, 5], [0, 0, 0, 255, 255, 127]]);
    }
}
