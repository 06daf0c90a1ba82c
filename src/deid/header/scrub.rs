//! Turns the header of an object into one without identifiers: PS3.15 Section E.1 under a profile,
//! at every level, with text that the profile keeps searched for identifiers.

use super::codes;
use super::content::ContentItem;
use super::identity::PatientIdentity;
use super::keys::ProjectKey;
use super::level::Level;
use super::opaque::{is_pixel_data, understood};
use super::report::{Done, NodeId, Recorder, Report};
use super::rulebook::{Decision, Place, Reason, Rulebook, Treatment};
use super::safe_private::{self, creator_tag, is_creator};
use super::subject::Subject;
use super::table::Action;
use super::values::text;
use super::{MAX_DEPTH, charset, content, declare, dummy, standard_vr};
use crate::config::{ObjectFacts, ProfileOption, ShiftRange, UnlistedText};
use crate::deid::hold::{Hold, HoldReason};
use crate::deid::identifiers::Identifiers;
use crate::deid::phi_text::Known;
use crate::deid::redaction::PixelTreatment;
use dicom_core::header::{Header, Length, Tag};
use dicom_core::value::{C, DataSetSequence, Value};
use dicom_core::{DataElement, VR};
use dicom_dictionary_std::tags;
use dicom_object::InMemDicomObject;
use dicom_object::mem::InMemElement;
use std::collections::{HashMap, HashSet};

/// What a scrub needs to know.
#[derive(Clone, Copy)]
pub struct Context<'a> {
    /// What the profile decides.
    pub rulebook: &'a Rulebook,
    /// The key of the project.
    pub key: &'a ProjectKey,
    /// How the patient of the object appears.
    pub subject: &'a Subject,
    /// How far dates of other patients, whom items of sequences name, move.
    pub shift: ShiftRange,
    /// What was done with the pixels, for what the result may claim.
    pub treatment: PixelTreatment,
    /// What identifies the patient, from [`harvest`](super::harvest()) and elsewhere.
    pub identifiers: &'a Identifiers,
}

/// What rules ask of an object.
pub fn facts(header: &InMemDicomObject) -> ObjectFacts {
    ObjectFacts {
        modality: text(header, tags::MODALITY),
        sop_class_uid: text(header, tags::SOP_CLASS_UID),
        manufacturer: text(header, tags::MANUFACTURER),
    }
}

/// What text of an object is searched for.
pub(super) fn known(identifiers: &Identifiers, rulebook: &Rulebook) -> Known {
    let known = Known::new(identifiers);
    let ages_stay = rulebook.has(ProfileOption::RetainPatientCharacteristics);
    if ages_stay { known } else { known.without_ages() }
}

/// Scrubs `header` in place. After an error it is empty: there is nothing half done to send.
///
/// The result is a function of the header and the context alone. Text is left decoded, and the
/// result states the character set in which it will be written.
pub fn scrub(header: &mut InMemDicomObject, context: &Context) -> Result<Report, Hold> {
    let original = std::mem::replace(header, InMemDicomObject::new_empty());
    let facts = facts(&original);
    let declared = charset::declared(&original);
    let study_date = text(&original, tags::STUDY_DATE);
    let mut scrubber = Scrubber {
        context: *context,
        facts: &facts,
        study_date: &study_date,
        known: known(context.identifiers, context.rulebook),
        recorder: Recorder::new(),
        path: Vec::new(),
        has_positions: content::has_positions(&original),
    };
    let patient = PatientIdentity::of(&original);
    let mut result = scrubber.data_set(original, &patient, Recorder::ROOT)?;
    charset::declare(&mut result, declared);
    declare::declare(&mut result, context, &facts);
    *header = result;
    Ok(scrubber.recorder.finish(context.rulebook))
}

pub(super) struct Scrubber<'a> {
    pub context: Context<'a>,
    pub facts: &'a ObjectFacts,
    pub study_date: &'a str,
    pub known: Known,
    recorder: Recorder,
    /// The sequences around the data set in work, outermost first.
    path: Vec<Tag>,
    /// Whether content items are found by their position.
    has_positions: bool,
}

impl Scrubber<'_> {
    fn data_set(
        &mut self,
        mut data_set: InMemDicomObject,
        patient: &PatientIdentity,
        node: NodeId,
    ) -> Result<InMemDicomObject, Hold> {
        if self.path.len() > MAX_DEPTH {
            let detail = format!("sequences nest deeper than {MAX_DEPTH}");
            return Err(Hold::new(HoldReason::LimitExceeded, detail));
        }
        if !self.path.is_empty() && codes::is_code(&data_set) && self.code(&mut data_set, node) {
            return Ok(data_set);
        }
        let subject =
            self.context.subject.of_data_set(patient, self.context.key, self.context.shift);
        let creators = safe_private::creators(&data_set);
        let level = Level { subject: &subject, patient, node, content: ContentItem::of(&data_set) };
        let mut kept = Vec::new();
        let mut used = HashSet::new();
        for element in data_set {
            let tag = element.tag();
            if is_creator(tag) {
                continue;
            }
            let creator = creator_tag(tag).filter(|tag| creators.contains_key(tag));
            let name = creator.and_then(|tag| creators.get(&tag)).map(String::as_str);
            if let Some(element) = self.element(element, name, &level)? {
                kept.push(element);
                used.extend(creator);
            }
        }
        kept.extend(self.creators(&creators, &used, node));
        Ok(InMemDicomObject::from_element_iter(kept))
    }

    /// Private Creators stay with the blocks of which something stays.
    fn creators(
        &mut self,
        creators: &HashMap<Tag, String>,
        used: &HashSet<Tag>,
        node: NodeId,
    ) -> Vec<InMemElement> {
        let mut kept = Vec::new();
        for (tag, creator) in creators {
            let at = self.recorder.child(node, *tag);
            if used.contains(tag) {
                self.recorder.record(at, Done::Kept, Reason::SafePrivate);
                kept.push(DataElement::new(*tag, VR::LO, creator.as_str()));
            } else {
                self.recorder.record(at, Done::Removed, Reason::Private);
            }
        }
        kept
    }

    /// A coded entry as a whole; `false` if its attributes are to be treated one by one.
    fn code(&mut self, item: &mut InMemDicomObject, node: NodeId) -> bool {
        let strict = self.context.rulebook.unlisted_text() == UnlistedText::Replace;
        if codes::is_telling(item, &self.known) || (strict && !codes::is_public(item)) {
            *item = codes::dummy_code();
            let reason = if strict { Reason::UnlistedText } else { Reason::Unlisted };
            for tag in [tags::CODE_VALUE, tags::CODE_MEANING] {
                let at = self.recorder.child(node, tag);
                self.recorder.record(at, Done::Replaced, reason);
            }
            return true;
        }
        if strict {
            codes::without_prose(item);
            let at = self.recorder.child(node, tags::CODE_MEANING);
            self.recorder.record(at, Done::Replaced, Reason::UnlistedText);
        }
        false
    }

    fn element(
        &mut self,
        element: InMemElement,
        creator: Option<&str>,
        level: &Level,
    ) -> Result<Option<InMemElement>, Hold> {
        let (tag, stated) = (element.tag(), element.vr());
        let node = self.recorder.child(level.node, tag);
        let Some(element) = understood(element, creator) else {
            return Ok(self.unreadable(tag, stated, creator, level, node));
        };
        let decision = self.decide(tag, element.vr(), creator, level.content);
        if is_claim(tag) {
            return Ok(self.claim(element, node));
        }
        if element.vr() == VR::SQ {
            return self.sequence(element, decision, level, node);
        }
        if is_pixel_data(tag) && self.path.is_empty() {
            return Ok(Some(element));
        }
        let (element, done) = self.value(element, decision, level);
        self.recorder.record(node, done, decision.reason);
        Ok(element)
    }

    /// YES is a warning that stays; anything else is a promise made by another, of pixels that it had.
    /// YES is all that can be said instead, and some IODs require a value.
    fn claim(&mut self, element: InMemElement, node: NodeId) -> Option<InMemElement> {
        let (tag, vr) = (element.tag(), element.vr());
        let warns = element.to_str().is_ok_and(|value| value.trim() == "YES");
        let asked = self.path.is_empty() && self.context.treatment != PixelTreatment::Absent;
        let (element, done) = match (warns, asked) {
            (true, _) => (Some(element), Done::Kept),
            (false, true) => (Some(DataElement::new(tag, vr, "YES")), Done::Replaced),
            (false, false) => (None, Done::Removed),
        };
        self.recorder.record(node, done, Reason::Form);
        element
    }

    fn decide(
        &self,
        tag: Tag,
        vr: VR,
        creator: Option<&str>,
        content: Option<ContentItem>,
    ) -> Decision {
        let place = Place { facts: self.facts, path: &self.path, creator, content };
        self.context.rulebook.decide(place, tag, vr)
    }

    /// What contradicts its VR, or is opaque: it goes, unless the table asks for a value in its
    /// place, since it may be of Type 1.
    fn unreadable(
        &mut self,
        tag: Tag,
        stated: VR,
        creator: Option<&str>,
        level: &Level,
        node: NodeId,
    ) -> Option<InMemElement> {
        let standard = standard_vr(tag).and_then(|vr| vr.exact());
        let vr = standard.unwrap_or(stated);
        let decision = self.decide(tag, vr, creator, level.content);
        let vr = standard.filter(|vr| *vr != VR::SQ);
        let value = match decision.treatment {
            Treatment::Dummy | Treatment::Pseudonym => vr.map(|vr| dummy::for_tag(tag, vr)),
            _ => None,
        };
        let Some((vr, value)) = vr.zip(value) else {
            let is_removed = decision.treatment == Treatment::Remove;
            let done = if is_removed { Done::Removed } else { Done::RemovedUnreadable };
            self.recorder.record(node, done, decision.reason);
            return None;
        };
        let (element, done) = self.value(DataElement::new(tag, vr, value), decision, level);
        self.recorder.record(node, done, decision.reason);
        element
    }

    /// The items of a Content Sequence that stay: all, unless those that may go leave one behind.
    fn staying(&mut self, items: C<InMemDicomObject>, node: NodeId) -> C<InMemDicomObject> {
        if self.has_positions {
            return items;
        }
        self.path.push(tags::CONTENT_SEQUENCE);
        let goes = |item: &InMemDicomObject| {
            let (content, tag) = content::removable(item)?;
            let vr = standard_vr(tag)?.relaxed();
            let decision = self.decide(tag, vr, None, Some(content));
            (decision.reason == Reason::Content(Action::X)).then_some((tag, decision.reason))
        };
        let going: Vec<_> = items.iter().map(goes).collect();
        self.path.pop();
        if going.iter().all(Option::is_some) {
            return items;
        }
        for (tag, reason) in going.iter().flatten() {
            let at = self.recorder.child(node, *tag);
            self.recorder.record(at, Done::Removed, *reason);
        }
        let staying = items.into_iter().zip(&going).filter(|(_, goes)| goes.is_none());
        staying.map(|(item, _)| item).collect()
    }

    fn sequence(
        &mut self,
        element: InMemElement,
        decision: Decision,
        level: &Level,
        node: NodeId,
    ) -> Result<Option<InMemElement>, Hold> {
        let tag = element.tag();
        let items = match element.into_value() {
            Value::Sequence(sequence) => sequence.into_items(),
            _ => C::new(),
        };
        let items = if tag == tags::CONTENT_SEQUENCE { self.staying(items, node) } else { items };
        let nobody = items.is_empty();
        let done = match decision.treatment {
            Treatment::Remove => Done::Removed,
            // pictures inside sequences are never looked at, and may show what the frames showed
            _ if items.iter().any(|item| item.tags().any(is_pixel_data)) => Done::Removed,
            _ if nobody => Done::Kept,
            Treatment::Empty => Done::Emptied,
            // the code itself names somebody, so scrubbing its item would leave it
            Treatment::Dummy
                if tag == tags::CONCEPT_CODE_SEQUENCE || items.iter().any(codes::is_code) =>
            {
                Done::Replaced
            }
            _ => Done::Kept,
        };
        self.recorder.record(node, done, decision.reason);
        let items: C<InMemDicomObject> = match done {
            Done::Removed => return Ok(None),
            Done::Emptied => C::new(),
            Done::Replaced => C::from_elem(codes::dummy_code(), 1),
            _ => {
                self.path.push(tag);
                let scrubbed = items
                    .into_iter()
                    .map(|item| {
                        let patient = PatientIdentity::of_item(&item, level.patient);
                        self.data_set(item, &patient, node)
                    })
                    .collect::<Result<_, Hold>>()?;
                self.path.pop();
                scrubbed
            }
        };
        if items.is_empty() {
            return Ok(Some(DataElement::empty(tag, VR::SQ)));
        }
        Ok(Some(DataElement::new(tag, VR::SQ, DataSetSequence::new(items, Length::UNDEFINED))))
    }
}

/// What a sender claims of the pixels (PS3.3 C.7.6.1.1.1, C.12.1).
pub(super) fn is_claim(tag: Tag) -> bool {
    [tags::BURNED_IN_ANNOTATION, tags::RECOGNIZABLE_VISUAL_FEATURES].contains(&tag)
}
