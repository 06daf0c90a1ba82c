//! The decision: which pixels are blanked, and why. Plain data in, plain data out.

use super::examine::Examination;
use super::header::matching::Matcher;
use super::phi_text::KeepWords;
use super::picture::TextLine;
use super::redaction::{BoxReason, PixelTreatment, Redaction, RedactionBox};
use crate::config::Profile;
use std::collections::BTreeSet;

/// Decides on the lines that were read in the pictures of an object.
pub fn decide(examination: &Examination, lines: &[TextLine], profile: &Profile) -> Redaction {
    let (boxes, kept_lines) = boxes_of(examination, lines, profile, BoxReason::Text);
    Redaction { treatment: examination.treatment, boxes, kept_lines }
}

/// Adds what was still readable in the result; `None` when that was nothing that has to go.
pub fn decide_again(
    examination: &Examination,
    redaction: &Redaction,
    lines: &[TextLine],
    profile: &Profile,
) -> Option<Redaction> {
    let (more, _) = boxes_of(examination, lines, profile, BoxReason::FoundOnReread);
    if more.is_empty() {
        return None;
    }
    let mut again = redaction.clone();
    again.boxes.extend(more);
    again.boxes.sort_by_key(|b| (b.frame, b.area));
    Some(again)
}

fn boxes_of(
    examination: &Examination,
    lines: &[TextLine],
    profile: &Profile,
    reason: BoxReason,
) -> (Vec<RedactionBox>, u32) {
    let Some(layout) = &examination.layout else { return (Vec::new(), 0) };
    if examination.treatment != PixelTreatment::Looked {
        return (Vec::new(), 0);
    }
    let keep = KeepWords::new(&profile.keep_words);
    let matcher = Matcher::new(&examination.identifiers);
    let (width, height) = (u32::from(layout.columns), u32::from(layout.rows));
    let mut seen = BTreeSet::new();
    let mut boxes = Vec::new();
    let mut kept = 0;
    for line in lines {
        let known = matcher.find(line.text.reveal()).is_some();
        if !known && keep.keeps(line.text.reveal()) {
            kept += 1;
            continue;
        }
        let Some(area) = line.area.clipped(width, height) else { continue };
        if line.frame < layout.frames && seen.insert((line.frame, area)) {
            let reason = if known { BoxReason::KnownIdentifier } else { reason };
            boxes.push(RedactionBox { frame: line.frame, area, reason });
        }
    }
    boxes.sort_by_key(|b| (b.frame, b.area));
    (boxes, kept)
}
