//! What is still in a header that should have been scrubbed. For a verification in another
//! process: it reads the result as a stranger would, and names places, never values.

use super::matching::Matcher;
use super::opaque::{is_pixel_data, is_textual, text_in};
use super::subject::Subject;
use super::table::{Outcome, Table, shipped};
use super::values::{is_empty, values};
use super::{MAX_DEPTH, dummy, keys, standard_vr, uids};
use crate::deid::identifiers::{IdentifierKind, Identifiers};
use dicom_core::VR;
use dicom_core::header::{Header, Tag};
use dicom_dictionary_std::tags;
use dicom_object::InMemDicomObject;
use dicom_object::mem::InMemElement;
use serde::{Deserialize, Serialize};
use std::fmt;

/// What is wrong at a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ResidueKind {
    /// A value contains an identifier of this kind.
    Identifier(IdentifierKind),
    /// A private attribute, or one that PS3.6 does not list.
    Unjudged,
    /// An attribute that Table E.1-1 removes, or one of a group that a data set does not hold.
    Listed,
    /// An attribute that Table E.1-1 empties or replaces has a value that is no dummy.
    Unreplaced,
    /// A person name that is not one of ours.
    PersonName,
    /// A UID that is neither registered nor one of ours.
    Uid,
    /// Pixel Data inside a sequence.
    NestedPixels,
    /// Deeper than anything that is read.
    TooDeep,
    /// The table could not be read, so nothing was checked.
    NoTable,
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
/// `scrub` cleans. What `scrub` itself writes is not counted.
pub fn residue(header: &InMemDicomObject, identifiers: &Identifiers) -> Vec<Residue> {
    let matcher = Matcher::new(identifiers);
    let mut found = Vec::new();
    walk(header, "", 0, &mut |path, element, _| {
        if let Some(kind) = identifier_in(&matcher, element) {
            found.push(Residue { path, kind: ResidueKind::Identifier(kind) });
        }
    });
    found
}

/// Every element that a scrubbed header of this subject cannot hold.
pub fn unscrubbed(header: &InMemDicomObject, subject: &Subject) -> Vec<Residue> {
    let mut found = Vec::new();
    let Ok(table) = shipped() else {
        return vec![Residue { path: String::new(), kind: ResidueKind::NoTable }];
    };
    walk(header, "", 0, &mut |path, element, depth| {
        if let Some(kind) = fault(table, subject, element, depth) {
            found.push(Residue { path, kind });
        }
    });
    found
}

fn walk(
    data_set: &InMemDicomObject,
    prefix: &str,
    depth: usize,
    visit: &mut impl FnMut(String, &InMemElement, usize),
) {
    for element in data_set {
        let path = format!("{prefix}{}", element.tag());
        visit(path.clone(), element, depth);
        if depth > MAX_DEPTH {
            continue;
        }
        for (index, item) in element.items().unwrap_or_default().iter().enumerate() {
            walk(item, &format!("{path}[{index}]."), depth + 1, visit);
        }
    }
}

fn identifier_in(matcher: &Matcher, element: &InMemElement) -> Option<IdentifierKind> {
    let value = element.value().primitive()?;
    let vr = element.vr();
    if is_pixel_data(element.tag()) || matches!(vr, VR::UI | VR::TM | VR::AS) {
        return None;
    }
    if !is_textual(vr) {
        return matcher.find(&text_in(value)?);
    }
    let values = values(element);
    let ours = |value: &str| {
        dummy::is_written(value)
            || (element.tag() == tags::PATIENT_ID && keys::is_pseudonym(value))
            || (element.tag() == tags::CODE_VALUE
                && [dummy::BASIC_PROFILE_CODE, dummy::CLEAN_PIXELS_CODE].contains(&value))
            || (vr == VR::PN && keys::is_pseudonymous_name(value))
    };
    let found = |value: &str| {
        let value = value.trim_matches(['\0', ' ']);
        match vr {
            _ if ours(value) => None,
            VR::DA | VR::DT => matcher.is_date(value).then_some(IdentifierKind::Date),
            VR::CS => matcher.find_code(value),
            VR::DS | VR::IS if value.parse::<f64>().is_ok() => None,
            _ => matcher.find(value),
        }
    };
    let all_ours = values.iter().all(|value| ours(value.trim_matches(['\0', ' '])));
    let spread = || (values.len() > 1 && !all_ours).then(|| found(&values.join("\\"))).flatten();
    values.iter().find_map(|value| found(value)).or_else(spread)
}

fn fault(
    table: &Table,
    subject: &Subject,
    element: &InMemElement,
    depth: usize,
) -> Option<ResidueKind> {
    let (tag, vr) = (element.tag(), element.vr());
    if depth > MAX_DEPTH {
        return Some(ResidueKind::TooDeep);
    }
    if standard_vr(tag).is_none() {
        return Some(ResidueKind::Unjudged);
    }
    if tag.group() < 0x0008 || matches!(tag.group() >> 8, 0x50 | 0x60) {
        return Some(ResidueKind::Listed);
    }
    if is_pixel_data(tag) {
        return (depth > 0).then_some(ResidueKind::NestedPixels);
    }
    let outcome = table.action(tag).map(|action| action.outcome(vr));
    if outcome == Some(Outcome::Remove) {
        return Some(ResidueKind::Listed);
    }
    if is_empty(element) {
        return None;
    }
    match outcome {
        _ if vr == VR::UI => foreign_uid(tag, element, outcome.is_some()),
        _ if vr == VR::PN => {
            let ours = |name: &String| match name.trim_matches(['\0', ' ']) {
                name if tag == tags::PATIENT_NAME => subject.may_be_name(name, depth == 0),
                name => name == dummy::TEXT,
            };
            (!values(element).iter().all(ours)).then_some(ResidueKind::PersonName)
        }
        _ if tag == tags::PATIENT_ID => {
            let ours = |id: &String| subject.may_be_id(id.trim_matches(['\0', ' ']), depth == 0);
            (!values(element).iter().all(ours)).then_some(ResidueKind::Unreplaced)
        }
        Some(Outcome::Empty) => Some(ResidueKind::Unreplaced),
        Some(Outcome::Dummy) if vr != VR::SQ => {
            let value = element.value().primitive()?;
            (value.to_str().trim() != dummy::of(vr).to_str().trim())
                .then_some(ResidueKind::Unreplaced)
        }
        None if matches!(vr, VR::DA | VR::DT | VR::TM | VR::AS) => {
            let ours = |value: &String| value.trim() == dummy::of(vr).to_str();
            (!values(element).iter().all(ours)).then_some(ResidueKind::Unreplaced)
        }
        _ => None,
    }
}

fn foreign_uid(tag: Tag, element: &InMemElement, listed: bool) -> Option<ResidueKind> {
    let ours = |uid: &String| {
        let uid = uid.trim_matches(['\0', ' ']);
        uid.is_empty() || keys::is_mapped_uid(uid) || uids::stays(tag, uid, listed)
    };
    (!values(element).iter().all(ours)).then_some(ResidueKind::Uid)
}
