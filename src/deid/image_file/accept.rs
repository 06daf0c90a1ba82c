//! `CleanImage`: a picture file that was verified. `accept` is its only constructor.

use super::{ImageCandidate, ImageExamination, ImageKind, ImageVerdict, ImageWork, failed};
use crate::deid::hold::Hold;
use crate::deid::picture::PixelRect;
use std::path::{Path, PathBuf};

/// No block of a JPEG reaches farther beyond a box than this.
const FARTHEST: u32 = 48;

/// A verified result. It cannot be deserialised, copied or built elsewhere.
#[derive(Debug)]
pub struct CleanImage {
    path: PathBuf,
    kind: ImageKind,
    sha256: String,
}

/// Accepts a candidate whose verdict speaks of the very same file, whose pixels outside of the areas are
/// those that were examined by two accounts: that of the child that wrote it and that of the one that read it.
pub fn accept(
    path: PathBuf,
    examined: &ImageExamination,
    work: &ImageWork,
    candidate: &ImageCandidate,
    verdict: &ImageVerdict,
) -> Result<CleanImage, Hold> {
    if (&candidate.sha256, candidate.bytes) != (&verdict.sha256, verdict.bytes) {
        return Err(failed("the verdict speaks of another file than the one that was written"));
    }
    if candidate.outside != verdict.outside {
        return Err(failed("pixels outside of the boxes changed"));
    }
    let is_same = candidate.kind == examined.kind
        && (candidate.layout.rows, candidate.layout.columns)
            == (examined.layout.rows, examined.layout.columns)
        && candidate.layout.samples_per_pixel == examined.layout.samples_per_pixel
        && candidate.layout.bits_stored == examined.layout.bits_stored
        && candidate.layout.photometric == examined.layout.photometric;
    if !is_same {
        return Err(failed("the pixels are laid out otherwise than before"));
    }
    if work.areas.is_empty() && verdict.outside != examined.looked.sha256 {
        return Err(failed("the picture is not the one that was looked at"));
    }
    if !candidate.changed.iter().all(|changed| is_near(*changed, &work.areas)) {
        return Err(failed("more than the boxes changed"));
    }
    Ok(CleanImage { path, kind: candidate.kind, sha256: candidate.sha256.clone() })
}

fn is_near(changed: PixelRect, areas: &[PixelRect]) -> bool {
    areas.iter().any(|area| {
        changed.left + FARTHEST >= area.left
            && changed.top + FARTHEST >= area.top
            && changed.right <= area.right + FARTHEST
            && changed.bottom <= area.bottom + FARTHEST
    })
}

impl CleanImage {
    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    pub fn kind(&self) -> ImageKind {
        self.kind
    }

    /// In hexadecimal, as it was verified.
    pub fn sha256(&self) -> &str {
        &self.sha256
    }
}
