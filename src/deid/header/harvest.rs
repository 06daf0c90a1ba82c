//! What identifies the patient, read from the header before anything is changed: every name and
//! date at every level, and the attributes and content items that hold an ID, an address, an
//! institution or another name of the site.
//!
//! Invariants: nothing is left out because it may be harmless (a name that is a word of technique is
//! the matching's to weigh), but what stands for nobody and what the profile lets stay where it is.

use super::content::ContentItem;
use super::identifying::{Identifying, attribute, concept};
use super::rulebook::{Place, Reason, Rulebook, Treatment};
use super::scrub::facts;
use super::values::values;
use super::{MAX_DEPTH, MAX_TEXT_BYTES, codes, nobody, opaque, reachable, standard_vr};
use crate::config::ObjectFacts;
use crate::deid::identifiers::{Identifier, IdentifierKind, Identifiers};
use crate::phi::Phi;
use dicom_core::VR;
use dicom_core::header::{Header, Tag};
use dicom_dictionary_std::tags;
use dicom_object::InMemDicomObject;
use dicom_object::mem::InMemElement;
use std::borrow::Cow;
use std::collections::BTreeSet;

/// The identifiers of an object, sorted, each once, without values that stand for nothing, and
/// without those that the profile lets stay where they are.
pub fn harvest(header: &InMemDicomObject, rulebook: &Rulebook) -> Identifiers {
    let public: Vec<String> = [tags::MANUFACTURER, tags::MANUFACTURER_MODEL_NAME, tags::MODALITY]
        .into_iter()
        .filter_map(|tag| header.get(tag))
        .flat_map(values)
        .map(|value| nobody::compact(&value))
        .filter(|value| !value.is_empty())
        .collect();
    let mut gathering = Gathering {
        rulebook,
        facts: facts(header),
        public,
        path: Vec::new(),
        found: BTreeSet::new(),
    };
    gathering.data_set(header);
    Identifiers(gathering.found.into_iter().collect())
}

struct Gathering<'a> {
    rulebook: &'a Rulebook,
    facts: ObjectFacts,
    /// What the profile keeps of the device, compacted.
    public: Vec<String>,
    path: Vec<Tag>,
    found: BTreeSet<Identifier>,
}

impl Gathering<'_> {
    fn data_set(&mut self, data_set: &InMemDicomObject) {
        let coded = self.coded(data_set);
        let content = ContentItem::of(data_set);
        let concept = concept(data_set);
        for element in data_set {
            if let Some(items) = element.items() {
                if self.path.len() < MAX_DEPTH {
                    self.path.push(element.tag());
                    items.iter().for_each(|item| self.data_set(item));
                    self.path.pop();
                }
                continue;
            }
            let Some(element) = read(element) else { continue };
            let kind = match element.tag() {
                tags::CODE_MEANING => coded,
                tags::CODE_VALUE | tags::LONG_CODE_VALUE => coded.map(|_| Identifying::Id),
                tags::TEXT_VALUE => concept,
                _ => kind(&element),
            };
            if let Some(kind) = kind.filter(|_| !self.is_retained(&element, content)) {
                self.values(&element, kind);
            }
        }
    }

    /// What a coded entry names, where its sequence says that it is somebody or some place.
    fn coded(&self, item: &InMemDicomObject) -> Option<Identifying> {
        let named = match attribute(*self.path.last()?)? {
            Identifying::CodeOfPerson => Identifying::Name,
            Identifying::CodeOfPlace => Identifying::Text,
            _ => return None,
        };
        (!codes::is_public(item)).then_some(named)
    }

    /// Whether an option or a rule lets the value stay as it is.
    fn is_retained(&self, element: &InMemElement, content: Option<ContentItem>) -> bool {
        let place = Place { facts: &self.facts, path: &self.path, creator: None, content };
        let decision = self.rulebook.decide(place, element.tag(), element.vr());
        decision.treatment == Treatment::Keep
            && matches!(decision.reason, Reason::Option(_) | Reason::Rule(_))
    }

    fn values(&mut self, element: &InMemElement, kind: Identifying) {
        for value in values(element) {
            let value = value.trim_matches(|c: char| c == '\0' || c.is_whitespace());
            if self.is_public(element.tag(), kind, value)
                || (element.tag() == tags::STUDY_ID && value.len() < 4)
            {
                continue;
            }
            match kind {
                Identifying::Name => self.found(IdentifierKind::Name, value),
                Identifying::Id => self.found(IdentifierKind::Id, value),
                Identifying::Date => self.found(IdentifierKind::Date, &day(value)),
                Identifying::Text | Identifying::Network => self.found(IdentifierKind::Text, value),
                Identifying::Address => {
                    self.found(IdentifierKind::Text, value);
                    let parts = reachable::parts_of_address(value);
                    parts.iter().for_each(|part| self.found(IdentifierKind::Text, part));
                }
                Identifying::Telecom => {
                    self.found(IdentifierKind::Text, value);
                    let ways = reachable::ways_of_telecom(value);
                    ways.iter().for_each(|way| self.found(IdentifierKind::Text, way));
                }
                Identifying::CodeOfPerson | Identifying::CodeOfPlace => {}
            }
        }
    }

    fn found(&mut self, kind: IdentifierKind, value: &str) {
        if !nobody::stands_for_nobody(value) {
            self.found.insert(Identifier { kind, value: Phi::new(value.to_string()) });
        }
    }

    /// Whether a place is only called after the device, of which the profile keeps maker and model:
    /// some vendors write their own name where the institution's belongs.
    fn is_public(&self, tag: Tag, kind: Identifying, value: &str) -> bool {
        let value = nobody::compact(value);
        match (tag, kind) {
            (tags::STATION_NAME, _) | (_, Identifying::Network) => {
                self.public.iter().any(|text| text.contains(&value))
            }
            (_, Identifying::Text) => self.public.contains(&value),
            _ => false,
        }
    }
}

/// The element as PS3.6 says that it must be read; a long one of VR UN is no identifier.
fn read(element: &InMemElement) -> Option<Cow<'_, InMemElement>> {
    let tag = element.tag();
    if element.vr() != VR::UN || tag.group() % 2 == 1 {
        return Some(Cow::Borrowed(element));
    }
    let bytes = element.value().primitive()?.calculate_byte_len();
    let read = (bytes <= MAX_TEXT_BYTES).then(|| opaque::understood(element.clone(), None))?;
    read.map(Cow::Owned)
}

/// How a value identifies: by its VR, whoever defined the attribute, or by the attribute.
fn kind(element: &InMemElement) -> Option<Identifying> {
    let tag = element.tag();
    let vr = standard_vr(tag).and_then(|vr| vr.exact()).unwrap_or(element.vr());
    match vr {
        VR::PN => Some(Identifying::Name),
        VR::DA | VR::DT => Some(Identifying::Date),
        _ => attribute(tag),
    }
}

/// YYYYMMDD of a date, also of one with a time, or in the old form with points.
fn day(value: &str) -> String {
    value.chars().filter(|c| !['.', '-', '/'].contains(c)).take(8).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Profile;
    use dicom_core::value::DataSetSequence;
    use dicom_core::{DataElement, dicom_value};

    fn found(elements: Vec<InMemElement>) -> Vec<(IdentifierKind, String)> {
        let profile = Profile::named("basic").expect("shipped");
        let rulebook = Rulebook::new(&profile).expect("it reads");
        harvest(&InMemDicomObject::from_element_iter(elements), &rulebook)
            .0
            .into_iter()
            .map(|identifier| (identifier.kind, identifier.value.reveal().clone()))
            .collect()
    }

    #[test]
    fn names_ids_and_dates_are_found_at_every_level() {
        let item = InMemDicomObject::from_element_iter([
            DataElement::new(tags::PATIENT_ID, VR::LO, "OTHER-77"),
            DataElement::new(tags::OPERATORS_NAME, VR::PN, dicom_value!(Strs, ["A^B", "C^D"])),
        ]);
        let found = found(vec![
            DataElement::new(tags::PATIENT_ID, VR::LO, "OTHER-77 "),
            DataElement::new(tags::PATIENT_BIRTH_DATE, VR::DA, "19700412"),
            DataElement::new(tags::ACQUISITION_DATE_TIME, VR::DT, "20240131120000"),
            DataElement::new(
                tags::OTHER_PATIENT_I_DS_SEQUENCE,
                VR::SQ,
                DataSetSequence::from(vec![item]),
            ),
        ]);
        let expected = [
            (IdentifierKind::Name, "A^B"),
            (IdentifierKind::Name, "C^D"),
            (IdentifierKind::Id, "OTHER-77"),
            (IdentifierKind::Date, "19700412"),
            (IdentifierKind::Date, "20240131"),
        ];
        assert_eq!(found, expected.map(|(kind, value)| (kind, value.to_string())));
    }

    fn sequence(tag: Tag, item: Vec<InMemElement>) -> InMemElement {
        let item = InMemDicomObject::from_element_iter(item);
        DataElement::new(tag, VR::SQ, DataSetSequence::from(vec![item]))
    }

    fn texts(elements: Vec<InMemElement>) -> Vec<String> {
        found(elements).into_iter().map(|(_, value)| value).collect()
    }

    #[test]
    fn staff_and_places_that_a_code_names_are_found() {
        let code = |scheme: &str| {
            vec![
                DataElement::new(tags::CODE_VALUE, VR::SH, "STAFF-812"),
                DataElement::new(tags::CODING_SCHEME_DESIGNATOR, VR::SH, scheme),
                DataElement::new(tags::CODE_MEANING, VR::LO, "Jane Hopper"),
            ]
        };
        let person = |scheme| {
            let code = sequence(tags::PERSON_IDENTIFICATION_CODE_SEQUENCE, code(scheme));
            found(vec![sequence(tags::OPERATOR_IDENTIFICATION_SEQUENCE, vec![code])])
        };
        let expected = [(IdentifierKind::Name, "Jane Hopper"), (IdentifierKind::Id, "STAFF-812")];
        assert_eq!(person("99SITE"), expected.map(|(kind, value)| (kind, value.to_string())));
        assert_eq!(person("DCM"), []);
        let place = found(vec![sequence(tags::INSTITUTION_CODE_SEQUENCE, code("99SITE"))]);
        assert!(place.contains(&(IdentifierKind::Text, "Jane Hopper".into())));
        assert_eq!(found(vec![sequence(tags::PROCEDURE_CODE_SEQUENCE, code("99SITE"))]), []);
    }

    #[test]
    fn the_text_of_a_content_item_identifies_by_its_concept() {
        let item = |code: &str| {
            let name = vec![
                DataElement::new(tags::CODE_VALUE, VR::SH, code),
                DataElement::new(tags::CODING_SCHEME_DESIGNATOR, VR::SH, "DCM"),
            ];
            let item = vec![
                sequence(tags::CONCEPT_NAME_CODE_SEQUENCE, name),
                DataElement::new(tags::TEXT_VALUE, VR::UT, "SUBJECT-4711"),
            ];
            found(vec![sequence(tags::CONTENT_SEQUENCE, item)])
        };
        assert_eq!(item("121030"), [(IdentifierKind::Id, "SUBJECT-4711".to_string())]);
        assert_eq!(item("121071"), [], "a finding is no identifier");
    }

    #[test]
    fn an_address_is_found_by_its_parts_and_a_telephone_by_its_ways() {
        let address = texts(vec![DataElement::new(
            tags::PATIENT_ADDRESS,
            VR::LO,
            "Lange Gasse 5, 72074 Tübingen",
        )]);
        for part in ["Lange Gasse 5, 72074 Tübingen", "Lange Gasse", "Tübingen", "72074"] {
            assert!(address.iter().any(|found| found == part), "{part} in {address:?}");
        }
        let telephone = texts(vec![DataElement::new(
            tags::PATIENT_TELECOM_INFORMATION,
            VR::LT,
            "tel:+49 7071 555012;mailto:hopper@post.example",
        )]);
        for way in ["07071555012", "hopper@post.example"] {
            assert!(telephone.iter().any(|found| found == way), "{way} in {telephone:?}");
        }
    }

    #[test]
    fn dates_in_old_form_and_names_under_another_vr_or_of_a_vendor_are_found() {
        let found = found(vec![
            DataElement::new(tags::PATIENT_BIRTH_DATE, VR::DA, "1970.04.12"),
            DataElement::new(tags::PATIENT_NAME, VR::LO, "Hopper^Jane"),
            DataElement::new(tags::PATIENT_ID, VR::UN, dicom_value!(U8, [b'O', b'T', b'7', b'7'])),
            DataElement::new(Tag(0x0029, 0x1042), VR::PN, "Ferris^A"),
        ]);
        let expected = [
            (IdentifierKind::Name, "Ferris^A"),
            (IdentifierKind::Name, "Hopper^Jane"),
            (IdentifierKind::Id, "OT77"),
            (IdentifierKind::Date, "19700412"),
        ];
        assert_eq!(found, expected.map(|(kind, value)| (kind, value.to_string())));
    }

    #[test]
    fn a_network_name_identifies_unless_it_is_that_of_the_model() {
        let of = |title: &str| {
            texts(vec![
                DataElement::new(tags::MANUFACTURER_MODEL_NAME, VR::LO, "Aquarius 7"),
                DataElement::new(tags::STATION_AE_TITLE, VR::AE, title),
            ])
        };
        assert_eq!(of("STJUDE_CT2"), ["STJUDE_CT2"]);
        assert_eq!(of("AQUARIUS7"), <[String; 0]>::default());
    }

    #[test]
    fn values_that_stand_for_nothing_are_left_out() {
        let found = found(vec![
            DataElement::new(tags::PATIENT_NAME, VR::PN, "Anonymous^"),
            DataElement::new(tags::PATIENT_ID, VR::LO, "0000"),
            DataElement::new(tags::ACCESSION_NUMBER, VR::SH, "N/A"),
            DataElement::new(tags::STUDY_ID, VR::SH, "12"),
            DataElement::new(tags::STUDY_DATE, VR::DA, "19000101"),
            DataElement::new(tags::MANUFACTURER_MODEL_NAME, VR::LO, "Aquarius 7"),
            DataElement::new(tags::STATION_NAME, VR::SH, "AQUARIUS 7"),
        ]);
        assert_eq!(found, []);
    }
}
