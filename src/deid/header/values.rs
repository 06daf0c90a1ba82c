//! Values of elements, as text.

use super::opaque::{is_single_valued, is_textual};
use dicom_core::header::Tag;
use dicom_core::value::{PrimitiveValue, Value};
use dicom_object::InMemDicomObject;
use dicom_object::mem::InMemElement;

/// The value of an attribute without padding; empty if there is none.
pub(super) fn text(data_set: &InMemDicomObject, tag: Tag) -> String {
    data_set
        .get(tag)
        .and_then(|element| element.to_str().ok())
        .map(|value| value.trim_matches(['\0', ' ']).to_string())
        .unwrap_or_default()
}

/// The values of a textual element, one string each.
pub(super) fn values(element: &InMemElement) -> Vec<String> {
    let Ok(raw) = element.value().to_raw_str() else { return Vec::new() };
    if is_single_valued(element.vr()) {
        return vec![raw.into_owned()];
    }
    raw.split('\\').map(str::to_string).collect()
}

/// Whether an element has no value, or only padding.
pub(super) fn is_empty(element: &InMemElement) -> bool {
    match element.value() {
        Value::Primitive(PrimitiveValue::Empty) => true,
        Value::Primitive(_) if is_textual(element.vr()) => {
            values(element).iter().all(|value| value.trim_matches(['\0', ' ']).is_empty())
        }
        Value::Primitive(value) => value.multiplicity() == 0,
        Value::Sequence(sequence) => sequence.items().is_empty(),
        Value::PixelSequence(_) => false,
    }
}
