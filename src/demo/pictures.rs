//! The pictures to look at: before, after, and both side by side.

use super::DemoError;
use super::pixels::Pixels;
use dicom_object::InMemDicomObject;
use image::RgbImage;
use image::imageops::replace;
use std::path::{Path, PathBuf};

/// Pixels between two pictures side by side.
const GAP: u32 = 16;

/// Writes `NAME-before.png`, `NAME-after.png` and `NAME-both.png`; returns the last one's path.
pub fn write(
    out: &Path,
    name: &str,
    before: &InMemDicomObject,
    after: &InMemDicomObject,
) -> Result<PathBuf, DemoError> {
    let (before, after) = (displayed(before)?, displayed(after)?);
    let width = before.width() + GAP + after.width();
    let mut both = RgbImage::new(width, before.height().max(after.height()));
    both.fill(128);
    replace(&mut both, &before, 0, 0);
    replace(&mut both, &after, i64::from(before.width() + GAP), 0);
    save(&before, &out.join(format!("{name}-before.png")))?;
    save(&after, &out.join(format!("{name}-after.png")))?;
    let path = out.join(format!("{name}-both.png"));
    save(&both, &path)?;
    Ok(path)
}

fn displayed(object: &InMemDicomObject) -> Result<RgbImage, DemoError> {
    let pixels = Pixels::of(object)?;
    let shown = pixels.displayed(object)?;
    RgbImage::from_raw(pixels.columns as u32, pixels.rows as u32, shown)
        .ok_or_else(|| DemoError::Unreadable("pixels of another size than stated".into()))
}

fn save(picture: &RgbImage, path: &Path) -> Result<(), DemoError> {
    picture
        .save(path)
        .map_err(|error| DemoError::Picture { path: path.to_owned(), what: error.to_string() })
}
