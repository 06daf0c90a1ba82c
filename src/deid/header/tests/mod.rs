//! The rules of the header as a whole: each row of the profile, planted identifiers, and
//! properties of any result.

use super::*;

mod content;
mod rows;

use crate::config::{Profile, ShiftRange};
use crate::deid::identifiers::Identifiers;
use crate::deid::redaction::PixelTreatment;
use dicom_core::value::{DataSetSequence, PrimitiveValue};
use dicom_core::{DataElement, Length, VR, dicom_value};
use dicom_dictionary_std::tags;
use dicom_object::InMemDicomObject;
use dicom_object::mem::InMemElement;
use dicom_transfer_syntax_registry::entries::EXPLICIT_VR_LITTLE_ENDIAN;
use proptest::prelude::*;

fn key() -> ProjectKey {
    ProjectKey::derive(&SiteKey::new([3; 32]), "trial")
}

fn subject(header: &InMemDicomObject) -> Subject {
    Subject::derive(&key(), &PatientIdentity::of(header), ShiftRange::default())
}

fn object(elements: Vec<InMemElement>) -> InMemDicomObject {
    InMemDicomObject::from_element_iter(elements)
}

fn text(tag: Tag, vr: VR, value: &str) -> InMemElement {
    DataElement::new(tag, vr, PrimitiveValue::from(value))
}

fn sequence(tag: Tag, items: Vec<InMemDicomObject>) -> InMemElement {
    DataElement::new(tag, VR::SQ, DataSetSequence::new(items, Length::UNDEFINED))
}

fn rulebook(profile: &str) -> Rulebook {
    Rulebook::new(&Profile::named(profile).expect("shipped")).expect("it reads")
}

/// A rulebook of a profile that is written here.
fn rulebook_of(text: &str) -> Rulebook {
    let file = tempfile::NamedTempFile::new().expect("a file");
    std::fs::write(file.path(), format!("name = 'test'\nhide = 'all-text'\n{text}"))
        .expect("written");
    let profile = Profile::named(file.path().to_str().expect("a path")).expect("a profile");
    Rulebook::new(&profile).expect("it reads")
}

fn context<'a>(
    rulebook: &'a Rulebook,
    key: &'a ProjectKey,
    subject: &'a Subject,
    treatment: PixelTreatment,
    identifiers: &'a Identifiers,
) -> Context<'a> {
    Context { rulebook, key, subject, shift: ShiftRange::default(), treatment, identifiers }
}

/// Everything that a result of `before` is held against, and what is found.
fn findings(
    before: &InMemDicomObject,
    result: &InMemDicomObject,
    rulebook: &Rulebook,
    subject: &Subject,
    identifiers: &Identifiers,
) -> Vec<Residue> {
    let facts = facts(before);
    let expected = Expected { rulebook, facts: &facts, subject, identifiers };
    [residue(result, &expected), unscrubbed(result, &expected)].concat()
}

/// Scrubs with the object's own identifiers, and checks that nothing remains.
fn scrubbed_under(
    header: &InMemDicomObject,
    rulebook: &Rulebook,
    treatment: PixelTreatment,
) -> (InMemDicomObject, Report) {
    let identifiers = harvest(header, rulebook);
    let mut result = header.clone();
    let (key, subject) = (key(), subject(header));
    let context = context(rulebook, &key, &subject, treatment, &identifiers);
    let report = scrub(&mut result, &context).expect("it scrubs");
    assert_eq!(findings(header, &result, rulebook, &subject, &identifiers), []);
    (result, report)
}

fn scrubbed(header: &InMemDicomObject, treatment: PixelTreatment) -> (InMemDicomObject, Report) {
    scrubbed_under(header, &rulebook("basic"), treatment)
}

fn skipped(header: &InMemDicomObject) -> InMemDicomObject {
    scrubbed(header, PixelTreatment::Skipped).0
}

fn encoded(header: &InMemDicomObject) -> Vec<u8> {
    let mut bytes = Vec::new();
    header
        .write_dataset_with_ts(&mut bytes, &EXPLICIT_VR_LITTLE_ENDIAN.erased())
        .expect("it encodes");
    bytes
}

fn string(header: &InMemDicomObject, tag: Tag) -> String {
    header.element(tag).expect("present").to_str().expect("text").trim().to_string()
}

fn contains(bytes: &[u8], needle: &[u8]) -> bool {
    let lower = bytes.to_ascii_lowercase();
    let needle = needle.to_ascii_lowercase();
    lower.windows(needle.len()).any(|window| window == needle)
}

/// The nth planted word: letters only, in no dictionary.
fn planted(n: u8) -> String {
    format!("Zq{}{}xw", char::from(b'a' + n / 26), char::from(b'a' + n % 26))
}

/// An object with 36 planted words, in 6 known identifiers and 30 other places.
fn planted_object() -> InMemDicomObject {
    let p = planted;
    let mut deep = object(vec![
        text(tags::CODE_MEANING, VR::LO, &format!("seen by {} today", p(0))),
        text(tags::PERFORMING_PHYSICIAN_NAME, VR::PN, &p(6)),
        text(Tag(0x0011, 0x1001), VR::LO, &p(7)),
        text(tags::IMAGE_COMMENTS, VR::LT, &p(8)),
    ]);
    for n in 9..14 {
        // an unlisted sequence holding a kept sequence, five deep
        deep = object(vec![
            text(tags::STUDY_DESCRIPTION, VR::LO, &p(n)),
            sequence(tags::SHARED_FUNCTIONAL_GROUPS_SEQUENCE, vec![deep]),
        ]);
    }
    let private = object(vec![text(tags::CODE_MEANING, VR::LO, &p(14))]);
    let code = |meaning: &str| {
        object(vec![
            text(tags::CODE_VALUE, VR::SH, "T-D4000"),
            text(tags::CODING_SCHEME_DESIGNATOR, VR::SH, "SRT"),
            text(tags::CODE_MEANING, VR::LO, meaning),
        ])
    };
    let content = object(vec![
        sequence(tags::CONCEPT_NAME_CODE_SEQUENCE, vec![code(&format!("For {}", p(1)))]),
        text(tags::TEXT_VALUE, VR::UT, &p(15)),
        text(tags::PERSON_NAME, VR::PN, &p(16)),
        sequence(
            tags::CONTENT_SEQUENCE,
            vec![object(vec![text(tags::TEXT_VALUE, VR::UT, &p(17))])],
        ),
    ]);
    let icon = object(vec![DataElement::new(
        tags::PIXEL_DATA,
        VR::OB,
        PrimitiveValue::U8(p(18).bytes().collect()),
    )]);
    object(vec![
        // six identifiers that the object states, which kept text repeats
        text(tags::PATIENT_NAME, VR::PN, &format!("{}^{}", p(0), p(1))),
        text(tags::PATIENT_ID, VR::LO, &p(2)),
        text(tags::INSTITUTION_NAME, VR::LO, &p(3)),
        text(tags::OPERATORS_NAME, VR::PN, &p(4)),
        text(tags::ACCESSION_NUMBER, VR::SH, &p(5)),
        text(tags::VIEW_NAME, VR::SH, &p(0)),
        text(tags::SOFTWARE_VERSIONS, VR::LO, &format!("v1 {}", p(3))),
        text(tags::FILTER_TYPE, VR::SH, &p(4)),
        text(tags::RECEIVE_COIL_NAME, VR::SH, &format!("{}_1", p(5))),
        text(tags::SCANNING_SEQUENCE, VR::CS, &p(2).to_uppercase()),
        text(tags::PHYSICIANS_OF_RECORD, VR::PN, &p(19)),
        sequence(tags::PROCEDURE_CODE_SEQUENCE, vec![code(&format!("CT of {}", p(1)))]),
        sequence(tags::REFERENCED_SERIES_SEQUENCE, vec![deep]),
        sequence(tags::CONTENT_SEQUENCE, vec![content]),
        sequence(tags::REGION_OF_RESIDENCE, vec![code(&p(20))]),
        sequence(Tag(0x0013, 0x1010), vec![private]),
        text(Tag(0x0013, 0x0010), VR::LO, &p(21)),
        sequence(tags::GRAPHIC_LAYER_SEQUENCE, vec![icon.clone()]),
        sequence(tags::ICON_IMAGE_SEQUENCE, vec![icon]),
        text(tags::PATIENT_COMMENTS, VR::LT, &p(22)),
        text(tags::PATIENT_ADDRESS, VR::LO, &p(23)),
        text(tags::PROTOCOL_NAME, VR::LO, &p(24)),
        text(tags::DEVICE_SERIAL_NUMBER, VR::LO, &p(25)),
        text(tags::DOCUMENT_TITLE, VR::ST, &p(26)),
        text(tags::STUDY_ID, VR::SH, &p(27)),
        text(Tag(0x6000, 0x0022), VR::LO, &p(28)),
        text(Tag(0x5000, 0x0022), VR::LO, &p(29)),
        text(Tag(0x0002, 0x0016), VR::AE, &p(30)),
        text(Tag(0x0008, 0x7777), VR::LO, &p(31)),
        text(tags::ROWS, VR::LO, &p(32)),
        text(tags::SLICE_THICKNESS, VR::DS, &p(33)),
        text(tags::ASSERTION_UID, VR::UI, &p(34)),
        DataElement::new(
            tags::ANATOMIC_REGION_SEQUENCE,
            VR::UN,
            PrimitiveValue::U8(p(35).bytes().collect()),
        ),
    ])
}

#[test]
fn no_planted_word_is_in_the_encoded_result() {
    let header = planted_object();
    let before = encoded(&header);
    for n in 0..36 {
        assert!(contains(&before, planted(n).as_bytes()), "{} is planted", planted(n));
    }
    let (result, report) = scrubbed(&header, PixelTreatment::Skipped);
    let after = encoded(&result);
    for n in 0..36 {
        assert!(!contains(&after, planted(n).as_bytes()), "{} is gone", planted(n));
    }
    assert!(report.count(Done::Cleaned) >= 5 && report.count(Done::Removed) >= 15, "{report:?}");
    let codes = result.element(tags::PROCEDURE_CODE_SEQUENCE).expect("kept");
    let code = &codes.items().expect("items")[0];
    assert_eq!(string(code, tags::CODE_MEANING), "CT");
    assert_eq!(string(code, tags::CODE_VALUE), "T-D4000");
    assert_eq!(string(&result, tags::SOFTWARE_VERSIONS), "v1");
    assert_eq!(string(&result, tags::VIEW_NAME), dummy::TEXT);
}

#[test]
fn residue_names_each_place_and_no_value() {
    let header = planted_object();
    let rulebook = rulebook("basic");
    let identifiers = harvest(&header, &rulebook);
    let (facts, subject) = (facts(&header), subject(&header));
    let expected = Expected {
        rulebook: &rulebook,
        facts: &facts,
        subject: &subject,
        identifiers: &identifiers,
    };
    let found = residue(&header, &expected);
    let paths: Vec<_> = found.iter().map(|residue| residue.path.as_str()).collect();
    assert!(paths.contains(&"(0008,1032)[0].(0008,0104)"), "{paths:?}");
    assert!(!format!("{found:?}").to_lowercase().contains("zq"));
    let kinds: Vec<_> =
        unscrubbed(&header, &expected).into_iter().map(|residue| residue.kind).collect();
    for kind in [
        ResidueKind::Unjudged,
        ResidueKind::Listed,
        ResidueKind::Unreplaced,
        ResidueKind::PersonName,
        ResidueKind::Uid,
        ResidueKind::NestedPixels,
    ] {
        assert!(kinds.contains(&kind), "{kind:?}");
    }
}

#[test]
fn references_still_agree_and_classes_stay() {
    let frame = "1.2.840.113619.2.55.3";
    let reference = object(vec![
        text(tags::REFERENCED_SOP_CLASS_UID, VR::UI, "1.2.840.10008.5.1.4.1.1.2"),
        text(tags::REFERENCED_SOP_INSTANCE_UID, VR::UI, "1.2.3\0"),
    ]);
    let header = object(vec![
        text(tags::SOP_CLASS_UID, VR::UI, "1.2.840.10008.5.1.4.1.1.2"),
        text(tags::SOP_INSTANCE_UID, VR::UI, "1.2.3"),
        text(tags::FRAME_OF_REFERENCE_UID, VR::UI, frame),
        text(tags::VOLUME_FRAME_OF_REFERENCE_UID, VR::UI, frame),
        sequence(tags::REFERENCED_INSTANCE_SEQUENCE, vec![reference]),
    ]);
    let result = skipped(&header);
    let item = &result.element(tags::REFERENCED_INSTANCE_SEQUENCE).unwrap().items().unwrap()[0];
    let instance = string(&result, tags::SOP_INSTANCE_UID);
    assert_eq!(string(item, tags::REFERENCED_SOP_INSTANCE_UID), instance);
    assert_eq!(string(item, tags::REFERENCED_SOP_CLASS_UID), "1.2.840.10008.5.1.4.1.1.2");
    assert_eq!(
        string(&result, tags::FRAME_OF_REFERENCE_UID),
        string(&result, tags::VOLUME_FRAME_OF_REFERENCE_UID)
    );
}

#[test]
fn only_pixels_that_were_read_are_called_clean() {
    for (treatment, said, expected) in [
        (PixelTreatment::Looked, Some("YES"), Some("NO")),
        (PixelTreatment::Looked, None, Some("NO")),
        (PixelTreatment::Skipped, Some("NO"), Some("YES")),
        (PixelTreatment::Skipped, None, None),
        (PixelTreatment::Skipped, Some("YES"), Some("YES")),
        (PixelTreatment::Absent, Some("NO"), None),
    ] {
        let said = said.map(|value| text(tags::BURNED_IN_ANNOTATION, VR::CS, value));
        let (result, _) = scrubbed(&object(said.into_iter().collect()), treatment);
        let says = result.get(tags::BURNED_IN_ANNOTATION).map(|e| e.to_str().unwrap().to_string());
        assert_eq!(says.as_deref(), expected, "{treatment:?}");
        let codes = result.element(tags::DEIDENTIFICATION_METHOD_CODE_SEQUENCE).unwrap();
        let codes: Vec<_> =
            codes.items().unwrap().iter().map(|item| string(item, tags::CODE_VALUE)).collect();
        let looked = treatment == PixelTreatment::Looked;
        assert_eq!(codes, if looked { vec!["113100", "113101"] } else { vec!["113100"] });
    }
}

#[test]
fn an_empty_value_stays_empty_and_an_absent_one_absent() {
    let header = object(vec![
        DataElement::empty(tags::PATIENT_ID, VR::LO),
        text(tags::PATIENT_NAME, VR::PN, "  "),
        DataElement::empty(tags::SERIES_DATE, VR::DA),
        DataElement::empty(tags::FRAME_OF_REFERENCE_UID, VR::UI),
    ]);
    let (result, report) = scrubbed(&header, PixelTreatment::Absent);
    for tag in header.tags() {
        assert_eq!(result.element(tag).unwrap().value().multiplicity(), 0, "{tag}");
    }
    assert_eq!(report.changed(), 0, "{report:?}");
    assert!(result.get(tags::STUDY_INSTANCE_UID).is_none());
}

#[test]
fn patients_without_an_id_do_not_become_one() {
    let name_of = |study: &str| {
        let header = object(vec![
            DataElement::empty(tags::PATIENT_ID, VR::LO),
            text(tags::PATIENT_NAME, VR::PN, "UNKNOWN"),
            text(tags::STUDY_INSTANCE_UID, VR::UI, study),
        ]);
        string(&skipped(&header), tags::PATIENT_NAME)
    };
    assert_ne!(name_of("1.2.3"), name_of("1.2.4"));
    assert_eq!(name_of("1.2.3"), name_of("1.2.3"));
}

#[test]
fn kept_text_beyond_ascii_is_written_as_utf_8() {
    let header = object(vec![
        text(tags::SPECIFIC_CHARACTER_SET, VR::CS, "ISO_IR 100"),
        text(tags::VIEW_NAME, VR::SH, "schräg"),
        sequence(
            tags::PROCEDURE_CODE_SEQUENCE,
            vec![object(vec![
                text(tags::SPECIFIC_CHARACTER_SET, VR::CS, "ISO_IR 144"),
                text(tags::CODE_MEANING, VR::LO, "Голова"),
            ])],
        ),
    ]);
    let result = skipped(&header);
    assert_eq!(string(&result, tags::SPECIFIC_CHARACTER_SET), "ISO_IR 192");
    let bytes = encoded(&result);
    assert!(contains(&bytes, "schräg".as_bytes()) && contains(&bytes, "Голова".as_bytes()));

    let ascii = object(vec![
        text(tags::SPECIFIC_CHARACTER_SET, VR::CS, "\\ISO 2022 IR 87"),
        text(tags::VIEW_NAME, VR::SH, "\u{1b}$B;3ED\u{1b}(B"),
    ]);
    let result = skipped(&ascii);
    assert!(result.get(tags::SPECIFIC_CHARACTER_SET).is_none());
    assert_eq!(string(&result, tags::VIEW_NAME), dummy::TEXT);
}

#[test]
fn the_age_and_sex_of_a_subject_leave_a_structured_report() {
    let concept = |code: &str| {
        let name = declare::code(code, "DCM", "Subject");
        sequence(tags::CONCEPT_NAME_CODE_SEQUENCE, vec![name])
    };
    let number = object(vec![text(tags::NUMERIC_VALUE, VR::DS, "93")]);
    let measured = |code| {
        let value = sequence(tags::MEASURED_VALUE_SEQUENCE, vec![number.clone()]);
        object(vec![concept(code), value])
    };
    let sex = declare::code("F", "DCM", "Female");
    let sex =
        object(vec![concept("121032"), sequence(tags::CONCEPT_CODE_SEQUENCE, vec![sex.clone()])]);
    let header = object(vec![sequence(
        tags::CONTENT_SEQUENCE,
        vec![measured("121033"), sex, measured("112191")],
    )]);
    let result = skipped(&header);
    let items = result.element(tags::CONTENT_SEQUENCE).unwrap().items().unwrap();
    let values =
        |item: usize, tag: Tag| items[item].element(tag).unwrap().items().unwrap().to_vec();
    assert_eq!(values(0, tags::MEASURED_VALUE_SEQUENCE), []);
    assert_eq!(string(&values(1, tags::CONCEPT_CODE_SEQUENCE)[0], tags::CODE_VALUE), dummy::TEXT);
    assert_eq!(string(&values(2, tags::MEASURED_VALUE_SEQUENCE)[0], tags::NUMERIC_VALUE), "93");
}

#[test]
fn what_is_stated_is_no_residue_whatever_the_patient_is_called() {
    let header = object(vec![
        text(tags::PATIENT_NAME, VR::PN, "Basic^Application"),
        text(tags::PATIENT_ID, VR::LO, "113100"),
        text(tags::ADMISSION_ID, VR::LO, "113101"),
        text(tags::ACCESSION_NUMBER, VR::SH, "PIXEL"),
        text(tags::OPERATORS_NAME, VR::PN, "DCM^YES"),
        text(tags::INSTITUTION_NAME, VR::LO, "REMOVED"),
    ]);
    scrubbed(&header, PixelTreatment::Looked);
}

#[test]
fn an_object_that_nests_too_deep_is_held_and_left_empty() {
    let mut header = object(vec![]);
    for _ in 0..40 {
        header = object(vec![sequence(tags::PROCEDURE_CODE_SEQUENCE, vec![header])]);
    }
    let identifiers = Identifiers::default();
    let treatment = PixelTreatment::Absent;
    let (key, rulebook, subject) = (key(), rulebook("basic"), subject(&header));
    let context = context(&rulebook, &key, &subject, treatment, &identifiers);
    let hold = scrub(&mut header, &context).unwrap_err();
    assert_eq!(hold.reason, crate::deid::hold::HoldReason::LimitExceeded);
    assert_eq!(header.iter().count(), 0);
}

#[test]
fn a_subject_of_the_sites_table_takes_the_place_of_its_patient_alone() {
    let group = object(vec![text(tags::PATIENT_ID, VR::LO, "Pb-2")]);
    let own = object(vec![text(tags::PATIENT_ID, VR::LO, "pa-1 ")]);
    let mut header = object(vec![
        text(tags::PATIENT_NAME, VR::PN, "Hopper^Jane"),
        text(tags::PATIENT_ID, VR::LO, "PA-1"),
        sequence(tags::GROUP_OF_PATIENTS_IDENTIFICATION_SEQUENCE, vec![group, own]),
    ]);
    let derived = subject(&header);
    let (patient_id, patient_name) = ("TRIAL-07".to_string(), "Trial^Seven".to_string());
    let given = Subject { patient_id, patient_name, ..derived.clone() };
    let (key, rulebook) = (key(), rulebook("basic"));
    let identifiers = harvest(&header, &rulebook);
    let before = header.clone();
    let context = context(&rulebook, &key, &given, PixelTreatment::Absent, &identifiers);
    scrub(&mut header, &context).expect("it scrubs");
    assert_eq!(string(&header, tags::PATIENT_ID), "TRIAL-07");
    assert_eq!(string(&header, tags::PATIENT_NAME), "Trial^Seven");
    let group = header.element(tags::GROUP_OF_PATIENTS_IDENTIFICATION_SEQUENCE).expect("kept");
    let ids: Vec<_> =
        group.items().expect("items").iter().map(|item| string(item, tags::PATIENT_ID)).collect();
    assert_eq!(ids, [key.pseudonym(&PatientIdentity::new("PB-2", "")), "TRIAL-07".into()]);
    assert_eq!(findings(&before, &header, &rulebook, &given, &identifiers), []);
    // another subject's ID and name are nobody's here, whatever their form
    let found = findings(&before, &header, &rulebook, &derived, &identifiers);
    let kinds: Vec<_> = found.into_iter().map(|found| found.kind).collect();
    let expected = [ResidueKind::PersonName, ResidueKind::Unreplaced, ResidueKind::Unreplaced];
    assert_eq!(kinds, expected);
}

#[test]
fn an_id_of_the_sites_table_that_holds_the_old_one_is_found() {
    let mut header = object(vec![text(tags::PATIENT_ID, VR::LO, "4711815")]);
    let given = Subject { patient_id: "TRIAL-4711815".into(), ..subject(&header) };
    let (key, rulebook) = (key(), rulebook("basic"));
    let identifiers = harvest(&header, &rulebook);
    let before = header.clone();
    let context = context(&rulebook, &key, &given, PixelTreatment::Absent, &identifiers);
    scrub(&mut header, &context).expect("it scrubs");
    let found = findings(&before, &header, &rulebook, &given, &identifiers);
    let kinds: Vec<_> = found.into_iter().map(|found| found.kind).collect();
    assert_eq!(kinds, [ResidueKind::Identifier(crate::deid::identifiers::IdentifierKind::Id)]);
}

#[test]
fn useful_words_survive_a_patient_who_is_called_like_them() {
    let header = object(vec![
        text(tags::PATIENT_NAME, VR::PN, "Chest^CT"),
        text(tags::PATIENT_ID, VR::LO, "12"),
        text(tags::BODY_PART_EXAMINED, VR::CS, "CHEST"),
        text(tags::MODALITY, VR::CS, "CT"),
        text(tags::VIEW_NAME, VR::SH, "Chest CT 12"),
    ]);
    let (result, report) = scrubbed(&header, PixelTreatment::Skipped);
    assert_eq!(string(&result, tags::VIEW_NAME), "Chest CT 12");
    assert_eq!(string(&result, tags::BODY_PART_EXAMINED), "CHEST");
    assert_eq!(report.count(Done::Cleaned), 0);
}

#[test]
fn kept_text_loses_what_identifies_and_keeps_the_rest() {
    let code = declare::code("36643-5", "LN", "XR Chest of Doe, 2 views");
    let header = object(vec![
        text(tags::PATIENT_NAME, VR::PN, "Doe^Jane"),
        text(tags::PATIENT_BIRTH_DATE, VR::DA, "19610302"),
        text(tags::STUDY_DESCRIPTION, VR::LO, "CT CHEST for Jane Doe 03/02/61"),
        text(tags::SERIES_DESCRIPTION, VR::LO, "Thorax 5.0 B31f, tel. 555-0123"),
        text(tags::PROTOCOL_NAME, VR::LO, "Doe"),
        text(tags::SOFTWARE_VERSIONS, VR::LO, "VB20A 2011-06-17\\Doe's\\3"),
        text(tags::CONTRAST_BOLUS_AGENT, VR::LO, "DO\\JANE D\\OE"),
        text(tags::DEVICE_SERIAL_NUMBER, VR::LO, "12345678"),
        sequence(tags::PROCEDURE_CODE_SEQUENCE, vec![code]),
    ]);
    let profile = "research-longitudinal";
    let (result, report) = scrubbed_under(&header, &rulebook(profile), PixelTreatment::Absent);
    assert_eq!(string(&result, tags::STUDY_DESCRIPTION), "CT CHEST");
    assert_eq!(string(&result, tags::SERIES_DESCRIPTION), "Thorax 5.0 B31f");
    assert_eq!(string(&result, tags::PROTOCOL_NAME), dummy::TEXT);
    let versions = string(&result, tags::SOFTWARE_VERSIONS);
    assert_eq!(versions, "VB20A 2011-06-17\\ANONYMIZED\\3", "a version has a date of its own");
    assert!(!string(&result, tags::CONTRAST_BOLUS_AGENT).contains("JANE"));
    let code = &result.element(tags::PROCEDURE_CODE_SEQUENCE).unwrap().items().unwrap()[0];
    assert_eq!(string(code, tags::CODE_MEANING), "XR Chest 2 views");
    assert_eq!(string(code, tags::CODE_VALUE), "36643-5");
    assert!(report.count(Done::Cleaned) >= 6, "{report:?}");
}

/// Any element of a standard attribute, of its VR or of a wrong one.
fn any_element() -> impl Strategy<Value = InMemElement> {
    let group = prop_oneof![Just(0x0008u16), Just(0x0010), Just(0x0018), Just(0x0040), 0u16..0x60];
    let vr = prop_oneof![
        Just(VR::LO),
        Just(VR::PN),
        Just(VR::UI),
        Just(VR::DA),
        Just(VR::CS),
        Just(VR::UN),
        Just(VR::DS),
        Just(VR::UT),
        Just(VR::OB),
        Just(VR::DT),
    ];
    (group, 0u16..0x2000, vr, "[A-Za-z0-9^ .\\\\]{0,20}", any::<bool>()).prop_map(
        |(group, element, vr, value, bytes)| {
            let value = if bytes {
                PrimitiveValue::U8(value.bytes().collect())
            } else {
                PrimitiveValue::from(value)
            };
            DataElement::new(Tag(group, element), vr, value)
        },
    )
}

proptest! {
    #[test]
    fn any_header_comes_out_without_residue(
        flat in proptest::collection::vec(any_element(), 0..12),
        nested in proptest::collection::vec(any_element(), 0..12),
        name in "[A-Z]{2,8}\\^[A-Z]{2,8}", id in "[0-9A-Z]{1,10}",
        profile in prop_oneof![
            Just("basic"), Just("research-longitudinal"), Just("tcia-like"), Just("strict"),
        ],
    ) {
        let mut elements = flat;
        elements.push(text(tags::PATIENT_NAME, VR::PN, &name));
        elements.push(text(tags::PATIENT_ID, VR::LO, &id));
        elements.push(text(tags::VIEW_NAME, VR::SH, &name));
        elements.push(sequence(tags::PROCEDURE_CODE_SEQUENCE, vec![object(nested)]));
        let header = object(elements);
        let rulebook = rulebook(profile);
        let scrub = || scrubbed_under(&header, &rulebook, PixelTreatment::Skipped).0;
        let first = scrub();
        prop_assert_eq!(encoded(&first), encoded(&scrub()));
        let bytes = encoded(&first);
        let reread = InMemDicomObject::read_dataset_with_ts(
            &bytes[..], &EXPLICIT_VR_LITTLE_ENDIAN.erased(),
        ).expect("it reads back");
        let identifiers = harvest(&header, &rulebook);
        let found = findings(&header, &reread, &rulebook, &subject(&header), &identifiers);
        prop_assert_eq!(found, []);
    }
}

#[test]
fn safe_private_attributes_stay_with_their_creator_and_others_go() {
    let creator = |element| text(Tag(0x7053, element), VR::LO, "Philips PET Private Group");
    let factor = |element| text(Tag(0x7053, element), VR::DS, "1.5");
    let item = object(vec![creator(0x0042), factor(0x4200)]);
    let header = object(vec![
        text(tags::PATIENT_NAME, VR::PN, "Hopper^Jane"),
        creator(0x0010),
        factor(0x1000),
        factor(0x1001),
        text(Tag(0x0009, 0x0010), VR::LO, "UNKNOWN CREATOR"),
        text(Tag(0x0009, 0x1001), VR::LO, "something"),
        text(Tag(0x0019, 0x0010), VR::LO, "GEMS_ACQU_01"),
        text(Tag(0x0019, 0x109E), VR::LO, "pulse of Hopper"),
        sequence(tags::SOURCE_INSTANCE_SEQUENCE, vec![item]),
    ]);
    let (result, report) =
        scrubbed_under(&header, &rulebook("research-longitudinal"), PixelTreatment::Skipped);
    let private: Vec<_> = result.tags().filter(|tag| tag.group() % 2 == 1).collect();
    let expected = [(0x0019, 0x0010), (0x0019, 0x109E), (0x7053, 0x0010), (0x7053, 0x1000)];
    assert_eq!(private, expected.map(|(group, element)| Tag(group, element)));
    assert_eq!(string(&result, Tag(0x0019, 0x109E)), "pulse");
    let item = &result.element(tags::SOURCE_INSTANCE_SEQUENCE).unwrap().items().unwrap()[0];
    assert_eq!(string(item, Tag(0x7053, 0x4200)), "1.5");
    assert_eq!(report.count(Done::Cleaned), 1);
    assert!(skipped(&header).tags().all(|tag| tag.group() % 2 == 0));
}

#[test]
fn a_private_picture_does_not_pass_as_safe() {
    let header = object(vec![
        text(Tag(0x7FD1, 0x0010), VR::LO, "SIEMENS Ultrasound SC2000"),
        DataElement::new(Tag(0x7FD1, 0x1010), VR::OB, PrimitiveValue::from(vec![7u8; 4096])),
    ]);
    let rulebook = rulebook("research-longitudinal");
    let (result, report) = scrubbed_under(&header, &rulebook, PixelTreatment::Skipped);
    assert!(result.tags().all(|tag| tag.group() % 2 == 0));
    assert_eq!(report.count(Done::RemovedUnreadable), 1);
}

#[test]
fn dates_move_together_and_ages_above_89_are_told_as_90() {
    let header = object(vec![
        text(tags::PATIENT_ID, VR::LO, "4711"),
        text(tags::PATIENT_AGE, VR::AS, "097Y"),
        text(tags::STUDY_DATE, VR::DA, "20240131"),
        text(tags::ACQUISITION_DATE_TIME, VR::DT, "20240203120000.5+0100"),
        text(tags::STUDY_TIME, VR::TM, "113000"),
        text(tags::SERIES_DATE, VR::DA, "Jan 31"),
    ]);
    let rulebook = rulebook("research-longitudinal");
    let (result, report) = scrubbed_under(&header, &rulebook, PixelTreatment::Absent);
    let days = subject(&header).date_offset_days;
    let moved = |vr, value| dates::shifted(vr, value, days).expect("a date");
    assert_eq!(string(&result, tags::STUDY_DATE), moved(VR::DA, "20240131"));
    let date_time = moved(VR::DT, "20240203120000.5+0100");
    assert_eq!(string(&result, tags::ACQUISITION_DATE_TIME), date_time);
    assert_ne!(string(&result, tags::STUDY_DATE), "20240131");
    assert_eq!(string(&result, tags::STUDY_TIME), "113000");
    assert_eq!(string(&result, tags::PATIENT_AGE), "090Y");
    assert!(result.get(tags::SERIES_DATE).is_none());
    assert_eq!(report.count(Done::RemovedUnreadable), 1);
    let longitudinal = tags::LONGITUDINAL_TEMPORAL_INFORMATION_MODIFIED;
    assert_eq!(string(&result, longitudinal), "MODIFIED");
}

#[test]
fn a_rule_weaker_than_the_standard_takes_its_claim_away_and_is_named() {
    let rulebook = rulebook_of(
        "[[rules]]
         attribute = 'InstitutionName'
         action = 'keep'
         when = { modality = 'CT' }
         [[rules]]
         attribute = 'StudyDescription'
         action = 'replace'
         value = 'Trial {patient_id} {pseudonym}'",
    );
    let of = |modality: &str| {
        let header = object(vec![
            text(tags::PATIENT_ID, VR::LO, "4711"),
            text(tags::MODALITY, VR::CS, modality),
            text(tags::INSTITUTION_NAME, VR::LO, "General Hospital of Elmgrove"),
            text(tags::STUDY_DESCRIPTION, VR::LO, "Elmgrove trial"),
        ]);
        scrubbed_under(&header, &rulebook, PixelTreatment::Absent).0
    };
    let ct = of("CT");
    assert_eq!(string(&ct, tags::INSTITUTION_NAME), "General Hospital of Elmgrove");
    assert!(ct.get(tags::DEIDENTIFICATION_METHOD_CODE_SEQUENCE).is_none());
    assert!(string(&ct, tags::DEIDENTIFICATION_METHOD).contains("rule 1: keep InstitutionName"));
    let mr = of("MR");
    assert_ne!(
        mr.get(tags::INSTITUTION_NAME).map(|e| e.value()),
        ct.get(tags::INSTITUTION_NAME).map(|e| e.value())
    );
    assert_eq!(string(&mr, tags::DEIDENTIFICATION_METHOD), dummy::METHOD);
    let description = string(&mr, tags::STUDY_DESCRIPTION);
    assert!(description.starts_with(&format!("Trial {} ", string(&mr, tags::PATIENT_ID))));
}

#[test]
fn a_sequence_of_ten_thousand_items_is_scrubbed_item_by_item() {
    let item = |n: usize| {
        object(vec![
            text(tags::REFERENCED_SOP_INSTANCE_UID, VR::UI, &format!("1.2.{n}")),
            text(tags::FRAME_COMMENTS, VR::LT, "Hopper"),
        ])
    };
    let items = (0..10_000).map(item).collect();
    let header = object(vec![
        text(tags::PATIENT_NAME, VR::PN, "Hopper^Jane"),
        sequence(tags::REFERENCED_INSTANCE_SEQUENCE, items),
    ]);
    let (result, report) = scrubbed(&header, PixelTreatment::Absent);
    let items = result.element(tags::REFERENCED_INSTANCE_SEQUENCE).unwrap().items().unwrap();
    assert_eq!(items.len(), 10_000);
    assert_eq!(string(&items[7], tags::REFERENCED_SOP_INSTANCE_UID), key().uid("1.2.7"));
    assert_eq!(report.count(Done::UidsReplaced), 10_000);
    assert!(report.entries.len() < 10);
}

#[test]
fn under_the_strict_profile_no_free_text_stays() {
    let code = declare::code("T-D3000", "SRT", "Chest of somebody");
    let local = declare::code("XYZ", "99LOCAL", "Special view");
    let header = object(vec![
        text(tags::VIEW_NAME, VR::SH, "my view"),
        text(tags::RESCALE_TYPE, VR::LO, "HU"),
        sequence(tags::ANATOMIC_REGION_SEQUENCE, vec![code]),
        sequence(tags::VIEW_CODE_SEQUENCE, vec![local]),
    ]);
    let (result, _) = scrubbed_under(&header, &rulebook("strict"), PixelTreatment::Absent);
    let code = |tag: Tag| result.element(tag).unwrap().items().unwrap()[0].clone();
    assert_eq!(string(&result, tags::VIEW_NAME), dummy::TEXT);
    assert_eq!(string(&result, tags::RESCALE_TYPE), "HU");
    let region = code(tags::ANATOMIC_REGION_SEQUENCE);
    assert_eq!(string(&region, tags::CODE_VALUE), "T-D3000");
    assert_eq!(string(&region, tags::CODE_MEANING), "SRT T-D3000");
    assert_eq!(string(&code(tags::VIEW_CODE_SEQUENCE), tags::CODE_VALUE), dummy::TEXT);
}
