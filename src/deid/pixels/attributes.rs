//! Reading numbers and words of the header for the pixels, and writing back what the pixels became.

use super::layout::PixelLayout;
use crate::deid::hold::{Hold, HoldReason};
use dicom_core::{DataElement, PrimitiveValue, Tag, VR};
use dicom_dictionary_std::tags;
use dicom_object::InMemDicomObject;

/// The first value of an attribute as a whole number; `None` if absent or empty.
pub(super) fn number(header: &InMemDicomObject, tag: Tag) -> Result<Option<u32>, Hold> {
    let Some(element) = header.get(tag) else { return Ok(None) };
    if element.value().primitive().is_none_or(|value| value.multiplicity() == 0) {
        return Ok(None);
    }
    element.to_int::<u32>().map(Some).map_err(|_| mismatch(format!("{tag} is not a whole number")))
}

/// The value of an attribute that must be there.
pub(super) fn required(header: &InMemDicomObject, tag: Tag) -> Result<u32, Hold> {
    number(header, tag)?.ok_or_else(|| mismatch(format!("{tag} is missing")))
}

/// The values of a decimal string or float, each by itself: what is malformed costs no other.
pub(super) fn decimals(
    header: &InMemDicomObject,
    tag: Tag,
) -> impl Iterator<Item = Option<f64>> + use<> {
    let values = header.get(tag).and_then(|element| Some(element.value().primitive()?.to_str()));
    let values = values.map(|values| values.into_owned()).unwrap_or_default();
    let number = |value: &str| {
        let number = value.trim_matches(['\0', ' ']).parse().ok();
        number.filter(|number: &f64| number.is_finite())
    };
    values.split('\\').map(number).collect::<Vec<_>>().into_iter()
}

/// A hold for pixels that contradict the header.
pub(super) fn mismatch(detail: impl Into<String>) -> Hold {
    Hold::new(HoldReason::PixelsMismatch, detail)
}

/// Makes the header describe `output`, the layout of the pixels that are written.
///
/// NumberOfFrames is corrected only if it is there: a single-frame object does not get one.
/// Lossy compression is part of the history of the pixels, so it stays stated after decoding
/// (PS3.3 C.7.6.1.1.5).
pub fn write_layout(header: &mut InMemDicomObject, output: &PixelLayout, lossy: bool) {
    put(header, tags::ROWS, VR::US, PrimitiveValue::from(output.rows));
    put(header, tags::COLUMNS, VR::US, PrimitiveValue::from(output.columns));
    put(header, tags::SAMPLES_PER_PIXEL, VR::US, PrimitiveValue::from(output.samples_per_pixel));
    put(header, tags::BITS_ALLOCATED, VR::US, PrimitiveValue::from(output.bits_allocated));
    put(header, tags::PHOTOMETRIC_INTERPRETATION, VR::CS, output.photometric.term().into());
    if output.float {
        // PS3.3 C.7.6.24: these are not part of the Floating Point Image Pixel modules.
        for tag in [tags::BITS_STORED, tags::HIGH_BIT, tags::PIXEL_REPRESENTATION] {
            header.remove_element(tag);
        }
    } else {
        put(header, tags::BITS_STORED, VR::US, PrimitiveValue::from(output.bits_stored));
        put(header, tags::HIGH_BIT, VR::US, PrimitiveValue::from(output.high_bit));
        let signed = PrimitiveValue::from(u16::from(output.signed));
        put(header, tags::PIXEL_REPRESENTATION, VR::US, signed);
    }
    if output.samples_per_pixel > 1 {
        let planar = PrimitiveValue::from(u16::from(output.planar));
        put(header, tags::PLANAR_CONFIGURATION, VR::US, planar);
    }
    let stated = header.get(tags::NUMBER_OF_FRAMES).map(|element| element.to_int::<u32>().ok());
    if stated.is_some_and(|frames| frames != Some(output.frames)) {
        put(header, tags::NUMBER_OF_FRAMES, VR::IS, output.frames.to_string().into());
    }
    // These speak of encapsulated fragments, which the output has none of.
    for tag in [
        tags::EXTENDED_OFFSET_TABLE,
        tags::EXTENDED_OFFSET_TABLE_LENGTHS,
        tags::ENCAPSULATED_PIXEL_DATA_VALUE_TOTAL_LENGTH,
    ] {
        header.remove_element(tag);
    }
    if lossy {
        put(header, tags::LOSSY_IMAGE_COMPRESSION, VR::CS, "01".into());
    }
}

fn put(header: &mut InMemDicomObject, tag: Tag, vr: VR, value: PrimitiveValue) {
    header.put(DataElement::new(tag, vr, value));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::deid::pixels::layout::tests::{header, layout};

    #[test]
    fn the_header_says_what_the_pixels_became() {
        let mut header = header("YBR_FULL_422", 2, 4, 8);
        let output = layout("RGB", 2, 4, 8);
        let total = PrimitiveValue::from(70_u64);
        put(&mut header, tags::ENCAPSULATED_PIXEL_DATA_VALUE_TOTAL_LENGTH, VR::UV, total);
        write_layout(&mut header, &output, true);
        assert!(header.get(tags::ENCAPSULATED_PIXEL_DATA_VALUE_TOTAL_LENGTH).is_none());
        let text = |tag| header.get(tag).and_then(|element| element.to_str().ok());
        assert_eq!(text(tags::PHOTOMETRIC_INTERPRETATION).as_deref(), Some("RGB"));
        assert_eq!(text(tags::LOSSY_IMAGE_COMPRESSION).as_deref(), Some("01"));
        assert_eq!(number(&header, tags::PLANAR_CONFIGURATION), Ok(Some(0)));
        assert!(header.get(tags::NUMBER_OF_FRAMES).is_none());
    }

    #[test]
    fn number_of_frames_is_corrected_only_if_it_is_there() {
        let mut header = header("MONOCHROME2", 2, 4, 8);
        let mut output = layout("MONOCHROME2", 2, 4, 8);
        put(&mut header, tags::NUMBER_OF_FRAMES, VR::IS, "1".into());
        output.frames = 3;
        write_layout(&mut header, &output, false);
        assert_eq!(number(&header, tags::NUMBER_OF_FRAMES), Ok(Some(3)));
        assert!(header.get(tags::PLANAR_CONFIGURATION).is_none());
        assert!(header.get(tags::LOSSY_IMAGE_COMPRESSION).is_none());
    }

    #[test]
    fn numbers_that_are_none_are_told_from_missing_ones() {
        let mut header = InMemDicomObject::new_empty();
        assert_eq!(number(&header, tags::ROWS), Ok(None));
        put(&mut header, tags::ROWS, VR::US, PrimitiveValue::Empty);
        assert_eq!(number(&header, tags::ROWS), Ok(None));
        put(&mut header, tags::ROWS, VR::LO, "many".into());
        assert!(number(&header, tags::ROWS).is_err());
        assert!(required(&header, tags::COLUMNS).is_err());
    }
}
