//! The content tree of structured reports, item by item.

use super::*;
use crate::deid::header::content_table;
use crate::deid::header::report::Done;

const RESEARCH: &str = "research-longitudinal";

fn code_item(value: &str, scheme: &str, meaning: &str) -> InMemDicomObject {
    object(vec![
        text(tags::CODE_VALUE, VR::SH, value),
        text(tags::CODING_SCHEME_DESIGNATOR, VR::SH, scheme),
        text(tags::CODE_MEANING, VR::LO, meaning),
    ])
}

/// A content item of a concept of DCM, or of the scheme before a colon.
fn item(concept: &str, kind: &str, value: Vec<InMemElement>) -> InMemDicomObject {
    let (scheme, code) = concept.split_once(':').unwrap_or(("DCM", concept));
    let name = code_item(code, scheme, "a concept");
    let mut elements = vec![
        text(tags::RELATIONSHIP_TYPE, VR::CS, "CONTAINS"),
        text(tags::VALUE_TYPE, VR::CS, kind),
        sequence(tags::CONCEPT_NAME_CODE_SEQUENCE, vec![name]),
    ];
    elements.extend(value);
    object(elements)
}

/// The value of an item of this type that tells `Zqxw`, where it can tell text.
fn value(kind: &str) -> InMemElement {
    match kind {
        "TEXT" => text(tags::TEXT_VALUE, VR::UT, "lesion of the liver, plain words"),
        "PNAME" => text(tags::PERSON_NAME, VR::PN, "Zqxw^Vorname"),
        "DATE" => text(tags::DATE, VR::DA, "20240131"),
        "TIME" => text(tags::TIME, VR::TM, "081500"),
        "DATETIME" => text(tags::DATE_TIME, VR::DT, "20240131081500"),
        "UIDREF" => text(tags::UID, VR::UI, "1.2.826.0.1.99.7"),
        "NUM" => {
            let unit = code_item("a", "UCUM", "year");
            let measured = object(vec![
                text(tags::NUMERIC_VALUE, VR::DS, "82"),
                sequence(tags::MEASUREMENT_UNITS_CODE_SEQUENCE, vec![unit]),
            ]);
            sequence(tags::MEASURED_VALUE_SEQUENCE, vec![measured])
        }
        "CODE" => sequence(tags::CONCEPT_CODE_SEQUENCE, vec![code_item("F", "DCM", "Female")]),
        "CONTAINER" => text(tags::CONTINUITY_OF_CONTENT, VR::CS, "SEPARATE"),
        _ => sequence(
            tags::REFERENCED_SOP_SEQUENCE,
            vec![object(vec![
                text(tags::REFERENCED_SOP_CLASS_UID, VR::UI, "1.2.840.10008.5.1.4.1.1.2"),
                text(tags::REFERENCED_SOP_INSTANCE_UID, VR::UI, "1.2.826.0.1.99.8"),
            ])],
        ),
    }
}

/// A report with these items, and one that always stays.
fn report(items: Vec<InMemDicomObject>) -> InMemDicomObject {
    let mut all = vec![item("LN:8867-4", "NUM", vec![value("NUM")])];
    all.extend(items);
    object(vec![
        text(tags::SOP_CLASS_UID, VR::UI, "1.2.840.10008.5.1.4.1.1.88.33"),
        text(tags::PATIENT_NAME, VR::PN, "Zqxw^Vorname"),
        text(tags::VALUE_TYPE, VR::CS, "CONTAINER"),
        sequence(tags::CONTENT_SEQUENCE, all),
    ])
}

fn items(header: &InMemDicomObject) -> Vec<InMemDicomObject> {
    let element = header.element(tags::CONTENT_SEQUENCE).expect("a tree");
    element.items().expect("items").to_vec()
}

/// What becomes of the item; `None` where it is gone. Whatever is done, verification agrees.
fn becomes(profile: &str, item: InMemDicomObject) -> Option<InMemDicomObject> {
    let (result, _) =
        scrubbed_under(&report(vec![item]), &rulebook(profile), PixelTreatment::Skipped);
    items(&result).into_iter().nth(1)
}

fn of(profile: &str, concept: &str, kind: &str) -> Option<InMemDicomObject> {
    becomes(profile, item(concept, kind, vec![value(kind)]))
}

#[test]
fn each_row_of_the_table_is_carried_out_and_verified() {
    for (code, scheme, kind) in content_table::tests::listed() {
        for profile in ["basic", RESEARCH, "tcia-like", "strict"] {
            let concept = format!("{scheme}:{code}");
            let result = of(profile, &concept, &kind);
            let Some(result) = result else { continue };
            let bytes = encoded(&result);
            // the UID of a device stays with its option
            let uid = if profile == "tcia-like" { "Zqxw" } else { "1.2.826.0.1.99" };
            for told in ["Zqxw", "20240131", uid] {
                assert!(!contains(&bytes, told.as_bytes()), "{concept} {kind} under {profile}");
            }
        }
    }
}

#[test]
fn an_item_goes_where_its_row_says_x_and_no_option_keeps_it() {
    // Subject Birth Date moves with no option; Subject Sex and Age stay with theirs.
    for profile in ["basic", RESEARCH] {
        assert!(of(profile, "121031", "DATE").is_none(), "{profile}");
        assert!(of(profile, "121088", "PNAME").is_none(), "{profile}");
    }
    for (concept, kind) in [("121032", "CODE"), ("121033", "NUM")] {
        assert!(of("basic", concept, kind).is_none(), "{concept}");
        assert!(of(RESEARCH, concept, kind).is_some(), "{concept}");
    }
    // Comment: cleaned
    assert!(of("basic", "121106", "TEXT").is_none());
    let comment = of(RESEARCH, "121106", "TEXT").expect("kept");
    assert!(string(&comment, tags::TEXT_VALUE).starts_with("lesion"));
}

#[test]
fn a_dummy_stands_where_a_template_may_require_the_item() {
    let observer = of("basic", "121008", "PNAME").expect("kept");
    assert_eq!(string(&observer, tags::PERSON_NAME), "ANONYMIZED");
    let subject = of("basic", "121030", "TEXT").expect("kept: X/D");
    assert_eq!(string(&subject, tags::TEXT_VALUE), "ANONYMIZED");
    let started = of("basic", "111526", "DATETIME").expect("kept: X/D");
    assert_eq!(string(&started, tags::DATE_TIME), "19000101000000");
    let moved = of(RESEARCH, "111526", "DATETIME").expect("kept");
    let moved = string(&moved, tags::DATE_TIME);
    assert!(moved.ends_with("081500") && !moved.starts_with("1900") && moved != "20240131081500");
}

#[test]
fn numbers_units_codes_and_models_stay() {
    for profile in ["basic", RESEARCH, "tcia-like"] {
        let dose = of(profile, "113725", "NUM").expect("kept");
        let measured = dose.element(tags::MEASURED_VALUE_SEQUENCE).expect("measured");
        assert_eq!(string(&measured.items().expect("one")[0], tags::NUMERIC_VALUE), "82");
        let model = of(profile, "121015", "TEXT").expect("kept");
        assert!(string(&model, tags::TEXT_VALUE).starts_with("lesion"), "{profile}");
        let finding = of(profile, "121071", "CODE").expect("kept");
        let code = finding.element(tags::CONCEPT_CODE_SEQUENCE).expect("a code");
        assert_eq!(string(&code.items().expect("one")[0], tags::CODE_MEANING), "Female");
    }
}

#[test]
fn no_item_goes_where_others_are_found_by_their_position() {
    let position = DataElement::new(
        tags::REFERENCED_CONTENT_ITEM_IDENTIFIER,
        VR::UL,
        dicom_value!(U32, [1, 2]),
    );
    let by_reference =
        object(vec![text(tags::RELATIONSHIP_TYPE, VR::CS, "INFERRED FROM"), position]);
    let header = report(vec![
        item("121032", "CODE", vec![value("CODE")]),
        item("121033", "NUM", vec![value("NUM")]),
        item("121106", "TEXT", vec![value("TEXT")]),
        item("121018", "UIDREF", vec![value("UIDREF")]),
        by_reference,
    ]);
    let (result, _) = scrubbed(&header, PixelTreatment::Skipped);
    let left = items(&result);
    assert_eq!(left.len(), 6);
    let sex = left[1].element(tags::CONCEPT_CODE_SEQUENCE).expect("there").items().expect("one");
    assert_eq!(string(&sex[0], tags::CODE_VALUE), "ANONYMIZED");
    let age = left[2].element(tags::MEASURED_VALUE_SEQUENCE).expect("there, Type 2");
    assert!(age.items().unwrap_or_default().is_empty());
    assert_eq!(string(&left[3], tags::TEXT_VALUE), "ANONYMIZED");
    assert_ne!(string(&left[4], tags::UID), "1.2.826.0.1.99.7");
}

#[test]
fn an_item_with_others_below_or_that_coordinates_need_stays() {
    let below = sequence(tags::CONTENT_SEQUENCE, vec![item("113725", "NUM", vec![value("NUM")])]);
    let conclusion = item("121077", "TEXT", vec![value("TEXT"), below]);
    let kept = becomes("basic", conclusion).expect("kept");
    assert_eq!(string(&kept, tags::TEXT_VALUE), "ANONYMIZED");
    assert_eq!(items(&kept).len(), 1);
    let mut image = item("121080", "IMAGE", vec![value("IMAGE")]);
    assert!(becomes("basic", image.clone()).is_none());
    image.put(text(tags::RELATIONSHIP_TYPE, VR::CS, "SELECTED FROM"));
    assert!(becomes("basic", image).is_some());
    // The last one leaves no container empty.
    let lonely =
        sequence(tags::CONTENT_SEQUENCE, vec![item("121106", "TEXT", vec![value("TEXT")])]);
    let container = item("121070", "CONTAINER", vec![value("CONTAINER"), lonely]);
    assert_eq!(items(&becomes("basic", container).expect("kept")).len(), 1);
}

#[test]
fn a_container_goes_with_all_below_it() {
    let below =
        sequence(tags::CONTENT_SEQUENCE, vec![item("LN:74711-3", "TEXT", vec![value("TEXT")])]);
    let devices = item("121000", "CONTAINER", vec![value("CONTAINER"), below]);
    assert!(becomes("basic", devices).is_none());
}

#[test]
fn a_concept_is_known_whatever_type_or_rule_of_encoding_tells_it() {
    // Subject Name as text, Study Date as a date and time, a number in the macro of acquisition contexts.
    let name = of("basic", "121029", "TEXT").expect("kept: D");
    assert_eq!(string(&name, tags::TEXT_VALUE), "ANONYMIZED");
    let mislabelled = item("121031", "TEXT", vec![value("DATE")]);
    assert!(becomes(RESEARCH, mislabelled).is_none());
    let age = item("121033", "NUM", vec![text(tags::NUMERIC_VALUE, VR::DS, "82")]);
    let header = object(vec![
        text(tags::PATIENT_NAME, VR::PN, "Zqxw^Vorname"),
        sequence(tags::PROTOCOL_CONTEXT_SEQUENCE, vec![age]),
    ]);
    let result = skipped(&header);
    let context =
        result.element(tags::PROTOCOL_CONTEXT_SEQUENCE).expect("kept").items().expect("one");
    assert_eq!(string(&context[0], tags::NUMERIC_VALUE), "0");
}

#[test]
fn a_registered_uid_of_an_item_names_a_kind_of_thing() {
    let class = "1.2.840.10008.5.1.4.1.1.2";
    let item = item("112999", "UIDREF", vec![text(tags::UID, VR::UI, class)]);
    assert_eq!(string(&becomes("basic", item).expect("kept"), tags::UID), class);
}

#[test]
fn text_that_nothing_lists_is_a_dummy_or_cleaned() {
    let told = |profile| string(&of(profile, "99X:1", "TEXT").expect("kept"), tags::TEXT_VALUE);
    assert_eq!(told("basic"), "ANONYMIZED");
    assert_eq!(told("strict"), "ANONYMIZED");
    assert!(told(RESEARCH).starts_with("lesion"));
    let named = item("99X:1", "TEXT", vec![text(tags::TEXT_VALUE, VR::UT, "for Zqxw alone")]);
    let named = becomes(RESEARCH, named).expect("kept");
    assert!(!string(&named, tags::TEXT_VALUE).contains("Zqxw"));
}

#[test]
fn verification_finds_what_a_row_asks_to_go() {
    let header = report(vec![]);
    for (concept, kind) in [
        ("121032", "CODE"),
        ("121033", "NUM"),
        ("121106", "TEXT"),
        ("121088", "PNAME"),
        ("121031", "DATE"),
        ("121018", "UIDREF"),
    ] {
        let (mut result, _) = scrubbed(&header, PixelTreatment::Skipped);
        let mut left = items(&result);
        left.push(item(concept, kind, vec![value(kind)]));
        result.put(sequence(tags::CONTENT_SEQUENCE, left));
        let subject = subject(&header);
        let found = findings(&header, &result, &rulebook("basic"), &subject, &Identifiers(vec![]));
        assert!(!found.is_empty(), "{concept} {kind}");
    }
}

#[test]
fn the_report_says_which_row_took_an_item() {
    let header = report(vec![item("121106", "TEXT", vec![value("TEXT")])]);
    let (_, report) = scrubbed(&header, PixelTreatment::Skipped);
    let gone = report.entries.iter().find(|entry| entry.path == "(0040,A730).(0040,A160)");
    let gone = gone.expect("told");
    assert_eq!((gone.action, &*gone.rule), (Done::Removed, "PS3.15 E.3.4-1 Basic Profile: X"));
}
