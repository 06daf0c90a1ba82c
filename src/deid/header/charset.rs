//! In which character set the text that stays is written (PS3.3 C.12.1.1.2).
//!
//! The declared one stays where it can hold the text, so that its bytes stay what they were; else
//! the result is UTF-8.

use super::values::{text, values};
use dicom_core::{DataElement, VR};
use dicom_dictionary_std::tags;
use dicom_object::InMemDicomObject;

/// Sets of one code page, without escape sequences, which are written as they were read.
const PLAIN: [&str; 16] = [
    "ISO_IR 100",
    "ISO_IR 101",
    "ISO_IR 109",
    "ISO_IR 110",
    "ISO_IR 144",
    "ISO_IR 127",
    "ISO_IR 126",
    "ISO_IR 138",
    "ISO_IR 148",
    "ISO_IR 203",
    "ISO_IR 13",
    "ISO_IR 166",
    "ISO_IR 192",
    "GB18030",
    "GBK",
    "ISO_IR 149",
];

/// What the text of a result needs.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Text {
    /// Some kept text is beyond the default repertoire.
    pub beyond_ascii: bool,
    /// Some text that was put in is.
    pub ours_beyond_ascii: bool,
    /// Items declared sets of their own.
    pub nested: bool,
}

/// The character set that an object declares, if it is a plain one.
pub(super) fn declared(header: &InMemDicomObject) -> Option<String> {
    let element = header.get(tags::SPECIFIC_CHARACTER_SET)?;
    let single = values(element).len() == 1;
    let term = text(header, tags::SPECIFIC_CHARACTER_SET);
    (single && PLAIN.contains(&term.as_str())).then_some(term)
}

/// States a set for the text of the result; none where the default repertoire holds it.
pub(super) fn declare(result: &mut InMemDicomObject, declared: Option<String>, text: Text) {
    match declared {
        _ if !text.beyond_ascii && !text.ours_beyond_ascii => {}
        Some(term) if !text.nested && !text.ours_beyond_ascii => {
            result.put(DataElement::new(tags::SPECIFIC_CHARACTER_SET, VR::CS, term));
        }
        _ => result.convert_to_utf8(),
    }
}
