//! Which objects are taken, what becomes of their documents, and which pixels need looking at.
//!
//! Invariants: what nobody here can read or judge is held, whatever the profile; a profile can let
//! a face pass, or have a document replaced, and nothing more; a hold names the kind of thing that
//! was found and what to do.

mod carriers;
mod faces;
mod regions;

use super::documents::DocumentKind;
use super::hold::{Hold, HoldReason};
use super::object::text_of;
use super::redaction::PixelTreatment;
use crate::config::{PixelRule, Profile};
use dicom_core::Tag;
use dicom_dictionary_std::tags;
use dicom_object::InMemDicomObject;

/// What is done with an object that is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Policy {
    pub treatment: PixelTreatment,
    /// The document that a dummy replaces.
    pub document: Option<DocumentKind>,
}

/// What happens to the object of this header; or why it cannot be handled at all.
pub fn judge(
    header: &InMemDicomObject,
    has_pixels: bool,
    profile: &Profile,
) -> Result<Policy, Hold> {
    // A DICOMDIR has no SOP Common Module: this comes before asking for its UIDs.
    if header.get(tags::DIRECTORY_RECORD_SEQUENCE).is_some() {
        return Err(carriers::directory());
    }
    let sop_class = text_of(header, tags::SOP_CLASS_UID);
    check_uid("SOP Class UID", tags::SOP_CLASS_UID, &sop_class)?;
    let sop_instance = text_of(header, tags::SOP_INSTANCE_UID);
    check_uid("SOP Instance UID", tags::SOP_INSTANCE_UID, &sop_instance)?;
    carriers::check(header, &sop_class)?;
    let document = carriers::document(header, &sop_class, profile.documents)?;
    faces::check(header, &sop_class, has_pixels, profile.faces)?;
    Ok(Policy { treatment: treatment(&sop_class, has_pixels, profile), document })
}

/// What is done with the pixels of an object of this class.
pub fn treatment(sop_class: &str, has_pixels: bool, profile: &Profile) -> PixelTreatment {
    match (has_pixels, profile.pixel_rule(sop_class)) {
        (false, _) => PixelTreatment::Absent,
        (true, PixelRule::Look) => PixelTreatment::Looked,
        (true, PixelRule::Skip) => PixelTreatment::Skipped,
    }
}

fn check_uid(name: &str, tag: Tag, uid: &str) -> Result<(), Hold> {
    if is_uid(uid) {
        return Ok(());
    }
    let detail = format!("{name} {tag} is absent or not a valid UID (PS3.5 section 9.1)");
    Err(Hold::new(HoldReason::Malformed, detail))
}

/// Digits and dots, at most 64, no empty component (leading zeros are seen in the field).
fn is_uid(uid: &str) -> bool {
    !uid.is_empty()
        && uid.len() <= 64
        && uid.split('.').all(|part| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit()))
}

#[cfg(test)]
mod tests;
