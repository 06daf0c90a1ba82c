//! What one item came to.

use crate::phi::Phi;

/// Why an item failed, without a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Failure {
    /// The source was held, or its result cannot be read.
    NoResult,
    /// The attribute is not there.
    Gone,
    /// It has no value, or another number of values.
    NoValue,
    /// A word that has to stay is gone.
    TextLost,
    /// A word that has to go is there.
    TextLeft,
    /// It is as it was.
    Unchanged,
    /// It is no date, or no UID.
    Unreadable,
    /// Other dates of the patient moved by another number of days.
    OtherShift,
    /// Other files have another replacement for the same, or the same for another.
    Inconsistent,
    /// The region has more than one colour.
    NotBlank,
    /// The region is not as it was.
    PixelsChanged,
    /// The result has no Pixel Data that can be read.
    NoPixels,
}

impl Failure {
    /// As the file of failures has it.
    pub const fn code(self) -> &'static str {
        match self {
            Self::NoResult => "no-result",
            Self::Gone => "attribute-gone",
            Self::NoValue => "no-value",
            Self::TextLost => "text-lost",
            Self::TextLeft => "text-left",
            Self::Unchanged => "unchanged",
            Self::Unreadable => "unreadable",
            Self::OtherShift => "other-shift",
            Self::Inconsistent => "inconsistent",
            Self::NotBlank => "not-blank",
            Self::PixelsChanged => "pixels-changed",
            Self::NoPixels => "no-pixels",
        }
    }
}

/// What one source and its result say of an item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Finding {
    Passed,
    Failed(Failure),
    /// It stands if the dates of this patient all moved by so many days.
    Moved {
        patient: Phi<String>,
        days: Vec<i64>,
    },
    /// It stands if all files say the same of these: old and new.
    Replaced(Vec<(Phi<String>, String)>),
}
