//! What would be done with one object: everything of `examine` and `apply` but pixels and files.
//!
//! Invariant: the answer holds places, actions and rules, never a value of the object.

use super::apply::tell;
use super::documents::DocumentKind;
use super::examine::{StepError, rulebook};
use super::header::rulebook::Reason;
use super::header::{Context, PatientIdentity, ProjectKey, Report, Subject, facts, harvest, scrub};
use super::object::OpenObject;
use super::policy::{self, Policy};
use super::redaction::PixelTreatment;
use crate::config::{Limits, Profile};
use serde::{Deserialize, Serialize};
use std::fs::File;

/// What would be done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Explanation {
    pub treatment: PixelTreatment,
    /// The encapsulated document that a dummy would replace.
    pub document: Option<DocumentKind>,
    pub header: Report,
    /// The rules for this object that are weaker than the Basic Profile, in words.
    pub weaker: Vec<String>,
}

/// Explains the object in `input`; an object that would be held is.
pub fn explain(
    input: &File,
    profile: &Profile,
    limits: &Limits,
    scratch: &File,
) -> Result<Explanation, StepError> {
    let rulebook = rulebook(profile)?;
    let mut object = OpenObject::open(input, limits, scratch, &rulebook)?;
    let Policy { treatment, document } =
        policy::judge(&object.header, object.pixels.is_some(), profile)?;
    let weaker = rulebook.weaker_rules(&facts(&object.header));
    // What is done does not depend on the key, and what the key makes of values is thrown away.
    let key = ProjectKey::new([0; 32]);
    let shift = profile.dates.shift_days;
    let subject = Subject::derive(&key, &PatientIdentity::of(&object.header), shift);
    let identifiers = harvest(&object.header, &rulebook);
    let context = Context {
        rulebook: &rulebook,
        key: &key,
        subject: &subject,
        shift,
        treatment,
        identifiers: &identifiers,
    };
    let mut header = scrub(&mut object.header, &context)?;
    tell(&mut header, &object, &subject);
    let weaker = weaker.into_iter().map(|index| rulebook.describe(Reason::Rule(index))).collect();
    Ok(Explanation { treatment, document, header, weaker })
}
