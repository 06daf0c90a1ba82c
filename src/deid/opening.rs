//! What an object tells before its pixels: whose it is, and what identifies them.

use super::examine::{StepError, rulebook};
use super::header::{PatientIdentity, Rulebook, harvest};
use super::hold::Hold;
use super::identifiers::Identifiers;
use super::object::OpenObject;
use crate::config::{Limits, Profile};
use crate::phi::Phi;
use dicom_dictionary_std::tags;
use dicom_object::InMemDicomObject;
use serde::{Deserialize, Serialize};
use std::fs::File;

/// What an object tells of its patient, its study and itself. Only in memory and on the pipe.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Opening {
    pub patient: PatientIdentity,
    /// Empty if it states none.
    pub study_instance_uid: Phi<String>,
    /// Empty if it states none.
    pub series_instance_uid: Phi<String>,
    pub identifiers: Identifiers,
    /// What would be among these, had the profile not let it stay where it is.
    pub retained: Identifiers,
}

impl Opening {
    /// Of a header that was parsed.
    pub fn of(
        header: &InMemDicomObject,
        rulebook: &Rulebook,
        profile: &Profile,
    ) -> Result<Self, Hold> {
        let identifiers = harvest(header, rulebook);
        let retained = match retaining_nothing(profile) {
            Some(bare) => harvest(header, &self::rulebook(&bare)?).without(&identifiers),
            None => Identifiers::default(),
        };
        let uid = |tag| Phi::new(super::object::text_of(header, tag));
        Ok(Self {
            patient: PatientIdentity::of(header),
            study_instance_uid: uid(tags::STUDY_INSTANCE_UID),
            series_instance_uid: uid(tags::SERIES_INSTANCE_UID),
            identifiers,
            retained,
        })
    }

    /// The identifiers to look for in this object, where others told of `known`: those, without what
    /// its profile lets stay in it, and its own.
    pub fn knowing(&self, known: &Identifiers) -> Identifiers {
        known.without(&self.retained).united(&self.identifiers)
    }
}

/// The same profile with nothing that lets a value stay; `None` if it is that already.
fn retaining_nothing(profile: &Profile) -> Option<Profile> {
    let retains = !profile.options.is_empty() || !profile.rules.is_empty();
    retains.then(|| Profile { options: Vec::new(), rules: Vec::new(), ..profile.clone() })
}

/// Opens the object in `input` for what it tells, without a look at its pixels.
pub fn open(
    input: &File,
    profile: &Profile,
    limits: &Limits,
    scratch: &File,
) -> Result<Opening, StepError> {
    let rulebook = rulebook(profile)?;
    let object = OpenObject::open(input, limits, scratch, &rulebook)?;
    Ok(Opening::of(&object.header, &rulebook, profile)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::ProfileOption;
    use crate::deid::identifiers::{Identifier, IdentifierKind};
    use dicom_core::{DataElement, VR};

    fn opening(profile: &Profile) -> Opening {
        let header = InMemDicomObject::from_element_iter([
            DataElement::new(tags::PATIENT_NAME, VR::PN, "ZQFAMILY^JANE"),
            DataElement::new(tags::INSTITUTION_NAME, VR::LO, "ZQ HOSPITAL"),
            DataElement::new(tags::STUDY_INSTANCE_UID, VR::UI, "1.2.3\0"),
        ]);
        Opening::of(&header, &rulebook(profile).expect("a rulebook"), profile).expect("opened")
    }

    fn known(kind: IdentifierKind, value: &str) -> Identifiers {
        Identifiers(vec![Identifier { kind, value: Phi::new(value.into()) }])
    }

    #[test]
    fn what_other_objects_tell_is_looked_for_beside_what_an_object_tells_itself() {
        let opening = opening(&Profile::named("basic").expect("shipped"));
        assert_eq!(opening.study_instance_uid.reveal(), "1.2.3");
        assert_eq!(opening.retained, Identifiers::default());
        let other = known(IdentifierKind::Name, "ZQMAIDEN^JANE");
        let all = opening.knowing(&other);
        assert_eq!(all, opening.identifiers.united(&other));
        assert_eq!(all.0.len(), 3);
    }

    #[test]
    fn what_the_profile_lets_stay_in_an_object_is_not_taken_away_because_another_one_tells_it() {
        let mut profile = Profile::named("basic").expect("shipped");
        profile.options.push(ProfileOption::RetainInstitutionIdentity);
        let opening = opening(&profile);
        let institution = known(IdentifierKind::Text, "ZQ HOSPITAL");
        assert_eq!(opening.retained, institution);
        assert_eq!(opening.knowing(&institution), opening.identifiers);
    }
}
