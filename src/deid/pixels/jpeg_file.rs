//! A JPEG file that is no part of an object: its colours are as its own markers say.
//!
//! Invariant: a box is uniform in what a decoder makes of the result, and what is not listed as changed is
//! what it was before; else there is no result.

use super::attributes::mismatch;
use super::bare_jpeg::bare;
use super::fill_value::Fill;
use super::jpeg::{self, Codestream};
use super::jpeg_dct::{redact, sequential};
use super::layout::{Photometric, PixelLayout, limit, not_decodable};
use super::source::guarded;
use crate::config::FillColour;
use crate::deid::hold::{Hold, HoldReason};
use crate::deid::picture::PixelRect;
use libjpeg_turbo_rs::{
    MarkerCopyMode, PixelFormat, Subsampling, TransformOp, TransformOptions, compress,
};

/// Of a picture that has to be encoded once more.
const QUALITY: u8 = 95;
/// SOI, then the JFIF segment.
const JFIF_AT: usize = 2;

/// A codestream of 8-bit samples, one after the other, in grey or three colours.
pub struct JpegFile {
    bare: Vec<u8>,
    source: PixelLayout,
    output: PixelLayout,
}

impl JpegFile {
    /// Takes a file apart. What cannot be redacted is named.
    pub fn open(data: &[u8], max_frame_bytes: u64) -> Result<Self, Hold> {
        let form = Codestream::read(data)?;
        match form.components() {
            1 | 3 => {}
            4 => return Err(not_decodable("a JPEG of four colours (CMYK): convert it to RGB")),
            _ => return Err(not_decodable("a JPEG of other than one or three components")),
        }
        if !form.lossy() {
            return Err(not_decodable("a lossless JPEG file"));
        }
        if form.precision() != 8 {
            return Err(not_decodable(format!("a JPEG of {} bits a sample", form.precision())));
        }
        let (source, output) = layouts(&form)?;
        if output.frame_bytes() as u64 > max_frame_bytes {
            return Err(limit(format!("decoded, more than {max_frame_bytes} bytes")));
        }
        let early = "a JPEG that ends early, or is damaged";
        let bare = bare(data).ok_or_else(|| Hold::new(HoldReason::Truncated, early))?;
        let bare = match form.progressive() {
            true => sequential(&bare).ok_or_else(|| mismatch("a progressive JPEG, damaged"))?,
            false => bare,
        };
        Ok(Self { bare, source, output })
    }

    /// Encodes pixels.
    pub fn encode(data: &[u8], width: usize, height: usize, samples: usize) -> Option<Self> {
        let format = if samples == 1 { PixelFormat::Grayscale } else { PixelFormat::Rgb };
        let encoded = guarded(|| {
            compress(data, width, height, format, QUALITY, Subsampling::S444)
                .map_err(|_| mismatch("not encoded"))
        });
        Self::open(&encoded.ok()?, u64::MAX).ok()
    }

    /// The decoded pixels: RGB or grey.
    pub fn layout(&self) -> &PixelLayout {
        &self.output
    }

    pub fn decode(&self) -> Result<Vec<u8>, Hold> {
        jpeg::decode(&self.bare, &self.source, &self.output)
    }

    /// Turned upright block by block, by the number of EXIF; none where blocks at the border are not whole.
    pub fn turned(&self, orientation: u8) -> Option<Self> {
        let op = TransformOp::from_exif_orientation(orientation)?;
        let options = TransformOptions {
            op,
            perfect: true,
            copy_markers: MarkerCopyMode::None,
            ..Default::default()
        };
        let turned = guarded(|| {
            libjpeg_turbo_rs::transform_jpeg_with_options(&self.bare, &options)
                .map_err(|_| mismatch("not turned"))
        });
        let (_, rest) = super::bare_jpeg::colours_apart(&bare(&turned.ok()?)?);
        let (colours, _) = super::bare_jpeg::colours_apart(&self.bare);
        let data = [rest.get(..2)?, &colours, rest.get(2..)?].concat();
        Self::open(&data, u64::MAX).ok()
    }

    /// The codestream with uniform boxes and this density, and what of the picture may have changed.
    pub fn blanked(
        &self,
        boxes: &[PixelRect],
        colour: FillColour,
        dpi: u16,
    ) -> Option<(Vec<u8>, Vec<PixelRect>)> {
        let form = Codestream::read(&self.bare).ok()?;
        let is_rgb = form.is_rgb();
        let mut filled = self.output.clone();
        filled.fill.colour = colour;
        let redacted = redact(&self.bare, boxes, form.fill_values(&self.source, &filled)?)?;
        Some((with_density(&redacted.codestream, is_rgb, dpi), redacted.changed))
    }

    /// Whether a file is a codestream alone, with this density where it can have one.
    pub fn is_bare(data: &[u8], dpi: u16) -> bool {
        let Ok(form) = Codestream::read(data) else { return false };
        bare(data).is_some_and(|bare| bare == data)
            && with_density(data, form.is_rgb(), dpi) == data
    }
}

/// What the codestream says of its colours; where it says nothing, it has those of JFIF.
fn layouts(form: &Codestream) -> Result<(PixelLayout, PixelLayout), Hold> {
    let (rows, columns) = form.sides();
    if rows == 0 || columns == 0 {
        return Err(not_decodable("a JPEG that does not say how high it is"));
    }
    let photometric = match (form.components(), form.is_rgb()) {
        (1, _) => Photometric::Monochrome2,
        (_, true) => Photometric::Rgb,
        (_, false) => Photometric::YbrFull422,
    };
    let source = PixelLayout {
        rows,
        columns,
        frames: 1,
        samples_per_pixel: form.components().into(),
        bits_allocated: 8,
        bits_stored: 8,
        high_bit: 7,
        signed: false,
        float: false,
        photometric,
        planar: false,
        palette: None,
        fill: Fill::default(),
    };
    let output = form.output(&source)?;
    Ok((source, output))
}

/// A bare codestream whose JFIF states this density. One of RGB has no JFIF, which would make it YCbCr.
fn with_density(bare: &[u8], is_rgb: bool, dpi: u16) -> Vec<u8> {
    let (colours, rest) = super::bare_jpeg::colours_apart(bare);
    if is_rgb {
        return bare.to_vec();
    }
    let adobe = colours.windows(2).position(|pair| pair == [0xFF, 0xEE]);
    let adobe = adobe.and_then(|at| colours.get(at..at + 16)).unwrap_or_default();
    let [high, low] = dpi.to_be_bytes();
    let version = [1, 1];
    let jfif =
        [&[0xFF, 0xE0, 0, 16][..], b"JFIF\0", &version, &[1, high, low, high, low, 0, 0]].concat();
    let (start, body) = rest.split_at(JFIF_AT.min(rest.len()));
    [start, &jfif, adobe, body].concat()
}
