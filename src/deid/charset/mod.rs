//! Character sets: text decoded from its bytes by what its data set declares (PS3.5 Section 6.1,
//! PS3.3 C.12.1.1.2), code extensions and items with sets of their own included.
//!
//! ```text
//! bytes ─raw::parse─▶ strings of bytes ─decode─▶ text, and [`UNREAD`] before what is none
//!                          declaration, reading (guess), iso2022, coded_set
//! ```
//!
//! Invariants: decoding never fails: a value, or a component of a name, that cannot be decoded
//! begins with [`UNREAD`], and no one may take it for text that was judged; different bytes never
//! become the same undecoded value; equal bytes under one declaration become equal text.

mod coded_set;
mod declaration;
mod guess;
mod iso2022;
pub mod raw;
mod reading;
#[cfg(test)]
mod tests;

pub use reading::UNREAD;

use declaration::Declaration;
use dicom_core::header::{Header, Length};
use dicom_core::value::{C, DataSetSequence, PrimitiveValue, Value};
use dicom_core::{DataElement, VR};
use dicom_dictionary_std::tags;
use dicom_object::InMemDicomObject;
use dicom_object::mem::InMemElement;
use reading::Reading;
use std::collections::HashMap;

/// Items deeper than this are left undecoded; the scan of the element stream refuses them.
const MAX_DEPTH: usize = 64;
/// So many bytes under a declaration decide how it is read.
const MAX_EVIDENCE_BYTES: usize = 1 << 20;

/// Decodes the text of a data set that [`raw::parse`] read.
pub fn decode(data_set: InMemDicomObject) -> InMemDicomObject {
    let mut evidence = Evidence::new();
    gather(&data_set, Declaration::NONE, 0, &mut evidence);
    let readings = evidence
        .into_iter()
        .map(|(declaration, found)| (declaration, Reading::decide(declaration, &found.values)))
        .collect();
    decoded(data_set, Declaration::NONE, 0, &readings)
}

/// Whether a text was decoded, so that it can be judged.
pub fn is_read(text: &str) -> bool {
    !text.contains([UNREAD, '\u{1B}'])
}

/// Values beyond ASCII, without escape sequences.
#[derive(Default)]
struct Gathered {
    values: Vec<Vec<u8>>,
    bytes: usize,
}

type Evidence = HashMap<Declaration, Gathered>;
type Readings = HashMap<Declaration, Reading>;

fn gather(data_set: &InMemDicomObject, outer: Declaration, depth: usize, found: &mut Evidence) {
    let declaration = declaration_of(data_set).unwrap_or(outer);
    let gathered = found.entry(declaration).or_default();
    for text in data_set.iter().filter_map(undecoded) {
        gathered.bytes += text.len();
        if gathered.bytes <= MAX_EVIDENCE_BYTES && !text.is_ascii() && is_read(&text) {
            gathered.values.push(raw::bytes_of(&text));
        }
    }
    if depth < MAX_DEPTH {
        for item in data_set.iter().flat_map(|element| element.items().unwrap_or_default()) {
            gather(item, declaration, depth + 1, found);
        }
    }
}

fn decoded(
    data_set: InMemDicomObject,
    outer: Declaration,
    depth: usize,
    readings: &Readings,
) -> InMemDicomObject {
    let declaration = declaration_of(&data_set).unwrap_or(outer);
    let reading =
        readings.get(&declaration).copied().unwrap_or_else(|| Reading::decide(declaration, &[]));
    let elements = data_set.into_iter().map(|element| {
        if element.tag() == raw::HIDDEN {
            let values = PrimitiveValue::Strs(declared_values(&element).into());
            return DataElement::new(tags::SPECIFIC_CHARACTER_SET, VR::CS, values);
        }
        if let Some(text) = undecoded(&element) {
            return decode_element(element, &text, &reading);
        }
        let (header, value) = (*element.header(), element.into_value());
        let value = match value {
            Value::Sequence(sequence) if depth < MAX_DEPTH => {
                let items = sequence.into_items().into_iter();
                let items: C<_> =
                    items.map(|item| decoded(item, declaration, depth + 1, readings)).collect();
                Value::Sequence(DataSetSequence::new(items, Length::UNDEFINED))
            }
            value => value,
        };
        DataElement::new_with_len(header.tag, header.vr, header.len, value)
    });
    InMemDicomObject::from_element_iter(elements)
}

/// What a data set declares for itself.
fn declaration_of(data_set: &InMemDicomObject) -> Option<Declaration> {
    let values = declared_values(data_set.get(raw::HIDDEN)?);
    Some(Declaration::of(values.iter().map(String::as_str)))
}

fn declared_values(element: &InMemElement) -> Vec<String> {
    let text = match element.value().primitive() {
        Some(PrimitiveValue::U8(bytes)) => bytes.iter().copied().map(char::from).collect(),
        Some(value) => value.to_raw_str().into_owned(),
        None => String::new(),
    };
    text.split('\\').map(|term| term.trim_matches(['\0', ' ']).to_owned()).collect()
}

/// The bytes of an element whose text a Specific Character Set is for (PS3.5 Section 6.1.2.3), if
/// there is anything to decode.
fn undecoded(element: &InMemElement) -> Option<String> {
    if !matches!(element.vr(), VR::SH | VR::LO | VR::ST | VR::LT | VR::UC | VR::UT | VR::PN) {
        return None;
    }
    let value = element.value().primitive()?;
    let part = |text: &str| {
        text.bytes().any(|byte| !byte.is_ascii() || matches!(byte, 0x0E | 0x0F | 0x1B))
    };
    match value {
        PrimitiveValue::Str(text) if part(text) => Some(text.clone()),
        PrimitiveValue::Strs(texts) if texts.iter().any(|text| part(text)) => {
            Some(texts.join("\\"))
        }
        _ => None,
    }
}

fn decode_element(element: InMemElement, text: &str, reading: &Reading) -> InMemElement {
    let (tag, vr) = (element.tag(), element.vr());
    let delimiters: &[u8] = match vr {
        VR::PN => b"\\^=",
        VR::SH | VR::LO | VR::UC => b"\\",
        _ => b"",
    };
    let text = decode_text(&raw::bytes_of(text), delimiters, reading);
    let value = match vr {
        VR::ST | VR::LT | VR::UT => PrimitiveValue::Str(text.concat()),
        _ => PrimitiveValue::Strs(text.into()),
    };
    DataElement::new(tag, vr, value)
}

/// The values of an element: each part between delimiters begins with the initial sets.
fn decode_text(bytes: &[u8], delimiters: &[u8], reading: &Reading) -> Vec<String> {
    let mut remembered = reading.extension();
    let mut values = vec![String::new()];
    let (mut start, mut at, mut double) = (0, 0, false);
    while at < bytes.len() {
        let byte = bytes[at];
        if byte == iso2022::ESC {
            double = iso2022::doubles_g0(&bytes[at + 1..]).unwrap_or(double);
            at += 1;
            continue;
        }
        let step = reading.step(&bytes[at..], double);
        if step == 1 && delimiters.contains(&byte) {
            let part = reading.component(&bytes[start..at], &mut remembered);
            if let Some(value) = values.last_mut() {
                value.push_str(&part);
                if byte != b'\\' {
                    value.push(char::from(byte));
                }
            }
            if byte == b'\\' {
                values.push(String::new());
            }
            (start, double) = (at + 1, false);
        }
        if matches!(byte, b'\t' | b'\n' | 0x0C | b'\r') {
            double = false;
        }
        at += step;
    }
    let part = reading.component(&bytes[start..], &mut remembered);
    if let Some(value) = values.last_mut() {
        value.push_str(&part);
    }
    values
}

/// Whether the bytes are this text under a declared term.
pub fn reads(term: &str, bytes: &[u8], text: &str) -> bool {
    let reading = Reading::decide(Declaration::of([term]), &[]);
    reading.component(bytes, &mut None) == text
}
