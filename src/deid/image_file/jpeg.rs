//! JPEG, 8-bit DCT: redacted in its coefficients, so that every other block stays as it was encoded.

use super::orientation::Orientation;
use super::raster::Raster;
use super::{ImageWork, failed, limit, not_decodable};
use crate::config::Limits;
use crate::deid::examine::StepError;
use crate::deid::hold::Hold;
use crate::deid::picture::PixelRect;
use crate::deid::pixels::{Frame, JpegFile};
use std::fs::File;
use std::io::{Read, Seek, Write};

/// A JPEG, upright, and its pixels.
pub(super) struct Jpeg {
    pub raster: Raster,
    file: JpegFile,
}

/// Reads a file whole.
pub(super) fn read(file: &File, limits: &Limits) -> Result<Jpeg, StepError> {
    let data = bytes(file, limits)?;
    let orientation = Orientation::of_jpeg(&data);
    let mut file = JpegFile::open(&data, limits.max_frame_bytes)?;
    if !orientation.is_upright() {
        file = match file.turned(orientation.number()) {
            Some(turned) => turned,
            None => reencoded(&file, orientation)?,
        };
    }
    let raster = raster(&file)?;
    Ok(Jpeg { raster, file })
}

/// Reads a result: a codestream that holds nothing that no decoder needs.
pub(super) fn read_result(file: &File, dpi: u16, limits: &Limits) -> Result<Raster, StepError> {
    let data = bytes(file, limits)?;
    if !JpegFile::is_bare(&data, dpi) {
        return Err(failed("a JPEG that holds more than its picture").into());
    }
    Ok(raster(&JpegFile::open(&data, limits.max_frame_bytes)?)?)
}

fn bytes(mut file: &File, limits: &Limits) -> Result<Vec<u8>, StepError> {
    let mut data = Vec::new();
    file.rewind()?;
    file.take(limits.max_frame_bytes + 1).read_to_end(&mut data)?;
    match data.len() as u64 > limits.max_frame_bytes {
        true => Err(limit(format!("more than {} bytes", limits.max_frame_bytes)).into()),
        false => Ok(data),
    }
}

fn raster(file: &JpegFile) -> Result<Raster, Hold> {
    let frame = Frame { index: 0, data: file.decode()? };
    let layout = file.layout().clone();
    Ok(Raster { layout, frame, alpha: None, palette_alpha: Vec::new() })
}

/// Turned by its pixels, where blocks at the border cannot be turned: encoded once more.
fn reencoded(file: &JpegFile, orientation: Orientation) -> Result<JpegFile, Hold> {
    let layout = file.layout();
    let (width, height) = (usize::from(layout.columns), usize::from(layout.rows));
    let pixel = usize::from(layout.samples_per_pixel);
    let data = orientation.upright(&file.decode()?, width, height, pixel);
    let (width, height) = if orientation.swaps_sides() { (height, width) } else { (width, height) };
    JpegFile::encode(&data, width, height, pixel)
        .ok_or_else(|| not_decodable("a JPEG that cannot be turned upright"))
}

impl Jpeg {
    /// Writes the picture with its areas blanked, and nothing else; what of it may have changed.
    pub fn write_blanked(
        &self,
        mut file: &File,
        work: &ImageWork,
    ) -> Result<Vec<PixelRect>, StepError> {
        let blanked = self.file.blanked(&work.areas, work.colour, work.dpi);
        let (codestream, changed) =
            blanked.ok_or_else(|| not_decodable("a JPEG process without an encoder"))?;
        file.rewind()?;
        file.write_all(&codestream)?;
        let (width, height) = (self.raster.layout.columns.into(), self.raster.layout.rows.into());
        Ok(changed.into_iter().filter_map(|area| area.clipped(width, height)).collect())
    }
}
