//! What the result says of its own de-identification (PS3.15 Section E.1.1, PS3.3 C.12.1.1.1).

use super::dummy;
use crate::deid::redaction::PixelTreatment;
use dicom_core::value::{DataSetSequence, PrimitiveValue};
use dicom_core::{DataElement, VR};
use dicom_dictionary_std::tags;
use dicom_object::InMemDicomObject;

/// Attributes that speak of an earlier de-identification, or of the pixels as they came. They are
/// true of the whole object only, and of what this gateway did only if it writes them itself.
pub(super) const STATEMENTS: [dicom_core::header::Tag; 4] = [
    tags::PATIENT_IDENTITY_REMOVED,
    tags::DEIDENTIFICATION_METHOD,
    tags::DEIDENTIFICATION_METHOD_CODE_SEQUENCE,
    tags::LONGITUDINAL_TEMPORAL_INFORMATION_MODIFIED,
];

/// Writes the statements at the top level of the result.
pub(super) fn declare(header: &mut InMemDicomObject, treatment: PixelTreatment) {
    let mut put = |tag, vr, value: &str| {
        header.put(DataElement::new(tag, vr, PrimitiveValue::from(value)));
    };
    put(tags::PATIENT_IDENTITY_REMOVED, VR::CS, "YES");
    put(tags::DEIDENTIFICATION_METHOD, VR::LO, dummy::METHOD);
    put(tags::LONGITUDINAL_TEMPORAL_INFORMATION_MODIFIED, VR::CS, "REMOVED");
    let mut codes = vec![code(dummy::BASIC_PROFILE_CODE, dummy::DCM, dummy::BASIC_PROFILE)];
    if treatment == PixelTreatment::Looked {
        // `scrub` took every other value away, so that only read pixels are ever called clean
        put(tags::BURNED_IN_ANNOTATION, VR::CS, "NO");
        codes.push(code(dummy::CLEAN_PIXELS_CODE, dummy::DCM, dummy::CLEAN_PIXELS));
    }
    header.put(DataElement::new(
        tags::DEIDENTIFICATION_METHOD_CODE_SEQUENCE,
        VR::SQ,
        DataSetSequence::from(codes),
    ));
}

/// One item of a code sequence (PS3.3 Table 8.8-1).
pub(super) fn code(value: &str, scheme: &str, meaning: &str) -> InMemDicomObject {
    InMemDicomObject::from_element_iter([
        DataElement::new(tags::CODE_VALUE, VR::SH, PrimitiveValue::from(value)),
        DataElement::new(tags::CODING_SCHEME_DESIGNATOR, VR::SH, PrimitiveValue::from(scheme)),
        DataElement::new(tags::CODE_MEANING, VR::LO, PrimitiveValue::from(meaning)),
    ])
}
