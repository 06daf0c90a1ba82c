//! Dummy values: what takes the place of a value under action D, valid for its VR (PS3.5
//! Section 6.2), and everything else that `scrub` writes as a constant.

use crate::config::ProfileOption;
use dicom_core::header::Tag;
use dicom_core::value::PrimitiveValue;
use dicom_core::{VR, dicom_value};
use dicom_dictionary_std::tags;

/// In place of text, names of staff and codes.
pub const TEXT: &str = "ANONYMIZED";
/// In place of a date.
pub const DATE: &str = "19000101";
/// In place of a date and time.
pub const DATE_TIME: &str = "19000101000000";
/// In place of a time.
pub const TIME: &str = "000000";
/// In place of an age.
pub const AGE: &str = "000Y";
/// In place of a URI.
pub const URI: &str = "urn:anonymized";
/// In place of a decimal or integer string.
pub const NUMBER: &str = "0";
/// DeidentificationMethod (0012,0063).
pub const METHOD: &str = "deid-gateway: PS3.15 Basic Application Confidentiality Profile";
/// The same, where a rule of the profile does less than PS3.15 asks.
pub const WEAKER_METHOD: &str = "deid-gateway: PS3.15 Basic Profile, weakened by these rules";
/// CodeValues of the de-identification that is stated (PS3.16 CID 7050).
pub const BASIC_PROFILE_CODE: &str = "113100";
pub const CLEAN_PIXELS_CODE: &str = "113101";
/// CodeMeaning of DCM 113100 (PS3.16 CID 7050).
pub const BASIC_PROFILE: &str = "Basic Application Confidentiality Profile";
/// CodeMeaning of DCM 113101 (PS3.16 CID 7050).
pub const CLEAN_PIXELS: &str = "Clean Pixel Data Option";
/// CodingSchemeDesignator of the two codes above.
pub const DCM: &str = "DCM";
/// CodingSchemeDesignator of a dummy code; the prefix 99 marks a local scheme (PS3.3 8.2).
pub const SCHEME: &str = "99DEID";

/// The dummy of a VR; `Empty` for SQ, which has no value of its own.
pub fn of(vr: VR) -> PrimitiveValue {
    match vr {
        VR::DA => DATE.into(),
        VR::DT => DATE_TIME.into(),
        VR::TM => TIME.into(),
        VR::AS => AGE.into(),
        VR::UR => URI.into(),
        VR::DS | VR::IS => NUMBER.into(),
        VR::AE | VR::CS | VR::LO | VR::LT | VR::PN | VR::SH | VR::ST | VR::UC | VR::UT => {
            TEXT.into()
        }
        VR::OB | VR::UN => dicom_value!(U8, [0, 0]),
        VR::OW | VR::US => dicom_value!(U16, [0]),
        VR::SS => dicom_value!(I16, [0]),
        VR::UL | VR::OL => dicom_value!(U32, [0]),
        VR::SL => dicom_value!(I32, [0]),
        VR::UV | VR::OV => dicom_value!(U64, [0]),
        VR::SV => dicom_value!(I64, [0]),
        VR::FL | VR::OF => dicom_value!(F32, [0.0]),
        VR::FD | VR::OD => dicom_value!(F64, [0.0]),
        VR::AT | VR::UI | VR::SQ => PrimitiveValue::Empty,
    }
}

/// The dummy of an attribute: that of its VR, but where the Standard defines the terms or the length
/// of its value.
pub fn for_tag(tag: Tag, vr: VR) -> PrimitiveValue {
    match tag {
        // M, F and O (PS3.3 C.7.1.1): other
        tags::PATIENT_SEX => "O".into(),
        tags::PATIENT_SEX_NEUTERED => "UNALTERED".into(),
        tags::MODALITY => "OT".into(),
        // 48 bits of seconds and 32 of nanoseconds (PS3.3 C.34.5)
        tags::FRAME_ORIGIN_TIMESTAMP => dicom_value!(U8, [0, 0, 0, 0, 0, 0, 0, 0, 0, 0]),
        // 16 bytes (PS3.3 C.34.4)
        tags::FLOW_IDENTIFIER | tags::SOURCE_IDENTIFIER => {
            dicom_value!(U8, [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0])
        }
        _ => of(vr),
    }
}

/// A text cut to what its VR holds.
pub fn fitted(vr: VR, text: &str) -> String {
    let most = match vr {
        VR::AE | VR::CS | VR::SH | VR::DS => 16,
        VR::IS => 12,
        VR::LO | VR::PN => 64,
        VR::ST => 1024,
        VR::LT => 10_240,
        _ => return text.to_string(),
    };
    text.chars().take(most).collect()
}

/// Whether a text is one that `scrub` writes, so that it can hold no identifier.
pub fn is_written(value: &str) -> bool {
    let written = [
        TEXT,
        DATE,
        DATE_TIME,
        TIME,
        AGE,
        URI,
        METHOD,
        WEAKER_METHOD,
        BASIC_PROFILE,
        CLEAN_PIXELS,
        SCHEME,
        DCM,
    ];
    written.contains(&value)
        || ProfileOption::ALL.iter().any(|o| [o.code(), o.meaning()].contains(&value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_method_fits_its_vr() {
        assert!(METHOD.len() <= 64 && WEAKER_METHOD.len() <= 64);
        assert!(TEXT.len() <= 16, "an SH and an AE hold 16 characters");
    }
}
