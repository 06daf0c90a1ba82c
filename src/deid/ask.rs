//! Reading what routing asks of a header; every lock of `open` is passed first.

use super::examine::{StepError, rulebook};
use super::header::{HeaderFact, fact};
use super::hold::{Hold, HoldReason};
use super::object::OpenObject;
use crate::config::{HeaderAttribute, Limits, Profile};
use std::fs::File;

/// The facts of the object in `input`, in the order of `attributes`. An object that cannot be opened
/// is held, as it would be under any profile.
pub fn ask(
    input: &File,
    attributes: &[HeaderAttribute],
    limits: &Limits,
    scratch: &File,
) -> Result<Vec<HeaderFact>, StepError> {
    // Only decides which private attributes are parsed: none.
    let basic = Profile::named("basic")
        .map_err(|error| Hold::new(HoldReason::VerificationFailed, error.to_string()))?;
    let object = OpenObject::open(input, limits, scratch, &rulebook(&basic)?)?;
    Ok(attributes.iter().map(|attribute| fact(&object.header, attribute.path())).collect())
}
