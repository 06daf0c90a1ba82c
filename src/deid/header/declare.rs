//! What the result says of its own de-identification (PS3.15 Section E.1.1, PS3.3 C.12.1.1.1).

use super::dummy;
use super::rulebook::Reason;
use super::scrub::Context;
use crate::config::{ObjectFacts, ProfileOption};
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

/// Writes the statements at the top level of the result: the profile with exactly the options that
/// were in force. A rule that does less than the Standard asks takes the claim of the profile away.
pub(super) fn declare(header: &mut InMemDicomObject, context: &Context, facts: &ObjectFacts) {
    let rulebook = context.rulebook;
    let weaker = rulebook.weaker_rules(facts);
    let mut put = |tag, vr, value: PrimitiveValue| {
        header.put(DataElement::new(tag, vr, value));
    };
    put(tags::PATIENT_IDENTITY_REMOVED, VR::CS, "YES".into());
    put(
        tags::LONGITUDINAL_TEMPORAL_INFORMATION_MODIFIED,
        VR::CS,
        longitudinal(rulebook.options()).into(),
    );
    let mut methods =
        vec![if weaker.is_empty() { dummy::METHOD } else { dummy::WEAKER_METHOD }.to_string()];
    let named =
        weaker.iter().map(|rule| dummy::fitted(VR::LO, &rulebook.describe(Reason::Rule(*rule))));
    methods.extend(named);
    put(tags::DEIDENTIFICATION_METHOD, VR::LO, PrimitiveValue::Strs(methods.into_iter().collect()));
    let mut codes = Vec::new();
    if weaker.is_empty() {
        codes.push(code(dummy::BASIC_PROFILE_CODE, dummy::DCM, dummy::BASIC_PROFILE));
    }
    if matches!(context.treatment, PixelTreatment::Looked | PixelTreatment::Blanked) {
        // `scrub` took every other value away, so that only pixels that were read, or replaced, are ever
        // called clean
        put(tags::BURNED_IN_ANNOTATION, VR::CS, "NO".into());
        codes.push(code(dummy::CLEAN_PIXELS_CODE, dummy::DCM, dummy::CLEAN_PIXELS));
    }
    let options = rulebook.options().iter();
    codes.extend(options.map(|option| code(option.code(), dummy::DCM, option.meaning())));
    if !codes.is_empty() {
        let codes = DataSetSequence::from(codes);
        header.put(DataElement::new(tags::DEIDENTIFICATION_METHOD_CODE_SEQUENCE, VR::SQ, codes));
    }
}

/// Longitudinal Temporal Information Modified (PS3.3 C.7.1.1).
fn longitudinal(options: &[ProfileOption]) -> &'static str {
    if options.contains(&ProfileOption::RetainFullDates) {
        "UNMODIFIED"
    } else if options.contains(&ProfileOption::RetainModifiedDates) {
        "MODIFIED"
    } else {
        "REMOVED"
    }
}

/// One item of a code sequence (PS3.3 Table 8.8-1).
pub(super) fn code(value: &str, scheme: &str, meaning: &str) -> InMemDicomObject {
    InMemDicomObject::from_element_iter([
        DataElement::new(tags::CODE_VALUE, VR::SH, PrimitiveValue::from(value)),
        DataElement::new(tags::CODING_SCHEME_DESIGNATOR, VR::SH, PrimitiveValue::from(scheme)),
        DataElement::new(tags::CODE_MEANING, VR::LO, PrimitiveValue::from(meaning)),
    ])
}
