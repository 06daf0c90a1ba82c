//! Which objects are taken, and which pixels need looking at.

use super::hold::{Hold, HoldReason};
use super::object::OpenObject;
use super::redaction::PixelTreatment;
use crate::config::{PixelRule, Profile};
use dicom_core::Tag;
use dicom_dictionary_std::tags;

/// SOP classes whose payload is a document, a directory or a voice: no step here can clean it.
const NOT_CLEANABLE: [(&str, &str); 10] = [
    ("1.2.840.10008.5.1.4.1.1.104.1", "Encapsulated PDF"),
    ("1.2.840.10008.5.1.4.1.1.104.2", "Encapsulated CDA"),
    ("1.2.840.10008.5.1.4.1.1.104.3", "Encapsulated STL"),
    ("1.2.840.10008.5.1.4.1.1.104.4", "Encapsulated OBJ"),
    ("1.2.840.10008.5.1.4.1.1.104.5", "Encapsulated MTL"),
    ("1.2.840.10008.1.3.10", "Media Storage Directory"),
    ("1.2.840.10008.5.1.4.1.1.66", "Raw Data"),
    ("1.2.840.10008.5.1.4.1.1.9.4.1", "Basic Voice Audio Waveform"),
    ("1.2.840.10008.5.1.4.1.1.9.4.2", "General Audio Waveform"),
    ("1.2.840.10008.5.1.4.1.1.88.2", "Audio SR"),
];

/// An encapsulated document, whatever the SOP class says.
const ENCAPSULATED_DOCUMENT: Tag = tags::ENCAPSULATED_DOCUMENT;

/// What happens to the pixels of this object; or why it cannot be handled at all.
pub fn treatment(object: &OpenObject, profile: &Profile) -> Result<PixelTreatment, Hold> {
    // A DICOMDIR has no SOP Common Module: this comes before asking for its UIDs.
    if object.header.get(tags::DIRECTORY_RECORD_SEQUENCE).is_some() {
        let detail = "Media Storage Directory: it names the objects of a medium";
        return Err(Hold::new(HoldReason::SopClassNotCleanable, detail));
    }
    let sop_class = object.text(tags::SOP_CLASS_UID);
    for (name, tag, uid) in [
        ("SOP Class UID", tags::SOP_CLASS_UID, &sop_class),
        ("SOP Instance UID", tags::SOP_INSTANCE_UID, &object.text(tags::SOP_INSTANCE_UID)),
    ] {
        if !is_uid(uid) {
            let detail = format!("{name} {tag} is absent or not a valid UID (PS3.5 section 9.1)");
            return Err(Hold::new(HoldReason::Malformed, detail));
        }
    }
    if let Some((_, name)) = NOT_CLEANABLE.iter().find(|(uid, _)| *uid == sop_class) {
        let detail = format!("{name} Storage: its payload cannot be cleaned");
        return Err(Hold::new(HoldReason::SopClassNotCleanable, detail));
    }
    if object.header.get(ENCAPSULATED_DOCUMENT).is_some() {
        let detail = "Encapsulated Document (0042,0011) cannot be cleaned";
        return Err(Hold::new(HoldReason::SopClassNotCleanable, detail));
    }
    Ok(match (object.pixels, profile.pixel_rule(&sop_class)) {
        (None, _) => PixelTreatment::Absent,
        (Some(_), PixelRule::Look) => PixelTreatment::Looked,
        (Some(_), PixelRule::Skip) => PixelTreatment::Skipped,
    })
}

/// Digits and dots, at most 64, no empty component (leading zeros are seen in the field).
fn is_uid(uid: &str) -> bool {
    !uid.is_empty()
        && uid.len() <= 64
        && uid.split('.').all(|part| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_uid_that_is_a_path_is_no_uid() {
        assert!(is_uid("1.2.840.10008.1.2"));
        for bad in ["", "../../etc/passwd", "1..2", "1.2.", &"1.".repeat(40)] {
            assert!(!is_uid(bad), "{bad}");
        }
    }
}
