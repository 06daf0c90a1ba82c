//! The options of PS3.15 Section E.3 that a profile may choose, by their names in PS3.16 CID 7050.

use serde::{Deserialize, Serialize};

/// An option with a column of Table E.1-1. Clean Pixel Data is not among them: it is in force for
/// an object whose pixels were looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum ProfileOption {
    #[serde(rename = "Clean Graphics Option")]
    CleanGraphics,
    #[serde(rename = "Clean Structured Content Option")]
    CleanStructuredContent,
    #[serde(rename = "Clean Descriptors Option")]
    CleanDescriptors,
    #[serde(rename = "Retain Longitudinal Temporal Information Full Dates Option")]
    RetainFullDates,
    #[serde(rename = "Retain Longitudinal Temporal Information Modified Dates Option")]
    RetainModifiedDates,
    #[serde(rename = "Retain Patient Characteristics Option")]
    RetainPatientCharacteristics,
    #[serde(rename = "Retain Device Identity Option")]
    RetainDeviceIdentity,
    #[serde(rename = "Retain UIDs Option")]
    RetainUids,
    #[serde(rename = "Retain Safe Private Option")]
    RetainSafePrivate,
    #[serde(rename = "Retain Institution Identity Option")]
    RetainInstitutionIdentity,
}

impl ProfileOption {
    /// Every option, in the order of their codes.
    pub const ALL: [Self; 10] = [
        Self::CleanGraphics,
        Self::CleanStructuredContent,
        Self::CleanDescriptors,
        Self::RetainFullDates,
        Self::RetainModifiedDates,
        Self::RetainPatientCharacteristics,
        Self::RetainDeviceIdentity,
        Self::RetainUids,
        Self::RetainSafePrivate,
        Self::RetainInstitutionIdentity,
    ];

    /// The code of scheme DCM in CID 7050.
    pub fn code(self) -> &'static str {
        match self {
            Self::CleanGraphics => "113103",
            Self::CleanStructuredContent => "113104",
            Self::CleanDescriptors => "113105",
            Self::RetainFullDates => "113106",
            Self::RetainModifiedDates => "113107",
            Self::RetainPatientCharacteristics => "113108",
            Self::RetainDeviceIdentity => "113109",
            Self::RetainUids => "113110",
            Self::RetainSafePrivate => "113111",
            Self::RetainInstitutionIdentity => "113112",
        }
    }

    /// The code meaning in CID 7050; what a profile writes.
    pub fn meaning(self) -> &'static str {
        match self {
            Self::CleanGraphics => "Clean Graphics Option",
            Self::CleanStructuredContent => "Clean Structured Content Option",
            Self::CleanDescriptors => "Clean Descriptors Option",
            Self::RetainFullDates => "Retain Longitudinal Temporal Information Full Dates Option",
            Self::RetainModifiedDates => {
                "Retain Longitudinal Temporal Information Modified Dates Option"
            }
            Self::RetainPatientCharacteristics => "Retain Patient Characteristics Option",
            Self::RetainDeviceIdentity => "Retain Device Identity Option",
            Self::RetainUids => "Retain UIDs Option",
            Self::RetainSafePrivate => "Retain Safe Private Option",
            Self::RetainInstitutionIdentity => "Retain Institution Identity Option",
        }
    }
}

/// What is wrong with a set of options: one named twice, or two that contradict each other.
pub(super) fn fault(options: &[ProfileOption]) -> Option<String> {
    let twice = options.iter().enumerate().find(|(at, o)| options[..*at].contains(o));
    if let Some((_, option)) = twice {
        return Some(format!("option {:?} is named twice", option.meaning()));
    }
    let (full, modified) = (ProfileOption::RetainFullDates, ProfileOption::RetainModifiedDates);
    (options.contains(&full) && options.contains(&modified)).then(|| {
        format!(
            "options {:?} and {:?} conflict: dates stay, or they move",
            full.meaning(),
            modified.meaning()
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_profile_writes_the_meaning() {
        for option in ProfileOption::ALL {
            let json = serde_json::to_string(&option).expect("JSON");
            assert_eq!(json, format!("{:?}", option.meaning()));
        }
    }

    #[test]
    fn conflicting_options_are_both_named() {
        let both = [ProfileOption::RetainModifiedDates, ProfileOption::RetainFullDates];
        let fault = fault(&both).expect("a conflict");
        assert!(fault.contains("Full Dates") && fault.contains("Modified Dates"), "{fault}");
    }
}
