//! One file as the scorer reads it, and the texts in it.
//!
//! Invariants: the element stream is scanned before a parser sees it; an error says what is wrong with
//! the file and quotes nothing of it.

use super::path::AttributePath;
use super::words;
use crate::deid::scan::{DataSetScanner, Encoding};
use dicom_core::header::Header;
use dicom_core::{DataElement, PrimitiveValue, Tag, VR};
use dicom_dictionary_std::tags;
use dicom_encoding::text::{SpecificCharacterSet, TextCodec};
use dicom_object::mem::InMemElement;
use dicom_object::meta::FileMetaTable;
use dicom_object::{FileDicomObject, InMemDicomObject};
use std::path::Path;

/// A larger file is not scored.
const MAX_FILE_BYTES: u64 = 2 << 30;
/// The preamble and its prefix.
const META: usize = 132;
/// The element of the group length.
const GROUP_LENGTH: usize = 12;
/// Binary values up to this length are looked through for text.
const MAX_BINARY_TEXT: usize = 1 << 20;
/// A text shorter than this is not looked for in plain bytes, where it may stand by chance.
const MIN_BYTES_TEXT: usize = 6;

/// A DICOM Part 10 file.
pub struct DataSet {
    pub object: FileDicomObject<InMemDicomObject>,
    /// File Meta Information.
    meta: InMemDicomObject,
    bytes: Vec<u8>,
    characters: SpecificCharacterSet,
}

impl DataSet {
    /// Reads a file whole.
    pub fn open(path: &Path) -> Result<Self, &'static str> {
        let length = std::fs::metadata(path).map_err(|_| "the file cannot be read")?.len();
        if length > MAX_FILE_BYTES {
            return Err("the file is larger than 2 GiB");
        }
        let mut bytes = std::fs::read(path).map_err(|_| "the file cannot be read")?;
        if bytes.get(META - 4..META) != Some(b"DICM") {
            return Err("no DICOM Part 10 file");
        }
        let meta = FileMetaTable::from_reader(&bytes[META - 4..])
            .map_err(|_| "its File Meta Information cannot be read")?;
        scan(&bytes, &meta)?;
        let object: FileDicomObject<_> = dicom_object::from_reader(&bytes[META - 4..])
            .map_err(|_| "its data set cannot be read")?;
        bytes.make_ascii_lowercase();
        let meta = meta.into_element_iter().filter_map(of_meta);
        let meta = InMemDicomObject::from_element_iter(meta);
        let named = object.get(tags::SPECIFIC_CHARACTER_SET).and_then(|e| e.to_str().ok());
        let characters = named.and_then(|name| SpecificCharacterSet::from_code(name.trim()));
        Ok(Self { object, meta, bytes, characters: characters.unwrap_or_default() })
    }

    /// The element at a path, of the data set or of File Meta Information.
    pub fn find(&self, path: &AttributePath) -> Option<&InMemElement> {
        path.find(&self.object).or_else(|| path.find(&self.meta))
    }

    /// The values of an element as text, trimmed; of a sequence, all texts below it.
    pub fn values(&self, element: &InMemElement) -> Vec<String> {
        if let Some(items) = element.items() {
            let elements = items.iter().flat_map(|item| item.iter());
            return elements.flat_map(|element| self.values(element)).collect();
        }
        if is_binary(element.vr()) {
            return self.binary_text(element).into_iter().collect();
        }
        let texts = element.to_multi_str().ok();
        texts.map_or_else(Vec::new, |texts| texts.iter().map(|text| trimmed(text)).collect())
    }

    /// Private text is UN where VRs are not written.
    fn binary_text(&self, element: &InMemElement) -> Option<String> {
        // pixels are not text
        if element.tag() == tags::PIXEL_DATA {
            return None;
        }
        let bytes = element.to_bytes().ok().filter(|bytes| bytes.len() <= MAX_BINARY_TEXT)?;
        let decoded = self.characters.decode(&bytes).ok();
        Some(trimmed(&decoded.unwrap_or_else(|| String::from_utf8_lossy(&bytes).into_owned())))
    }

    fn any_text(&self, data_set: &InMemDicomObject, test: &impl Fn(&str) -> bool) -> bool {
        data_set.iter().any(|element| match element.items() {
            Some(items) => items.iter().any(|item| self.any_text(item, test)),
            None => self.values(element).iter().any(|value| test(value)),
        })
    }

    /// Whether any value at any level has the text, or the file somewhere between.
    pub fn has_anywhere(&self, text: &str) -> bool {
        let stands = |value: &str| words::has(value, text);
        [&*self.object, &self.meta].iter().any(|data_set| self.any_text(data_set, &stands))
            || self.has_bytes(text)
    }

    /// In UTF-8 and in Latin-1; of letters beyond ASCII only in the case that was given.
    fn has_bytes(&self, text: &str) -> bool {
        let text = text.trim();
        let latin: Option<Vec<u8>> =
            text.chars().map(|sign| u8::try_from(u32::from(sign)).ok()).collect();
        [Some(text.as_bytes().to_vec()), latin].into_iter().flatten().any(|mut wanted| {
            wanted.make_ascii_lowercase();
            wanted.len() >= MIN_BYTES_TEXT && contains(&self.bytes, &wanted)
        })
    }

    /// The one value of a top-level attribute, trimmed; empty where there is none.
    pub fn value(&self, tag: Tag) -> String {
        self.object.get(tag).map_or_else(String::new, |element| self.values(element).concat())
    }
}

fn contains(bytes: &[u8], wanted: &[u8]) -> bool {
    let Some(first) = wanted.first() else { return false };
    let starts = bytes.iter().enumerate().filter(|(_, byte)| *byte == first);
    starts.into_iter().any(|(at, _)| bytes[at..].starts_with(wanted))
}

/// The parsers behind recurse, and believe lengths.
fn scan(bytes: &[u8], meta: &FileMetaTable) -> Result<(), &'static str> {
    let broken = "its File Meta Information cannot be read";
    let length = bytes.get(META + GROUP_LENGTH - 4..META + GROUP_LENGTH).ok_or(broken)?;
    let length = length.iter().rev().fold(0, |all: usize, byte| all << 8 | usize::from(*byte));
    let start = META.saturating_add(GROUP_LENGTH).saturating_add(length);
    let syntax = meta.transfer_syntax().trim_matches(['\0', ' ']);
    let mut scanner = DataSetScanner::new(Encoding::of_transfer_syntax(syntax), MAX_FILE_BYTES);
    scanner.feed(bytes.get(start..).ok_or(broken)?, &mut |_| {});
    let scan = scanner.finish();
    match scan.problem.is_some() || scan.truncated {
        true => Err("its data set is broken, or beyond the limits of the gateway"),
        false => Ok(()),
    }
}

fn of_meta<I>(element: DataElement<I, [u8; 0]>) -> Option<InMemElement> {
    let (tag, vr) = (element.tag(), element.vr());
    let value: PrimitiveValue = element.into_value().into_primitive()?;
    Some(DataElement::new(tag, vr, value))
}

fn trimmed(text: &str) -> String {
    text.trim_matches(['\0', ' ']).to_owned()
}

fn is_binary(vr: VR) -> bool {
    matches!(vr, VR::OB | VR::OW | VR::UN | VR::OF | VR::OD | VR::OL | VR::OV)
}

#[cfg(test)]
mod tests {
    use super::*;
    use dicom_core::value::DataSetSequence;
    use dicom_object::FileMetaTableBuilder;

    fn file(object: InMemDicomObject) -> tempfile::NamedTempFile {
        let meta = FileMetaTableBuilder::new()
            .transfer_syntax("1.2.840.10008.1.2.1")
            .media_storage_sop_class_uid("1.2.840.10008.5.1.4.1.1.2")
            .media_storage_sop_instance_uid("1.2.3");
        let file = tempfile::NamedTempFile::new().expect("a file");
        let object = object.with_meta(meta).expect("complete");
        object.write_to_file(file.path()).expect("written");
        file
    }

    #[test]
    fn a_text_is_found_at_every_level_and_in_the_bytes() {
        let item = InMemDicomObject::from_element_iter([
            DataElement::new(tags::CODE_MEANING, VR::LO, "of Kaarst, Wilhelmine"),
            DataElement::new(Tag(0x0009, 0x1001), VR::UN, PrimitiveValue::from(&b"ID 447-190"[..])),
        ]);
        let items = DataSetSequence::from(vec![item]);
        let object = InMemDicomObject::from_element_iter([DataElement::new(
            tags::PROCEDURE_CODE_SEQUENCE,
            VR::SQ,
            items,
        )]);
        let data_set = DataSet::open(file(object).path()).expect("readable");
        for there in ["KAARST", "wilhelmine", "447 190", "1.2.840.10008.5.1.4.1.1.2"] {
            assert!(data_set.has_anywhere(there), "{there}");
        }
        assert!(!data_set.has_anywhere("Kaarst^Dorothea") && !data_set.has_anywhere("446"));
        let uid = AttributePath::parse("MediaStorageSOPInstanceUID").expect("valid");
        assert_eq!(data_set.values(data_set.find(&uid).expect("there")), ["1.2.3"]);
    }

    #[test]
    fn a_file_that_is_cut_or_none_is_refused() {
        let object = InMemDicomObject::from_element_iter([DataElement::new(
            tags::STUDY_DESCRIPTION,
            VR::LO,
            "something longer",
        )]);
        let file = file(object);
        let bytes = std::fs::read(file.path()).expect("readable");
        for end in [bytes.len() - 4, 140, 10] {
            std::fs::write(file.path(), &bytes[..end]).expect("written");
            assert!(DataSet::open(file.path()).is_err(), "{end}");
        }
    }
}
