//! What was decided for the pixels and the document of one object, as plain data kept in the spool.

use super::documents::DocumentKind;
use super::overlays::OverlayPlane;
use super::picture::PixelRect;
use serde::{Deserialize, Serialize};

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
}

/// Where a line of text stays: every word of it is on the allow-list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeptLine {
    /// Frame index, from 0.
    pub frame: u32,
    /// The line.
    pub area: PixelRect,
}

impl Redaction {
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
        assert_eq!(redaction.document, None);
    }
}
