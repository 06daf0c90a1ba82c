//! A blank picture, for pixels that cannot be decoded: black in the form that the header states, or in a
//! plain one where it states none that holds together.

use super::attributes::number;
use super::fill::fill;
use super::fill_value::Fill;
use super::layout::{Photometric, PixelLayout, PixelLimits};
use super::location::PixelElement;
use super::source::Frame;
use crate::deid::hold::Hold;
use crate::deid::picture::PixelRect;
use dicom_core::Tag;
use dicom_dictionary_std::tags;
use dicom_object::InMemDicomObject;

/// As many frames as the header states are written where they are not longer than this, else one.
const MAX_BYTES: u64 = 64 << 20;

/// The layout of the blank picture of an object.
pub fn blank_layout(
    header: &InMemDicomObject,
    element: PixelElement,
    limits: &PixelLimits,
) -> Result<PixelLayout, Hold> {
    let stated = PixelLayout::read(header, element, limits);
    let mut layout = stated.unwrap_or_else(|_| plain(header, element));
    if layout.photometric.is_ybr() {
        layout.photometric = Photometric::Rgb;
    }
    layout.planar = false;
    layout.high_bit = layout.bits_stored - 1;
    layout.check_limits(limits).or_else(|hold| match layout.frames {
        1 => Err(hold),
        _ => PixelLayout { frames: 1, ..layout.clone() }.check_limits(limits),
    })?;
    if layout.value_bytes() > MAX_BYTES {
        layout.frames = 1;
    }
    Ok(layout)
}

/// One that is valid whatever the header says.
fn plain(header: &InMemDicomObject, element: PixelElement) -> PixelLayout {
    let stated = |tag: Tag| number(header, tag).ok().flatten().and_then(|n| u16::try_from(n).ok());
    let float = match element {
        PixelElement::Integer => None,
        PixelElement::Float => Some(32),
        PixelElement::DoubleFloat => Some(64),
    };
    let colour = stated(tags::SAMPLES_PER_PIXEL) == Some(3) && float.is_none();
    let of_integers = || stated(tags::BITS_ALLOCATED).filter(|b| *b == 16 && !colour).unwrap_or(8);
    let bits_allocated = float.unwrap_or_else(of_integers);
    let fits = |bits: &u16| (1..=bits_allocated).contains(bits) && float.is_none();
    let bits_stored = stated(tags::BITS_STORED).filter(fits).unwrap_or(bits_allocated);
    let inverse = header
        .get(tags::PHOTOMETRIC_INTERPRETATION)
        .and_then(|e| e.to_str().ok())
        .is_some_and(|term| term.trim() == Photometric::Monochrome1.term());
    let signed = float.is_some() || (!colour && stated(tags::PIXEL_REPRESENTATION) == Some(1));
    PixelLayout {
        rows: stated(tags::ROWS).unwrap_or(1).max(1),
        columns: stated(tags::COLUMNS).unwrap_or(1).max(1),
        frames: number(header, tags::NUMBER_OF_FRAMES).ok().flatten().unwrap_or(1).max(1),
        samples_per_pixel: if colour { 3 } else { 1 },
        bits_allocated,
        bits_stored,
        high_bit: bits_stored - 1,
        signed,
        float: float.is_some(),
        photometric: match (colour, inverse) {
            (true, _) => Photometric::Rgb,
            (false, true) => Photometric::Monochrome1,
            (false, false) => Photometric::Monochrome2,
        },
        planar: false,
        palette: None,
        fill: Fill::read(header, bits_allocated, signed),
    }
}

/// Makes a header speak of so many frames as are left: it has no items for others.
pub fn keep_frames(header: &mut InMemDicomObject, layout: &PixelLayout) {
    header.update_value(tags::PER_FRAME_FUNCTIONAL_GROUPS_SEQUENCE, |value| {
        if let Some(items) = value.items_mut() {
            items.truncate(layout.frames as usize);
        }
    });
}

/// A frame, all of it filled.
pub(super) fn frame(index: u32, layout: &PixelLayout) -> Frame {
    let mut frame = Frame { index, data: vec![0; layout.frame_bytes()] };
    fill(&mut frame, layout, whole(layout));
    frame
}

/// The whole picture.
pub fn whole(layout: &PixelLayout) -> PixelRect {
    PixelRect { left: 0, top: 0, right: layout.columns.into(), bottom: layout.rows.into() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::deid::pixels::fill::is_filled;
    use crate::deid::pixels::layout::tests::header;
    use dicom_core::{DataElement, PrimitiveValue, VR};

    fn blank(header: &InMemDicomObject, element: PixelElement) -> PixelLayout {
        blank_layout(header, element, &PixelLimits::default()).expect("within limits")
    }

    #[test]
    fn a_blank_picture_keeps_the_form_that_the_header_states() {
        let mut inverse = header("MONOCHROME1", 4, 6, 16);
        inverse.put(DataElement::new(tags::NUMBER_OF_FRAMES, VR::IS, "3"));
        let layout = blank(&inverse, PixelElement::Integer);
        assert_eq!((layout.rows, layout.columns, layout.frames), (4, 6, 3));
        let frame = frame(2, &layout);
        assert_eq!(frame.data, [0xFF; 48], "black of MONOCHROME1");
        assert!(is_filled(&frame, &layout, whole(&layout)));
        let compressed = blank(&header("YBR_ICT", 4, 6, 8), PixelElement::Integer);
        assert_eq!(compressed.photometric, Photometric::Rgb);
        assert_eq!(self::frame(0, &compressed).data, [0; 72]);
    }

    #[test]
    fn a_header_that_contradicts_itself_gets_a_plain_picture() {
        let mut video = header("YBR_FULL_422", 4, 6, 8);
        video.put(DataElement::new(tags::PHOTOMETRIC_INTERPRETATION, VR::CS, "YBR_PARTIAL_420"));
        assert_eq!(blank(&video, PixelElement::Integer).photometric, Photometric::Rgb);
        let empty = blank(&InMemDicomObject::new_empty(), PixelElement::Integer);
        assert_eq!((empty.rows, empty.columns, empty.frame_bytes()), (1, 1, 1));
        let float = blank(&InMemDicomObject::new_empty(), PixelElement::DoubleFloat);
        assert_eq!((float.bits_allocated, float.float), (64, true));
        let mut odd = header("MONOCHROME2", 4, 6, 16);
        let number = |value: u16| PrimitiveValue::from(value);
        odd.put(DataElement::new(tags::BITS_STORED, VR::US, number(17)));
        assert_eq!(blank(&odd, PixelElement::Integer).bits_stored, 16);
    }

    #[test]
    fn of_a_long_film_one_frame_is_left_with_its_item() {
        let mut film = header("RGB", 1000, 1000, 8);
        film.put(DataElement::new(tags::NUMBER_OF_FRAMES, VR::IS, "3000"));
        let items = vec![InMemDicomObject::new_empty(); 3];
        let items = dicom_core::value::DataSetSequence::from(items);
        let tag = tags::PER_FRAME_FUNCTIONAL_GROUPS_SEQUENCE;
        film.put(DataElement::new(tag, VR::SQ, items));
        let layout = blank(&film, PixelElement::Integer);
        assert_eq!(layout.frames, 1);
        keep_frames(&mut film, &layout);
        assert_eq!(film.element(tag).expect("there").items().expect("items").len(), 1);
    }
}
