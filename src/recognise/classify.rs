//! Which parts of a text tell of a person: one trait, and a service per file.
//!
//! A classifier sees text and nothing else. What it marks adds to the known identifiers and the rules
//! of [`phi_text`](crate::deid::phi_text) and never takes away from them; its errors never quote text.

use crate::phi::Phi;
use std::ops::Range;
use std::pin::Pin;

/// The answer of a classifier, when it comes.
pub type Classifying<'a> =
    Pin<Box<dyn Future<Output = Result<Vec<PhiEntity>, ClassifyError>> + Send + 'a>>;

/// Marks what tells of a person in a text.
pub trait PhiClassifier: Send + Sync {
    /// The entities in one passage, of any length. A passage is read by itself: no entity reaches from
    /// one into another. Only what scores enough for the configuration is told.
    fn classify<'a>(&'a self, passage: &'a Phi<String>) -> Classifying<'a>;
}

/// A part of a passage that tells of a person.
#[derive(Debug, Clone, PartialEq)]
pub struct PhiEntity {
    /// The code points of the passage that it covers, half open, from 0.
    pub chars: Range<usize>,
    /// What it is.
    pub kind: PhiKind,
    /// How sure the classifier is, 0 to 1.
    pub score: f32,
}

/// What an entity is, by the types of Comprehend Medical.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum PhiKind {
    Name,
    Age,
    Date,
    Address,
    Id,
    PhoneOrFax,
    Email,
    Url,
    Profession,
    /// A type that this program does not know: it identifies all the same.
    Other,
}

/// Why a passage was not classified. None of these means "nothing found".
#[derive(Debug, thiserror::Error)]
pub enum ClassifyError {
    /// Asking again later may help: the object waits.
    #[error("the text classifier is not available: {0}")]
    Unavailable(String),
    /// Asking again will not help: the object is held.
    #[error("the text classifier refused: {0}")]
    Refused(String),
}
