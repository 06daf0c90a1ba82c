//! Who a patient is, as far as pseudonyms are concerned.
//!
//! Invariants: what differs only in case, width or padding is one patient; objects without a
//! PatientID never become one patient together; formatting shows nothing.

use super::values::text;
use dicom_dictionary_std::tags;
use dicom_object::InMemDicomObject;
use serde::{Deserialize, Serialize};
use std::fmt;
use unicode_normalization::UnicodeNormalization;

/// Takes the place of an issuer where a UID takes that of a PatientID.
const NO_PATIENT_ID: &str = "STUDY WITHOUT A PATIENTID";

/// Normalised PatientID and issuer. It serialises for the pipe to a child process alone.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct PatientIdentity {
    id: String,
    issuer: String,
}

impl PatientIdentity {
    /// Normalises both parts: NFKC, upper case, no outer space or NUL padding.
    pub fn new(patient_id: &str, issuer: &str) -> Self {
        Self { id: normalised(patient_id), issuer: normalised(issuer) }
    }

    /// Whose object this is. Without a PatientID each study is its own patient, and without a
    /// Study Instance UID each object.
    pub fn of(header: &InMemDicomObject) -> Self {
        let stated = Self::stated(header);
        if !stated.id.is_empty() {
            return stated;
        }
        let study = text(header, tags::STUDY_INSTANCE_UID);
        let uid = if study.is_empty() { text(header, tags::SOP_INSTANCE_UID) } else { study };
        Self::new(&uid, NO_PATIENT_ID)
    }

    /// Whose data an item of a sequence is: it may speak of another patient than what is around it
    /// (a group of specimens, a referenced patient), and then of the same issuer if it names none.
    pub(super) fn of_item(item: &InMemDicomObject, outer: &Self) -> Self {
        let mut own = Self::stated(item);
        if own.id.is_empty() {
            return outer.clone();
        }
        if own.issuer.is_empty() && outer.has_patient_id() {
            own.issuer.clone_from(&outer.issuer);
        }
        own
    }

    /// Whether it is that of a PatientID, and not of a UID in its place.
    pub fn has_patient_id(&self) -> bool {
        self.issuer != NO_PATIENT_ID
    }

    /// The same PatientID without an issuer; `None` for one that has no PatientID.
    pub fn without_issuer(&self) -> Option<Self> {
        self.has_patient_id().then(|| Self { id: self.id.clone(), issuer: String::new() })
    }

    /// PatientID and issuer, for a MAC to be made over.
    pub fn parts(&self) -> [&[u8]; 2] {
        [self.id.as_bytes(), self.issuer.as_bytes()]
    }

    fn stated(data_set: &InMemDicomObject) -> Self {
        Self::new(&text(data_set, tags::PATIENT_ID), &issuer(data_set))
    }
}

impl fmt::Debug for PatientIdentity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PatientIdentity([phi])")
    }
}

/// The issuer of the PatientID: as text, else as an entity (PS3.3 C.7.1.1).
fn issuer(data_set: &InMemDicomObject) -> String {
    let plain = text(data_set, tags::ISSUER_OF_PATIENT_ID);
    let qualifiers = data_set.get(tags::ISSUER_OF_PATIENT_ID_QUALIFIERS_SEQUENCE);
    match qualifiers.and_then(|element| element.items()).and_then(|items| items.first()) {
        Some(item) if plain.is_empty() => text(item, tags::UNIVERSAL_ENTITY_ID),
        _ => plain,
    }
}

pub(super) fn trimmed(value: &str) -> &str {
    value.trim_matches(|c: char| c == '\0' || c.is_whitespace())
}

/// NFKC, upper case, without outer space or NUL padding.
pub(super) fn normalised(value: &str) -> String {
    trimmed(&value.nfkc().collect::<String>().to_uppercase()).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use dicom_core::{DataElement, Tag, VR};

    fn object(elements: &[(Tag, VR, &str)]) -> InMemDicomObject {
        let elements = elements.iter().map(|(tag, vr, value)| DataElement::new(*tag, *vr, *value));
        InMemDicomObject::from_element_iter(elements)
    }

    #[test]
    fn without_a_patient_id_a_study_is_its_own_patient() {
        let study = |uid| object(&[(tags::STUDY_INSTANCE_UID, VR::UI, uid)]);
        let one = PatientIdentity::of(&study("1.2.3"));
        assert_eq!(one, PatientIdentity::of(&study("1.2.3")));
        assert_ne!(one, PatientIdentity::of(&study("1.2.4")));
        assert_ne!(one, PatientIdentity::new("1.2.3", ""));
        assert!(!one.has_patient_id());
        let lonely = |uid| object(&[(tags::SOP_INSTANCE_UID, VR::UI, uid)]);
        assert_ne!(PatientIdentity::of(&lonely("1.5")), PatientIdentity::of(&lonely("1.6")));
    }

    #[test]
    fn an_item_is_of_the_patient_around_it_unless_it_names_another() {
        let outer = PatientIdentity::new("7", "HOSPITAL");
        let item = object(&[(tags::PATIENT_ID, VR::LO, "8 ")]);
        assert_eq!(PatientIdentity::of_item(&item, &outer), PatientIdentity::new("8", "HOSPITAL"));
        assert_eq!(PatientIdentity::of_item(&object(&[]), &outer), outer);
        // what stands for a missing PatientID is nobody's issuer
        let study = PatientIdentity::of(&object(&[(tags::STUDY_INSTANCE_UID, VR::UI, "1.2")]));
        assert_eq!(PatientIdentity::of_item(&item, &study), PatientIdentity::new("8", ""));
    }
}
