//! What was decided for the pixels and the document of one object, as plain data kept in the spool.

use super::burned_in::PhiKind;
use super::documents::DocumentKind;
use super::hold::Hold;
use super::overlays::OverlayPlane;
use super::phi_text::Form;
use super::picture::PixelRect;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::ops::RangeInclusive;

/// What the gateway did with the pixels. Only `Looked` may be claimed as clean pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PixelTreatment {
    /// The object carries no Pixel Data.
    Absent,
    /// Every frame was read and boxes were decided.
    Looked,
    /// The profile says that this SOP class is not looked at.
    Skipped,
    /// They cannot be decoded, and a blank picture takes their place.
    Blanked,
}

/// Why a box is blanked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum BoxReason {
    /// Text of which not every word is on the allow-list.
    Text,
    /// Text that matches an identifier of the object.
    KnownIdentifier,
    /// A line of text that could not be read.
    UnreadText,
    /// A line of text that was not read with confidence, where not every line goes.
    UncertainText,
    /// Words that have a form which identifies anybody, where not every line goes.
    Form(Form),
    /// Words that the classifier marked, where not every line goes.
    Classifier(PhiKind),
    /// Text that was still readable when the result was read again.
    FoundOnReread,
    /// A person asked for it.
    Person,
}

/// One rectangle of one frame to blank.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RedactionBox {
    /// Frame index, from 0.
    pub frame: u32,
    /// The pixels to blank.
    pub area: PixelRect,
    /// Why.
    pub reason: BoxReason,
}

/// The decision for one object. It carries no text and no value of the object.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Redaction {
    /// What happens to the pixels.
    pub treatment: PixelTreatment,
    /// The encapsulated document that a dummy replaces. Older records do not have it.
    #[serde(default)]
    pub document: Option<DocumentKind>,
    /// The boxes, sorted by frame.
    pub boxes: Vec<RedactionBox>,
    /// Lines of text that were read and stay.
    pub kept: Vec<KeptLine>,
    /// Overlay planes that stay. Older records do not have it.
    #[serde(default)]
    pub overlays: Vec<OverlayPlane>,
    /// Why the pixels could not be decoded, where they were blanked. Older records do not have it.
    #[serde(default)]
    pub undecodable: Option<Hold>,
    /// What device masks blank besides. Older records do not have it.
    #[serde(default)]
    pub masks: Vec<MaskedArea>,
}

/// A rectangle of several frames that a device mask blanks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MaskedArea {
    /// The name of the mask.
    pub mask: String,
    /// The pixels to blank.
    pub area: PixelRect,
    /// Frame index, from 0.
    pub first_frame: u32,
    /// Frame index, from 0; not before the first.
    pub last_frame: u32,
}

/// All that is blanked, by frame.
#[derive(Debug, Default)]
pub struct Areas {
    boxes: BTreeMap<u32, Vec<PixelRect>>,
    masks: Vec<(PixelRect, RangeInclusive<u32>)>,
}

impl Areas {
    /// What is blanked in one frame.
    pub fn of(&self, frame: u32) -> Vec<PixelRect> {
        let boxes = self.boxes.get(&frame).into_iter().flatten().copied();
        let masks = self.masks.iter().filter(|(_, frames)| frames.contains(&frame));
        boxes.chain(masks.map(|(area, _)| *area)).collect()
    }

    /// Whether something was found in this frame, besides what masks blank.
    pub fn has_boxes(&self, frame: u32) -> bool {
        self.boxes.contains_key(&frame)
    }

    /// The last frame of which something is blanked.
    pub fn last_frame(&self) -> Option<u32> {
        let boxes = self.boxes.keys().next_back().copied();
        boxes.into_iter().chain(self.masks.iter().map(|(_, frames)| *frames.end())).max()
    }
}

/// Where a line of text stays, or a part of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeptLine {
    /// Frame index, from 0.
    pub frame: u32,
    /// The line.
    pub area: PixelRect,
}

impl Redaction {
    /// All that is blanked.
    pub fn areas(&self) -> Areas {
        let mut boxes: BTreeMap<u32, Vec<PixelRect>> = BTreeMap::new();
        for b in &self.boxes {
            boxes.entry(b.frame).or_default().push(b.area);
        }
        let masks = self.masks.iter().map(|m| (m.area, m.first_frame..=m.last_frame)).collect();
        Areas { boxes, masks }
    }

    /// How many boxes and areas of masks are blanked.
    pub fn count(&self) -> usize {
        self.boxes.len() + self.masks.len()
    }

    /// The boxes of one frame.
    pub fn of_frame(&self, frame: u32) -> impl Iterator<Item = &RedactionBox> {
        self.boxes.iter().filter(move |b| b.frame == frame)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_from_before_documents_were_dropped_is_read() {
        let record = r#"{"treatment":"absent","boxes":[],"kept":[]}"#;
        let redaction: Redaction = serde_json::from_str(record).expect("an older record");
        assert_eq!((redaction.document, redaction.masks.len()), (None, 0));
    }

    #[test]
    fn a_mask_is_blanked_in_its_frames_and_boxes_in_theirs() {
        let area = |left| PixelRect { left, top: 0, right: left + 1, bottom: 1 };
        let boxed = |frame, left| RedactionBox { frame, area: area(left), reason: BoxReason::Text };
        let mask = "banner".to_owned();
        let masked = MaskedArea { mask, area: area(7), first_frame: 1, last_frame: 2 };
        let redaction = Redaction {
            treatment: PixelTreatment::Looked,
            document: None,
            boxes: vec![boxed(0, 1), boxed(2, 2), boxed(2, 3)],
            kept: vec![],
            overlays: Vec::new(),
            undecodable: None,
            masks: vec![masked],
        };
        let areas = redaction.areas();
        let of = |frame| areas.of(frame).iter().map(|a| a.left).collect::<Vec<_>>();
        assert_eq!([of(0), of(1), of(2), of(3)], [vec![1], vec![7], vec![2, 3, 7], vec![]]);
        assert_eq!([areas.has_boxes(1), areas.has_boxes(2)], [false, true]);
        assert_eq!((areas.last_frame(), redaction.count()), (Some(2), 4));
        assert_eq!(Areas::default().last_frame(), None);
    }
}
