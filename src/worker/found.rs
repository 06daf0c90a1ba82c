//! What was hidden, with the text of it and how well it was read: for whoever sits before the program.
//!
//! Invariant: it is never recorded.

use crate::deid::burned_in::BurnedInText;
use crate::deid::redaction::{BoxReason, Redaction};
use crate::phi::Phi;

/// One hidden text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    pub reason: BoxReason,
    /// Of the line it stands in, as it was read, in percent.
    pub score_percent: u8,
    pub text: Phi<String>,
}

/// The text under each box.
pub(super) fn found(text: &BurnedInText, redaction: &Redaction) -> Vec<Found> {
    let of_box = |hidden: &crate::deid::redaction::RedactionBox| {
        let lines = text.lines().iter().filter(|line| line.frame == hidden.frame);
        let line = lines.max_by_key(|line| line.area.shared(hidden.area));
        Found {
            reason: hidden.reason,
            score_percent: line.map_or(0, |line| (line.confidence * 100.0).round() as u8),
            text: line.map_or_else(Phi::default, |line| line.text.clone()),
        }
    };
    redaction.boxes.iter().map(of_box).collect()
}
