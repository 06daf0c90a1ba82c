//! The first step: header facts, the identifiers the object carries, and its pictures.

use super::documents::DocumentKind;
use super::header::{Rulebook, facts};
use super::hold::{Hold, HoldReason};
use super::identifiers::Identifiers;
use super::masks;
use super::object::OpenObject;
use super::opening::Opening;
use super::overlays::{self, OverlayPlane};
use super::picture::Picture;
use super::pixels::{
    FrameSource, PixelLayout, PixelLimits, Voi, blank_layout, clear_unused_bits, render,
};
use super::policy::{self, Policy};
use super::redaction::PixelTreatment;
use crate::config::{Limits, ObjectFacts, Profile, ProfileOption, Undecodable};
use dicom_dictionary_std::tags;
use dicom_object::InMemDicomObject;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs::File;
use std::io;

/// What `examine` found; plain data for `decide`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Examination {
    pub treatment: PixelTreatment,
    /// The encapsulated document that a dummy replaces.
    pub document: Option<DocumentKind>,
    /// The frames as they will be written; absent without Pixel Data.
    pub layout: Option<PixelLayout>,
    /// Why the pixels cannot be decoded, where the profile has them blanked.
    pub undecodable: Option<Hold>,
    /// The masks of the profile that the object has, by their places in it.
    pub masks: Vec<u32>,
    /// The frames that were looked at, in their order: all, or none.
    pub looked: Vec<LookedFrame>,
    /// Overlay planes that were looked at, and how many pictures of each were handed out, as of a frame
    /// behind the last: none without the Clean Graphics Option.
    pub planes: Vec<(OverlayPlane, u32)>,
    /// What identifies the patient; only in memory and on the pipe.
    pub identifiers: Identifiers,
    /// What rules ask of an object.
    pub facts: ObjectFacts,
}

/// What `examine` tells on its way.
#[derive(Debug)]
pub enum Seen {
    /// Whose object it is, and what identifies them: told first, so that nobody reads the pictures of a
    /// patient in vain.
    Opened(Box<Opening>),
    /// A picture to be read.
    Picture(Picture),
}

/// One frame that was looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LookedFrame {
    /// SHA-256 of the frame as it will be written if it has no boxes.
    pub sha256: [u8; 32],
    /// How many pictures of it were handed out: none if every pixel is the same.
    pub pictures: u32,
}

impl Examination {
    /// Holds the object unless every frame was looked at, and `received`, the number of pictures
    /// by frame, is what was handed out.
    pub fn check_complete(&self, received: &BTreeMap<u32, u32>) -> Result<(), Hold> {
        if self.treatment == PixelTreatment::Blanked {
            // What was read before it turned out so is of no use.
            return Ok(());
        }
        let frames = match (self.treatment, &self.layout) {
            (PixelTreatment::Looked, Some(layout)) => layout.frames,
            _ => 0,
        };
        if self.looked.len() as u64 != u64::from(frames) {
            let detail = format!("{} of {frames} frames were looked at", self.looked.len());
            return Err(Hold::new(HoldReason::DetectionFailed, detail));
        }
        let of_frames = self.looked.iter().map(|frame| frame.pictures);
        let of_planes = self.planes.iter().map(|(_, pictures)| *pictures);
        let handed_out = (0_u32..).zip(of_frames.chain(of_planes));
        let handed_out: BTreeMap<u32, u32> =
            handed_out.filter(|(_, pictures)| *pictures > 0).collect();
        if *received != handed_out {
            let detail = "the pictures that were read are not those of every frame";
            return Err(Hold::new(HoldReason::DetectionFailed, detail));
        }
        Ok(())
    }
}

/// Why a step that hands out pictures stopped.
#[derive(Debug, thiserror::Error)]
pub enum StepError {
    /// The object's fault: it is held.
    #[error(transparent)]
    Hold(#[from] Hold),
    /// Reading, writing or handing out failed: not the object's fault.
    #[error("input or output failed")]
    Io(#[from] io::Error),
}

/// The pixel limits of a configuration.
pub fn pixel_limits(limits: &Limits) -> PixelLimits {
    PixelLimits {
        max_frame_bytes: limits.max_frame_bytes,
        max_pixel_bytes: limits.max_pixel_bytes,
        max_frames: limits.max_frames,
        ..PixelLimits::default()
    }
}

/// Opens the frames of an object with Pixel Data.
pub fn open_frames(
    object: &OpenObject,
    profile: &Profile,
    limits: &Limits,
) -> Result<Option<FrameSource>, Hold> {
    let Some(location) = object.pixels else { return Ok(None) };
    if let Some(damage) = &object.damage {
        return Err(damage.clone());
    }
    let limits = pixel_limits(limits);
    let mut layout = PixelLayout::read(&object.header, location.element, &limits)?;
    layout.fill.colour = profile.fill;
    let file = object.file.try_clone().map_err(|_| {
        Hold::new(HoldReason::PixelsNotDecodable, "the file cannot be opened twice")
    })?;
    FrameSource::open(file, &object.transfer_syntax_uid, &layout, location, &limits).map(Some)
}

/// Blank frames in place of those of an object.
pub fn blank_frames(
    object: &OpenObject,
    profile: &Profile,
    limits: &Limits,
) -> Result<Option<FrameSource>, Hold> {
    let Some(location) = object.pixels else { return Ok(None) };
    let mut layout = blank_layout(&object.header, location.element, &pixel_limits(limits))?;
    layout.fill.colour = profile.fill;
    let file = object.file.try_clone().map_err(|_| {
        Hold::new(HoldReason::PixelsNotDecodable, "the file cannot be opened twice")
    })?;
    Ok(Some(FrameSource::blank(file, &layout, location)))
}

/// Whether a hold says that pixels cannot be decoded as their header says.
fn says_undecodable(hold: &Hold) -> bool {
    use HoldReason::{PixelsMismatch, PixelsNotDecodable, TransferSyntaxUnknown, Truncated};
    matches!(hold.reason, PixelsMismatch | PixelsNotDecodable | TransferSyntaxUnknown | Truncated)
}

/// The profile, ready to decide on attributes.
pub fn rulebook(profile: &Profile) -> Result<Rulebook, Hold> {
    Rulebook::new(profile)
        .map_err(|error| Hold::new(HoldReason::VerificationFailed, error.to_string()))
}

/// Holds the picture of a slide's label, or of the whole slide with it (Image Type, PS3.3 C.8.12.4.1.1):
/// it carries a barcode or handwriting, which no reader here finds.
fn check_no_label(header: &InMemDicomObject) -> Result<(), Hold> {
    let image_type = header.get(tags::IMAGE_TYPE).and_then(|element| element.to_str().ok());
    let flavour =
        image_type.and_then(|t| t.split('\\').nth(2).map(|value| value.trim().to_owned()));
    match flavour.as_deref() {
        Some("LABEL" | "OVERVIEW") => {
            let detail = "a slide's label: barcodes and handwriting cannot be found";
            Err(Hold::new(HoldReason::SopClassNotCleanable, detail))
        }
        _ => Ok(()),
    }
}

/// Examines the object in `input`; `tell` hears whose it is, and gets every picture that a reader
/// could see.
pub fn examine(
    input: &File,
    profile: &Profile,
    limits: &Limits,
    scratch: &File,
    tell: &mut impl FnMut(Seen) -> Result<(), StepError>,
) -> Result<Examination, StepError> {
    let rulebook = rulebook(profile)?;
    let object = OpenObject::open(input, limits, scratch, &rulebook)?;
    let opening = Opening::of(&object.header, &rulebook, profile)?;
    let identifiers = opening.identifiers.clone();
    tell(Seen::Opened(Box::new(opening)))?;
    let Policy { mut treatment, document } =
        policy::judge(&object.header, object.pixels.is_some(), profile)?;
    if treatment == PixelTreatment::Looked {
        check_no_label(&object.header)?;
    }
    let masks = masks::fitting(&object.header, profile);
    let mut undecodable = None;
    let looking =
        Looking { treatment, profile, limits, planes: rulebook.has(ProfileOption::CleanGraphics) };
    let (layout, looked, planes) = match look(&object, looking, tell) {
        Err(StepError::Hold(hold)) if rulebook.blanks_undecodable() && says_undecodable(&hold) => {
            treatment = PixelTreatment::Blanked;
            undecodable = Some(hold);
            let blank = blank_frames(&object, profile, limits)?;
            (blank.map(|source| source.output_layout().clone()), Vec::new(), Vec::new())
        }
        looked => looked?,
    };
    Ok(Examination {
        treatment,
        document,
        layout,
        undecodable,
        masks,
        looked,
        planes,
        identifiers,
        facts: facts(&object.header),
    })
}

/// How an object is looked at.
#[derive(Clone, Copy)]
struct Looking<'a> {
    treatment: PixelTreatment,
    profile: &'a Profile,
    limits: &'a Limits,
    /// Whether overlay planes are looked at too.
    planes: bool,
}

/// How the frames of an object are laid out, which were looked at, and which overlay planes.
type Looked = (Option<PixelLayout>, Vec<LookedFrame>, Vec<(OverlayPlane, u32)>);

/// Hands out the pictures of an object that is looked at.
fn look(
    object: &OpenObject,
    looking: Looking<'_>,
    tell: &mut impl FnMut(Seen) -> Result<(), StepError>,
) -> Result<Looked, StepError> {
    let Looking { treatment, profile, limits, .. } = looking;
    let is_looked = treatment == PixelTreatment::Looked;
    let (mut looked, mut planes) = (Vec::new(), Vec::new());
    let mut source = open_frames(object, profile, limits)?;
    let layout = source.as_ref().map(|source| source.output_layout().clone());
    let decode_all = profile.undecodable == Undecodable::Blank;
    if let (true, Some(source), Some(layout)) = (is_looked || decode_all, &mut source, &layout) {
        let voi = Voi::read(&object.header);
        for index in 0..layout.frames {
            let mut frame = source.frame(index)?;
            if !is_looked {
                continue;
            }
            clear_unused_bits(&mut frame, layout);
            let pictures = render(&frame, layout, &voi)?;
            let sha256 = frame.digest();
            looked.push(LookedFrame { sha256, pictures: pictures.len() as u32 });
            for picture in pictures {
                tell(Seen::Picture(picture))?;
            }
        }
    }
    if is_looked && looking.planes {
        let first = layout.as_ref().map_or(0, |layout| layout.frames);
        for (plane, pictures) in overlays::look(&object.header, limits, first) {
            planes.push((plane, pictures.len() as u32));
            for picture in pictures {
                tell(Seen::Picture(picture))?;
            }
        }
    }
    Ok((layout, looked, planes))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::deid::pixels::{Fill, Photometric};
    use dicom_core::{DataElement, VR};

    fn examination(pictures: &[u32]) -> Examination {
        let layout = PixelLayout {
            rows: 2,
            columns: 2,
            frames: 3,
            samples_per_pixel: 1,
            bits_allocated: 8,
            bits_stored: 8,
            high_bit: 7,
            signed: false,
            float: false,
            photometric: Photometric::Monochrome2,
            planar: false,
            palette: None,
            fill: Fill::default(),
        };
        let looked = |pictures: &u32| LookedFrame { sha256: [0; 32], pictures: *pictures };
        Examination {
            treatment: PixelTreatment::Looked,
            document: None,
            layout: Some(layout),
            masks: Vec::new(),
            undecodable: None,
            looked: pictures.iter().map(looked).collect(),
            planes: Vec::new(),
            identifiers: Identifiers::default(),
            facts: ObjectFacts::default(),
        }
    }

    #[test]
    fn a_frame_that_nobody_looked_at_is_held() {
        let received = BTreeMap::from([(0, 2), (2, 1)]);
        let check = |pictures: &[u32]| examination(pictures).check_complete(&received);
        assert_eq!(check(&[2, 0, 1]), Ok(()));
        for wrong in [&[2, 0][..], &[2, 1, 1], &[2, 0, 2], &[2, 0, 0], &[2, 0, 1, 1], &[]] {
            let reason = check(wrong).map_err(|hold| hold.reason);
            assert_eq!(reason, Err(HoldReason::DetectionFailed), "{wrong:?}");
        }
    }

    #[test]
    fn the_label_of_a_slide_is_held_and_the_slide_is_not() {
        let check = |image_type: &str| {
            let element = DataElement::new(tags::IMAGE_TYPE, VR::CS, image_type);
            check_no_label(&InMemDicomObject::from_element_iter([element])).is_ok()
        };
        assert!(
            check("ORIGINAL\\PRIMARY\\VOLUME\\NONE") && check("ORIGINAL\\PRIMARY") && check("")
        );
        assert!(!check("ORIGINAL\\PRIMARY\\LABEL\\NONE"));
        assert!(!check("DERIVED\\PRIMARY\\OVERVIEW \\RESAMPLED"));
    }
}
