//! What a scrub that overlooks something would leave in a file, in each place and encoding.

use super::*;
use crate::deid::apply::{Application, write_result};
use crate::deid::documents::DocumentKind;
use crate::deid::identifiers::{Identifier, IdentifierKind};
use crate::phi::Phi;
use dicom_dictionary_std::uids;
use dicom_object::FileMetaTableBuilder;
use encoding_rs::{EUC_KR, ISO_2022_JP, ISO_8859_5, SHIFT_JIS, WINDOWS_1252};

const PRIVATE: (u16, u16) = (0x0011, 0x1001);
const LONG: [&[u8; 2]; 4] = [b"OB", b"OW", b"UN", b"SQ"];

fn identifiers() -> Identifiers {
    let name = |value: &str| (IdentifierKind::Name, value.to_owned());
    let all = [
        name("Hopperdahl^Jürgen"),
        name("Yamazaki^Ken=山崎^健一"),
        name("Hong^Gildong=洪^吉洞=홍^길동"),
        name("ВОРОНЦОВ^ЕГОР"),
        name("Parent^Catalog"),
        (IdentifierKind::Id, "QX-7734-901".to_owned()),
    ];
    let identifier = |(kind, value)| Identifier { kind, value: Phi::new(value) };
    Identifiers(all.into_iter().map(identifier).collect())
}

/// An element of Explicit VR Little Endian.
fn element(tag: (u16, u16), vr: &[u8; 2], value: &[u8]) -> Vec<u8> {
    let mut out = [tag.0.to_le_bytes(), tag.1.to_le_bytes()].concat();
    let value = [value, &b" "[..value.len() % 2]].concat();
    out.extend(vr);
    if LONG.contains(&vr) {
        out.extend([0, 0]);
        out.extend((value.len() as u32).to_le_bytes());
    } else {
        out.extend((value.len() as u16).to_le_bytes());
    }
    out.extend(value);
    out
}

/// A Part 10 file of this data set.
fn part10(syntax: &str, data_set: &[u8]) -> Vec<u8> {
    let meta = FileMetaTableBuilder::new()
        .media_storage_sop_class_uid(uids::SECONDARY_CAPTURE_IMAGE_STORAGE)
        .media_storage_sop_instance_uid("2.25.1")
        .transfer_syntax(syntax)
        .implementation_class_uid(crate::IMPLEMENTATION_CLASS_UID)
        .implementation_version_name(crate::IMPLEMENTATION_VERSION_NAME)
        .build()
        .expect("File Meta Information");
    let mut bytes = [&[0; 128][..], b"DICM"].concat();
    meta.write(&mut bytes).expect("written");
    bytes.extend(data_set);
    bytes
}

fn file_of(bytes: &[u8]) -> File {
    let mut file = tempfile::tempfile().expect("a file");
    file.write_all(bytes).expect("written");
    file
}

/// Does `work` with what a result of the basic profile is held against.
fn expecting<T>(document: Option<DocumentKind>, work: impl FnOnce(Expectation) -> T) -> T {
    let profile = Profile::named("basic").expect("shipped");
    let treatment = PixelTreatment::Absent;
    let redaction = Redaction {
        treatment,
        document,
        boxes: vec![],
        kept: vec![],
        undecodable: None,
        masks: vec![],
        overlays: vec![],
    };
    let patient = PatientIdentity::new("QX-7734-901", "");
    let subject = Subject::derive(&key(), &patient, ShiftRange::default());
    work(Expectation {
        profile: &profile,
        facts: &ObjectFacts::default(),
        redaction: &redaction,
        identifiers: &identifiers(),
        subject: &subject,
        layout: None,
        looked: &[],
        encoded: &Default::default(),
        limits: &Limits::default(),
    })
}

fn key() -> ProjectKey {
    ProjectKey::derive(&SiteKey::new([1; 32]), "p")
}

/// What the search of the bytes finds in a file, whatever else is wrong with it.
fn held(bytes: &[u8]) -> Option<Hold> {
    expecting(None, |expected| {
        let file = file_of(bytes);
        let scratch = tempfile::tempfile().expect("a file");
        let rulebook = rulebook(expected.profile).expect("it reads");
        let object =
            OpenObject::open(&file, expected.limits, &scratch, &rulebook).expect("it opens");
        match check_bytes(&file, &object, &rulebook, expected) {
            Ok(()) => None,
            Err(StepError::Hold(hold)) => Some(hold),
            Err(StepError::Io(error)) => panic!("{error}"),
        }
    })
}

/// The first place that a file with this data set is held for.
fn place(data_set: &[u8]) -> Option<String> {
    let hold = held(&part10(OUTPUT_SYNTAX, data_set))?;
    assert_eq!(hold.reason, HoldReason::IdentifierRemains);
    let detail = hold.detail.to_uppercase();
    assert!(!detail.contains("HOPPERDAHL") && !detail.contains("7734"), "a value is told");
    let (_, places) = hold.detail.split_once(" in the bytes: ").expect("places");
    places.split(", ").next().map(str::to_owned)
}

#[test]
fn an_identifier_in_any_encoding_and_place_is_held_with_offset_and_tag() {
    let wide = |text: &str, order: fn(u16) -> [u8; 2]| -> Vec<u8> {
        text.encode_utf16().flat_map(order).collect()
    };
    for (what, text) in [
        ("ascii", b"hopperDAHL".to_vec()),
        ("an id", b"QX7734901".to_vec()),
        ("utf-8", "Егор Воронцов".as_bytes().to_vec()),
        ("utf-16", wide("Hopperdahl", u16::to_le_bytes)),
        ("utf-16, big endian", wide("Hopperdahl", u16::to_be_bytes)),
        ("latin 1", WINDOWS_1252.encode("JÜRGEN").0.into_owned()),
        ("iso 8859-5", ISO_8859_5.encode("Воронцов").0.into_owned()),
        ("shift-jis", SHIFT_JIS.encode("山崎健一").0.into_owned()),
        ("iso 2022 jp", ISO_2022_JP.encode("山崎^健一").0.into_owned()),
        ("iso 2022 jp, as a sentence", ISO_2022_JP.encode("担当山崎健一様").0.into_owned()),
        ("iso 2022 kr", [b"\x1b$)C", &EUC_KR.encode("길동").0[..]].concat()),
        ("euc-kr", EUC_KR.encode("홍길동").0.into_owned()),
    ] {
        let before = element((0x0008, 0x0060), b"CS", b"CT");
        let meta = part10(OUTPUT_SYNTAX, &before).len();
        for (vr, header) in [(b"UN", 12), (b"OB", 12), (b"LO", 8)] {
            let ascii_text = vr == b"LO" && (what == "ascii" || what == "an id");
            let value = [b"a ", &text[..], b" "].concat();
            let found = place(&[before.clone(), element(PRIVATE, vr, &value)].concat());
            if ascii_text {
                // the walk of the data set reads that, and knows what is a pseudonym
                assert_eq!(found, None, "{what}");
                continue;
            }
            let found = found.unwrap_or_else(|| panic!("{what} in {vr:?} is not found"));
            assert!(found.ends_with(" in (0011,1001)"), "{what} in {vr:?}: {found}");
            let offset: usize =
                found.split(' ').nth(1).and_then(|n| n.parse().ok()).expect("an offset");
            let value = meta + header..meta + header + value.len();
            assert!(value.contains(&offset), "{what} in {vr:?}: {found}");
        }
    }
}

#[test]
fn an_identifier_in_an_item_is_held() {
    let nested = element((0x0008, 0x0104), b"LO", &SHIFT_JIS.encode("for 山崎健一").0);
    let item = [&[0xFE, 0xFF, 0x00, 0xE0][..], &(nested.len() as u32).to_le_bytes(), &nested];
    let codes = element((0x0008, 0x1032), b"SQ", &item.concat());
    assert!(place(&codes).expect("found").ends_with(" in (0008,0104)"));
}

#[test]
fn an_identifier_in_file_meta_information_or_behind_the_pixels_is_held() {
    let clean = part10(OUTPUT_SYNTAX, &element((0x0008, 0x0060), b"CS", b"CT"));
    assert_eq!(held(&clean), None);
    let mut meta = clean.clone();
    let name = crate::IMPLEMENTATION_VERSION_NAME.as_bytes();
    let at = meta.windows(name.len()).position(|part| part == name).expect("there");
    meta[at..at + 10].copy_from_slice(b"HOPPERDAHL");
    assert_eq!(held(&meta).expect("found").detail, format!("1 in the bytes: byte {at}"));
    let mut preamble = clean.clone();
    preamble[7..17].copy_from_slice(b"Hopperdahl");
    assert_eq!(held(&preamble).expect("found").detail, "1 in the bytes: byte 7");
    let pixels = element((0x7FE0, 0x0010), b"OB", b"hopperdahl");
    assert_eq!(place(&pixels), None, "native pixels are noise");
    let padding = element((0xFFFC, 0xFFFC), b"OB", b"hopperdahl");
    assert!(place(&[pixels, padding].concat()).is_some(), "trailing padding");
}

#[test]
fn encoded_frames_are_noise_and_what_is_before_them_is_not() {
    let item = |value: &[u8]| {
        [&[0xFE, 0xFF, 0x00, 0xE0][..], &(value.len() as u32).to_le_bytes(), value].concat()
    };
    let frame = [&[0xFF, 0xD8][..], b"Hopperdahl", &[0xFF, 0xD9]].concat();
    let head = [0xE0, 0x7F, 0x10, 0x00, b'O', b'B', 0, 0, 0xFF, 0xFF, 0xFF, 0xFF];
    let end = [0xFE, 0xFF, 0xDD, 0xE0, 0, 0, 0, 0];
    let pixels = [&head[..], &item(b""), &item(&frame), &end].concat();
    assert_eq!(held(&part10(uids::JPEG_BASELINE8_BIT, &pixels)), None);
    let before = element(PRIVATE, b"OB", b"Hopperdahl");
    let hold = held(&part10(uids::JPEG_BASELINE8_BIT, &[before, pixels].concat()));
    assert!(hold.expect("found").detail.ends_with(" in (0011,1001)"));
}

/// Verifies what `apply` makes of a small object, after `spoil`.
fn verified(document: Option<DocumentKind>, spoil: impl FnOnce(Vec<u8>) -> Vec<u8>) -> String {
    let class = match document {
        Some(_) => uids::ENCAPSULATED_PDF_STORAGE,
        None => uids::BASIC_TEXT_SR_STORAGE,
    };
    let text = |tag, vr, value: &str| DataElement::new(tag, vr, PrimitiveValue::from(value));
    let object = InMemDicomObject::from_element_iter([
        text(tags::SOP_CLASS_UID, VR::UI, class),
        text(tags::SOP_INSTANCE_UID, VR::UI, "1.2.3.4"),
        text(tags::STUDY_INSTANCE_UID, VR::UI, "1.2.3"),
        text(tags::SERIES_INSTANCE_UID, VR::UI, "1.2.3.5"),
        text(tags::PATIENT_ID, VR::LO, "QX-7734-901"),
        text(tags::PATIENT_NAME, VR::PN, "Hopperdahl^J"),
        text(tags::SPECIFIC_CHARACTER_SET, VR::CS, "ISO_IR 100"),
        text(tags::MANUFACTURER_MODEL_NAME, VR::LO, "CONTRAST Größe 12"),
    ]);
    let meta = FileMetaTableBuilder::new()
        .media_storage_sop_class_uid(class)
        .media_storage_sop_instance_uid("1.2.3.4")
        .transfer_syntax(OUTPUT_SYNTAX);
    let mut original = Vec::new();
    object.with_meta(meta).expect("valid").write_all(&mut original).expect("written");
    expecting(document, |expected| {
        let scratch = tempfile::tempfile().expect("a file");
        let application = Application {
            profile: expected.profile,
            redaction: expected.redaction,
            identifiers: expected.identifiers,
            key: &key(),
            subject: expected.subject,
            limits: expected.limits,
        };
        let mut result = Vec::new();
        let written = write_result(&file_of(&original), &mut result, &scratch, application);
        assert!(written.is_ok(), "it is applied");
        let file = file_of(&spoil(result));
        match verify(&file, &scratch, expected, &mut |_| Ok(())) {
            Ok(_) => "accepted".to_owned(),
            Err(StepError::Hold(hold)) => hold.to_string(),
            Err(StepError::Io(error)) => panic!("{error}"),
        }
    })
}

/// Puts other bytes in the place of those.
fn with(mut bytes: Vec<u8>, old: &[u8], new: &[u8]) -> Vec<u8> {
    let at = bytes.windows(old.len()).position(|part| part == old).expect("there");
    bytes[at..at + new.len()].copy_from_slice(new);
    bytes
}

#[test]
fn a_result_is_accepted_and_the_same_with_a_name_in_it_is_held() {
    assert_eq!(verified(None, |result| result), "accepted");
    // under the declared Latin 1 it reads as signs, and no walk of the data set can see it
    let name = SHIFT_JIS.encode("山崎健一").0.into_owned();
    let spoiled = verified(None, |result| with(result, b"CONTRAST", &name));
    assert!(spoiled.starts_with("identifier-remains: 1 in the bytes: byte "), "{spoiled}");
    assert!(spoiled.ends_with(" in (0008,1090)"), "{spoiled}");
}

#[test]
fn a_dummy_document_is_searched_but_not_for_words_of_its_own() {
    let pdf = Some(DocumentKind::Pdf);
    assert_eq!(verified(pdf, |result| result), "accepted", "/Parent and /Catalog are PDF");
    let document = place(&element((0x0042, 0x0011), b"OB", b"(for Hopperdahl)"));
    assert!(document.expect("found").ends_with(" in (0042,0011)"));
    let spoiled = verified(pdf, |result| with(result, b"This document was", b"HOPPERDAHL  forgo"));
    assert!(spoiled.starts_with("verification-failed: (0042,0011)"), "{spoiled}");
}
