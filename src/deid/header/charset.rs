//! In which character set the text that stays is written (PS3.3 C.12.1.1.2).
//!
//! The declared one stays where it is a plain one, without escape sequences, and holds all text, so
//! that the bytes stay what they were; else the result is UTF-8. Items declare none of their own.

use super::opaque::is_textual;
use super::values::{text, values};
use dicom_core::{DataElement, VR};
use dicom_dictionary_std::tags;
use dicom_encoding::text::{SpecificCharacterSet, TextCodec};
use dicom_object::InMemDicomObject;

/// Sets of one code page, without escape sequences, that the writer has.
const PLAIN: [&str; 13] = [
    "ISO_IR 100",
    "ISO_IR 101",
    "ISO_IR 109",
    "ISO_IR 110",
    "ISO_IR 144",
    "ISO_IR 127",
    "ISO_IR 126",
    "ISO_IR 138",
    "ISO_IR 13",
    "ISO_IR 166",
    "ISO_IR 192",
    "GB18030",
    "GBK",
];

/// The character set that an object declares, if it is a plain one.
pub(super) fn declared(header: &InMemDicomObject) -> Option<String> {
    let element = header.get(tags::SPECIFIC_CHARACTER_SET)?;
    let single = values(element).len() == 1;
    let term = text(header, tags::SPECIFIC_CHARACTER_SET);
    (single && PLAIN.contains(&term.as_str())).then_some(term)
}

/// States a set for the text of the result; none where the default repertoire holds it.
pub(super) fn declare(result: &mut InMemDicomObject, declared: Option<String>) {
    let Some(texts) = Some(beyond_ascii(result)).filter(|texts| !texts.is_empty()) else { return };
    match declared.filter(|term| texts.iter().all(|text| holds(term, text))) {
        Some(term) => {
            result.put(DataElement::new(tags::SPECIFIC_CHARACTER_SET, VR::CS, term));
        }
        None => result.convert_to_utf8(),
    }
}

/// Every value that the default repertoire does not hold.
fn beyond_ascii(data_set: &InMemDicomObject) -> Vec<String> {
    let mut found = Vec::new();
    for element in data_set {
        if is_textual(element.vr()) {
            found.extend(values(element).into_iter().filter(|value| !value.is_ascii()));
        }
        for item in element.items().unwrap_or_default() {
            found.extend(beyond_ascii(item));
        }
    }
    found
}

/// Whether the text is written in the set by bytes that every reader takes for it: the writer
/// knows code pages of Windows by these names, which have more characters.
fn holds(term: &str, text: &str) -> bool {
    let Some(codec) = SpecificCharacterSet::from_code(term) else { return false };
    if term == "GBK" && text.contains('€') {
        // a byte that others do not know
        return false;
    }
    codec.encode(text).is_ok_and(|bytes| crate::deid::charset::reads(term, &bytes, text))
}
