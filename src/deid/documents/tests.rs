use super::*;
use crate::config::{Limits, Profile};
use crate::deid::apply::{Application, apply};
use crate::deid::examine::StepError;
use crate::deid::header::{
    PatientIdentity, ProjectKey, Rulebook, SiteKey, Subject, facts, harvest,
};
use crate::deid::redaction::Redaction;
use crate::deid::verify::{Expectation, verify};
use dicom_object::FileMetaTableBuilder;
use std::fs::File;
use std::path::Path;

const UID: &str = "2.25.329800735698586629295641978511506172918";

fn header(kind: DocumentKind) -> InMemDicomObject {
    let text = |tag, vr, value: &str| DataElement::new(tag, vr, PrimitiveValue::from(value));
    let secret = PrimitiveValue::from(b"%PDF-1.7 SMITHSON^ANN ".to_vec());
    InMemDicomObject::from_element_iter([
        text(tags::SOP_CLASS_UID, VR::UI, kind.sop_class()),
        text(tags::SOP_INSTANCE_UID, VR::UI, UID),
        text(tags::STUDY_INSTANCE_UID, VR::UI, "1.2.3"),
        text(tags::PATIENT_NAME, VR::PN, "SMITHSON^ANN"),
        text(tags::PATIENT_ID, VR::LO, "4711"),
        text(tags::BURNED_IN_ANNOTATION, VR::CS, "YES"),
        text(tags::HL7_INSTANCE_IDENTIFIER, VR::ST, "1.2.276^SMITHSON"),
        text(tags::MIME_TYPE_OF_ENCAPSULATED_DOCUMENT, VR::LO, "text/plain"),
        text(tags::LIST_OF_MIME_TYPES, VR::LO, "image/jpeg"),
        DataElement::new(tags::ENCAPSULATED_DOCUMENT, VR::OB, secret),
    ])
}

fn replaced(kind: DocumentKind) -> InMemDicomObject {
    let mut header = header(kind);
    replace(&mut header, kind, PixelTreatment::Absent);
    header
}

fn document(header: &InMemDicomObject) -> Vec<u8> {
    header.element(tags::ENCAPSULATED_DOCUMENT).expect("there").to_bytes().expect("bytes").into()
}

#[test]
fn the_dummy_is_all_that_the_header_says_of_a_document() {
    for kind in DocumentKind::ALL {
        let header = replaced(kind);
        let document = document(&header);
        let length = header.element(tags::ENCAPSULATED_DOCUMENT_LENGTH).expect("there").to_int();
        assert_eq!((length.ok(), document.len() % 2), (Some(document.len()), 0), "{kind:?}");
        let mime_type = text_of(&header, tags::MIME_TYPE_OF_ENCAPSULATED_DOCUMENT);
        assert_eq!(DocumentKind::of_mime_type(&mime_type), Some(kind));
        assert_eq!(text_of(&header, tags::BURNED_IN_ANNOTATION), "NO");
        assert!(header.get(tags::LIST_OF_MIME_TYPES).is_none());
        let identifier = text_of(&header, tags::HL7_INSTANCE_IDENTIFIER);
        assert_eq!(identifier, if kind == DocumentKind::Cda { UID } else { "" });
        assert_eq!(document, self::document(&replaced(kind)), "deterministic");
        assert!(!String::from_utf8_lossy(&document).contains("SMITHSON"));
    }
}

#[test]
fn the_cross_reference_table_of_the_pdf_points_at_its_objects() {
    let pdf = String::from_utf8(document(&replaced(DocumentKind::Pdf))).expect("ASCII");
    assert!(pdf.starts_with("%PDF-1.4\n") && pdf.trim_end().ends_with("%%EOF"));
    let table: usize = pdf
        .rsplit_once("startxref\n")
        .and_then(|(_, rest)| rest.lines().next()?.parse().ok())
        .expect("an offset");
    let mut lines = pdf[table..].lines();
    assert_eq!((lines.next(), lines.next()), (Some("xref"), Some("0 6")));
    assert_eq!(lines.next(), Some("0000000000 65535 f "));
    for number in 1..=5 {
        let line = lines.next().expect("an entry");
        let offset: usize = line[..10].parse().expect("an offset");
        assert!(line.ends_with(" 00000 n ") && line.len() == 19);
        assert!(pdf[offset..].starts_with(&format!("{number} 0 obj\n")), "object {number}");
    }
    let stream = pdf.split_once("stream\n").and_then(|(_, rest)| rest.split_once("\nendstream"));
    let length = stream.expect("a stream").0.len();
    assert!(pdf.contains(&format!("/Length {length} ")), "the stream is {length} bytes");
}

#[test]
fn an_stl_has_a_header_and_no_triangle() {
    let stl = document(&replaced(DocumentKind::Stl));
    assert_eq!((stl.len(), &stl[80..]), (84, &[0; 4][..]));
    assert!(!stl.starts_with(b"solid"));
}

#[test]
fn the_cda_has_the_id_that_the_header_states() {
    let cda = String::from_utf8(document(&replaced(DocumentKind::Cda))).expect("UTF-8");
    assert!(cda.contains(&format!("<id root=\"{UID}\"/>")), "{cda}");
}

#[test]
fn only_what_was_written_is_taken_for_the_dummy() {
    let failed = |mut header: InMemDicomObject, kind| {
        let hold = take(&mut header, kind).expect_err("not the dummy");
        assert_eq!(hold.reason, HoldReason::VerificationFailed);
        hold.detail
    };
    for kind in DocumentKind::ALL {
        let mut header = replaced(kind);
        assert_eq!(take(&mut header, Some(kind)), Ok(()));
        assert!(DESCRIBING.iter().all(|tag| header.get(*tag).is_none()), "taken");
        assert_eq!(take(&mut header, None), Ok(()));
        for tag in DESCRIBING.iter().take(3) {
            let mut header = replaced(kind);
            header.remove_element(*tag);
            assert!(failed(header, Some(kind)).starts_with(&tag.to_string()));
        }
        let mut longer = replaced(kind);
        let bytes = [document(&longer), b"  ".to_vec()].concat();
        longer.put(DataElement::new(
            tags::ENCAPSULATED_DOCUMENT,
            VR::OB,
            PrimitiveValue::from(bytes),
        ));
        failed(longer, Some(kind));
        failed(replaced(kind), None);
        let other = if kind == DocumentKind::Pdf { DocumentKind::Stl } else { DocumentKind::Pdf };
        failed(replaced(kind), Some(other));
        let mut listed = replaced(kind);
        let types = PrimitiveValue::from("image/jpeg");
        listed.put(DataElement::new(tags::LIST_OF_MIME_TYPES, VR::LO, types));
        failed(listed, Some(kind));
    }
}

/// An object of this kind through `apply`; then `verify` of the result after `change`.
fn verified(kind: DocumentKind, change: impl FnOnce(&mut Vec<u8>)) -> Result<(), Hold> {
    let directory = tempfile::tempdir().expect("a directory");
    let (input, output) = (directory.path().join("in"), directory.path().join("out"));
    let header = header(kind);
    let profile = Profile::named("basic").expect("shipped");
    let rulebook = Rulebook::new(&profile).expect("it reads");
    let identifiers = harvest(&header, &rulebook);
    let facts = facts(&header);
    let patient = PatientIdentity::of(&header);
    let meta = FileMetaTableBuilder::new().transfer_syntax("1.2.840.10008.1.2.1");
    header
        .with_meta(meta.media_storage_sop_class_uid(kind.sop_class()))
        .expect("File Meta Information")
        .write_to_file(&input)
        .expect("written");
    let redaction = Redaction {
        treatment: PixelTreatment::Absent,
        document: Some(kind),
        boxes: Vec::new(),
        kept: Vec::new(),
        overlays: vec![],
        undecodable: None,
        masks: Vec::new(),
    };
    let key = ProjectKey::derive(&SiteKey::new([7; 32]), "test");
    let limits = &Limits::default();
    let (identifiers, redaction) = (&identifiers, &redaction);
    let subject = Subject::derive(&key, &patient, profile.dates.shift_days);
    let (profile, subject) = (&profile, &subject);
    let application = Application { profile, redaction, identifiers, key: &key, subject, limits };
    let scratch = &tempfile::tempfile().expect("a file");
    let original = File::open(&input).expect("readable");
    let written = File::create(&output).expect("made");
    apply(&original, &written, scratch, application).expect("applied");
    let mut bytes = std::fs::read(&output).expect("readable");
    change(&mut bytes);
    std::fs::write(&output, bytes).expect("written");
    let expected = Expectation {
        profile,
        facts: &facts,
        redaction,
        identifiers,
        subject,
        layout: None,
        looked: &[],
        encoded: &Default::default(),
        limits,
    };
    verdict(&output, scratch, expected)
}

fn verdict(output: &Path, scratch: &File, expected: Expectation<'_>) -> Result<(), Hold> {
    let result = File::open(output).expect("readable");
    match verify(&result, scratch, expected, &mut |_| Ok(())) {
        Ok(_) => Ok(()),
        Err(StepError::Hold(hold)) => Err(hold),
        Err(StepError::Io(error)) => panic!("{error}"),
    }
}

#[test]
fn a_result_verifies_with_its_dummy_and_with_no_other_document() {
    for kind in DocumentKind::ALL {
        assert_eq!(verified(kind, |_| {}), Ok(()), "{kind:?}");
        let hold = verified(kind, |bytes| {
            let dummy = document(&replaced(kind));
            let start = &dummy[..20];
            let at = bytes.windows(20).position(|window| window == start).expect("the document");
            bytes[at + 8] ^= 1;
        });
        let hold = hold.expect_err("another document");
        assert_eq!(hold.reason, HoldReason::VerificationFailed, "{hold}");
        assert!(hold.detail.starts_with("(0042,0011)"), "{hold}");
    }
}
