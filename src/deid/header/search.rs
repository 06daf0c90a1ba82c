//! How the text of an attribute is searched for what identifies, and what becomes of it. `scrub`
//! cleans and `residue` finds by the same answer.

use super::dummy;
use super::opaque::is_textual;
use super::rulebook::{Decision, Reason, Treatment};
use crate::deid::charset;
use crate::deid::identifiers::IdentifierKind;
use crate::deid::phi_text::{Known, Why};
use dicom_core::VR;
use dicom_core::header::Tag;
use dicom_dictionary_std::tags;

/// Text of machines, in which a number is a version or a code.
const OF_MACHINES: [Tag; 17] = [
    tags::MANUFACTURER,
    tags::MANUFACTURER_MODEL_NAME,
    tags::SOFTWARE_VERSIONS,
    tags::SECONDARY_CAPTURE_DEVICE_MANUFACTURER,
    tags::SECONDARY_CAPTURE_DEVICE_MANUFACTURER_MODEL_NAME,
    tags::SECONDARY_CAPTURE_DEVICE_SOFTWARE_VERSIONS,
    tags::CONVOLUTION_KERNEL,
    tags::CODE_VALUE,
    tags::LONG_CODE_VALUE,
    tags::URN_CODE_VALUE,
    tags::CODING_SCHEME_DESIGNATOR,
    tags::CODING_SCHEME_VERSION,
    tags::CODING_SCHEME_NAME,
    tags::CODING_SCHEME_REGISTRY,
    tags::CODING_SCHEME_EXTERNAL_ID,
    tags::MAPPING_RESOURCE_NAME,
    tags::DEIDENTIFICATION_METHOD,
];

/// By what a value is searched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Search {
    /// A number or nothing.
    Number,
    /// A term, which an identifier can only be as a whole.
    Term,
    /// The identifiers of the object; what has one goes whole.
    Identifiers,
    /// The identifiers of the object, and forms that identify anybody; only they go.
    Prose,
    /// The identifiers of the object, and only they go: text that says what machines say, or that
    /// the profile wants as it is.
    Wording,
}

impl Search {
    /// How a value of this VR is searched after it was decided on.
    pub fn of(tag: Tag, vr: VR, decision: Decision) -> Self {
        let chosen = matches!(decision.reason, Reason::Option(_) | Reason::Rule(_) | Reason::Form);
        let is_prose = match decision.treatment {
            Treatment::Clean => true,
            Treatment::Keep => !chosen,
            _ => false,
        };
        match vr {
            VR::DS | VR::IS => Self::Number,
            VR::CS => Self::Term,
            VR::SH | VR::LO | VR::ST | VR::LT | VR::UC | VR::UT => {
                if is_prose && !OF_MACHINES.contains(&tag) { Self::Prose } else { Self::Wording }
            }
            _ => Self::Identifiers,
        }
    }

    /// Why a value identifies somebody, if it does.
    pub fn find(self, known: &Known, value: &str) -> Option<Why> {
        match self {
            Self::Number if value.parse::<f64>().is_ok() => None,
            Self::Term => known.find_code(value).map(Why::Known),
            Self::Prose => known.find(value),
            _ => known.find_known(value).map(Why::Known),
        }
    }

    /// A value without what identifies in it or cannot be read, or `None` where it can stay.
    pub fn cleaned(self, known: &Known, vr: VR, value: &str) -> Option<String> {
        // what was not decoded cannot be judged
        let unread = !charset::is_read(value);
        let cleaned = match self {
            Self::Number => {
                let formed = value.chars().all(|c| "0123456789+-.eE \0\\".contains(c));
                return (!formed).then(String::new);
            }
            Self::Term => {
                let stays = value.is_ascii() && self.find(known, value).is_none();
                return (!stays).then(String::new);
            }
            _ if unread || (matches!(vr, VR::AE | VR::UR) && !value.is_ascii()) => {
                return Some(whole(vr));
            }
            Self::Identifiers => return self.find(known, value).map(|_| whole(vr)),
            Self::Prose => known.clean(value),
            Self::Wording => known.clean_known(value),
        };
        if !cleaned.is_changed() {
            return None;
        }
        let empty = cleaned.text.trim_matches(['\0', ' ']).is_empty();
        // CodeMeaning and the like may not be empty
        Some(if empty { whole(vr) } else { cleaned.text })
    }
}

/// Takes the place of a value as a whole.
fn whole(vr: VR) -> String {
    dummy::of(vr).to_str().into_owned()
}

/// Values of one element that identify only together, as a name that is spread over them does.
pub(super) fn spread(known: &Known, values: &[String]) -> Option<IdentifierKind> {
    (values.len() > 1).then(|| known.find_known(&values.join("\\")))?
}

/// Whether values can be spread: numbers and terms cannot.
pub(super) fn may_be_spread(vr: VR) -> bool {
    is_textual(vr) && !matches!(vr, VR::DS | VR::IS | VR::CS)
}
