//! The value of one attribute, treated as was decided.

use super::content::ContentItem;
use super::identity::PatientIdentity;
use super::keys;
use super::opaque::is_textual;
use super::report::{Done, NodeId};
use super::rulebook::{Decision, Reason, Treatment};
use super::scrub::Scrubber;
use super::search::{Search, may_be_spread, spread};
use super::subject::Subject;
use super::values::{is_empty, values};
use super::{MAX_PRIVATE_BULK_BYTES, ages, bulk_text, dates, dummy, pseudonyms, terms, uids};
use dicom_core::header::{Header, Tag};
use dicom_core::value::{C, PrimitiveValue};
use dicom_core::{DataElement, VR};
use dicom_dictionary_std::tags;
use dicom_object::mem::InMemElement;

/// What is common to the attributes of one data set.
pub(super) struct Level<'a> {
    /// How its patient appears.
    pub subject: &'a Subject,
    /// Whose it is.
    pub patient: &'a PatientIdentity,
    /// Where it is in the report.
    pub node: NodeId,
    /// The content item that it is, if it is one.
    pub content: Option<ContentItem>,
}

impl Scrubber<'_> {
    /// The attribute as it leaves, if it does, and what was done.
    pub(super) fn value(
        &mut self,
        element: InMemElement,
        decision: Decision,
        level: &Level,
    ) -> (Option<InMemElement>, Done) {
        let (tag, vr) = (element.tag(), element.vr());
        if decision.treatment == Treatment::Remove {
            return (None, Done::Removed);
        }
        if is_empty(&element) {
            return (Some(DataElement::empty(tag, vr)), Done::Kept);
        }
        let written = |value: PrimitiveValue| Some(DataElement::new(tag, vr, value));
        match decision.treatment {
            Treatment::Remove => (None, Done::Removed),
            Treatment::Empty => (Some(DataElement::empty(tag, vr)), Done::Emptied),
            Treatment::Dummy if is_term(&element, decision.reason) => (Some(element), Done::Kept),
            Treatment::Dummy => (written(dummy::for_tag(tag, vr)), Done::Replaced),
            Treatment::MapUid => self.uids(element, is_listed(decision.reason)),
            Treatment::Pseudonym => (written(self.pseudonym(&element, level)), Done::Pseudonymised),
            Treatment::Replace(rule) => {
                (written(self.template(rule, &element, level)), Done::Replaced)
            }
            Treatment::ShiftDate => shifted(element, level.subject.date_offset_days),
            Treatment::Keep | Treatment::Clean => self.kept(element, decision),
        }
    }

    /// An attribute that the profile keeps.
    fn kept(&mut self, element: InMemElement, decision: Decision) -> (Option<InMemElement>, Done) {
        let (tag, vr) = (element.tag(), element.vr());
        let told_age = || ages::tells_over(&text_of(&element), self.study_date);
        match vr {
            VR::DA | VR::DT if tag == tags::PATIENT_BIRTH_DATE && told_age() => {
                (Some(DataElement::empty(tag, vr)), Done::AgeCapped)
            }
            VR::DA | VR::DT | VR::TM => {
                if values(&element).iter().all(|value| dates::is_well_formed(vr, value)) {
                    return (Some(element), Done::Kept);
                }
                (None, Done::RemovedUnreadable)
            }
            VR::AS => age(element),
            VR::UI => {
                let formed = |uid: &String| uids::has_uid_form(uid.trim_matches(['\0', ' ']));
                if values(&element).iter().all(formed) {
                    return (Some(element), Done::Kept);
                }
                self.uids(element, true)
            }
            _ if is_textual(vr) => self.cleaned(element, decision),
            _ => self.bulk(element),
        }
    }

    /// Numbers and bulk data: they stay unless text in them tells of the patient.
    fn bulk(&mut self, element: InMemElement) -> (Option<InMemElement>, Done) {
        let (tag, vr) = (element.tag(), element.vr());
        let Some(value) = element.value().primitive() else { return (None, Done::Removed) };
        let opaque = matches!(vr, VR::OB | VR::OW | VR::UN);
        if tag.group() % 2 == 1 && opaque && value.calculate_byte_len() > MAX_PRIVATE_BULK_BYTES {
            // it may be a picture, and no one has looked at it
            return (None, Done::RemovedUnreadable);
        }
        if bulk_text::identifying(&self.known, value).is_some() {
            return (Some(DataElement::empty(tag, vr)), Done::Cleaned);
        }
        (Some(element), Done::Kept)
    }

    fn pseudonym(&mut self, element: &InMemElement, level: &Level) -> PrimitiveValue {
        let (tag, vr) = (element.tag(), element.vr());
        match tag {
            tags::PATIENT_ID => level.subject.patient_id.clone().into(),
            tags::PATIENT_NAME => level.subject.patient_name.clone().into(),
            _ => {
                let kind = kind(tag);
                let of = |value: &String| match (vr, value.trim_matches(['\0', ' '])) {
                    (_, "") => String::new(),
                    (VR::PN, value) => keys::name_of(&self.context.key.value_pseudonym(
                        &kind,
                        value,
                        pseudonyms::CHARS,
                    )),
                    (_, value) => self.context.key.value_pseudonym(&kind, value, pseudonyms::CHARS),
                };
                PrimitiveValue::Strs(values(element).iter().map(of).collect())
            }
        }
    }

    fn template(&mut self, rule: usize, element: &InMemElement, level: &Level) -> PrimitiveValue {
        let rule = self.context.rulebook.rule(rule);
        let template = rule.and_then(|rule| rule.value.clone()).unwrap_or_default();
        let mut text = template.replace("{patient_id}", &level.subject.patient_id);
        if template.contains("{pseudonym}") {
            let (kind, value) = (kind(element.tag()), text_of(element));
            let pseudonym = self.context.key.value_pseudonym(&kind, &value, pseudonyms::CHARS);
            text = text.replace("{pseudonym}", &pseudonym);
        }
        dummy::fitted(element.vr(), &text).into()
    }

    fn uids(&mut self, element: InMemElement, listed: bool) -> (Option<InMemElement>, Done) {
        let tag = element.tag();
        let mut mapped = false;
        let uids: C<String> = values(&element)
            .iter()
            .map(|uid| uid.trim_matches(['\0', ' ']))
            .map(|uid| {
                if uid.is_empty() || uids::stays(tag, uid, listed) {
                    return uid.to_string();
                }
                mapped = true;
                self.context.key.uid(uid)
            })
            .collect();
        if !mapped {
            return (Some(element), Done::Kept);
        }
        (Some(DataElement::new(tag, VR::UI, PrimitiveValue::Strs(uids))), Done::UidsReplaced)
    }

    /// Kept text: what identifies in a value is taken out, and the rest stays.
    fn cleaned(
        &mut self,
        element: InMemElement,
        decision: Decision,
    ) -> (Option<InMemElement>, Done) {
        let (tag, vr) = (element.tag(), element.vr());
        let search = Search::of(tag, vr, decision);
        let mut values = values(&element);
        let mut touched = false;
        for value in &mut values {
            if let Some(cleaned) = search.cleaned(&self.known, vr, value) {
                touched = true;
                *value = cleaned;
            }
        }
        if may_be_spread(vr) && spread(&self.known, &values).is_some() {
            touched = true;
            values.iter_mut().for_each(|value| *value = dummy::of(vr).to_str().into_owned());
        }
        if !touched {
            return (Some(element), Done::Kept);
        }
        if values.iter().all(String::is_empty) {
            return (Some(DataElement::empty(tag, vr)), Done::Cleaned);
        }
        let values = PrimitiveValue::Strs(values.into_iter().collect());
        (Some(DataElement::new(tag, vr, values)), Done::Cleaned)
    }
}

/// Whether text that nothing names is no free text but a term of the Standard.
pub(super) fn is_term(element: &InMemElement, reason: Reason) -> bool {
    reason == Reason::UnlistedText && terms::is_term(element.tag(), &text_of(element))
}

/// Every date of the value moved, or none of it stays.
fn shifted(element: InMemElement, days: i32) -> (Option<InMemElement>, Done) {
    let (tag, vr) = (element.tag(), element.vr());
    if tag == tags::TIMEZONE_OFFSET_FROM_UTC {
        let stays = dates::is_zone(&text_of(&element));
        return if stays { (Some(element), Done::Kept) } else { (None, Done::RemovedUnreadable) };
    }
    let moved: Option<C<String>> = values(&element)
        .iter()
        .map(|value| match value.trim_matches(['\0', ' ']) {
            "" => Some(String::new()),
            value => dates::shifted(vr, value, days),
        })
        .collect();
    match moved {
        None => (None, Done::RemovedUnreadable),
        Some(_) if vr == VR::TM => (Some(element), Done::Kept),
        Some(moved) => {
            (Some(DataElement::new(tag, vr, PrimitiveValue::Strs(moved))), Done::DatesShifted)
        }
    }
}

fn age(element: InMemElement) -> (Option<InMemElement>, Done) {
    let before = values(&element);
    let told: Option<C<String>> = before.iter().map(|age| ages::told(age)).collect();
    match told {
        None => (None, Done::RemovedUnreadable),
        Some(told) if told[..] == before[..] => (Some(element), Done::Kept),
        Some(told) => {
            let value = PrimitiveValue::Strs(told);
            (Some(DataElement::new(element.tag(), VR::AS, value)), Done::AgeCapped)
        }
    }
}

pub(super) fn is_listed(reason: Reason) -> bool {
    !matches!(reason, Reason::ValueRepresentation | Reason::SafePrivate)
}

fn kind(tag: Tag) -> String {
    pseudonyms::kind(tag).map_or_else(|| tag.to_string(), str::to_string)
}

fn text_of(element: &InMemElement) -> String {
    values(element).join("\\").trim_matches(['\0', ' ']).to_string()
}
