//! What identifies the patient, read from the header before anything is changed: every name and
//! date at every level, and the attributes that hold an ID, an address or an institution.

use super::content::ContentItem;
use super::rulebook::{Place, Reason, Rulebook, Treatment};
use super::scrub::facts;
use super::values::values;
use super::{MAX_DEPTH, dummy, keys};
use crate::config::ObjectFacts;
use crate::deid::identifiers::{Identifier, IdentifierKind, Identifiers};
use crate::phi::Phi;
use dicom_core::VR;
use dicom_core::header::{Header, Tag};
use dicom_dictionary_std::tags;
use dicom_object::InMemDicomObject;
use dicom_object::mem::InMemElement;
use std::collections::BTreeSet;

// Retired attributes still arrive, and identify like any other.
#[allow(deprecated)]
const IDS: [Tag; 26] = [
    tags::PATIENT_ID,
    tags::OTHER_PATIENT_I_DS,
    tags::ACCESSION_NUMBER,
    tags::STUDY_ID,
    tags::MEDICAL_RECORD_LOCATOR,
    tags::INSURANCE_PLAN_IDENTIFICATION,
    tags::ADMISSION_ID,
    tags::SERVICE_EPISODE_ID,
    tags::REQUESTED_PROCEDURE_ID,
    tags::SCHEDULED_PROCEDURE_STEP_ID,
    tags::PERFORMED_PROCEDURE_STEP_ID,
    tags::PLACER_ORDER_NUMBER_IMAGING_SERVICE_REQUEST,
    tags::FILLER_ORDER_NUMBER_IMAGING_SERVICE_REQUEST,
    tags::PLACER_ORDER_NUMBER_PROCEDURE,
    tags::FILLER_ORDER_NUMBER_PROCEDURE,
    tags::PLACER_ORDER_NUMBER_IMAGING_SERVICE_REQUEST_RETIRED,
    tags::FILLER_ORDER_NUMBER_IMAGING_SERVICE_REQUEST_RETIRED,
    tags::CLINICAL_TRIAL_SUBJECT_ID,
    tags::CLINICAL_TRIAL_SUBJECT_READING_ID,
    tags::INTERPRETATION_ID,
    tags::RESULTS_ID,
    tags::SPECIMEN_IDENTIFIER,
    tags::CONTAINER_IDENTIFIER,
    tags::SPECIMEN_ACCESSION_NUMBER,
    tags::BREED_REGISTRATION_NUMBER,
    tags::DEVICE_SERIAL_NUMBER,
];

const TEXTS: [Tag; 26] = [
    tags::ISSUER_OF_PATIENT_ID,
    tags::PATIENT_ADDRESS,
    tags::PATIENT_TELEPHONE_NUMBERS,
    tags::PATIENT_TELECOM_INFORMATION,
    tags::REGION_OF_RESIDENCE,
    tags::MILITARY_RANK,
    tags::BRANCH_OF_SERVICE,
    tags::PATIENT_BIRTH_DATE_IN_ALTERNATIVE_CALENDAR,
    tags::PATIENT_DEATH_DATE_IN_ALTERNATIVE_CALENDAR,
    tags::NAME_TO_USE,
    tags::INSTITUTION_NAME,
    tags::INSTITUTION_ADDRESS,
    tags::INSTITUTIONAL_DEPARTMENT_NAME,
    tags::STATION_NAME,
    tags::REFERRING_PHYSICIAN_ADDRESS,
    tags::REFERRING_PHYSICIAN_TELEPHONE_NUMBERS,
    tags::PERSON_ADDRESS,
    tags::PERSON_TELEPHONE_NUMBERS,
    tags::PERSON_TELECOM_INFORMATION,
    tags::RESPONSIBLE_ORGANIZATION,
    tags::HUMAN_PERFORMER_ORGANIZATION,
    tags::VERIFYING_ORGANIZATION,
    tags::CAMERA_OWNER_NAME,
    tags::REQUESTING_SERVICE,
    tags::CURRENT_PATIENT_LOCATION,
    tags::PATIENT_INSTITUTION_RESIDENCE,
];

/// Values that stand for nothing.
const NOBODY: [&str; 16] = [
    "UNKNOWN",
    "NONE",
    "NULL",
    "NA",
    "N/A",
    "N.A.",
    "NOT AVAILABLE",
    "NOT SPECIFIED",
    "UNSPECIFIED",
    "NO NAME",
    "NONAME",
    "ANONYMOUS",
    "ANONYMIZED",
    "ANONYMISED",
    "ANON",
    "REMOVED",
];

/// The identifiers of an object, sorted, each once, without values that stand for nothing, and
/// without those that the profile lets stay where they are.
pub fn harvest(header: &InMemDicomObject, rulebook: &Rulebook) -> Identifiers {
    let public: Vec<String> = [tags::MANUFACTURER, tags::MANUFACTURER_MODEL_NAME, tags::MODALITY]
        .into_iter()
        .filter_map(|tag| header.get(tag))
        .flat_map(values)
        .map(|value| telling(&value))
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
    public: Vec<String>,
    path: Vec<Tag>,
    found: BTreeSet<Identifier>,
}

impl Gathering<'_> {
    fn data_set(&mut self, data_set: &InMemDicomObject) {
        let content = ContentItem::of(data_set);
        for element in data_set {
            if let Some(items) = element.items() {
                if self.path.len() < MAX_DEPTH {
                    self.path.push(element.tag());
                    items.iter().for_each(|item| self.data_set(item));
                    self.path.pop();
                }
                continue;
            }
            if let Some(kind) = kind(element).filter(|_| !self.is_retained(element, content)) {
                self.values(element, kind);
            }
        }
    }

    /// Whether an option or a rule lets the value stay as it is.
    fn is_retained(&self, element: &InMemElement, content: Option<ContentItem>) -> bool {
        let place = Place { facts: &self.facts, path: &self.path, creator: None, content };
        let decision = self.rulebook.decide(place, element.tag(), element.vr());
        decision.treatment == Treatment::Keep
            && matches!(decision.reason, Reason::Option(_) | Reason::Rule(_))
    }

    fn values(&mut self, element: &InMemElement, kind: IdentifierKind) {
        for value in values(element) {
            let mut value = value.trim_matches(|c: char| c == '\0' || c.is_whitespace());
            if kind == IdentifierKind::Date {
                value = value.get(..8).unwrap_or_default();
            }
            // Some vendors write their own name where the institution's belongs.
            let known = match element.tag() {
                tags::STATION_NAME => is_public(value, &self.public),
                tags::INSTITUTION_NAME => self.public.contains(&telling(value)),
                _ => false,
            };
            let short = element.tag() == tags::STUDY_ID && value.len() < 4;
            if !known && !short && !is_nobody(value) {
                self.found.insert(Identifier { kind, value: Phi::new(value.to_string()) });
            }
        }
    }
}

fn kind(element: &InMemElement) -> Option<IdentifierKind> {
    let tag = element.tag();
    if tag.group() % 2 == 1 {
        return None;
    }
    match element.vr() {
        VR::PN => Some(IdentifierKind::Name),
        VR::DA | VR::DT => Some(IdentifierKind::Date),
        _ if IDS.contains(&tag) => Some(IdentifierKind::Id),
        _ if TEXTS.contains(&tag) => Some(IdentifierKind::Text),
        _ => None,
    }
}

/// Whether a station is only called after its model, which the profile keeps.
fn is_public(value: &str, public: &[String]) -> bool {
    let value = telling(value);
    public.iter().any(|text| text.contains(&value))
}

fn telling(value: &str) -> String {
    value.chars().filter(|c| c.is_alphanumeric()).collect::<String>().to_uppercase()
}

/// Whether a value stands for nothing: a placeholder, one character repeated, or our own.
fn is_nobody(value: &str) -> bool {
    let telling = telling(value);
    let mut chars = telling.chars();
    let repeated = match chars.next() {
        Some(first) => chars.all(|c| c == first),
        None => true,
    };
    repeated
        || NOBODY.contains(&value.trim_matches('^').to_uppercase().as_str())
        || dummy::is_written(value)
        || keys::is_pseudonymous_name(value)
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
