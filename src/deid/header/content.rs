//! Content items of structured reports that tell of a person by a number or a code. Text, names,
//! dates and UIDs of content items are replaced by their VR, as anywhere else.

use super::values::text;
use super::{declare, dummy};
use dicom_core::header::Header;
use dicom_core::value::DataSetSequence;
use dicom_core::{DataElement, VR};
use dicom_dictionary_std::tags;
use dicom_object::InMemDicomObject;
use dicom_object::mem::InMemElement;

/// The rows of PS3.15 Table E.3.4-1 of value type NUM or CODE with action X: Subject Age, Subject
/// Sex, Experience. The items stay without their value, because other items refer to their
/// neighbours by position (ReferencedContentItemIdentifier).
const CONCEPTS: [(&str, &str); 3] = [("121033", "DCM"), ("121032", "DCM"), ("C54627", "NCIt")];

/// Whether the data set is a content item of one of these concepts.
pub(super) fn tells_of_a_person(item: &InMemDicomObject) -> bool {
    let names = item.get(tags::CONCEPT_NAME_CODE_SEQUENCE).and_then(|element| element.items());
    names.unwrap_or_default().iter().any(|name| {
        let (code, scheme) =
            (text(name, tags::CODE_VALUE), text(name, tags::CODING_SCHEME_DESIGNATOR));
        CONCEPTS.contains(&(code.as_str(), scheme.as_str()))
    })
}

/// What the value of such an item becomes: no measurement (Type 2), a dummy code (Type 1).
pub(super) fn neutral(element: &InMemElement) -> Option<InMemElement> {
    match element.tag() {
        tag @ tags::MEASURED_VALUE_SEQUENCE => Some(DataElement::empty(tag, VR::SQ)),
        tag @ tags::CONCEPT_CODE_SEQUENCE => {
            let code = declare::code(dummy::TEXT, dummy::SCHEME, dummy::TEXT);
            Some(DataElement::new(tag, VR::SQ, DataSetSequence::from(vec![code])))
        }
        _ => None,
    }
}
