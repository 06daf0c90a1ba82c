//! Which UIDs stay: those that name a class, a syntax or a coding scheme, and those that the
//! DICOM registry (PS3.6 Annex A) assigned. Every other UID is replaced under the key.

use dicom_core::header::Tag;
use dicom_dictionary_std::tags;

const DICOM_ROOT: &str = "1.2.840.10008.";
const WELL_KNOWN_FRAMES: &str = "1.2.840.10008.1.4.";

/// Attributes of VR UI that name a kind of thing, also outside the DICOM root (SNOMED's OID).
const NAMES_A_KIND: [Tag; 16] = [
    tags::SOP_CLASS_UID,
    tags::RELATED_GENERAL_SOP_CLASS_UID,
    tags::ORIGINAL_SPECIALIZED_SOP_CLASS_UID,
    tags::SOP_CLASSES_IN_STUDY,
    tags::CODING_SCHEME_UID,
    tags::CONTEXT_UID,
    tags::MAPPING_RESOURCE_UID,
    tags::STORED_INSTANCE_TRANSFER_SYNTAX_UID,
    tags::REFERENCED_SOP_CLASS_UID,
    tags::SOP_CLASSES_SUPPORTED,
    tags::AVAILABLE_TRANSFER_SYNTAX_UID,
    tags::FLOW_TRANSFER_SYNTAX_UID,
    tags::MAC_CALCULATION_TRANSFER_SYNTAX_UID,
    tags::ENCRYPTED_CONTENT_TRANSFER_SYNTAX_UID,
    tags::PERTINENT_SOP_CLASSES_IN_STUDY,
    tags::PERTINENT_SOP_CLASSES_IN_SERIES,
];

/// Whether this value of this attribute stays. `listed`: Table E.1-1 asks for its replacement, so
/// that only the well-known frames of reference stay; a device may misuse the DICOM root.
pub fn stays(tag: Tag, uid: &str, listed: bool) -> bool {
    if tag == tags::UID {
        // a content item of type UIDREF may name a kind of thing
        return is_registered(uid);
    }
    if listed {
        return uid.starts_with(WELL_KNOWN_FRAMES) && is_registered(uid);
    }
    is_registered(uid) || (NAMES_A_KIND.contains(&tag) && has_uid_form(uid))
}

/// Whether the UID can be one of PS3.6 Annex A. Components of the registry are short; a UID with
/// a date, time or serial number under that root was made by a device.
pub fn is_registered(uid: &str) -> bool {
    uid.strip_prefix(DICOM_ROOT).is_some_and(|rest| {
        rest.split('.').all(|part| (1..=4).contains(&part.len())) && has_uid_form(uid)
    })
}

/// Digits and dots, no more than 64 (PS3.5 Section 9.1).
pub fn has_uid_form(uid: &str) -> bool {
    uid.len() <= 64
        && uid.split('.').all(|part| {
            !part.is_empty()
                && part.bytes().all(|byte| byte.is_ascii_digit())
                && (part == "0" || !part.starts_with('0'))
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_the_registry_or_the_attribute_explains_stays() {
        let ct = "1.2.840.10008.5.1.4.1.1.2";
        let snomed = "2.16.840.1.113883.6.96";
        assert!(stays(tags::SOP_CLASS_UID, ct, false));
        assert!(stays(tags::CODING_SCHEME_UID, snomed, false));
        assert!(!stays(tags::CODING_SCHEME_UID, "DOE^JANE", false));
        assert!(!stays(tags::ASSERTION_UID, snomed, false));
        assert!(!stays(tags::SOP_INSTANCE_UID, ct, true));
        assert!(stays(tags::FRAME_OF_REFERENCE_UID, "1.2.840.10008.1.4.1.1", true));
        assert!(!is_registered("1.2.840.10008.20240131.1"));
        assert!(!is_registered("1.2.840.10008."));
    }
}
