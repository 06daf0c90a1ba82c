//! What stored values show the colour of blanked boxes.

use super::attributes::number;
use super::layout::{Photometric, PixelLayout};
use super::samples::SampleForm;
use crate::config::FillColour;
use dicom_core::Tag;
use dicom_dictionary_std::tags;
use dicom_object::InMemDicomObject;
use serde::{Deserialize, Serialize};

/// What boxes of an object are filled with.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fill {
    pub colour: FillColour,
    /// The lowest and the highest value that stands for no pixel (PS3.3 C.7.5.1.1.2).
    pub padding: Option<(i64, i64)>,
}

impl Fill {
    /// Black, and the padding values that the header states for samples of this sign and width.
    pub(super) fn read(header: &InMemDicomObject, bits_allocated: u16, signed: bool) -> Self {
        let one = |tag: Tag| {
            // VR US or SS: some writers use the wrong one.
            let value = header.get(tag)?.to_int::<i64>().ok();
            let value = value.or_else(|| number(header, tag).ok().flatten().map(i64::from))?;
            let bits = u32::from(bits_allocated.clamp(1, 16));
            let unused = 64 - bits;
            Some(match signed {
                true => value << unused >> unused,
                false => ((value as u64) << unused >> unused) as i64,
            })
        };
        let padding = one(tags::PIXEL_PADDING_VALUE).map(|value| {
            let limit = one(tags::PIXEL_PADDING_RANGE_LIMIT).unwrap_or(value);
            (value.min(limit), value.max(limit))
        });
        Self { colour: FillColour::default(), padding }
    }
}

/// The stored value of a filled sample of one-sample pixels.
///
/// A grey is the share of the stored range that the colour's luminance is of white; no grey but black is
/// a padding value, which is shown otherwise.
pub(super) fn sample(layout: &PixelLayout) -> i64 {
    let (lowest, highest) = SampleForm::of(layout).range();
    let colour = layout.fill.colour;
    if let (Photometric::PaletteColor, Some(palette)) = (layout.photometric, &layout.palette) {
        return match colour.is_black() {
            true => palette.darkest(lowest, highest),
            false => palette.nearest(colour.0, lowest, highest),
        };
    }
    let [red, green, blue] = colour.0.map(i128::from);
    let luminance = 299 * red + 587 * green + 114 * blue;
    let span = i128::from(highest) - i128::from(lowest);
    let share = (span * luminance + 127_500) / 255_000;
    let value = match layout.photometric {
        Photometric::Monochrome1 => i128::from(highest) - share,
        _ => i128::from(lowest) + share,
    };
    let value = i64::try_from(value).unwrap_or(lowest);
    match layout.fill.padding {
        Some((from, to)) if !colour.is_black() && (from..=to).contains(&value) => {
            let (below, above) = (from.saturating_sub(1), to.saturating_add(1));
            let nearer_below = value.abs_diff(below) <= value.abs_diff(above);
            match (below >= lowest, above <= highest) {
                (true, false) => below,
                (true, true) if nearer_below => below,
                (_, true) => above,
                (false, false) => value,
            }
        }
        _ => value,
    }
}

/// The stored values of the three samples of a filled pixel of colours.
pub(super) fn colours(layout: &PixelLayout) -> [i64; 3] {
    let [red, green, blue] = layout.fill.colour.0.map(f64::from);
    let eight_bits = if layout.photometric.is_ybr() {
        [
            0.299 * red + 0.587 * green + 0.114 * blue,
            128.0 - 0.168_736 * red - 0.331_264 * green + 0.5 * blue,
            128.0 + 0.5 * red - 0.418_688 * green - 0.081_312 * blue,
        ]
    } else {
        [red, green, blue]
    };
    let (_, highest) = SampleForm::of(layout).range();
    let middle = 1_i64 << (layout.bits_stored - 1);
    let mut values = eight_bits.map(|v| ((v / 255.0) * highest as f64).round() as i64);
    if layout.photometric.is_ybr() {
        for (value, eight) in values.iter_mut().zip(eight_bits).skip(1) {
            // From the middle, which is no colour at all.
            *value = middle + ((eight - 128.0) / 127.0 * (highest - middle) as f64).round() as i64;
            *value = (*value).clamp(0, highest);
        }
    }
    values
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::deid::pixels::layout::tests::layout;
    use crate::deid::pixels::palette::Palette;
    use dicom_core::{DataElement, PrimitiveValue, VR};

    fn coloured(term: &str, bits: u16, colour: [u8; 3]) -> PixelLayout {
        let mut layout = layout(term, 2, 2, bits);
        layout.fill.colour = FillColour(colour);
        layout
    }

    #[test]
    fn a_grey_is_a_share_of_the_stored_range_as_it_is_shown() {
        assert_eq!(sample(&coloured("MONOCHROME2", 8, [255; 3])), 255);
        assert_eq!(sample(&coloured("MONOCHROME2", 8, [128; 3])), 128);
        assert_eq!(sample(&coloured("MONOCHROME1", 8, [255; 3])), 0);
        assert_eq!(sample(&coloured("MONOCHROME1", 8, [0; 3])), 255);
        let mut signed = coloured("MONOCHROME2", 16, [255; 3]);
        (signed.bits_stored, signed.high_bit, signed.signed) = (12, 11, true);
        assert_eq!(sample(&signed), 2047);
        signed.fill.colour = FillColour([0; 3]);
        assert_eq!(sample(&signed), -2048);
    }

    #[test]
    fn no_colour_but_black_is_a_padding_value() {
        let mut white = coloured("MONOCHROME2", 8, [255; 3]);
        white.fill.padding = Some((250, 255));
        assert_eq!(sample(&white), 249);
        white.fill.padding = Some((0, 255));
        assert_eq!(sample(&white), 255, "there is nothing else");
        let mut grey = coloured("MONOCHROME2", 8, [100; 3]);
        grey.fill.padding = Some((99, 104));
        assert_eq!(sample(&grey), 98);
        let mut black = coloured("MONOCHROME2", 8, [0; 3]);
        black.fill.padding = Some((0, 0));
        assert_eq!(sample(&black), 0);
    }

    #[test]
    fn padding_is_read_in_the_sign_of_the_samples() {
        let number = |tag, value: u16| DataElement::new(tag, VR::US, PrimitiveValue::from(value));
        let header = InMemDicomObject::from_element_iter([
            number(tags::PIXEL_PADDING_VALUE, 63_536),
            number(tags::PIXEL_PADDING_RANGE_LIMIT, 10),
        ]);
        assert_eq!(Fill::read(&header, 16, true).padding, Some((-2000, 10)));
        assert_eq!(Fill::read(&header, 16, false).padding, Some((10, 63_536)));
        assert_eq!(Fill::read(&InMemDicomObject::new_empty(), 16, true).padding, None);
    }

    #[test]
    fn colours_are_those_of_the_samples() {
        assert_eq!(colours(&coloured("RGB", 8, [1, 2, 200])), [1, 2, 200]);
        assert_eq!(colours(&coloured("RGB", 16, [255, 0, 128])), [65_535, 0, 32_896]);
        assert_eq!(colours(&coloured("YBR_FULL", 8, [0; 3])), [0, 128, 128]);
        assert_eq!(colours(&coloured("YBR_FULL", 8, [255; 3])), [255, 128, 128]);
        assert_eq!(colours(&coloured("YBR_FULL", 8, [255, 0, 0])), [76, 85, 255]);
    }

    #[test]
    fn a_palette_has_the_nearest_of_its_colours() {
        let mut indexed = coloured("MONOCHROME2", 8, [250, 10, 10]);
        indexed.photometric = Photometric::PaletteColor;
        let entries = vec![[9; 3], [200, 0, 0], [255; 3]];
        indexed.palette = Some(Palette { first: 3, entries });
        assert_eq!(sample(&indexed), 4);
    }
}
