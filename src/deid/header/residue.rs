//! What is still in a header that should have been scrubbed. For a verification in another
//! process: it reads the result as a stranger would, and names places, never values.

use super::content::ContentItem;
use super::opaque::{is_pixel_data, is_textual, understood};
use super::rulebook::{Place, Reason, Rulebook, Treatment};
use super::safe_private::{self, creator_tag, is_creator};
use super::scrub::{is_claim, known};
use super::search::{Search, may_be_spread, spread};
use super::subject::Subject;
use super::values::{is_empty, values};
use super::{MAX_DEPTH, ages, bulk_text, codes, dates, dummy, keys, pseudonyms, uids};
use crate::config::{ObjectFacts, UnlistedText};
use crate::deid::identifiers::{IdentifierKind, Identifiers};
use crate::deid::phi_text::{Form, Known, Why};
use dicom_core::VR;
use dicom_core::header::{Header, Tag};
use dicom_dictionary_std::tags;
use dicom_object::InMemDicomObject;
use dicom_object::mem::InMemElement;
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::fmt;

/// What is wrong at a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ResidueKind {
    /// A value contains an identifier of this kind.
    Identifier(IdentifierKind),
    /// A text contains what identifies by its form.
    Form(Form),
    /// A private attribute that nothing keeps, or one that PS3.6 does not list.
    Unjudged,
    /// An attribute that should be gone.
    Listed,
    /// An attribute that should be empty or replaced has a value that is no dummy.
    Unreplaced,
    /// A date, time or age that is none, or an age over 89.
    DateOrAge,
    /// A person name that is not one of ours.
    PersonName,
    /// A UID that is neither registered nor one of ours.
    Uid,
    /// Pixel Data inside a sequence.
    NestedPixels,
    /// Deeper than anything that is read.
    TooDeep,
}

/// What a result is held against.
#[derive(Clone, Copy)]
pub struct Expected<'a> {
    pub rulebook: &'a Rulebook,
    /// What the rules asked of the original.
    pub facts: &'a ObjectFacts,
    /// How the patient appears.
    pub subject: &'a Subject,
    /// What identifies the patient.
    pub identifiers: &'a Identifiers,
}

/// One finding. It holds no value of the object.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Residue {
    /// Where, as `(0040,0275)[0].(0008,0104)`.
    pub path: String,
    /// What.
    pub kind: ResidueKind,
}

impl fmt::Display for Residue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} at {}", self.kind, self.path)
    }
}

/// Every value, at every level, that contains one of the identifiers, by the rules by which
/// `scrub` cleans. What `scrub` itself writes is not counted, nor dates that the profile lets stay or
/// move: a moved date may fall on another.
pub fn residue(header: &InMemDicomObject, expected: &Expected) -> Vec<Residue> {
    let known = known(expected.identifiers, expected.rulebook);
    let mut found = Vec::new();
    walk(header, &mut Walk::default(), &mut |at, element| {
        if let Some(why) = identifying(&known, expected, at, element) {
            let kind = match why {
                Why::Known(kind) => ResidueKind::Identifier(kind),
                Why::Form(form) => ResidueKind::Form(form),
            };
            found.push(Residue { path: at.path(element.tag()), kind });
        }
    });
    found
}

/// Every element that a scrubbed header of this subject cannot hold.
pub fn unscrubbed(header: &InMemDicomObject, expected: &Expected) -> Vec<Residue> {
    let mut found = Vec::new();
    walk(header, &mut Walk::default(), &mut |at, element| {
        if let Some(kind) = fault(expected, at, element) {
            found.push(Residue { path: at.path(element.tag()), kind });
        }
    });
    found
}

/// Where a walk is.
#[derive(Default)]
struct Walk {
    /// The sequences around, and the index of the item in each.
    sequences: Vec<Tag>,
    indices: Vec<usize>,
    creators: Vec<HashMap<Tag, String>>,
    /// Whether the item is a coded entry of a public scheme, one of ours, or another.
    code: Option<Code>,
    content: Option<ContentItem>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Code {
    Public,
    Other,
}

impl Walk {
    fn path(&self, tag: Tag) -> String {
        let around = self.sequences.iter().zip(&self.indices);
        let around: String = around.map(|(tag, index)| format!("{tag}[{index}].")).collect();
        format!("{around}{tag}")
    }

    fn creator(&self, tag: Tag) -> Option<&str> {
        let creator = creator_tag(tag)?;
        self.creators.last()?.get(&creator).map(String::as_str)
    }
}

fn walk(data_set: &InMemDicomObject, at: &mut Walk, visit: &mut impl FnMut(&Walk, &InMemElement)) {
    at.creators.push(safe_private::creators(data_set));
    let code = codes::is_code(data_set)
        .then(|| if codes::is_public(data_set) { Code::Public } else { Code::Other });
    let content = ContentItem::of(data_set);
    for element in data_set {
        (at.code, at.content) = (code, content);
        visit(at, element);
        if at.sequences.len() > MAX_DEPTH {
            continue;
        }
        for (index, item) in element.items().unwrap_or_default().iter().enumerate() {
            at.sequences.push(element.tag());
            at.indices.push(index);
            walk(item, at, visit);
            at.sequences.pop();
            at.indices.pop();
        }
    }
    at.creators.pop();
}

fn identifying(
    known: &Known,
    expected: &Expected,
    at: &Walk,
    element: &InMemElement,
) -> Option<Why> {
    let value = element.value().primitive()?;
    let (tag, vr) = (element.tag(), element.vr());
    if is_pixel_data(tag) || matches!(vr, VR::UI | VR::TM | VR::AS) {
        return None;
    }
    if !is_textual(vr) {
        return bulk_text::identifying(known, value).map(Why::Known);
    }
    let decision = decide(expected, at, element);
    let (treatment, search) = (decision.treatment, Search::of(tag, vr, decision));
    if matches!(vr, VR::DA | VR::DT) && matches!(treatment, Treatment::Keep | Treatment::ShiftDate)
    {
        return None;
    }
    let values = values(element);
    let ours = |value: &str| is_ours(expected, element, treatment, value);
    let found = |value: &str| {
        let value = value.trim_matches(['\0', ' ']);
        match vr {
            _ if ours(value) => None,
            VR::DA | VR::DT => known.is_date(value).then_some(Why::Known(IdentifierKind::Date)),
            _ => search.find(known, value),
        }
    };
    let all_ours = values.iter().all(|value| ours(value.trim_matches(['\0', ' '])));
    let apart = !may_be_spread(vr) || all_ours || matches!(vr, VR::DA | VR::DT);
    let spread = || if apart { None } else { spread(known, &values).map(Why::Known) };
    values.iter().find_map(|value| found(value)).or_else(spread)
}

/// Whether a value is one that `scrub` wrote, which holds no identifier whatever it looks like.
fn is_ours(expected: &Expected, element: &InMemElement, treatment: Treatment, value: &str) -> bool {
    let tag = element.tag();
    let described = || {
        let mut rules = expected.rulebook.weaker_rules(expected.facts).into_iter();
        rules.any(|rule| {
            dummy::fitted(VR::LO, &expected.rulebook.describe(Reason::Rule(rule))) == value
        })
    };
    dummy::is_written(value)
        || (tag == tags::CODE_VALUE
            && [dummy::BASIC_PROFILE_CODE, dummy::CLEAN_PIXELS_CODE].contains(&value))
        || (treatment == Treatment::Pseudonym && is_derived(element, value))
        || matches!(treatment, Treatment::Replace(rule) if is_constant(expected, rule, element.vr(), value))
        || (tag == tags::DEIDENTIFICATION_METHOD && described())
}

/// Whether a value has the form of a pseudonym under a key. One that the site gave may hold the old.
fn is_derived(element: &InMemElement, value: &str) -> bool {
    match element.vr() {
        VR::PN => keys::is_pseudonymous_name(value),
        _ => keys::is_value_pseudonym(value, pseudonyms::CHARS),
    }
}

/// Whether a value is the text of a rule that puts nothing of the patient into it.
fn is_constant(expected: &Expected, rule: usize, vr: VR, value: &str) -> bool {
    let template = expected.rulebook.rule(rule).and_then(|rule| rule.value.as_ref());
    template.is_some_and(|template| !template.contains("{patient_id}"))
        && is_of_template(expected, rule, vr, value)
}

fn is_pseudonym(expected: &Expected, at: &Walk, element: &InMemElement, value: &str) -> bool {
    let top_level = at.sequences.is_empty();
    match (element.tag(), element.vr()) {
        (tags::PATIENT_ID, _) => expected.subject.may_be_id(value, top_level),
        (tags::PATIENT_NAME, _) => expected.subject.may_be_name(value, top_level),
        _ => is_derived(element, value),
    }
}

/// Whether a value is what the rule's text becomes; where a pseudonym stands, any pseudonym.
fn is_of_template(expected: &Expected, rule: usize, vr: VR, value: &str) -> bool {
    let Some(template) = expected.rulebook.rule(rule).and_then(|rule| rule.value.as_ref()) else {
        return false;
    };
    let template = template.replace("{patient_id}", &expected.subject.patient_id);
    match template.split_once("{pseudonym}") {
        None => value == dummy::fitted(vr, &template),
        Some((before, _)) => {
            let before = dummy::fitted(vr, before);
            value.strip_prefix(&*before).is_some_and(|rest| {
                let pseudonym: String = rest.chars().take(pseudonyms::CHARS).collect();
                let after = template.replace("{pseudonym}", &pseudonym);
                pseudonym.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit())
                    && value == dummy::fitted(vr, &after)
            })
        }
    }
}

fn decide(expected: &Expected, at: &Walk, element: &InMemElement) -> super::rulebook::Decision {
    let creator = at.creator(element.tag());
    let place = Place { facts: expected.facts, path: &at.sequences, creator, content: at.content };
    expected.rulebook.decide(place, element.tag(), element.vr())
}

fn fault(expected: &Expected, at: &Walk, element: &InMemElement) -> Option<ResidueKind> {
    let (tag, vr) = (element.tag(), element.vr());
    let depth = at.sequences.len();
    if depth > MAX_DEPTH {
        return Some(ResidueKind::TooDeep);
    }
    if is_pixel_data(tag) {
        return (depth > 0).then_some(ResidueKind::NestedPixels);
    }
    if is_creator(tag) {
        let creator = text_of(element);
        let kept = expected.rulebook.may_keep_private(&creator, tag.group());
        return (!kept).then_some(ResidueKind::Unjudged);
    }
    if depth == 0 && is_statement(tag) {
        return None;
    }
    let decision = decide(expected, at, element);
    match (decision.treatment, decision.reason) {
        (Treatment::Remove, Reason::Private | Reason::Unknown) => {
            return Some(ResidueKind::Unjudged);
        }
        (Treatment::Remove, _) => return Some(ResidueKind::Listed),
        _ => {}
    }
    if is_empty(element) || is_neutral(expected, at, element) {
        return None;
    }
    if is_claim(tag) {
        let ours = depth == 0 && tag == tags::BURNED_IN_ANNOTATION && text_of(element) == "NO";
        return (!ours && text_of(element) != "YES").then_some(ResidueKind::Unreplaced);
    }
    let values = || values(element).into_iter().map(|v| v.trim_matches(['\0', ' ']).to_string());
    match decision.treatment {
        Treatment::Empty => Some(ResidueKind::Unreplaced),
        Treatment::Dummy if tag == tags::CONCEPT_CODE_SEQUENCE => {
            let items = element.items().unwrap_or_default();
            (!codes::are_dummies(items)).then_some(ResidueKind::Unreplaced)
        }
        _ if vr == VR::SQ => None,
        Treatment::MapUid => foreign_uid(tag, element, decision.reason),
        Treatment::Pseudonym => {
            let ours =
                |value: String| value.is_empty() || is_pseudonym(expected, at, element, &value);
            let kind = if vr == VR::PN { ResidueKind::PersonName } else { ResidueKind::Unreplaced };
            (!values().all(ours)).then_some(kind)
        }
        Treatment::Replace(rule) => {
            let ours = |value: String| is_of_template(expected, rule, vr, &value);
            (!values().all(ours)).then_some(ResidueKind::Unreplaced)
        }
        Treatment::Dummy if super::level::is_term(element, decision.reason) => None,
        Treatment::Dummy => {
            let value = element.value().primitive()?;
            let dummy = dummy::for_tag(tag, vr);
            let kind = if vr == VR::PN { ResidueKind::PersonName } else { ResidueKind::Unreplaced };
            (value.to_str().trim() != dummy.to_str().trim()).then_some(kind)
        }
        Treatment::ShiftDate if tag == tags::TIMEZONE_OFFSET_FROM_UTC => {
            (!dates::is_zone(&text_of(element))).then_some(ResidueKind::DateOrAge)
        }
        _ if understood(element.clone(), at.creator(tag)).is_none() => Some(ResidueKind::Unjudged),
        Treatment::ShiftDate | Treatment::Keep | Treatment::Clean => match vr {
            VR::DA | VR::DT | VR::TM => {
                let formed = |value: String| value.is_empty() || dates::is_well_formed(vr, &value);
                (!values().all(formed)).then_some(ResidueKind::DateOrAge)
            }
            VR::AS => {
                let told = |age: String| ages::told(&age).as_ref() == Some(&age);
                (!values().all(told)).then_some(ResidueKind::DateOrAge)
            }
            VR::UI => {
                let formed = |uid: String| uid.is_empty() || uids::has_uid_form(&uid);
                (!values().all(formed)).then_some(ResidueKind::Uid)
            }
            _ => None,
        },
        Treatment::Remove => Some(ResidueKind::Listed),
    }
}

/// What `scrub` puts in place of a code as a whole, and what the strict treatment of codes leaves.
fn is_neutral(expected: &Expected, at: &Walk, element: &InMemElement) -> bool {
    let strict = expected.rulebook.unlisted_text() == UnlistedText::Replace;
    let dummy = [dummy::TEXT, dummy::SCHEME].contains(&text_of(element).as_str());
    match at.code {
        None => false,
        Some(_) if dummy && codes::is_part_of_code(element.tag()) => true,
        Some(code) => strict && code == Code::Public && codes::is_part_of_code(element.tag()),
    }
}

/// What the result states of itself.
fn is_statement(tag: Tag) -> bool {
    tag == tags::SPECIFIC_CHARACTER_SET || super::declare::STATEMENTS.contains(&tag)
}

fn foreign_uid(tag: Tag, element: &InMemElement, reason: Reason) -> Option<ResidueKind> {
    let listed = super::level::is_listed(reason);
    let ours = |uid: &String| {
        let uid = uid.trim_matches(['\0', ' ']);
        uid.is_empty() || keys::is_mapped_uid(uid) || uids::stays(tag, uid, listed)
    };
    (!values(element).iter().all(ours)).then_some(ResidueKind::Uid)
}

fn text_of(element: &InMemElement) -> String {
    values(element).join("\\").trim_matches(['\0', ' ']).to_string()
}
