//! PNG, by the crate `png`: samples of 1 to 16 bits, grey, palette or RGB, with or without transparency.

use super::orientation::Orientation;
use super::png_chunks::per_metre;
use super::png_samples::{packed, unpacked};
use super::raster::Raster;
use super::{ImageWork, failed, limit, not_decodable};
use crate::config::Limits;
use crate::deid::examine::StepError;
use crate::deid::hold::{Hold, HoldReason};
use crate::deid::pixels::{Palette, Photometric, PixelLayout};
use png::{
    BitDepth, ColorType, Decoder, DecodingError, Info, PixelDimensions, Transformations, Unit,
};
use std::fs::File;
use std::io::{BufReader, BufWriter, Seek, Write};

/// What the decoder may take beside the picture.
const DECODER_BYTES: usize = 64 << 20;

/// A PNG, and what of its head its pixels need.
pub(super) struct Png {
    pub raster: Raster,
    /// Without anything that is not written again.
    info: Info<'static>,
}

/// Reads a file whole.
pub(super) fn read(mut file: &File, limits: &Limits) -> Result<Png, StepError> {
    file.rewind()?;
    let mut decoder =
        Decoder::new_with_limits(BufReader::new(file), png::Limits { bytes: DECODER_BYTES });
    decoder.set_transformations(Transformations::IDENTITY);
    decoder.set_ignore_text_chunk(true);
    decoder.set_ignore_iccp_chunk(true);
    let mut reader = decoder.read_info().map_err(fault)?;
    let info = reader.info();
    if info.animation_control.is_some() {
        return Err(not_decodable("an animated PNG: only still pictures are redacted").into());
    }
    let layout = layout(info)?;
    let bytes = reader.output_buffer_size().unwrap_or(usize::MAX);
    // Samples below a byte are unpacked, and transparency is kept apart.
    if bytes as u64 > limits.max_frame_bytes || layout.frame_bytes() as u64 > limits.max_frame_bytes
    {
        return Err(limit(format!("decoded, more than {} bytes", limits.max_frame_bytes)).into());
    }
    let mut packed = vec![0; bytes];
    reader.next_frame(&mut packed).map_err(fault)?;
    reader.finish().map_err(fault)?;
    let info = reader.info();
    let exif = info.exif_metadata.as_deref();
    let orientation = exif.map_or(Orientation::of_exif(&[]), Orientation::of_exif);
    let mut kept = Info::with_size(info.width, info.height);
    kept.bit_depth = info.bit_depth;
    kept.color_type = info.color_type;
    kept.sbit.clone_from(&info.sbit);
    kept.trns.clone_from(&info.trns);
    kept.gama_chunk = info.gama_chunk;
    kept.chrm_chunk = info.chrm_chunk;
    kept.srgb = info.srgb;
    let mut raster = unpacked(packed, &layout, &kept);
    raster.check_indices()?;
    if !orientation.is_upright() {
        turn(&mut raster, orientation);
    }
    Ok(Png { raster, info: kept })
}

fn layout(info: &Info<'_>) -> Result<PixelLayout, Hold> {
    let side = |side: u32| {
        u16::try_from(side).map_err(|_| limit(format!("a side of more than {} pixels", u16::MAX)))
    };
    let bits = info.bit_depth as u16;
    let (samples, photometric) = match info.color_type {
        ColorType::Grayscale | ColorType::GrayscaleAlpha => (1, Photometric::Monochrome2),
        ColorType::Indexed => (1, Photometric::PaletteColor),
        ColorType::Rgb | ColorType::Rgba => (3, Photometric::Rgb),
    };
    let palette = match info.color_type {
        ColorType::Indexed => {
            let table = info.palette.as_deref().unwrap_or_default();
            let (entries, rest) = table.as_chunks::<3>();
            if entries.is_empty() || !rest.is_empty() || entries.len() > 1 << bits {
                return Err(Hold::new(HoldReason::Malformed, "a palette of a wrong length"));
            }
            Some(Palette { first: 0, entries: entries.to_vec() })
        }
        _ => None,
    };
    Ok(PixelLayout {
        rows: side(info.height)?,
        columns: side(info.width)?,
        frames: 1,
        samples_per_pixel: samples,
        bits_allocated: bits.max(8),
        bits_stored: bits,
        high_bit: bits - 1,
        signed: false,
        float: false,
        photometric,
        planar: false,
        palette,
        fill: Default::default(),
    })
}

fn turn(raster: &mut Raster, orientation: Orientation) {
    let (width, height) = (usize::from(raster.layout.columns), usize::from(raster.layout.rows));
    let bytes = raster.sample_bytes();
    let turned = |data: &[u8], pixel| orientation.upright(data, width, height, pixel);
    raster.frame.data = turned(&raster.frame.data, bytes * raster.samples());
    raster.alpha = raster.alpha.as_ref().map(|alpha| turned(alpha, bytes));
    if orientation.swaps_sides() {
        let layout = &mut raster.layout;
        std::mem::swap(&mut layout.rows, &mut layout.columns);
    }
}

impl Png {
    /// Blanks the areas. A palette gets the colour where it has room; what no pixel uses becomes that
    /// colour too, for an entry can hold three bytes of anything.
    pub fn blank(&mut self, work: &ImageWork) {
        self.raster.layout.fill.colour = work.colour;
        if self.raster.layout.palette.is_some() {
            let outside = self.used(Some(work));
            self.add_to_palette(work, &outside);
        }
        work.areas.iter().for_each(|area| self.raster.blank(*area));
    }

    /// Writes the picture and nothing else.
    pub fn write(&self, mut file: &File, dpi: u16) -> Result<(), StepError> {
        file.rewind()?;
        let mut out = BufWriter::new(file);
        self.encode(&mut out, dpi).map_err(|error| match error {
            png::EncodingError::IoError(error) => StepError::Io(error),
            _ => failed("the picture cannot be encoded").into(),
        })?;
        out.flush()?;
        Ok(())
    }

    fn encode(&self, out: &mut impl Write, dpi: u16) -> Result<(), png::EncodingError> {
        let layout = &self.raster.layout;
        let mut encoder = png::Encoder::new(out, layout.columns.into(), layout.rows.into());
        encoder.set_color(self.info.color_type);
        encoder.set_depth(self.info.bit_depth);
        let dots = per_metre(dpi);
        encoder.set_pixel_dims(Some(PixelDimensions { xppu: dots, yppu: dots, unit: Unit::Meter }));
        if let Some(palette) = &layout.palette {
            encoder.set_palette(palette.entries.concat());
        }
        if self.info.color_type == ColorType::Indexed {
            if !self.raster.palette_alpha.is_empty() {
                encoder.set_trns(self.raster.palette_alpha.clone());
            }
        } else if let Some(trns) = &self.info.trns {
            encoder.set_trns(trns.to_vec());
        }
        match self.info.srgb {
            Some(intent) => encoder.set_source_srgb(intent),
            None => {
                self.info.gama_chunk.into_iter().for_each(|gamma| encoder.set_source_gamma(gamma));
                let colours = self.info.chrm_chunk;
                colours.into_iter().for_each(|c| encoder.set_source_chromaticities(c));
            }
        }
        let mut writer = encoder.write_header()?;
        writer.write_image_data(&packed(&self.raster))?;
        writer.finish()
    }
}

fn fault(error: DecodingError) -> StepError {
    let (reason, detail) = match error {
        DecodingError::IoError(error) if error.kind() != std::io::ErrorKind::UnexpectedEof => {
            return error.into();
        }
        DecodingError::IoError(_) => (HoldReason::Truncated, "a PNG that ends early"),
        DecodingError::LimitsExceeded => {
            (HoldReason::LimitExceeded, "a PNG that takes more memory than a picture may")
        }
        _ => (HoldReason::Malformed, "a PNG that does not decode"),
    };
    Hold::new(reason, detail).into()
}

/// What the decoder calls the depth of samples.
const _: () = assert!(BitDepth::Sixteen as u16 == 16);
