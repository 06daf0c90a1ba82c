//! Turns the header of an object into one without identifiers: PS3.15 Section E.1, Basic
//! Profile, at every level, with free text that the profile keeps searched for identifiers.

use super::identity::PatientIdentity;
use super::keys::ProjectKey;
use super::matching::Matcher;
use super::opaque::{is_pixel_data, is_textual, text_in, understood};
use super::subject::Subject;
use super::table::{Outcome, Table, shipped};
use super::values::{is_empty, values};
use super::{MAX_DEPTH, content, declare, dummy, standard_vr, uids};
use crate::deid::hold::{Hold, HoldReason};
use crate::deid::identifiers::Identifiers;
use crate::deid::redaction::PixelTreatment;
use dicom_core::header::{Header, Length, Tag};
use dicom_core::value::{C, DataSetSequence, PrimitiveValue, Value};
use dicom_core::{DataElement, VR};
use dicom_dictionary_std::tags;
use dicom_object::InMemDicomObject;
use dicom_object::mem::InMemElement;
use serde::{Deserialize, Serialize};

/// Retired; it states the length of the data set that came.
const LENGTH_TO_END: Tag = Tag(0x0008, 0x0001);

/// What a scrub needs to know.
#[derive(Clone, Copy)]
pub struct Context<'a> {
    /// The key of the project.
    pub key: &'a ProjectKey,
    /// How the patient of the object appears.
    pub subject: &'a Subject,
    /// What was done with the pixels, for what the result may claim.
    pub treatment: PixelTreatment,
    /// What identifies the patient, from [`harvest`](super::harvest()) and elsewhere.
    pub identifiers: &'a Identifiers,
}

/// How many attributes met which action. A removed sequence counts once.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// Taken out.
    pub removed: u32,
    /// Left with zero length.
    pub emptied: u32,
    /// Given a dummy or a pseudonym.
    pub replaced: u32,
    /// Given UIDs of the project.
    pub uids: u32,
    /// Kept by the profile, but containing an identifier.
    pub cleaned: u32,
}

/// Scrubs `header` in place. After an error it is empty: there is nothing half done to send.
///
/// The result is a function of the header and the context alone. Text is left decoded; when some
/// of it is not ASCII the result states ISO_IR 192, in which it will be written.
pub fn scrub(header: &mut InMemDicomObject, context: &Context) -> Result<Report, Hold> {
    let table =
        shipped().map_err(|error| Hold::new(HoldReason::VerificationFailed, error.to_string()))?;
    let original = std::mem::replace(header, InMemDicomObject::new_empty());
    let mut scrubber = Scrubber {
        key: context.key,
        table,
        subject: context.subject,
        matcher: Matcher::new(context.identifiers),
        report: Report::default(),
        beyond_ascii: false,
    };
    let patient = PatientIdentity::of(&original);
    let mut result = scrubber.data_set(original, &patient, 0)?;
    if scrubber.beyond_ascii {
        result.convert_to_utf8();
    }
    declare::declare(&mut result, context.treatment);
    *header = result;
    Ok(scrubber.report)
}

struct Scrubber<'a> {
    key: &'a ProjectKey,
    table: &'static Table,
    subject: &'a Subject,
    matcher: Matcher,
    report: Report,
    /// Whether some kept text needs more than the default repertoire.
    beyond_ascii: bool,
}

impl Scrubber<'_> {
    fn data_set(
        &mut self,
        data_set: InMemDicomObject,
        patient: &PatientIdentity,
        depth: usize,
    ) -> Result<InMemDicomObject, Hold> {
        if depth > MAX_DEPTH {
            let detail = format!("sequences nest deeper than {MAX_DEPTH}");
            return Err(Hold::new(HoldReason::LimitExceeded, detail));
        }
        let telling = content::tells_of_a_person(&data_set);
        let mut kept = Vec::new();
        for element in data_set {
            if telling && let Some(neutral) = content::neutral(&element) {
                self.report.replaced += 1;
                kept.push(neutral);
                continue;
            }
            if let Some(element) = self.element(element, patient, depth)? {
                kept.push(element);
            } else {
                self.report.removed += 1;
            }
        }
        Ok(InMemDicomObject::from_element_iter(kept))
    }

    fn element(
        &mut self,
        element: InMemElement,
        patient: &PatientIdentity,
        depth: usize,
    ) -> Result<Option<InMemElement>, Hold> {
        let tag = element.tag();
        if is_never_kept(tag, depth) || self.table.action(tag) == Some(super::table::Action::X) {
            return Ok(None);
        }
        let Some(element) = understood(element).or_else(|| self.stand_in(tag)) else {
            return Ok(None);
        };
        if tag == tags::BURNED_IN_ANNOTATION {
            // YES is a warning that stays; anything else is a promise made by another
            let warns = element.to_str().is_ok_and(|value| value.trim() == "YES");
            return Ok(warns.then_some(element));
        }
        let outcome = self.table.action(tag).map(|action| action.outcome(element.vr()));
        if element.vr() == VR::SQ {
            return self.sequence(element, outcome, patient, depth);
        }
        if is_pixel_data(tag) {
            return Ok(Some(element));
        }
        let subject = self.subject.of_data_set(patient, self.key);
        Ok(match outcome {
            Some(Outcome::Remove) => None,
            _ if is_empty(&element) => Some(DataElement::empty(tag, element.vr())),
            _ if tag == tags::PATIENT_NAME => {
                Some(self.replaced(tag, VR::PN, subject.patient_name.as_str().into()))
            }
            _ if tag == tags::PATIENT_ID => {
                Some(self.replaced(tag, VR::LO, subject.patient_id.as_str().into()))
            }
            Some(Outcome::Dummy) => Some(self.replaced(tag, element.vr(), dummy::of(element.vr()))),
            Some(Outcome::MapUid) => Some(self.uids(element, true)),
            Some(Outcome::Empty | Outcome::Descend) => {
                self.report.emptied += 1;
                Some(DataElement::empty(tag, element.vr()))
            }
            None => Some(self.kept(element)),
        })
    }

    /// A value to replace, for a listed attribute whose own cannot be read: it may be of Type 1.
    fn stand_in(&self, tag: Tag) -> Option<InMemElement> {
        self.table.action(tag)?;
        let vr = standard_vr(tag)?.exact().filter(|vr| *vr != VR::SQ)?;
        Some(DataElement::new(tag, vr, dummy::of(vr)))
    }

    fn sequence(
        &mut self,
        element: InMemElement,
        outcome: Option<Outcome>,
        patient: &PatientIdentity,
        depth: usize,
    ) -> Result<Option<InMemElement>, Hold> {
        let tag = element.tag();
        let Value::Sequence(sequence) = element.into_value() else {
            return Ok(Some(DataElement::empty(tag, VR::SQ)));
        };
        let items = sequence.into_items();
        match outcome {
            Some(Outcome::Remove) => return Ok(None),
            Some(Outcome::Empty) => {
                self.report.emptied += u32::from(!items.is_empty());
                return Ok(Some(DataElement::empty(tag, VR::SQ)));
            }
            // the code itself names the person, so scrubbing its item would leave it
            Some(Outcome::Dummy) if tag == tags::PERSON_IDENTIFICATION_CODE_SEQUENCE => {
                if items.is_empty() {
                    return Ok(Some(DataElement::empty(tag, VR::SQ)));
                }
                self.report.replaced += 1;
                let code = declare::code(dummy::TEXT, dummy::SCHEME, dummy::TEXT);
                return Ok(Some(DataElement::new(tag, VR::SQ, DataSetSequence::from(vec![code]))));
            }
            _ => {}
        }
        // pictures inside sequences are never looked at, and may show what the frames showed
        if items.iter().any(|item| item.tags().any(is_pixel_data)) {
            return Ok(None);
        }
        let items = items
            .into_iter()
            .map(|item| {
                let patient = PatientIdentity::of_item(&item, patient);
                self.data_set(item, &patient, depth + 1)
            })
            .collect::<Result<C<_>, Hold>>()?;
        Ok(Some(DataElement::new(tag, VR::SQ, DataSetSequence::new(items, Length::UNDEFINED))))
    }

    /// An attribute that the profile keeps.
    fn kept(&mut self, element: InMemElement) -> InMemElement {
        let (tag, vr) = (element.tag(), element.vr());
        match vr {
            VR::UI => self.uids(element, false),
            // Table E.1-1 lists the names and times of its edition; a later one is no different
            VR::PN | VR::DA | VR::DT | VR::TM | VR::AS => self.replaced(tag, vr, dummy::of(vr)),
            _ if is_textual(vr) => self.cleaned(element),
            _ => {
                let text = element.value().primitive().and_then(text_in);
                if text.is_some_and(|text| self.matcher.find(&text).is_some()) {
                    self.report.cleaned += 1;
                    return DataElement::empty(tag, vr);
                }
                element
            }
        }
    }

    fn replaced(&mut self, tag: Tag, vr: VR, value: PrimitiveValue) -> InMemElement {
        self.report.replaced += 1;
        DataElement::new(tag, vr, value)
    }

    fn uids(&mut self, element: InMemElement, listed: bool) -> InMemElement {
        let tag = element.tag();
        let mut mapped = 0;
        let uids: C<String> = values(&element)
            .iter()
            .map(|uid| uid.trim_matches(['\0', ' ']))
            .map(|uid| {
                if uid.is_empty() || uids::stays(tag, uid, listed) {
                    return uid.to_string();
                }
                mapped = 1;
                self.key.uid(uid)
            })
            .collect();
        self.report.uids += mapped;
        DataElement::new(tag, VR::UI, PrimitiveValue::Strs(uids))
    }

    /// Kept text: each value with an identifier in it, or that cannot be read, is taken out.
    fn cleaned(&mut self, element: InMemElement) -> InMemElement {
        let (tag, vr) = (element.tag(), element.vr());
        let mut values = values(&element);
        let mut touched = false;
        for value in &mut values {
            if self.is_telling(vr, value) {
                touched = true;
                *value = replacement(vr);
            }
        }
        // a name may be spread over the values
        if !touched && values.len() > 1 && self.is_telling(vr, &values.join("\\")) {
            touched = true;
            values.iter_mut().for_each(|value| *value = replacement(vr));
        }
        self.beyond_ascii |= values.iter().any(|value| !value.is_ascii());
        if !touched {
            return element;
        }
        self.report.cleaned += 1;
        if values.iter().all(String::is_empty) {
            return DataElement::empty(tag, vr);
        }
        DataElement::new(tag, vr, PrimitiveValue::Strs(values.into_iter().collect()))
    }

    fn is_telling(&self, vr: VR, value: &str) -> bool {
        match vr {
            VR::DS | VR::IS => !value.chars().all(|c| "0123456789+-.eE \0\\".contains(c)),
            VR::CS => !value.is_ascii() || self.matcher.find_code(value).is_some(),
            // an escape sequence switches to a character set that was not decoded
            _ => {
                value.contains('\u{1b}')
                    || (vr == VR::AE && !value.is_ascii())
                    || self.matcher.find(value).is_some()
            }
        }
    }
}

/// Takes the place of a kept value. Free text is given a dummy, because CodeMeaning and the like
/// may not be empty; a coded string or number has no dummy that would mean nothing.
fn replacement(vr: VR) -> String {
    match vr {
        VR::CS | VR::DS | VR::IS => String::new(),
        _ => dummy::of(vr).to_str().into_owned(),
    }
}

/// Attributes that no data set of the result holds, beside those of the table.
fn is_never_kept(tag: Tag, depth: usize) -> bool {
    let repeating = matches!(tag.group() >> 8, 0x50 | 0x60);
    repeating
        || tag.group() < 0x0008
        || standard_vr(tag).is_none()
        || tag == LENGTH_TO_END
        // written anew at the top level where it is needed; the writer does not end its scope
        || tag == tags::SPECIFIC_CHARACTER_SET
        || declare::STATEMENTS.contains(&tag)
        || (depth > 0 && is_pixel_data(tag))
}
