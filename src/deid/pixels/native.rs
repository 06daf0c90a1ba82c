//! Native pixels, read by offset so that only one frame is in memory (PS3.5 8.1.1, 8.2, A.1 to A.3).

use super::attributes::mismatch;
use super::fragments::read_failed;
use super::layout::{Photometric, PixelLayout};
use super::location::{PixelElement, PixelLocation};
use crate::deid::hold::{Hold, HoldReason};
use std::io::{Read, Seek, SeekFrom};

/// How the bytes in the file are ordered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ByteOrder {
    Little,
    /// Words of this many bytes, each big endian, counted from the start of the value.
    BigWords(u64),
}

/// The byte order of a big-endian value, whose VR is read from the element in front of it.
///
/// OB is a string of bytes. OW is swapped by 16-bit word even if the pixels are 8 or 1 bit wide
/// (PS3.5 A.3), and 32-bit samples are swapped as a whole, which is what writers do.
pub(super) fn big_endian_order<F: Read + Seek>(
    file: &mut F,
    layout: &PixelLayout,
    location: &PixelLocation,
) -> Result<ByteOrder, Hold> {
    let mut head = [0; 12];
    let start = location.offset.checked_sub(12).ok_or_else(|| mismatch("where the pixels are"))?;
    file.seek(SeekFrom::Start(start)).map_err(read_failed)?;
    file.read_exact(&mut head).map_err(read_failed)?;
    let tag = location.element.tag();
    if head[..4] != [tag.group().to_be_bytes(), tag.element().to_be_bytes()].concat() {
        return Err(mismatch("the pixel element is not where it was found"));
    }
    let sample = u64::from(layout.bits_allocated / 8);
    match (&head[4..6], location.element) {
        (b"OB", PixelElement::Integer) if sample <= 1 => Ok(ByteOrder::Little),
        (b"OW", PixelElement::Integer) => Ok(ByteOrder::BigWords(sample.max(2))),
        (b"OF", PixelElement::Float) | (b"OD", PixelElement::DoubleFloat) => {
            Ok(ByteOrder::BigWords(sample))
        }
        _ => Err(mismatch("the VR of the pixel element contradicts BitsAllocated")),
    }
}

/// Checks that the value holds every frame; a little more is padding, a frame more is not.
pub(super) fn check_length(
    layout: &PixelLayout,
    location: &PixelLocation,
    file_length: u64,
) -> Result<(), Hold> {
    let wanted = layout.value_bytes();
    let Some(length) = location.length else {
        return Err(mismatch("encapsulated pixels in a native transfer syntax"));
    };
    if length < wanted {
        return Err(mismatch(format!("{length} bytes of pixels where {wanted} are needed")));
    }
    if location.offset.checked_add(wanted).is_none_or(|end| end > file_length) {
        return Err(Hold::new(HoldReason::Truncated, "the file ends in the pixels"));
    }
    // Another layout than the header states would explain so much more, and under that one the
    // pixels show something else than what was looked at here.
    let extra = length - wanted;
    if extra > 1 && extra >= (layout.frame_bytes() as u64).min(wanted / 3) {
        return Err(mismatch(format!("{length} bytes of pixels where {wanted} are expected")));
    }
    Ok(())
}

/// Checks that the colours are ones that native pixels can have.
pub(super) fn check_form(layout: &PixelLayout) -> Result<(), Hold> {
    match layout.photometric {
        Photometric::YbrIct | Photometric::YbrRct | Photometric::Xyb => {
            Err(mismatch("PhotometricInterpretation is one of encoded pixels only"))
        }
        Photometric::YbrFull422 if !layout.columns.is_multiple_of(2) => {
            Err(mismatch("YBR_FULL_422 with an odd number of Columns"))
        }
        _ => Ok(()),
    }
}

/// Reads one frame and brings it to little endian; a 1-bit frame is shifted to begin at a byte.
pub(super) fn read_frame<F: Read + Seek>(
    file: &mut F,
    layout: &PixelLayout,
    location: &PixelLocation,
    order: ByteOrder,
    frame: u32,
) -> Result<Vec<u8>, Hold> {
    let first_bit = layout.frame_bits() * u64::from(frame);
    let (start, shift) = (first_bit / 8, (first_bit % 8) as u32);
    let end = (first_bit + layout.frame_bits()).div_ceil(8);
    let (mut from, mut to) = (start, end);
    if let ByteOrder::BigWords(word) = order {
        (from, to) = (start - start % word, end.next_multiple_of(word));
        to = to.min(location.length.unwrap_or(to));
    }
    file.seek(SeekFrom::Start(location.offset + from)).map_err(read_failed)?;
    let mut bytes = vec![0; (to - from) as usize];
    file.read_exact(&mut bytes).map_err(read_failed)?;
    if let ByteOrder::BigWords(word) = order {
        bytes.chunks_exact_mut(word as usize).for_each(<[u8]>::reverse);
        bytes.drain(..(start - from) as usize);
        bytes.truncate((end - start) as usize);
    }
    if layout.bits_allocated == 1 {
        align_bits(&mut bytes, shift, layout);
    }
    Ok(bytes)
}

/// An uncompressed frame without what is behind its last pixel; none if it is shorter.
pub(super) fn bare(data: &[u8], layout: &PixelLayout) -> Option<Vec<u8>> {
    let mut frame = data.get(..layout.frame_bytes())?.to_vec();
    align_bits(&mut frame, 0, layout);
    Some(frame)
}

/// Shifts a bit string so that its first bit is bit 0, and clears what follows its last bit.
pub(super) fn align_bits(bytes: &mut Vec<u8>, shift: u32, layout: &PixelLayout) {
    if shift > 0 {
        for index in 0..bytes.len() {
            let next = bytes.get(index + 1).copied().unwrap_or(0);
            bytes[index] = bytes[index] >> shift | next << (8 - shift);
        }
    }
    bytes.truncate(layout.frame_bytes());
    let used = layout.frame_bits() % 8;
    if let (1.., Some(last)) = (used, bytes.last_mut()) {
        *last &= (1 << used) - 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::deid::pixels::layout::tests::layout;
    use std::io::Cursor;

    fn big(vr: &[u8; 2], value: &[u8]) -> (Cursor<Vec<u8>>, PixelLocation) {
        let head = [&[0x7F, 0xE0, 0, 0x10], &vr[..], &[0; 6]].concat();
        let length = Some(value.len() as u64);
        let location = PixelLocation { offset: 12, length, element: PixelElement::Integer };
        (Cursor::new([&head, value].concat()), location)
    }

    fn frame_of(vr: &[u8; 2], value: &[u8], layout: &PixelLayout, frame: u32) -> Vec<u8> {
        let (mut file, location) = big(vr, value);
        let order = big_endian_order(&mut file, layout, &location).expect("a VR that fits");
        read_frame(&mut file, layout, &location, order, frame).expect("all there")
    }

    #[test]
    fn big_endian_words_are_swapped_and_bytes_are_not() {
        let words = layout("MONOCHROME2", 1, 2, 16);
        assert_eq!(frame_of(b"OW", &[1, 2, 3, 4], &words, 0), [2, 1, 4, 3]);
        let mut bytes = layout("MONOCHROME2", 1, 3, 8);
        bytes.frames = 2;
        assert_eq!(frame_of(b"OB", &[1, 2, 3, 4, 5, 6], &bytes, 1), [4, 5, 6]);
        assert_eq!(frame_of(b"OW", &[2, 1, 4, 3, 6, 5], &bytes, 0), [1, 2, 3]);
        assert_eq!(frame_of(b"OW", &[2, 1, 4, 3, 6, 5], &bytes, 1), [4, 5, 6]);
        let (mut file, location) = big(b"OB", &[1, 2, 3, 4]);
        assert!(big_endian_order(&mut file, &words, &location).is_err());
    }

    #[test]
    fn one_bit_frames_that_begin_inside_a_byte_are_aligned() {
        let mut bits = layout("MONOCHROME2", 3, 3, 1);
        bits.frames = 2;
        let location = PixelLocation { offset: 0, length: Some(4), element: PixelElement::Integer };
        let mut file = Cursor::new(vec![0xFF, 0b1010_1011, 0b10, 0]);
        let little = ByteOrder::Little;
        assert_eq!(read_frame(&mut file, &bits, &location, little, 0), Ok(vec![0xFF, 1]));
        assert_eq!(read_frame(&mut file, &bits, &location, little, 1), Ok(vec![0x55, 1]));
    }

    #[test]
    fn a_value_that_is_short_or_a_frame_too_long_is_held() {
        let words = layout("MONOCHROME2", 8, 8, 16);
        let check = |length, file_length| {
            let length = Some(length);
            let location = PixelLocation { offset: 0, length, element: PixelElement::Integer };
            check_length(&words, &location, file_length).map_err(|hold| hold.reason)
        };
        assert_eq!(check(128, 128), Ok(()));
        assert_eq!(check(140, 140), Ok(()));
        assert_eq!(check(126, 128), Err(HoldReason::PixelsMismatch));
        assert_eq!(check(256, 256), Err(HoldReason::PixelsMismatch));
        assert_eq!(check(128, 127), Err(HoldReason::Truncated));
    }
}
