//! What routing may know of a header: the values of single attributes, or that they are not there.
//!
//! Invariants: values are `Phi`; what could not be read as text is said to be so, never left out.

use super::opaque::is_textual;
use super::values::{is_empty, values};
use crate::deid::charset;
use crate::phi::Phi;
use dicom_core::VR;
use dicom_core::header::Tag;
use dicom_dictionary_std::tags;
use dicom_object::InMemDicomObject;
use dicom_object::mem::InMemElement;
use serde::{Deserialize, Serialize};

/// Characters of all values of one attribute that are compared: more than an LT may have (PS3.5
/// section 6.2). The time that comparing takes grows with them.
const MAX_CHARS: usize = 16 * 1024;

/// One attribute of a header, by whatever number of sequence items.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum HeaderFact {
    /// It is not there, or has no value.
    Absent,
    /// It is there, and has neither text nor numbers.
    Present,
    /// Each value; where there are several, also all of them joined by backslashes.
    Values(Vec<Phi<String>>),
    /// It is there, in a character set that is not decoded here, or longer than is compared.
    Unreadable,
}

/// What is at a path of sequences and an attribute, in any of their items.
pub fn fact(header: &InMemDicomObject, path: &[Tag]) -> HeaderFact {
    let mut found = Found::default();
    found.look(header, path);
    match found {
        Found { unreadable: true, .. } => HeaderFact::Unreadable,
        Found { values, .. } if !values.is_empty() => {
            HeaderFact::Values(values.into_iter().map(Phi::new).collect())
        }
        Found { present: true, .. } => HeaderFact::Present,
        _ => HeaderFact::Absent,
    }
}

#[derive(Default)]
struct Found {
    /// Whether a character set is declared: what undeclared text means is a guess.
    declared: bool,
    values: Vec<String>,
    chars: usize,
    present: bool,
    unreadable: bool,
}

impl Found {
    fn look(&mut self, data_set: &InMemDicomObject, path: &[Tag]) {
        let Some((first, rest)) = path.split_first() else { return };
        let Some(element) = data_set.get(*first) else { return };
        let outer = self.declared;
        self.declared |= data_set.get(tags::SPECIFIC_CHARACTER_SET).is_some();
        if rest.is_empty() {
            self.take(element);
        }
        for item in element.items().filter(|_| !rest.is_empty()).unwrap_or_default() {
            self.look(item, rest);
        }
        self.declared = outer;
    }

    fn take(&mut self, element: &InMemElement) {
        if is_empty(element) {
            return;
        }
        self.present = true;
        if matches!(element.vr(), VR::SQ | VR::OB | VR::OW | VR::UN) {
            return;
        }
        let mut all = values(element);
        if all.len() > 1 {
            all.push(all.join("\\"));
        }
        self.chars += all.iter().map(String::len).sum::<usize>();
        let is_readable = |value: &String| {
            let decoded = (value.is_ascii() || self.declared) && charset::is_read(value);
            !is_textual(element.vr()) || decoded
        };
        self.unreadable |= self.chars > MAX_CHARS || !all.iter().all(is_readable);
        if !self.unreadable {
            self.values.extend(all.into_iter().filter(|v| !v.trim_matches(['\0', ' ']).is_empty()));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use dicom_core::value::{DataSetSequence, PrimitiveValue};
    use dicom_core::{DataElement, dicom_value};

    fn header(elements: Vec<InMemElement>) -> InMemDicomObject {
        InMemDicomObject::from_element_iter(elements)
    }

    fn of(elements: Vec<InMemElement>, path: &[Tag]) -> HeaderFact {
        fact(&header(elements), path)
    }

    fn values_of(fact: HeaderFact) -> Vec<String> {
        let HeaderFact::Values(values) = fact else { panic!("no values: {fact:?}") };
        values.into_iter().map(|value| value.reveal().clone()).collect()
    }

    #[test]
    fn every_value_and_all_of_them_joined_are_there() {
        let image_type = dicom_value!(Strs, ["ORIGINAL", "PRIMARY "]);
        let elements = vec![DataElement::new(tags::IMAGE_TYPE, VR::CS, image_type)];
        let found = values_of(of(elements, &[tags::IMAGE_TYPE]));
        assert_eq!(found, ["ORIGINAL", "PRIMARY ", "ORIGINAL\\PRIMARY "]);
        let rows = vec![DataElement::new(tags::ROWS, VR::US, PrimitiveValue::from(512_u16))];
        assert_eq!(values_of(of(rows, &[tags::ROWS])), ["512"]);
    }

    #[test]
    fn what_is_empty_is_absent_and_what_is_no_text_is_present() {
        let empty = vec![DataElement::new(tags::STUDY_ID, VR::SH, "  ")];
        assert_eq!(of(empty, &[tags::STUDY_ID]), HeaderFact::Absent);
        assert_eq!(of(vec![], &[tags::STUDY_ID]), HeaderFact::Absent);
        let item = header(vec![DataElement::new(tags::STUDY_ID, VR::SH, "x")]);
        let sequence = DataElement::new(
            tags::REQUEST_ATTRIBUTES_SEQUENCE,
            VR::SQ,
            DataSetSequence::from(vec![item.clone(), item]),
        );
        let requests = tags::REQUEST_ATTRIBUTES_SEQUENCE;
        assert_eq!(of(vec![sequence.clone()], &[requests]), HeaderFact::Present);
        let found = of(vec![sequence], &[requests, tags::STUDY_ID]);
        assert_eq!(values_of(found), ["x", "x"]);
    }

    #[test]
    fn text_that_was_not_decoded_is_unreadable_and_not_absent() {
        let name = |text: &str| DataElement::new(tags::PATIENT_NAME, VR::PN, text);
        let charset = |text: &str| DataElement::new(tags::SPECIFIC_CHARACTER_SET, VR::CS, text);
        let path = &[tags::PATIENT_NAME];
        let unreadable = HeaderFact::Unreadable;
        assert_eq!(of(vec![name("Yamada\u{1B}$B")], path), unreadable);
        assert_eq!(of(vec![name("Buc^Jérôme")], path), unreadable);
        assert_eq!(of(vec![charset("ISO_IR 100"), name("Buc\u{FFFD}")], path), unreadable);
        let decoded = of(vec![charset("ISO_IR 100"), name("Buc^Jérôme")], path);
        assert_eq!(values_of(decoded), ["Buc^Jérôme"]);
        assert_eq!(of(vec![name(&"x".repeat(MAX_CHARS + 1))], path), unreadable);
    }

    #[test]
    fn a_value_is_not_shown_by_formatting() {
        let elements = vec![DataElement::new(tags::STUDY_ID, VR::SH, "SECRET")];
        let found = of(elements, &[tags::STUDY_ID]);
        assert!(!format!("{found:?}").contains("SECRET"));
    }
}
