//! Blanking: boxes of a frame get the colour of the layout, and nothing else changes.

use super::fill_value;
use super::layout::{Photometric, PixelLayout};
use super::samples::SampleForm;
use super::source::Frame;
use crate::deid::picture::PixelRect;
use std::ops::Range;

/// The share of the range, in sixteenths, by which a colour in lossy JPEG may be off: half a step of luminance
/// and of a colour difference, of steps up to 255.
const NEARLY: u64 = 3;

/// Clears what every sample holds outside of Bits Stored, where overlays (retired in PS3.3 2004)
/// and anything else may hide. Signed samples are sign-extended. Returns how many samples changed.
pub fn clear_unused_bits(frame: &mut Frame, layout: &PixelLayout) -> u64 {
    match layout.bits_allocated {
        1 => 0,
        _ => SampleForm::of(layout).clear_unused(&mut frame.data),
    }
}

/// Fills the pixels of `rect`. Subsampled chroma is shared by two pixels, so there the box
/// grows to whole pairs.
pub fn fill(frame: &mut Frame, layout: &PixelLayout, rect: PixelRect) {
    if layout.bits_allocated == 1 {
        let set = fill_value::sample(layout) != 0;
        for bit in bits_of(layout, rect) {
            if let Some(byte) = frame.data.get_mut(bit / 8) {
                *byte = *byte & !(1 << (bit % 8)) | u8::from(set) << (bit % 8);
            }
        }
        return;
    }
    for (bytes, pattern) in runs(layout, rect) {
        if let Some(run) = frame.data.get_mut(bytes) {
            run.chunks_exact_mut(pattern.len()).for_each(|pixel| pixel.copy_from_slice(&pattern));
        }
    }
}

/// Whether every pixel of `rect` is what [`fill`] writes; `false` for a box outside of the frame.
pub fn is_filled(frame: &Frame, layout: &PixelLayout, rect: PixelRect) -> bool {
    if rect.clipped(layout.columns.into(), layout.rows.into()).is_none() {
        return false;
    }
    if layout.bits_allocated == 1 {
        let wanted = u8::from(fill_value::sample(layout) != 0);
        let is_set = |bit| frame.data.get(bit / 8).is_some_and(|b| b >> (bit % 8) & 1 == wanted);
        return bits_of(layout, rect).all(is_set);
    }
    runs(layout, rect).all(|(bytes, pattern)| {
        let run = frame.data.get(bytes);
        run.is_some_and(|run| run.chunks_exact(pattern.len()).all(|pixel| pixel == pattern))
    })
}

/// Whether all pixels of `rect` are alike and near to what [`fill`] writes: lossy JPEG has whole steps of its
/// quantisation alone. Black is there as it is. `false` for a box outside of the frame.
pub fn is_nearly_filled(frame: &Frame, layout: &PixelLayout, rect: PixelRect) -> bool {
    if is_filled(frame, layout, rect) {
        return true;
    }
    let form = SampleForm::of(layout);
    let (lowest, highest) = form.range();
    let inside = rect.clipped(layout.columns.into(), layout.rows.into()).is_some();
    if layout.fill.colour.is_black() || !inside || layout.bits_allocated == 1 || layout.float {
        return false;
    }
    let near = highest.abs_diff(lowest) / 16 * NEARLY;
    let mut colour = None;
    runs(layout, rect).all(|(bytes, pattern)| {
        let run = frame.data.get(bytes).unwrap_or_default();
        run.chunks_exact(pattern.len()).all(|pixel| {
            let samples = pixel.chunks_exact(layout.sample_bytes());
            let wanted = pattern.chunks_exact(layout.sample_bytes());
            let close = |(one, other)| form.stored(one).abs_diff(form.stored(other)) <= near;
            *colour.get_or_insert(pixel) == pixel && samples.zip(wanted).all(close)
        })
    })
}

/// The bytes of the fill, one pattern for each plane; a pattern is one pixel, or a pair if chroma is
/// subsampled.
fn patterns(layout: &PixelLayout) -> Vec<Vec<u8>> {
    let form = SampleForm::of(layout);
    let samples = match layout.photometric {
        // IEEE 754 zero is all bits zero: floats have no lowest value that a window would show.
        _ if layout.float => vec![form.bytes_of(0)],
        _ if layout.samples_per_pixel == 1 => vec![form.bytes_of(fill_value::sample(layout))],
        photometric => {
            let [first, second, third] = fill_value::colours(layout).map(|v| form.bytes_of(v));
            match photometric {
                Photometric::YbrFull422 => vec![first.clone(), first, second, third],
                _ => vec![first, second, third],
            }
        }
    };
    if layout.planar { samples } else { vec![samples.concat()] }
}

/// Byte ranges of `rect`, row by row and plane by plane, with the pattern that fills each.
fn runs(
    layout: &PixelLayout,
    rect: PixelRect,
) -> impl Iterator<Item = (Range<usize>, Vec<u8>)> + use<> {
    let pixels_of_pattern = if layout.photometric == Photometric::YbrFull422 { 2 } else { 1 };
    let (rows, columns) = (usize::from(layout.rows), usize::from(layout.columns));
    let rect = rect.clipped(layout.columns.into(), layout.rows.into());
    let rect = rect.unwrap_or(PixelRect { left: 0, top: 0, right: 0, bottom: 0 });
    let units = columns / pixels_of_pattern;
    let left = rect.left as usize / pixels_of_pattern;
    let right = (rect.right as usize).div_ceil(pixels_of_pattern);
    patterns(layout).into_iter().enumerate().flat_map(move |(plane, pattern)| {
        (rect.top as usize..rect.bottom as usize).map(move |row| {
            let first = (plane * rows + row) * units;
            let size = pattern.len();
            ((first + left) * size..(first + right) * size, pattern.clone())
        })
    })
}

/// Bit positions of `rect` in a frame of 1-bit pixels, which are packed without regard to rows.
fn bits_of(layout: &PixelLayout, rect: PixelRect) -> impl Iterator<Item = usize> + use<> {
    let columns = usize::from(layout.columns);
    let rect = rect.clipped(layout.columns.into(), layout.rows.into());
    let rect = rect.unwrap_or(PixelRect { left: 0, top: 0, right: 0, bottom: 0 });
    (rect.top as usize..rect.bottom as usize).flat_map(move |row| {
        (rect.left as usize..rect.right as usize).map(move |column| row * columns + column)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::FillColour;
    use crate::deid::pixels::layout::tests::layout;
    use crate::deid::pixels::palette::Palette;
    use proptest::prelude::*;

    const BOX: PixelRect = PixelRect { left: 1, top: 0, right: 2, bottom: 1 };

    fn filled(layout: &PixelLayout, rect: PixelRect) -> Vec<u8> {
        let mut frame = Frame { index: 0, data: vec![0x55; layout.frame_bytes()] };
        assert!(!is_filled(&frame, layout, rect));
        fill(&mut frame, layout, rect);
        assert!(is_filled(&frame, layout, rect));
        frame.data
    }

    #[test]
    fn black_is_black_in_every_kind_of_pixel() {
        let mut grey = layout("MONOCHROME2", 1, 3, 16);
        assert_eq!(filled(&grey, BOX), [0x55, 0x55, 0, 0, 0x55, 0x55]);
        (grey.bits_stored, grey.high_bit, grey.signed) = (12, 11, true);
        assert_eq!(filled(&grey, BOX), [0x55, 0x55, 0, 0xF8, 0x55, 0x55]);
        grey.photometric = Photometric::Monochrome1;
        assert_eq!(filled(&grey, BOX), [0x55, 0x55, 0xFF, 7, 0x55, 0x55]);
        let ybr = layout("YBR_FULL", 1, 2, 8);
        assert_eq!(filled(&ybr, BOX), [0x55, 0x55, 0x55, 0, 128, 128]);
        let mut planes = layout("RGB", 1, 2, 8);
        planes.planar = true;
        assert_eq!(filled(&planes, BOX), [0x55, 0, 0x55, 0, 0x55, 0]);
        let pairs = layout("YBR_FULL_422", 1, 4, 8);
        assert_eq!(filled(&pairs, BOX), [0, 0, 128, 128, 0x55, 0x55, 0x55, 0x55]);
        assert_eq!(filled(&layout("MONOCHROME1", 1, 8, 1), BOX), [0x57]);
        assert_eq!(
            filled(&layout("MONOCHROME2", 1, 8, 1), PixelRect { left: 2, ..BOX }.wide()),
            [0b0101_0001]
        );
    }

    impl PixelRect {
        fn wide(self) -> Self {
            Self { right: self.left + 2, ..self }
        }
    }

    #[test]
    fn one_colour_near_to_that_of_the_fill_is_nearly_it_and_black_is_exact() {
        let mut layout = layout("RGB", 1, 3, 8);
        layout.fill.colour = FillColour([200, 100, 0]);
        let all = PixelRect { left: 0, top: 0, right: 3, bottom: 1 };
        let nearly = |layout: &PixelLayout, pixels: [[u8; 3]; 3]| {
            is_nearly_filled(&Frame { index: 0, data: pixels.concat() }, layout, all)
        };
        assert!(nearly(&layout, [[200, 100, 0]; 3]));
        assert!(nearly(&layout, [[190, 110, 20]; 3]));
        assert!(!nearly(&layout, [[190, 110, 80]; 3]), "far from it");
        assert!(!nearly(&layout, [[190, 110, 20], [190, 110, 20], [191, 110, 20]]), "two colours");
        let outside = PixelRect { left: 3, top: 0, right: 4, bottom: 1 };
        let frame = Frame { index: 0, data: vec![0; 9] };
        assert!(!is_nearly_filled(&frame, &layout, outside));
        layout.fill.colour = FillColour::default();
        assert!(!nearly(&layout, [[1, 0, 0]; 3]));
    }

    #[test]
    fn a_palette_is_filled_with_its_darkest_colour() {
        let mut indexed = layout("MONOCHROME2", 1, 2, 8);
        indexed.photometric = Photometric::PaletteColor;
        indexed.palette = Some(Palette { first: 3, entries: vec![[9; 3], [1; 3], [5; 3]] });
        assert_eq!(filled(&indexed, BOX), [0x55, 4]);
    }

    #[test]
    fn floats_are_filled_with_zero() {
        let mut float = layout("MONOCHROME2", 1, 2, 32);
        (float.float, float.signed) = (true, true);
        assert_eq!(filled(&float, BOX), [0x55, 0x55, 0x55, 0x55, 0, 0, 0, 0]);
    }

    #[test]
    fn a_box_outside_of_the_frame_is_not_filled() {
        let grey = layout("MONOCHROME2", 1, 2, 8);
        let frame = Frame { index: 0, data: vec![0, 0] };
        assert!(!is_filled(&frame, &grey, PixelRect { left: 2, top: 0, right: 9, bottom: 9 }));
    }

    prop_compose! {
        fn any_layout()(
            kind in 0..5_usize, columns in 1..20_u16, rows in 1..20_u16, wide in any::<bool>(),
            stored in 1..=16_u16, above in 0..16_u16, signed in any::<bool>(), planar in any::<bool>(),
            one_bit in any::<bool>(),
        ) -> PixelLayout {
            let term = ["MONOCHROME1", "MONOCHROME2", "RGB", "YBR_FULL", "YBR_FULL_422"][kind];
            let grey = kind < 2;
            let bits = if grey && one_bit { 1 } else if wide && kind < 3 { 16 } else { 8 };
            let columns = if kind == 4 { columns + columns % 2 } else { columns };
            let mut layout = layout(term, rows, columns, bits);
            layout.bits_stored = stored.min(bits);
            layout.high_bit = (layout.bits_stored - 1 + above).min(bits - 1);
            layout.signed = grey && signed && bits > 1;
            layout.planar = planar && (kind == 2 || kind == 3);
            layout
        }
    }

    /// The samples of one pixel, as bits, read in another way than `runs` does.
    fn pixel(data: &[u8], layout: &PixelLayout, x: usize, y: usize) -> Vec<u8> {
        let (columns, rows) = (usize::from(layout.columns), usize::from(layout.rows));
        let at = y * columns + x;
        if layout.bits_allocated == 1 {
            return vec![data[at / 8] >> (at % 8) & 1];
        }
        let size = usize::from(layout.bits_allocated / 8);
        let sample = |index: usize| data[index * size..(index + 1) * size].to_vec();
        match layout.photometric {
            Photometric::YbrFull422 => {
                let pair = at / 2 * 4;
                [sample(pair + at % 2), sample(pair + 2), sample(pair + 3)].concat()
            }
            _ if layout.samples_per_pixel == 1 => sample(at),
            _ if layout.planar => {
                (0..3).flat_map(|plane| sample(plane * columns * rows + at)).collect()
            }
            _ => (0..3).flat_map(|channel| sample(at * 3 + channel)).collect(),
        }
    }

    proptest! {
        #[test]
        fn only_pixels_inside_the_box_change(
            layout in any_layout(), seed in any::<[u8; 32]>(),
            (left, top, width, height) in (0..25_u32, 0..25_u32, 0..25_u32, 0..25_u32),
        ) {
            let rect = PixelRect { left, top, right: left + width, bottom: top + height };
            let size = layout.frame_bytes();
            let data: Vec<u8> = seed.into_iter().cycle().take(size).collect();
            let before = Frame { index: 0, data };
            let mut after = before.clone();
            fill(&mut after, &layout, rect);
            let inside = rect.clipped(layout.columns.into(), layout.rows.into());
            prop_assert_eq!(is_filled(&after, &layout, rect), inside.is_some());
            let pairs = layout.photometric == Photometric::YbrFull422;
            for y in 0..usize::from(layout.rows) {
                for x in 0..usize::from(layout.columns) {
                    let hit = |x: usize| rect.contains(x as u32, y as u32);
                    if hit(x) || pairs && hit(x ^ 1) {
                        continue;
                    }
                    let was = pixel(&before.data, &layout, x, y);
                    prop_assert_eq!(pixel(&after.data, &layout, x, y), was);
                }
            }
            let mut clean = after.clone();
            clear_unused_bits(&mut clean, &layout);
            prop_assert_eq!(is_filled(&clean, &layout, rect), inside.is_some());
        }

        #[test]
        fn clearing_unused_bits_keeps_values_and_is_done_once(
            layout in any_layout(), seed in any::<[u8; 32]>(),
        ) {
            prop_assume!(layout.bits_allocated > 1);
            let data: Vec<u8> = seed.into_iter().cycle().take(layout.frame_bytes()).collect();
            let mut frame = Frame { index: 0, data: data.clone() };
            clear_unused_bits(&mut frame, &layout);
            let form = SampleForm::of(&layout);
            let size = usize::from(layout.bits_allocated / 8);
            for (was, is) in data.chunks_exact(size).zip(frame.data.chunks_exact(size)) {
                prop_assert_eq!(form.stored(was), form.stored(is));
                prop_assert_eq!(form.bytes_of(form.stored(is)), is);
            }
            prop_assert_eq!(clear_unused_bits(&mut frame, &layout), 0);
        }
    }
}
