//! Table E.1-1 carried out: every row, in the Basic Profile and under each option alone.

use super::super::rulebook::{Decision, Place};
use super::super::table::tests::rows;
use super::super::{standard_vr, types};
use super::*;
use crate::config::{ObjectFacts, ProfileOption};
use crate::deid::identifiers::{Identifier, IdentifierKind};
use crate::phi::Phi;

/// In no table of Types, so that combined actions come to a dummy before empty before removal.
const UNKNOWN_CLASS: &str = "1.2.3";

/// A value of the VR that is not the dummy of it.
fn sample(tag: Tag, vr: VR) -> InMemElement {
    let value: PrimitiveValue = match vr {
        VR::SQ => {
            let item = object(vec![
                text(tags::VIEW_NAME, VR::SH, "Hopper"),
                text(tags::REFERENCED_SOP_INSTANCE_UID, VR::UI, "1.2.3.4"),
            ]);
            return sequence(tag, vec![item]);
        }
        VR::UI => "1.2.3.4".into(),
        VR::DA => "19700412".into(),
        VR::TM => "113059".into(),
        VR::DT => "19700412113059".into(),
        VR::AS => "053Y".into(),
        VR::DS | VR::IS => "7".into(),
        VR::US => dicom_value!(U16, [7]),
        VR::OB | VR::UN => dicom_value!(U8, [7, 7]),
        VR::OW => dicom_value!(U16, [7]),
        VR::UR => "http://kept/words".into(),
        VR::SH if tag == tags::TIMEZONE_OFFSET_FROM_UTC => "+0100".into(),
        _ => "Kept words".into(),
    };
    DataElement::new(tag, vr, value)
}

fn concrete(pattern: &str) -> Tag {
    let tag = pattern
        .replace("50xx,xxxx", "5004,3000")
        .replace("60xx", "6002")
        .replace("gggg,eeee", "0009,1001");
    tag.parse().expect("a tag")
}

/// What became of one row: the code that the Standard has for it.
fn done(tag: Tag, vr: VR, rulebook: &Rulebook) -> (String, InMemDicomObject) {
    let header = object(vec![sample(tag, vr), text(tags::MODALITY, VR::CS, "OT")]);
    let nobody = Identifiers(vec![Identifier {
        kind: IdentifierKind::Name,
        value: Phi::new("Hopper^Jane".into()),
    }]);
    let (key, subject) = (key(), subject(&header));
    let mut result = header.clone();
    let context = context(rulebook, &key, &subject, PixelTreatment::Skipped, &nobody);
    scrub(&mut result, &context).expect("it scrubs");
    assert_eq!(findings(&header, &result, rulebook, &subject, &nobody), [], "{tag}");
    let before = header.element(tag).expect("there");
    let code = match result.get(tag) {
        None => "X",
        Some(element) if element.value().multiplicity() == 0 => "Z",
        Some(element) if vr == VR::SQ => {
            let item = &element.items().expect("items")[0];
            assert!(!contains(&encoded(item), b"Hopper"), "{tag} holds a name");
            match string(item, tags::REFERENCED_SOP_INSTANCE_UID).as_str() {
                "1.2.3.4" => "K",
                _ => "descended",
            }
        }
        Some(element) if element.value() == before.value() => "K",
        Some(element) if vr == VR::UI => {
            assert_eq!(element.to_str().expect("text"), key.uid("1.2.3.4"), "{tag}");
            "U"
        }
        Some(element) if matches!(vr, VR::DA | VR::DT) => {
            let year = &element.to_str().expect("text")[..4];
            if year == "1900" { "D" } else { "shifted" }
        }
        Some(_) => "D",
    };
    (code.to_string(), result)
}

/// What the Standard's code comes to for a VR, written here without the code under test.
fn expected(tag: Tag, vr: VR, basic: &str) -> &'static str {
    let pseudonym = [tags::PATIENT_NAME, tags::PATIENT_ID].contains(&tag)
        || super::super::pseudonyms::kind(tag).is_some();
    match (basic, vr) {
        ("X", _) => "X",
        // a keyed pseudonym is a dummy, which Z allows as well
        ("Z" | "X/Z", _) if pseudonym => "D",
        ("X/Z", VR::SQ) => "X",
        ("Z" | "X/Z", _) => "Z",
        ("D" | "U" | "X/D" | "Z/D" | "X/Z/D" | "X/Z/U*", VR::SQ) => "descended",
        ("D" | "U", VR::UI) => "U",
        ("D" | "X/D" | "Z/D" | "X/Z/D", _) => "D",
        _ => panic!("{tag}: no rule for {basic} on {vr:?}"),
    }
}

fn vr_of(tag: Tag) -> VR {
    standard_vr(tag).map_or(VR::LO, |vr| vr.relaxed())
}

#[test]
fn every_row_of_the_basic_profile_is_carried_out() {
    let rulebook = rulebook_of("");
    let rows = rows();
    for (pattern, basic, _) in &rows {
        let tag = concrete(pattern);
        let vr = vr_of(tag);
        let expected = if tag.group() < 8 { "X" } else { expected(tag, vr, basic) };
        assert_eq!(done(tag, vr, &rulebook).0, expected, "{pattern} {basic}");
    }
    assert_eq!(rows.len(), 657);
}

#[test]
fn every_row_under_every_option_is_carried_out() {
    let mut asked = 0;
    for option in ProfileOption::ALL {
        let rulebook = rulebook_of(&format!("options = [{:?}]", option.meaning()));
        for (pattern, basic, cells) in rows() {
            let tag = concrete(&pattern);
            let vr = vr_of(tag);
            let cell = cells.iter().find(|(of, _)| *of == option).map(|(_, cell)| cell.as_str());
            let expected = match (cell, vr) {
                _ if tag.group() < 8 || tag == tags::DATA_SET_TRAILING_PADDING => "X",
                (None, _) => expected(tag, vr, &basic),
                (Some("K" | "C"), VR::SQ) => "descended",
                (Some("K"), _) => "K",
                (Some("C"), VR::DA | VR::DT) => "shifted",
                (Some("C"), VR::TM) => "K",
                // whole days move no zone
                (Some("C"), _) if tag == tags::TIMEZONE_OFFSET_FROM_UTC => "K",
                (Some("C"), _) if option == ProfileOption::RetainDeviceIdentity => "D",
                // nothing here can clean a bitmap or a maker's note
                (Some("C"), VR::OB | VR::OW | VR::UN) => expected(tag, vr, &basic),
                (Some("C"), _) if pattern == "(gggg,eeee)" || pattern == "(50xx,xxxx)" => "X",
                (Some("C"), _) => "K",
                other => panic!("{pattern}: no rule for {other:?}"),
            };
            let expected = match expected {
                // the UIDs of the items stay as well
                "descended" if option == ProfileOption::RetainUids => "K",
                other => other,
            };
            let (code, result) = done(tag, vr, &rulebook);
            assert_eq!(code, expected, "{pattern} {basic} {cell:?} {option:?}");
            asked += usize::from(cell.is_some());
            let codes =
                result.element(tags::DEIDENTIFICATION_METHOD_CODE_SEQUENCE).expect("stated");
            let codes: Vec<_> =
                codes.items().expect("items").iter().map(|c| string(c, tags::CODE_VALUE)).collect();
            assert_eq!(codes, ["113100", option.code()]);
        }
    }
    assert_eq!(asked, 1 + 60 + 59 + 10 + 19 + 169 + 169 + 141 + 4 + 4);
}

#[test]
fn combined_actions_follow_the_type_in_the_iod() {
    let rulebook = rulebook_of("");
    let code = |class: &str, tag: Tag| {
        let facts = ObjectFacts { sop_class_uid: class.into(), ..ObjectFacts::default() };
        let place = Place { facts: &facts, path: &[], creator: None, content: None };
        let Decision { reason, .. } = rulebook.decide(place, tag, vr_of(tag));
        rulebook.describe(reason)
    };
    let ct = "1.2.840.10008.5.1.4.1.1.2";
    assert!(code(ct, tags::SERIES_DATE).ends_with("X/D, by its Type: X"));
    assert!(code(ct, tags::CONTENT_DATE).ends_with("Z/D, by its Type: Z"));
    let enhanced = "1.2.840.10008.5.1.4.1.1.2.1";
    assert!(code(enhanced, tags::DEVICE_SERIAL_NUMBER).ends_with("X/Z/D, by its Type: D"));
    assert!(code(UNKNOWN_CLASS, tags::SERIES_DATE).ends_with("X/D, by its Type: D"));
    assert_eq!(types::of(UNKNOWN_CLASS, tags::SERIES_DATE), None);
}
