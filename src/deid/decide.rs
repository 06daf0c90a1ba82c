//! The decision: which pixels are blanked, and why. Plain data in, plain data out.

use super::burned_in::{BurnedInText, Fate, signs};
use super::examine::Examination;
use super::hold::Hold;
use super::masks;
use super::overlays::OverlayPlane;
use super::phi_text::Known;
use super::picture::TextLine;
use super::redaction::{Areas, BoxReason, KeptLine, PixelTreatment, Redaction, RedactionBox};
use crate::config::{Hide, Profile};
use std::collections::BTreeSet;

/// A line of the result is explained when this part of it is boxes and kept lines.
const EXPLAINED_SHARE: f32 = 0.7;

/// Decides on the text that was read in the pictures of an object, and on what masks blank in them.
pub fn decide(
    examination: &Examination,
    text: &BurnedInText,
    profile: &Profile,
) -> Result<Redaction, Hold> {
    let fates = text.fates(&examination.identifiers, profile);
    let (boxes, kept) = boxes_of(examination, text, &fates);
    let (treatment, document) = (examination.treatment, examination.document);
    let overlays = overlays_of(examination, text, &fates);
    let undecodable = examination.undecodable.clone();
    let masks = match &examination.layout {
        Some(layout) if undecodable.is_none() => masks::areas(&examination.masks, profile, layout)?,
        _ => Vec::new(),
    };
    Ok(Redaction { treatment, document, boxes, kept, undecodable, masks, overlays })
}

/// The overlay planes in which no text was found that has to go.
fn overlays_of(
    examination: &Examination,
    text: &BurnedInText,
    fates: &[Fate],
) -> Vec<OverlayPlane> {
    let goes = |index: u32| {
        let mut lines = text.lines().iter().zip(fates);
        lines.any(|(line, fate)| line.frame == index && *fate != Fate::Stays)
    };
    let first = examination.layout.as_ref().map_or(0, |layout| layout.frames);
    let planes = (first..).zip(&examination.planes);
    planes.filter(|(index, _)| !goes(*index)).map(|(_, (plane, _))| plane.clone()).collect()
}

/// Adds what was still readable in the result; `None` when that was nothing that has to go.
pub fn decide_again(
    examination: &Examination,
    redaction: &Redaction,
    lines: &[TextLine],
    profile: &Profile,
) -> Option<Redaction> {
    // A filled box is itself read as a sign now and then; what sticks out of one is longer.
    let identifiers = Known::new(&examination.identifiers);
    let blanked = redaction.areas();
    let is_new = |line: &&TextLine| {
        let text = line.text.reveal();
        // Where words of a line stay, what identifies may stand beside its box.
        let known = match profile.hide {
            Hide::AllText => identifiers.find_known(text).is_some(),
            Hide::Phi => identifiers.find(text).is_some(),
        };
        (line.unread || signs(line) > 1) && (known || !is_explained(line, redaction, &blanked))
    };
    let lines: Vec<_> = lines.iter().filter(is_new).cloned().collect();
    let text = BurnedInText::of(lines);
    let fates = text.fates(&examination.identifiers, profile);
    let (mut more, _) = boxes_of(examination, &text, &fates);
    if more.is_empty() {
        return None;
    }
    let known = BoxReason::KnownIdentifier;
    more.iter_mut().filter(|b| b.reason != known).for_each(|b| b.reason = BoxReason::FoundOnReread);
    let mut again = redaction.clone();
    again.boxes.extend(more);
    again.boxes.sort_by_key(|b| (b.frame, b.area));
    Some(again)
}

/// Whether a line lies where boxes are filled and kept lines stay. A box that clips a kept line makes
/// it read as something else; hiding that would clip the next one, and so on.
fn is_explained(line: &TextLine, redaction: &Redaction, blanked: &Areas) -> bool {
    let blanked = blanked.of(line.frame);
    let kept = redaction.kept.iter().filter(|k| k.frame == line.frame).map(|k| k.area);
    let areas: Vec<_> = blanked.into_iter().chain(kept).collect();
    let (mut pixels, mut inside) = (0_u64, 0_u64);
    for y in line.area.top..line.area.bottom {
        for x in line.area.left..line.area.right {
            pixels += 1;
            inside += u64::from(areas.iter().any(|area| area.contains(x, y)));
        }
    }
    inside as f32 >= EXPLAINED_SHARE * pixels as f32
}

fn boxes_of(
    examination: &Examination,
    text: &BurnedInText,
    fates: &[Fate],
) -> (Vec<RedactionBox>, Vec<KeptLine>) {
    let Some(layout) = &examination.layout else { return (Vec::new(), Vec::new()) };
    if examination.treatment != PixelTreatment::Looked {
        return (Vec::new(), Vec::new());
    }
    let (width, height) = (u32::from(layout.columns), u32::from(layout.rows));
    let mut seen = BTreeSet::new();
    let mut boxes = Vec::new();
    let mut kept = Vec::new();
    for (line, fate) in text.lines().iter().zip(fates) {
        let stays = KeptLine { frame: line.frame, area: line.area };
        let parts = match fate {
            Fate::Stays => {
                kept.push(stays);
                continue;
            }
            Fate::Goes { parts, some_stays } => {
                kept.extend(some_stays.then_some(stays));
                parts
            }
        };
        for (area, reason) in parts {
            let Some(area) = area.clipped(width, height) else { continue };
            if line.frame < layout.frames && seen.insert((line.frame, area)) {
                boxes.push(RedactionBox { frame: line.frame, area, reason: *reason });
            }
        }
    }
    boxes.sort_by_key(|b| (b.frame, b.area));
    (boxes, kept)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::ObjectFacts;
    use crate::deid::examine::rulebook;
    use crate::deid::header::harvest;
    use crate::deid::picture::PixelRect;
    use crate::deid::pixels::{PixelElement, PixelLayout, PixelLimits};
    use crate::phi::Phi;
    use dicom_core::{DataElement, PrimitiveValue, VR};
    use dicom_dictionary_std::tags;
    use dicom_object::InMemDicomObject;

    fn examination() -> Examination {
        let number = |tag, value: u16| DataElement::new(tag, VR::US, PrimitiveValue::from(value));
        let header = InMemDicomObject::from_element_iter([
            DataElement::new(tags::PATIENT_NAME, VR::PN, "SMITHSON^ANN"),
            DataElement::new(tags::PHOTOMETRIC_INTERPRETATION, VR::CS, "MONOCHROME2"),
            number(tags::SAMPLES_PER_PIXEL, 1),
            number(tags::ROWS, 100),
            number(tags::COLUMNS, 200),
            number(tags::BITS_ALLOCATED, 8),
            number(tags::BITS_STORED, 8),
            number(tags::HIGH_BIT, 7),
            number(tags::PIXEL_REPRESENTATION, 0),
        ]);
        let limits = PixelLimits::default();
        Examination {
            treatment: PixelTreatment::Looked,
            document: None,
            looked: Vec::new(),
            planes: Vec::new(),
            layout: PixelLayout::read(&header, PixelElement::Integer, &limits).ok(),
            masks: Vec::new(),
            undecodable: None,
            identifiers: harvest(&header, &rulebook(&basic()).expect("it reads")),
            facts: ObjectFacts::default(),
        }
    }

    fn line(text: &str, confidence: f32) -> TextLine {
        let area = PixelRect { left: 10, top: 10, right: 500, bottom: 30 };
        TextLine {
            frame: 0,
            area,
            text: Phi::new(text.into()),
            confidence,
            unread: false,
            words: Vec::new(),
        }
    }

    fn decided(
        examination: &Examination,
        lines: &[TextLine],
        profile: &Profile,
    ) -> Result<Redaction, Hold> {
        decide(examination, &BurnedInText::of(lines.to_vec()), profile)
    }

    fn basic() -> Profile {
        Profile::named("basic").expect("shipped")
    }

    #[test]
    fn every_line_goes_but_those_of_kept_words_alone() {
        let lines = [line("ANYTHING ELSE", 0.6), line("LEFT", 0.9), line("GAIN 65%", 0.9)];
        let redaction = decided(&examination(), &lines, &basic()).expect("decided");
        assert_eq!((redaction.boxes.len(), redaction.kept.len()), (1, 2));
        assert_eq!(redaction.boxes[0].area.right, 200, "clipped to the frame");
        assert_eq!(redaction.boxes[0].reason, BoxReason::Text);
    }

    #[test]
    fn an_overlay_plane_goes_with_its_text_and_stays_without() {
        let mut examination = examination();
        let plane = |group| (OverlayPlane { group, sha256: [0; 32] }, 1);
        examination.planes = [0x6000, 0x6002, 0x6004, 0x6006].map(plane).into();
        let at = |frame, text| TextLine { frame, ..line(text, 0.9) };
        let unread = TextLine { unread: true, ..at(3, "") };
        let lines = [at(0, "DOE"), at(1, "DOE"), at(2, "LEFT"), unread];
        let redaction = decided(&examination, &lines, &basic()).expect("decided");
        let staying: Vec<_> = redaction.overlays.iter().map(|plane| plane.group).collect();
        assert_eq!(staying, [0x6002, 0x6006], "the first frame is no plane");
        assert_eq!(redaction.boxes.len(), 1);
    }

    #[test]
    fn a_line_that_could_not_be_read_goes() {
        let area = PixelRect { left: 10, top: 10, right: 190, bottom: 30 };
        let unread = TextLine { area, unread: true, ..line("", 0.0) };
        let redaction =
            decided(&examination(), std::slice::from_ref(&unread), &basic()).expect("decided");
        assert_eq!(redaction.boxes[0].reason, BoxReason::UnreadText);
        assert_eq!(
            decide_again(&examination(), &redaction, std::slice::from_ref(&unread), &basic()),
            None
        );
        let beside = TextLine { area: PixelRect { top: 60, bottom: 90, ..unread.area }, ..unread };
        assert!(decide_again(&examination(), &redaction, &[beside], &basic()).is_some());
    }

    #[test]
    fn a_known_identifier_goes_even_when_it_reads_like_technique() {
        let mut profile = basic();
        profile.keep_words.push("SMITHSON".into());
        let redaction =
            decided(&examination(), &[line("GAIN SMITHSON", 0.9)], &profile).expect("decided");
        assert_eq!(redaction.boxes[0].reason, BoxReason::KnownIdentifier);
    }

    #[test]
    fn a_filled_box_that_reads_as_a_sign_is_not_text_that_remains() {
        let redaction = decided(&examination(), &[line("DOE", 0.9)], &basic()).expect("decided");
        let area = PixelRect { left: 10, top: 10, right: 190, bottom: 30 };
        let inside = |text| TextLine { area, ..line(text, 0.9) };
        let again = |text| decide_again(&examination(), &redaction, &[inside(text)], &basic());
        assert_eq!(again("I"), None);
        assert_eq!(again("OE"), None, "inside the box there is nothing");
        let beside = PixelRect { left: 150, top: 40, right: 190, bottom: 60 };
        let beside = TextLine { area: beside, ..line("OE", 0.9) };
        assert!(decide_again(&examination(), &redaction, &[beside], &basic()).is_some());
    }

    #[test]
    fn a_kept_line_that_a_box_clips_stays_kept() {
        let redaction =
            decided(&examination(), &[line("GAIN 65%", 0.9)], &basic()).expect("decided");
        let clipped = [line("CAlN 65%", 0.9)];
        assert_eq!(decide_again(&examination(), &redaction, &clipped, &basic()), None);
        let known = [line("SMITHSON", 0.9)];
        assert!(decide_again(&examination(), &redaction, &known, &basic()).is_some());
    }
}
