//! Pictures that are files of their own, PNG and JPEG: the steps of the core for them.
//!
//! ```text
//! examine ─▶ layout, Pictures ─▶ (read, decide) ─▶ areas ─▶ apply ─▶ file ─▶ verify ─▶ accept ─▶ CleanImage
//! ```
//! Invariants: of a file nothing stays but its pixels and what is needed to show them; size, depth and
//! colour type stay; outside of what was blanked every pixel is the one that was read, which `apply` and
//! `verify`, in processes that share nothing, each say by a digest; what is not understood is held.

mod accept;
mod jpeg;
mod orientation;
mod png;
mod png_chunks;
mod png_palette;
mod png_samples;
mod raster;

pub use accept::{CleanImage, accept};

use super::examine::{Examination, LookedFrame, StepError};
use super::hold::{Hold, HoldReason};
use super::identifiers::Identifiers;
use super::picture::{Picture, PixelRect};
use super::pixels::PixelLayout;
use super::redaction::PixelTreatment;
use super::verify::digest;
use crate::config::{FillColour, Limits, ObjectFacts};
use serde::{Deserialize, Serialize};
use std::fs::File;
use std::io::{Read, Seek};

/// The kinds of files that are pictures.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ImageKind {
    Png,
    Jpeg,
}

/// So many bytes tell the kind.
pub const KIND_BYTES: usize = 8;

impl ImageKind {
    /// What a file is by its first bytes.
    pub fn of(first: &[u8]) -> Option<Self> {
        match first {
            [0x89, b'P', b'N', b'G', 0x0D, 0x0A, 0x1A, 0x0A, ..] => Some(Self::Png),
            [0xFF, 0xD8, 0xFF, ..] => Some(Self::Jpeg),
            _ => None,
        }
    }

    /// What its files are called.
    pub fn extension(self) -> &'static str {
        match self {
            Self::Png => "png",
            Self::Jpeg => "jpg",
        }
    }
}

/// What was found in a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImageExamination {
    pub kind: ImageKind,
    /// Upright, as it will be written.
    pub layout: PixelLayout,
    pub looked: LookedFrame,
}

impl ImageExamination {
    /// The same as an object's would be that tells nothing of anybody.
    pub fn as_object(&self) -> Examination {
        Examination {
            treatment: PixelTreatment::Looked,
            document: None,
            layout: Some(self.layout.clone()),
            undecodable: None,
            masks: Vec::new(),
            looked: vec![self.looked.clone()],
            planes: Vec::new(),
            identifiers: Identifiers::default(),
            facts: ObjectFacts::default(),
        }
    }
}

/// What is to be done with a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImageWork {
    pub areas: Vec<PixelRect>,
    pub colour: FillColour,
    /// Written as the density of its pixels.
    pub dpi: u16,
}

/// What `apply` wrote, by its own account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImageCandidate {
    pub kind: ImageKind,
    pub sha256: String,
    pub bytes: u64,
    pub layout: PixelLayout,
    /// Where pixels may differ: the areas, and the blocks of a JPEG under them.
    pub changed: Vec<PixelRect>,
    /// Of the pixels elsewhere.
    pub outside: [u8; 32],
}

/// What `verify` found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImageVerdict {
    pub sha256: String,
    pub bytes: u64,
    pub outside: [u8; 32],
}

/// Examines a file; `show` gets every picture that a reader could see.
pub fn examine(
    file: &File,
    limits: &Limits,
    show: &mut impl FnMut(Picture) -> Result<(), StepError>,
) -> Result<ImageExamination, StepError> {
    let (kind, raster) = match kind_of(file)? {
        ImageKind::Png => (ImageKind::Png, png::read(file, limits)?.raster),
        ImageKind::Jpeg => (ImageKind::Jpeg, jpeg::read(file, limits)?.raster),
    };
    let pictures = raster.pictures()?;
    let looked = LookedFrame { sha256: raster.outside(&[]), pictures: pictures.len() as u32 };
    pictures.into_iter().try_for_each(show)?;
    Ok(ImageExamination { kind, layout: raster.layout, looked })
}

/// Writes the picture of `input` with its areas blanked.
pub fn apply(
    input: &File,
    output: &File,
    work: &ImageWork,
    limits: &Limits,
) -> Result<ImageCandidate, StepError> {
    let kind = kind_of(input)?;
    let (layout, changed, outside) = match kind {
        ImageKind::Png => {
            let mut png = png::read(input, limits)?;
            let outside = png.raster.outside(&work.areas);
            png.blank(work);
            png.write(output, work.dpi)?;
            (png.raster.layout, work.areas.clone(), outside)
        }
        ImageKind::Jpeg => {
            let jpeg = jpeg::read(input, limits)?;
            let changed = jpeg.write_blanked(output, work)?;
            let outside = jpeg.raster.outside(&changed);
            (jpeg.raster.layout, changed, outside)
        }
    };
    let (sha256, bytes) = digest(output)?;
    Ok(ImageCandidate { kind, sha256, bytes, layout, changed, outside })
}

/// Reads a result as a stranger would; the pictures of one that was blanked go to `show`.
pub fn verify(
    file: &File,
    work: &ImageWork,
    candidate: &ImageCandidate,
    limits: &Limits,
    show: &mut impl FnMut(Picture) -> Result<(), StepError>,
) -> Result<ImageVerdict, StepError> {
    let (sha256, bytes) = digest(file)?;
    if kind_of(file)? != candidate.kind {
        return Err(failed("the result is a file of another kind").into());
    }
    let mut raster = match candidate.kind {
        ImageKind::Png => {
            png_chunks::check(file, work.dpi)?;
            let png = png::read(file, limits)?;
            png.check_palette()?;
            png.raster
        }
        ImageKind::Jpeg => jpeg::read_result(file, work.dpi, limits)?,
    };
    raster.layout.fill.colour = work.colour;
    let expected = PixelLayout { fill: raster.layout.fill, ..candidate.layout.clone() };
    if raster.layout != expected {
        return Err(failed("the pixels are laid out otherwise than before").into());
    }
    let exact = candidate.kind == ImageKind::Png;
    if !work.areas.iter().all(|area| raster.is_blank(*area, exact)) {
        return Err(failed("a box is not filled").into());
    }
    let outside = raster.outside(&candidate.changed);
    if !work.areas.is_empty() {
        raster.pictures()?.into_iter().try_for_each(show)?;
    }
    Ok(ImageVerdict { sha256, bytes, outside })
}

fn kind_of(mut file: &File) -> Result<ImageKind, StepError> {
    let mut first = Vec::with_capacity(KIND_BYTES);
    file.rewind()?;
    file.take(KIND_BYTES as u64).read_to_end(&mut first)?;
    file.rewind()?;
    let other = || Hold::new(HoldReason::NotDicom, "neither DICOM, PNG nor JPEG");
    Ok(ImageKind::of(&first).ok_or_else(other)?)
}

fn failed(detail: impl Into<String>) -> Hold {
    Hold::new(HoldReason::VerificationFailed, detail)
}

fn not_decodable(detail: impl Into<String>) -> Hold {
    Hold::new(HoldReason::PixelsNotDecodable, detail)
}

fn limit(detail: impl Into<String>) -> Hold {
    Hold::new(HoldReason::LimitExceeded, detail)
}

#[cfg(test)]
mod tests;
