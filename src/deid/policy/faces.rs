//! Objects in which a person may be recognised by the face. Nothing here removes a face: an object
//! is held, or it passes.
//!
//! Invariant: a volume is held unless the object says that it shows another part of the body and
//! nothing in it says otherwise.

#![expect(deprecated, reason = "retired SOP classes still arrive")]

use super::carriers::items;
use super::regions::{is_code_elsewhere, is_elsewhere, speaks_of_head};
use crate::config::{FaceRule, Faces};
use crate::deid::hold::{Hold, HoldReason};
use crate::deid::object::text_of;
use dicom_core::Tag;
use dicom_dictionary_std::{tags, uids};
use dicom_object::InMemDicomObject;

/// Pictures and surfaces of the body from outside. Dermoscopes take overviews, too. An ophthalmic
/// photograph shows a retina, a microscope or an endoscope no face.
const FROM_OUTSIDE: [&str; 8] = [
    uids::VL_PHOTOGRAPHIC_IMAGE_STORAGE,
    uids::VIDEO_PHOTOGRAPHIC_IMAGE_STORAGE,
    uids::VIDEO_PHOTOGRAPHIC_IMAGE_REAL_TIME_COMMUNICATION,
    uids::DERMOSCOPIC_PHOTOGRAPHY_IMAGE_STORAGE,
    uids::SURFACE_SCAN_MESH_STORAGE,
    uids::SURFACE_SCAN_POINT_CLOUD_STORAGE,
    // retired classes for every kind of visible light
    uids::VL_IMAGE_STORAGE_TRIAL,
    uids::VL_MULTI_FRAME_IMAGE_STORAGE_TRIAL,
];

/// Slices and volumes from which the surface of a head can be made, and surfaces made of them.
const VOLUMES: [&str; 16] = [
    uids::CT_IMAGE_STORAGE,
    uids::CT_IMAGE_STORAGE_FOR_PROCESSING,
    uids::ENHANCED_CT_IMAGE_STORAGE,
    uids::ENHANCED_CT_IMAGE_STORAGE_FOR_PROCESSING,
    uids::LEGACY_CONVERTED_ENHANCED_CT_IMAGE_STORAGE,
    uids::LEGACY_CONVERTED_ENHANCED_CT_IMAGE_STORAGE_FOR_PROCESSING,
    uids::MR_IMAGE_STORAGE,
    uids::ENHANCED_MR_IMAGE_STORAGE,
    uids::ENHANCED_MR_COLOR_IMAGE_STORAGE,
    uids::LEGACY_CONVERTED_ENHANCED_MR_IMAGE_STORAGE,
    uids::POSITRON_EMISSION_TOMOGRAPHY_IMAGE_STORAGE,
    uids::ENHANCED_PET_IMAGE_STORAGE,
    uids::LEGACY_CONVERTED_ENHANCED_PET_IMAGE_STORAGE,
    uids::X_RAY3_D_ANGIOGRAPHIC_IMAGE_STORAGE,
    uids::X_RAY3_D_CRANIOFACIAL_IMAGE_STORAGE,
    uids::SURFACE_SEGMENTATION_STORAGE,
];

/// Modalities whose pictures of any class (secondary captures, maps) may show a volume.
const VOLUME_MODALITIES: [&str; 3] = ["CT", "MR", "PT"];

/// Where a person or a protocol says what was examined.
const DESCRIPTIONS: [Tag; 5] = [
    tags::STUDY_DESCRIPTION,
    tags::SERIES_DESCRIPTION,
    tags::PROTOCOL_NAME,
    tags::REQUESTED_PROCEDURE_DESCRIPTION,
    tags::PERFORMED_PROCEDURE_STEP_DESCRIPTION,
];

/// Where a code says it.
const CODES: [Tag; 3] = [
    tags::PROCEDURE_CODE_SEQUENCE,
    tags::REQUESTED_PROCEDURE_CODE_SEQUENCE,
    tags::PRIMARY_ANATOMIC_STRUCTURE_SEQUENCE,
];

/// Holds an object that may show a face, where the profile says so.
pub(super) fn check(
    header: &InMemDicomObject,
    sop_class: &str,
    has_pixels: bool,
    faces: Faces,
) -> Result<(), Hold> {
    let hold = |detail| Err(Hold::new(HoldReason::RecognizableFace, detail));
    let modality = text_of(header, tags::MODALITY);
    if faces.photographs == FaceRule::Hold
        && (FROM_OUTSIDE.contains(&sop_class) || (has_pixels && modality == "XC"))
    {
        return hold(
            "a photograph or scan of the body from outside may show a face: reject; a profile with \
             [faces] photographs = \"allow\" lets it pass when it is sent again",
        );
    }
    let is_volume = VOLUMES.contains(&sop_class)
        || (has_pixels && VOLUME_MODALITIES.contains(&modality.as_str()));
    if faces.head_volumes == FaceRule::Allow || !is_volume {
        return Ok(());
    }
    if sop_class == uids::X_RAY3_D_CRANIOFACIAL_IMAGE_STORAGE || says_head(header) {
        return hold("a volume of the head or neck, from which a face can be made: reject");
    }
    if !says_elsewhere(header) {
        return hold(
            "neither Body Part Examined (0018,0015) nor Anatomic Region Sequence (0008,2218) says \
             that this volume shows no head: reject, or have it said and send it again",
        );
    }
    Ok(())
}

/// Whether a body part, a region or a description speaks of the head.
fn says_head(header: &InMemDicomObject) -> bool {
    let mut codes = CODES.iter().flat_map(|tag| items(header, *tag)).chain(regions(header));
    DESCRIPTIONS.iter().any(|tag| speaks_of_head(&text_of(header, *tag)))
        || speaks_of_head(&text_of(header, tags::BODY_PART_EXAMINED))
        || codes.any(|code| speaks_of_head(&text_of(code, tags::CODE_MEANING)))
}

/// Whether a body part or a region is given, and each that is given shows no face.
fn says_elsewhere(header: &InMemDicomObject) -> bool {
    let body_part = text_of(header, tags::BODY_PART_EXAMINED);
    let mut given = !body_part.is_empty();
    if given && !is_elsewhere(&body_part) {
        return false;
    }
    for code in regions(header) {
        given = true;
        let scheme = text_of(code, tags::CODING_SCHEME_DESIGNATOR);
        if !is_code_elsewhere(&scheme, &text_of(code, tags::CODE_VALUE))
            && !is_elsewhere(&text_of(code, tags::CODE_MEANING))
        {
            return false;
        }
    }
    given
}

/// Every Anatomic Region code: of the object, and of the frames of a multi-frame object.
fn regions(header: &InMemDicomObject) -> impl Iterator<Item = &InMemDicomObject> {
    let groups =
        [tags::SHARED_FUNCTIONAL_GROUPS_SEQUENCE, tags::PER_FRAME_FUNCTIONAL_GROUPS_SEQUENCE];
    let frames = groups.into_iter().flat_map(|tag| items(header, tag));
    let anatomies = frames.flat_map(|frame| items(frame, tags::FRAME_ANATOMY_SEQUENCE));
    let all = std::iter::once(header).chain(anatomies);
    all.flat_map(|data_set| items(data_set, tags::ANATOMIC_REGION_SEQUENCE))
}
