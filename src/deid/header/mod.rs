//! The header: what each attribute becomes under the Basic Application Level Confidentiality
//! Profile of PS3.15 Annex E, with keyed pseudonyms in place of identifiers.
//!
//! ```text
//! harvest ─▶ Identifiers ─┬─▶ scrub ─▶ the header that leaves
//!                         └─▶ residue ─▶ what is still there (asked by another process)
//!            table (profile.csv, stricter.csv)   identity, keys, subject   dummy   phi_text   declare
//! ```
//!
//! Invariants: what cannot be judged is removed (private, unknown, opaque); nothing is added but
//! the statements of the de-identification itself; no count, error or path quotes a value; and
//! `scrub` and `residue` read the same table and the same `Known`, so that neither can drift.

mod ages;
mod bulk_text;
mod charset;
mod codes;
mod content;
mod content_table;
mod dates;
mod declare;
pub mod dummy;
pub mod explain;
mod fact;
pub mod harvest;
mod identifying;
mod identity;
pub mod keys;
mod level;
mod nobody;
mod opaque;
mod pseudonyms;
mod reachable;
pub mod report;
pub mod residue;
mod ring;
pub mod rulebook;
pub(super) mod safe_private;
pub mod scrub;
mod search;
mod subject;
pub mod table;
mod terms;
#[cfg(test)]
mod tests;
mod types;
mod uids;
mod values;

pub use fact::{HeaderFact, fact};
pub use harvest::harvest;
pub use identity::PatientIdentity;
pub use keys::{ProjectKey, SiteKey};
pub use opaque::{private_text, read_private};
pub use report::{Done, Report};
pub use residue::{Expected, Residue, ResidueKind, residue, unscrubbed};
pub use ring::{KeyRing, OwnKey, ProjectEpoch};
pub use rulebook::Rulebook;
pub use scrub::{Context, facts, scrub};
pub use subject::Subject;

use dicom_core::dictionary::{DataDictionary, DataDictionaryEntry, VirtualVr};
use dicom_core::header::Tag;
use dicom_dictionary_std::StandardDataDictionary;

/// Sequences may nest this deep; the scan of the element stream refuses more before parsing.
const MAX_DEPTH: usize = 32;

/// Private bulk data larger than this may be a picture, which nobody looks at.
const MAX_PRIVATE_BULK_BYTES: usize = 1024;

/// Bulk data larger than this is not read as text.
const MAX_TEXT_BYTES: usize = 64 * 1024;

/// The value representation of a standard attribute; `None` for one that PS3.6 does not list.
///
/// The dictionary also answers for group lengths and private creators; those are no attributes.
fn standard_vr(tag: Tag) -> Option<VirtualVr> {
    if tag.element() == 0 || tag.group() % 2 == 1 {
        return None;
    }
    StandardDataDictionary.by_tag(tag).map(|entry| entry.vr())
}
