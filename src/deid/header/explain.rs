//! What a profile does with an attribute, and in which circumstances: for a person who asks.
//!
//! Invariants: every decision is asked of the rulebook, and the words say what `scrub` does with
//! it; no object is looked at.

use super::level::is_listed;
use super::opaque::{is_pixel_data, is_textual};
use super::rulebook::{Decision, Place, Rulebook, Treatment};
use super::safe_private::{self, is_creator};
use super::scrub::is_claim;
use super::types::{self, AttributeType};
use super::{MAX_PRIVATE_BULK_BYTES, codes, content, declare, dummy, standard_vr, uids};
use crate::config::{ObjectFacts, When};
use dicom_core::VR;
use dicom_core::dictionary::{DataDictionary, DataDictionaryEntry};
use dicom_core::header::Tag;
use dicom_dictionary_std::{StandardDataDictionary, tags};

/// Around an attribute that no rule finds by its path.
const ANY_SEQUENCE: Tag = Tag(0xFFFE, 0xE000);

/// A UID that is not registered (PS3.5 Section B.2).
const OF_NOBODY: &str = "2.25.1";

/// One attribute that is asked for.
#[derive(Debug, Clone)]
pub struct Asked<'a> {
    /// The sequences around it, if some are named; else it is explained at every level.
    pub path: &'a [Tag],
    pub tag: Tag,
    /// Who defined it, if it is private.
    pub creator: Option<&'a str>,
}

/// Where an attribute stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Level {
    /// At the top level of an object in whose IOD it has this Type, or one that is not known.
    Top(Option<AttributeType>),
    /// In items of any sequence.
    AnyItem,
    /// In items of these sequences.
    Items(Vec<Tag>),
}

/// What is done in some circumstances.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Case {
    /// All levels where it is done.
    pub levels: Vec<Level>,
    /// To which objects.
    pub when: When,
    /// To all objects that meet none of the conditions of other cases at these levels.
    pub is_rest: bool,
    /// In words.
    pub outcome: String,
    /// By which rule, in words.
    pub rule: String,
}

impl Asked<'_> {
    /// Its VR: that of PS3.6 or of the list of safe private attributes. Where an object states it,
    /// text is assumed.
    pub fn vr(&self) -> VR {
        let listed =
            || self.creator.and_then(|creator| safe_private::is_safe(creator, self.tag)).flatten();
        let assumed = if is_private(self.tag) { VR::LO } else { VR::UN };
        standard_vr(self.tag).map(|vr| vr.relaxed()).or_else(listed).unwrap_or(assumed)
    }

    /// Whether the VR was assumed.
    pub fn is_vr_assumed(&self) -> bool {
        let listed = self.creator.and_then(|creator| safe_private::is_safe(creator, self.tag));
        is_private(self.tag) && !is_creator(self.tag) && listed.flatten().is_none()
    }

    /// Whether somebody else than the Standard defines it.
    pub fn is_private(&self) -> bool {
        is_private(self.tag)
    }

    /// Every circumstance in which something else is done.
    pub fn cases(&self, rulebook: &Rulebook) -> Vec<Case> {
        let mut cases: Vec<Case> = Vec::new();
        for level in self.levels(rulebook) {
            let outcomes = self.at(&level, rulebook);
            let depends = outcomes.len() > 1;
            for (when, decision) in outcomes {
                let is_rest = depends && when.is_always();
                let outcome = in_words(decision, self.tag, self.vr(), rulebook);
                let rule = rulebook.describe(decision.reason);
                let same = |case: &&mut Case| {
                    (&case.when, case.is_rest, &case.outcome, &case.rule)
                        == (&when, is_rest, &outcome, &rule)
                };
                match cases.iter_mut().find(same) {
                    Some(case) => case.levels.push(level.clone()),
                    None => cases.push(Case {
                        levels: vec![level.clone()],
                        when,
                        is_rest,
                        outcome,
                        rule,
                    }),
                }
            }
        }
        cases
    }

    fn levels(&self, rulebook: &Rulebook) -> Vec<Level> {
        if !self.path.is_empty() {
            return vec![Level::Items(self.path.to_vec())];
        }
        let known = types::all_of(self.tag).into_iter().map(|(of, _)| Level::Top(Some(of)));
        let mut levels: Vec<_> = known.collect();
        levels.extend([Level::Top(None), Level::AnyItem]);
        for pattern in rulebook.rules().iter().filter_map(|rule| rule.attribute.as_ref()) {
            let path: Vec<_> = pattern.sequences().collect();
            if !path.is_empty() && pattern.selects(&path, self.tag) {
                let level = Level::Items(path);
                if !levels.contains(&level) {
                    levels.push(level);
                }
            }
        }
        levels
    }

    fn at(&self, level: &Level, rulebook: &Rulebook) -> Vec<(When, Decision)> {
        let (path, of): (&[Tag], _) = match level {
            Level::Top(of) => (&[], *of),
            Level::AnyItem => (&[ANY_SEQUENCE], None),
            Level::Items(path) => (path, None),
        };
        let with_type = |of| types::all_of(self.tag).into_iter().find(|(found, _)| *found == of);
        let class = of.and_then(with_type).map_or("", |(_, class)| class);
        let facts = ObjectFacts { sop_class_uid: class.into(), ..ObjectFacts::default() };
        let place = Place { facts: &facts, path, creator: self.creator, content: None };
        rulebook.outcomes(place, self.tag, self.vr())
    }

    /// What is done whatever a profile says of it.
    pub fn fixed(&self) -> Option<&'static str> {
        let tag = self.tag;
        if tag == tags::BURNED_IN_ANNOTATION {
            return Some(
                "NO is written where every frame was read; else a sender's YES stays, and any other \
                 value becomes YES where the profile skips the pixels, or goes",
            );
        }
        if is_claim(tag) {
            return Some("a sender's YES stays, any other value goes");
        }
        is_pixel_data(tag).then_some(
            "at the top level every frame is read and text in it hidden, unless [pixels] skips the \
             SOP class; in items of sequences the whole sequence is removed",
        )
    }

    /// What is done beside what the rulebook decides.
    pub fn note(&self) -> Option<&'static str> {
        let tag = self.tag;
        if declare::STATEMENTS.contains(&tag) {
            return Some("the gateway writes its own at the top level of the result");
        }
        if tag == tags::SPECIFIC_CHARACTER_SET {
            return Some("the gateway writes its own where the text of the result needs one");
        }
        if tag == tags::ENCAPSULATED_DOCUMENT {
            return Some(
                "`documents` of the profile decides before: the object is held, or an empty \
                 document takes its place",
            );
        }
        if content::is_value(tag) {
            return Some(
                "in a content item whose concept PS3.15 Table E.3.4-1 lists, its row decides before; \
                 one that goes by it (X) is removed where its tree allows, else stays without its value",
            );
        }
        if is_creator(tag) {
            return Some("it stays where something of its block stays");
        }
        codes::is_part_of_code(tag).then_some(
            "a code that names somebody becomes a dummy, a meaning that does is cleaned; with unlisted_text = \
             \"replace\" so do codes of schemes that are not public, and a meaning repeats its code",
        )
    }
}

fn is_private(tag: Tag) -> bool {
    tag.group() % 2 == 1
}

/// The keyword of PS3.6.
pub fn keyword(tag: Tag) -> Option<&'static str> {
    standard_vr(tag)?;
    StandardDataDictionary.by_tag(tag).map(|entry| entry.alias())
}

fn in_words(decision: Decision, tag: Tag, vr: VR, rulebook: &Rulebook) -> String {
    if vr == VR::SQ {
        return of_sequence(decision.treatment).into();
    }
    match decision.treatment {
        Treatment::Remove => "removed".into(),
        Treatment::Empty => "emptied: it stays without a value".into(),
        Treatment::Dummy => match dummy::for_tag(tag, vr) {
            value if is_textual(vr) => format!("a dummy takes its place: {}", value.to_str()),
            _ => "a dummy of its VR takes its place".into(),
        },
        Treatment::MapUid if uids::stays(tag, OF_NOBODY, is_listed(decision.reason)) => {
            "kept: it names a kind of thing".into()
        }
        Treatment::MapUid => "a UID under the key takes its place; those of PS3.6 stay".into(),
        Treatment::Pseudonym => "a pseudonym under the key takes its place".into(),
        Treatment::Replace(index) => {
            let value = rulebook.rule(index).and_then(|rule| rule.value.as_deref());
            format!("{:?} takes its place", value.unwrap_or_default())
        }
        Treatment::ShiftDate if matches!(vr, VR::DA | VR::DT) => {
            "moved by the patient's number of days; removed if it is no date".into()
        }
        Treatment::ShiftDate => "kept: dates move by whole days".into(),
        Treatment::Keep | Treatment::Clean => kept(tag, vr),
    }
}

/// As `scrub` goes into a sequence.
fn of_sequence(treatment: Treatment) -> &'static str {
    match treatment {
        Treatment::Remove => "removed with its items",
        Treatment::Empty => "emptied: it stays without items",
        Treatment::Dummy => {
            "its items are treated attribute by attribute; if they are codes, one dummy code"
        }
        _ => "its items are treated attribute by attribute",
    }
}

/// As `scrub` treats a value that the profile keeps.
fn kept(tag: Tag, vr: VR) -> String {
    match vr {
        VR::DA | VR::DT if tag == tags::PATIENT_BIRTH_DATE => {
            "kept; emptied if it tells of more than 89 years".into()
        }
        VR::DA | VR::DT | VR::TM => "kept; removed if it is not well-formed".into(),
        VR::AS => "kept; 090Y above 89 years, removed if it is no age".into(),
        VR::UI => "kept; replaced if it is no UID".into(),
        VR::CS | VR::DS | VR::IS => "kept; emptied if it holds an identifier".into(),
        _ if is_textual(vr) => {
            format!(
                "kept; what identifies in it is taken out, {} if that is all",
                dummy::of(vr).to_str()
            )
        }
        VR::OB | VR::OW | VR::UN if is_private(tag) => {
            format!("kept up to {MAX_PRIVATE_BULK_BYTES} bytes; emptied if it holds an identifier")
        }
        VR::OB | VR::OW | VR::UN | VR::US => "kept; emptied if it holds an identifier".into(),
        _ => "kept".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Profile;

    fn rulebook(profile: &str) -> Rulebook {
        Rulebook::new(&Profile::named(profile).expect("a profile")).expect("it reads")
    }

    fn of(profile: &str, tag: Tag) -> Vec<Case> {
        Asked { path: &[], tag, creator: None }.cases(&rulebook(profile))
    }

    /// A rulebook of `basic` and these rules.
    fn with_rules(rules: &str) -> Rulebook {
        let mut profile = Profile::named("basic").expect("shipped");
        #[derive(serde::Deserialize)]
        struct File {
            rules: Vec<crate::config::Rule>,
        }
        profile.rules = toml::from_str::<File>(rules).expect("rules").rules;
        Rulebook::new(&profile).expect("it reads")
    }

    #[test]
    fn a_combined_code_is_told_by_type() {
        let cases = of("basic", tags::DEVICE_SERIAL_NUMBER);
        let [required, optional] = &cases[..] else { panic!("{cases:?}") };
        assert_eq!(
            required.levels,
            [Level::Top(Some(AttributeType::One)), Level::Top(None), Level::AnyItem]
        );
        assert!(required.outcome.starts_with("a pseudonym"), "{required:?}");
        assert_eq!(optional.levels, [Level::Top(Some(AttributeType::Three))]);
        assert_eq!(optional.outcome, "removed");
        assert!(optional.rule.ends_with("X/Z/D, by its Type: X"), "{optional:?}");
    }

    #[test]
    fn a_uid_that_names_a_kind_of_thing_is_told_to_stay() {
        assert!(of("basic", tags::SOP_CLASS_UID)[0].outcome.starts_with("kept"));
        assert!(
            of("basic", tags::STUDY_INSTANCE_UID)[0].outcome.starts_with("a UID under the key")
        );
    }

    #[test]
    fn an_option_changes_what_is_told() {
        let basic = of("basic", tags::PATIENT_AGE);
        assert_eq!((basic.len(), &*basic[0].outcome), (1, "removed"));
        let research = of("research-longitudinal", tags::PATIENT_AGE);
        assert!(research[0].outcome.contains("090Y above 89"), "{research:?}");
        assert_eq!(research[0].rule, "PS3.15 Retain Patient Characteristics Option");
    }

    #[test]
    fn a_condition_stands_before_what_happens_to_all_others() {
        let rulebook = with_rules(
            "[[rules]]\nattribute = 'StudyDescription'\naction = 'keep'\n\
             when = { modality = 'CT' }\n\
             [[rules]]\nattribute = 'RequestAttributesSequence > StudyDescription'\n\
             action = 'empty'",
        );
        let description =
            Asked { path: &[], tag: tags::STUDY_DESCRIPTION, creator: None }.cases(&rulebook);
        let told: Vec<_> =
            description.iter().map(|c| (c.when.modality.as_str(), c.rule.as_str())).collect();
        let table = "PS3.15 E.1-1 Basic Profile: X";
        let path = "rule 2: empty RequestAttributesSequence > StudyDescription";
        assert_eq!(told, [("CT", "rule 1: keep StudyDescription"), ("", table), ("", path)]);
        let inside = Level::Items(vec![tags::REQUEST_ATTRIBUTES_SEQUENCE]);
        assert_eq!(description[2].levels, [inside]);
        assert!(!description[1].levels.contains(&description[2].levels[0]));
    }

    #[test]
    fn a_safe_private_attribute_is_told_by_its_creator() {
        let suv = Tag(0x7053, 0x1000);
        let of = |creator| Asked { path: &[], tag: suv, creator };
        let research = rulebook("research-longitudinal");
        let safe = of(Some("Philips PET Private Group"));
        assert_eq!((safe.vr(), safe.is_vr_assumed()), (VR::DS, false));
        assert!(safe.cases(&research)[0].rule.contains("E.3.10-1"));
        assert_eq!(of(Some("OTHER")).cases(&research)[0].outcome, "removed");
        assert_eq!(safe.cases(&rulebook("basic"))[0].outcome, "removed");
    }

    #[test]
    fn what_is_told_is_what_is_decided() {
        let rulebook = rulebook("tcia-like");
        for (code, _, _) in crate::deid::header::table::tests::rows() {
            let Ok(tag) = code.parse::<Tag>() else { continue };
            let subject = Asked { path: &[], tag, creator: None };
            let facts = ObjectFacts::default();
            let place = Place { facts: &facts, path: &[], creator: None, content: None };
            let decision = rulebook.decide(place, tag, subject.vr());
            let cases = subject.cases(&rulebook);
            let case = cases.iter().find(|case| case.levels.contains(&Level::Top(None)));
            assert_eq!(case.expect("a case").rule, rulebook.describe(decision.reason), "{code}");
        }
    }
}
