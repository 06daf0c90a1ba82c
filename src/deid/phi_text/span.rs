//! Where a text identifies somebody, and why.

use crate::deid::identifiers::IdentifierKind;
use serde::{Deserialize, Serialize};
use std::ops::Range;

/// Why a part of a text has to go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Why {
    /// It is an identifier of the object.
    Known(IdentifierKind),
    /// It has a form that identifies, whoever it is.
    Form(Form),
}

/// The forms of text that identify.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Form {
    Date,
    Age,
    Telephone,
    Email,
    Url,
    /// A number that is labelled as a person's, or that is too long for a measurement.
    Number,
    Address,
    /// A name after a title or a label.
    Name,
    /// A time of day; looked for in pictures alone.
    Time,
    /// A word that is none of technique, and so may be a name; looked for in pictures alone.
    Word,
}

/// A part of a text that identifies: bytes of the text as it was given, on boundaries of characters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Span {
    pub range: Range<usize>,
    pub why: Why,
}

/// Sorted, and without overlap: what overlaps is one span, with the reason of the first.
pub(super) fn merged(mut spans: Vec<Span>) -> Vec<Span> {
    spans.sort_by_key(|span| (span.range.start, span.range.end));
    let mut merged: Vec<Span> = Vec::with_capacity(spans.len());
    for span in spans {
        match merged.last_mut() {
            Some(last) if span.range.start < last.range.end => {
                last.range.end = last.range.end.max(span.range.end);
                // a known identifier says more than a form
                last.why = last.why.min(span.why);
            }
            _ => merged.push(span),
        }
    }
    merged
}
