//! Attributes that were written as UN although the dictionary knows them (PS3.5 section 6.2.2):
//! GDCM and some archives do so with whole headers. They are read as Implicit VR Little Endian, as
//! the Standard says, so that later steps see what they are. A sequence is scanned first, like any
//! data set, and stays opaque where that finds a fault.

use super::charset::raw;
use super::header::safe_private;
use super::scan::{DataSetScanner, Encoding};
use dicom_core::dictionary::{DataDictionary, DataDictionaryEntry};
use dicom_core::header::{Header, Tag};
use dicom_core::value::{PrimitiveValue, Value};
use dicom_core::{DataElement, VR};
use dicom_dictionary_std::StandardDataDictionary;
use dicom_object::mem::InMemElement;
use dicom_object::{InMemDicomObject, ReadError};
use dicom_transfer_syntax_registry::entries::IMPLICIT_VR_LITTLE_ENDIAN;

/// A sequence of VR UN may hold another: no deeper than this.
const MAX_DEPTH: usize = 32;

/// Adds elements in Implicit VR Little Endian to a data set, their text undecoded.
pub fn read_implicit(data_set: &mut InMemDicomObject, elements: &[u8]) -> Result<(), ReadError> {
    if elements.is_empty() {
        return Ok(());
    }
    let syntax = IMPLICIT_VR_LITTLE_ENDIAN.erased();
    let encoding = Encoding::of_transfer_syntax(IMPLICIT_VR_LITTLE_ENDIAN.uid());
    for element in raw::parse(elements.to_vec(), encoding, &syntax)? {
        data_set.put(element);
    }
    Ok(())
}

/// Gives every UN attribute of a known VR that VR, at every level; returns how many there are.
pub fn resolve(data_set: &mut InMemDicomObject) -> u32 {
    resolve_at(data_set, 0)
}

fn resolve_at(data_set: &mut InMemDicomObject, depth: usize) -> u32 {
    if depth > MAX_DEPTH {
        return 0;
    }
    let mut resolved = 0;
    let unknown: Vec<Tag> = data_set.iter().filter(|e| is_known(e)).map(Header::tag).collect();
    if !unknown.is_empty() {
        let mut bytes = Vec::new();
        for element in unknown.iter().filter_map(|tag| data_set.get(*tag)) {
            append(&mut bytes, element);
        }
        // What does not parse stays UN, and is treated as such.
        if read_implicit(data_set, &bytes).is_ok() {
            resolved += unknown.len() as u32;
        }
    }
    read_private_text(data_set);
    let nested: Vec<Tag> = data_set.iter().filter(|e| e.vr() == VR::SQ).map(Header::tag).collect();
    for tag in nested {
        let Some(element) = data_set.take_element(tag).ok() else { continue };
        let (header, value) = (*element.header(), element.into_value());
        let value = match value {
            Value::Sequence(mut sequence) => {
                let items = sequence.items_mut().iter_mut();
                resolved += items.map(|item| resolve_at(item, depth + 1)).sum::<u32>();
                Value::Sequence(sequence)
            }
            other => other,
        };
        data_set.put(DataElement::new(header.tag, header.vr, value));
    }
    resolved
}

/// Text beyond ASCII of VR UN in private attributes that PS3.15 knows to be safe, as `raw::parse` would have
/// read it: it is in the declared character set like any other.
fn read_private_text(data_set: &mut InMemDicomObject) {
    let beyond_ascii = |e: &InMemElement| {
        let bytes = e.value().primitive().and_then(|value| match value {
            PrimitiveValue::U8(bytes) => Some(bytes),
            _ => None,
        });
        bytes.filter(|bytes| !bytes.is_ascii()).map(|bytes| bytes.to_vec())
    };
    let unknown = |e: &&InMemElement| e.vr() == VR::UN && e.tag().group() % 2 == 1;
    let mut found: Vec<(Tag, Vec<u8>)> = Vec::new();
    for element in data_set.iter().filter(unknown) {
        found.extend(beyond_ascii(element).map(|bytes| (element.tag(), bytes)));
    }
    if found.is_empty() {
        return;
    }
    let creators = safe_private::creators(data_set);
    for (tag, bytes) in found {
        if let Some(vr) = safe_private::text_vr(&creators, tag) {
            let text: String = bytes.into_iter().map(char::from).collect();
            data_set.put(DataElement::new(tag, vr, PrimitiveValue::Str(text)));
        }
    }
}

fn is_known(element: &InMemElement) -> bool {
    let tag = element.tag();
    let entry = || StandardDataDictionary.by_tag(tag);
    element.vr() == VR::UN
        && tag.group() % 2 == 0
        && tag.element() != 0
        && element.value().primitive().is_some()
        && entry().is_some_and(|e| match e.vr().relaxed() {
            VR::UN => false,
            VR::SQ => is_sound_sequence(element),
            _ => true,
        })
}

/// Whether the value is items that nothing is wrong with, by the scan that every data set passes.
fn is_sound_sequence(element: &InMemElement) -> bool {
    let mut bytes = Vec::new();
    append(&mut bytes, element);
    let encoding = Encoding::of_transfer_syntax(IMPLICIT_VR_LITTLE_ENDIAN.uid());
    let mut scanner = DataSetScanner::new(encoding, bytes.len() as u64);
    scanner.feed(&bytes, &mut |_| {});
    let scan = scanner.finish();
    scan.problem.is_none() && !scan.truncated
}

fn append(out: &mut Vec<u8>, element: &InMemElement) {
    let Ok(value) = element.to_bytes() else { return };
    let tag = element.tag();
    out.extend(tag.group().to_le_bytes());
    out.extend(tag.element().to_le_bytes());
    let padded = value.len().next_multiple_of(2);
    out.extend((padded as u32).to_le_bytes());
    out.extend(value.iter());
    out.resize(out.len() + padded - value.len(), b' ');
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::deid::charset;
    use dicom_core::value::DataSetSequence;
    use dicom_dictionary_std::tags;

    /// An item with Referenced SOP Instance UID 1.2.3, in Implicit VR Little Endian.
    const PLAN: &[u8] =
        b"\xFE\xFF\x00\xE0\x0E\x00\x00\x00\x08\x00\x55\x11\x06\x00\x00\x001.2.3\x00";

    fn unknown(tag: Tag, bytes: &[u8]) -> InMemElement {
        DataElement::new(tag, VR::UN, PrimitiveValue::from(bytes.to_vec()))
    }

    #[test]
    fn safe_private_text_is_read_in_the_declared_character_set() {
        let creator = DataElement::new(Tag(0x0043, 0x0010), VR::LO, "GEMS_PARM_01");
        let mut header = InMemDicomObject::from_element_iter([
            DataElement::new(raw::HIDDEN, VR::CS, "ISO_IR 144"),
            creator,
            unknown(Tag(0x0043, 0x1027), b"\xBC\xDE\xD7\xD3 5 "),
            unknown(Tag(0x0043, 0x1028), b"\xBC\xDE\xD7\xD3 5 "),
        ]);
        assert_eq!(resolve(&mut header), 0, "PS3.6 does not state it");
        let header = charset::decode(header);
        let text = header.element(Tag(0x0043, 0x1027)).expect("there");
        assert_eq!((text.vr(), text.to_str().expect("text").trim()), (VR::SH, "Мозг 5"));
        assert_eq!(header.element(Tag(0x0043, 0x1028)).expect("there").vr(), VR::UN);
    }

    #[test]
    fn known_attributes_become_what_they_are_at_every_level() {
        let item = InMemDicomObject::from_element_iter([unknown(tags::CODE_MEANING, b"CHEST ")]);
        let sequence = DataSetSequence::from(vec![item]);
        let mut header = InMemDicomObject::from_element_iter([
            DataElement::new(tags::SPECIFIC_CHARACTER_SET, VR::CS, "ISO_IR 100"),
            unknown(tags::PATIENT_NAME, b"J\xF6rg "),
            unknown(tags::ROWS, &[0x00, 0x02]),
            unknown(Tag(0x0009, 0x1001), b"private "),
            DataElement::new(tags::PROCEDURE_CODE_SEQUENCE, VR::SQ, sequence),
            unknown(tags::REFERENCED_RT_PLAN_SEQUENCE, PLAN),
            unknown(tags::REFERENCED_STUDY_SEQUENCE, &PLAN[..20]),
        ]);
        resolve(&mut header);
        let plan = header.element(tags::REFERENCED_RT_PLAN_SEQUENCE).expect("there");
        let uid = plan.items().expect("items")[0].element(tags::REFERENCED_SOP_INSTANCE_UID);
        assert_eq!(uid.expect("there").to_str().expect("text").trim_end_matches('\0'), "1.2.3");
        assert_eq!(header.element(tags::REFERENCED_STUDY_SEQUENCE).expect("there").vr(), VR::UN);
        let name = header.element(tags::PATIENT_NAME).expect("there");
        assert_eq!((name.vr(), name.to_str().expect("text").trim()), (VR::PN, "J\u{f6}rg"));
        assert_eq!(header.element(tags::ROWS).expect("there").to_int::<u16>().ok(), Some(512));
        assert_eq!(header.element(Tag(0x0009, 0x1001)).expect("there").vr(), VR::UN);
        let codes = header.element(tags::PROCEDURE_CODE_SEQUENCE).expect("there");
        let code = codes.items().expect("items")[0].element(tags::CODE_MEANING).expect("there");
        assert_eq!(code.vr(), VR::LO);
    }
}
