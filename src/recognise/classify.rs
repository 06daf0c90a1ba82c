//! Which parts of a text tell of a person: one trait, and a service per file.
//!
//! A classifier sees text and nothing else. What it marks adds to the known identifiers and the rules
//! of [`phi_text`](crate::deid::phi_text); its errors never quote text.

use crate::deid::burned_in::PhiEntity;
use crate::phi::Phi;
use std::pin::Pin;

/// The entities of each passage, when they come.
pub type Classifying<'a> =
    Pin<Box<dyn Future<Output = Result<Vec<Vec<PhiEntity>>, AskError>> + Send + 'a>>;

/// Marks what tells of a person in a text.
pub trait PhiClassifier: Send + Sync {
    /// The entities in each of some passages of any length, for a study. A passage is read by itself: no
    /// entity reaches from one into another. Only what scores enough for the configuration is told.
    fn classify<'a>(&'a self, passages: &'a [Phi<String>], study: &'a StudyTag) -> Classifying<'a>;
}

/// Stands for a study where costs are counted: a keyed digest, which says nothing to anybody else.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct StudyTag(pub [u8; 16]);

/// Why a service did not answer. None of these means "nothing found". What it says is our own words, or
/// a code of the service, never what was asked.
#[derive(Debug, Clone, thiserror::Error)]
pub enum AskError {
    /// Asking again later may help: the object waits.
    #[error("{0}")]
    Unavailable(String),
    /// Asking again will not help: the object is held.
    #[error("{0}")]
    Refused(String),
}
