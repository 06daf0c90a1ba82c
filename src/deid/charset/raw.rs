//! Data sets parsed without decoding their text.
//!
//! The parser decodes by the first value of a Specific Character Set alone, and does not end the
//! scope of one in an item. So it is shown none: they are parsed under a tag that nobody can use.

use crate::deid::scan::{DataSetScanner, ElementHead, Encoding};
use dicom_core::Tag;
use dicom_encoding::text::SpecificCharacterSet;
use dicom_encoding::transfer_syntax::TransferSyntax;
use dicom_object::{InMemDicomObject, ReadError};

/// Private elements below 0010H are not allowed (PS3.5 Section 7.8), and go whatever a profile says.
pub const HIDDEN: Tag = Tag(0x0009, 0x0005);
/// Takes the place of what uses that tag all the same.
const SQUATTER: Tag = Tag(0x0009, 0x0006);
const CHARACTER_SET: Tag = Tag(0x0008, 0x0005);

/// Parses a data set whose lengths were checked. In its strings, U+00XX is the byte XX.
pub fn parse(
    mut bytes: Vec<u8>,
    encoding: Encoding,
    syntax: &TransferSyntax,
) -> Result<InMemDicomObject, ReadError> {
    let mut scanner = DataSetScanner::new(encoding, bytes.len() as u64);
    let mut found = Vec::new();
    scanner.feed(&bytes, &mut |head: ElementHead| match head.tag {
        CHARACTER_SET => found.push((head.start, HIDDEN)),
        HIDDEN => found.push((head.start, SQUATTER)),
        _ => {}
    });
    for (start, tag) in found {
        let start = start as usize;
        let Some(place) = bytes.get_mut(start..start + 4) else { continue };
        // sequences of VR UN are little endian in any transfer syntax
        let big_endian = place[0] == 0;
        let write = |half: u16| if big_endian { half.to_be_bytes() } else { half.to_le_bytes() };
        place[..2].copy_from_slice(&write(tag.group()));
        place[2..].copy_from_slice(&write(tag.element()));
    }
    let latin1 = SpecificCharacterSet::ISO_IR_100;
    InMemDicomObject::read_dataset_with_ts_cs(&bytes[..], syntax, latin1)
}

/// The bytes of a string that was parsed so; other characters cannot occur.
pub fn bytes_of(text: &str) -> Vec<u8> {
    text.chars().map(|c| u8::try_from(c).unwrap_or(b'?')).collect()
}
