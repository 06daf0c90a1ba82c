//! The first step: header facts, the identifiers the object carries, and its pictures.

use super::documents::DocumentKind;
use super::header::{PatientIdentity, Rulebook, facts, harvest};
use super::hold::{Hold, HoldReason};
use super::identifiers::Identifiers;
use super::object::OpenObject;
use super::picture::Picture;
use super::pixels::{FrameSource, PixelLayout, PixelLimits, Voi, render};
use super::policy::{self, Policy};
use super::redaction::PixelTreatment;
use crate::config::{Limits, ObjectFacts, Profile};
use serde::{Deserialize, Serialize};
use std::io;
use std::path::Path;

/// What `examine` found; plain data for `decide`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Examination {
    pub treatment: PixelTreatment,
    /// The encapsulated document that a dummy replaces.
    pub document: Option<DocumentKind>,
    /// The frames as they will be written; absent without Pixel Data.
    pub layout: Option<PixelLayout>,
    /// What identifies the patient; only in memory and on the pipe.
    pub identifiers: Identifiers,
    /// What rules ask of an object.
    pub facts: ObjectFacts,
}

/// What `examine` tells on its way.
#[derive(Debug)]
pub enum Seen {
    /// Whose object it is: told first, so that nobody reads the pictures of a patient in vain.
    Patient(PatientIdentity),
    /// A picture to be read.
    Picture(Picture),
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
        max_frames: limits.max_frames,
        ..PixelLimits::default()
    }
}

/// Opens the frames of an object with Pixel Data.
pub fn open_frames(object: &OpenObject, limits: &Limits) -> Result<Option<FrameSource>, Hold> {
    let Some(location) = object.pixels else { return Ok(None) };
    let limits = pixel_limits(limits);
    let layout = PixelLayout::read(&object.header, location.element, &limits)?;
    let file = object.file.try_clone().map_err(|_| {
        Hold::new(HoldReason::PixelsNotDecodable, "the file cannot be opened twice")
    })?;
    FrameSource::open(file, &object.transfer_syntax_uid, &layout, location, &limits).map(Some)
}

/// The profile, ready to decide on attributes.
pub fn rulebook(profile: &Profile) -> Result<Rulebook, Hold> {
    Rulebook::new(profile)
        .map_err(|error| Hold::new(HoldReason::VerificationFailed, error.to_string()))
}

/// Examines the object in `path`; `tell` hears whose it is, and gets every picture that a reader
/// could see.
pub fn examine(
    path: &Path,
    profile: &Profile,
    limits: &Limits,
    scratch: &Path,
    tell: &mut impl FnMut(Seen) -> io::Result<()>,
) -> Result<Examination, StepError> {
    let rulebook = rulebook(profile)?;
    let object = OpenObject::open(path, limits, scratch, &rulebook)?;
    tell(Seen::Patient(PatientIdentity::of(&object.header)))?;
    let Policy { treatment, document } =
        policy::judge(&object.header, object.pixels.is_some(), profile)?;
    let identifiers = harvest(&object.header, &rulebook);
    let mut frames = open_frames(&object, limits)?;
    let layout = frames.as_ref().map(|source| source.output_layout().clone());
    if let (PixelTreatment::Looked, Some(source), Some(layout)) = (treatment, &mut frames, &layout)
    {
        let voi = Voi::read(&object.header);
        for index in 0..layout.frames {
            for picture in render(&source.frame(index)?, layout, &voi) {
                tell(Seen::Picture(picture))?;
            }
        }
    }
    Ok(Examination { treatment, document, layout, identifiers, facts: facts(&object.header) })
}
