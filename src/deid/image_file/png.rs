//! PNG, by the crate `png`: samples of 1 to 16 bits, grey, palette or RGB, with or without transparency.

use super::orientation::Orientation;
use super::png_chunks::per_metre;
use super::raster::Raster;
use super::{ImageWork, failed, limit, not_decodable};
use crate::config::Limits;
use crate::deid::examine::StepError;
use crate::deid::hold::{Hold, HoldReason};
use crate::deid::pixels::{Frame, Palette, Photometric, PixelLayout};
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

/// Samples as an object has them: each in bytes of its own, little-endian, transparency apart.
fn unpacked(packed: Vec<u8>, layout: &PixelLayout, info: &Info<'_>) -> Raster {
    let bits = usize::from(layout.bits_stored);
    let (width, samples) = (usize::from(layout.columns), info.color_type.samples());
    let mut all = match bits {
        16 => {
            let mut packed = packed;
            packed.chunks_exact_mut(2).for_each(|sample| sample.swap(0, 1));
            packed
        }
        8 => packed,
        _ => {
            let row = (width * samples * bits).div_ceil(8);
            let rows = packed.chunks_exact(row.max(1));
            rows.flat_map(|row| (0..width * samples).map(move |at| bits_at(row, at, bits)))
                .collect()
        }
    };
    let mut alpha = None;
    if matches!(info.color_type, ColorType::GrayscaleAlpha | ColorType::Rgba) {
        let (bytes, whole) = (bits / 8, samples * bits / 8);
        let pixels = all.chunks_exact(whole);
        alpha = Some(pixels.clone().flat_map(|pixel| pixel[whole - bytes..].to_vec()).collect());
        all = pixels.flat_map(|pixel| pixel[..whole - bytes].to_vec()).collect();
    }
    let palette_alpha = match (info.color_type, &info.trns) {
        (ColorType::Indexed, Some(trns)) => trns.to_vec(),
        _ => Vec::new(),
    };
    let frame = Frame { index: 0, data: all };
    Raster { layout: layout.clone(), frame, alpha, palette_alpha }
}

fn bits_at(row: &[u8], at: usize, bits: usize) -> u8 {
    let shift = 8 - bits - at * bits % 8;
    row.get(at * bits / 8).map_or(0, |byte| byte >> shift & ((1 << bits) - 1))
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

    /// Which entries of the palette the pixels use, but those in the areas.
    fn used(&self, but: Option<&ImageWork>) -> [bool; 256] {
        let mut used = [false; 256];
        let width = usize::from(self.raster.layout.columns).max(1);
        for (at, index) in self.raster.frame.data.iter().enumerate() {
            let is_in = |work: &ImageWork| {
                let (x, y) = ((at % width) as u32, (at / width) as u32);
                work.areas.iter().any(|area| area.contains(x, y))
            };
            if !used[usize::from(*index)] && !but.is_some_and(is_in) {
                used[usize::from(*index)] = true;
            }
        }
        used
    }

    fn add_to_palette(&mut self, work: &ImageWork, used: &[bool; 256]) {
        let most = 1 << self.raster.layout.bits_stored;
        let Some(palette) = &mut self.raster.layout.palette else { return };
        let unused = |(index, _): &(usize, &mut [u8; 3])| !used[*index];
        let mut has_room = false;
        for (index, entry) in palette.entries.iter_mut().enumerate().filter(unused) {
            *entry = work.colour.0;
            if let Some(alpha) = self.raster.palette_alpha.get_mut(index) {
                *alpha = 0xFF;
            }
            has_room = true;
        }
        if !has_room && !work.areas.is_empty() && palette.entries.len() < most {
            palette.entries.push(work.colour.0);
        }
    }

    /// Checks that the palette of a result holds no colour that is not shown, but one.
    pub fn check_palette(&self) -> Result<(), Hold> {
        let Some(palette) = &self.raster.layout.palette else { return Ok(()) };
        let used = self.used(None);
        let mut unused = palette.entries.iter().enumerate().filter(|(index, _)| !used[*index]);
        let first = unused.next().map(|(_, entry)| entry);
        match unused.all(|(_, entry)| Some(entry) == first) {
            true => Ok(()),
            false => Err(failed("colours that no pixel has")),
        }
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
        writer.write_image_data(&self.packed())?;
        writer.finish()
    }

    /// The samples as the file has them.
    fn packed(&self) -> Vec<u8> {
        let bits = usize::from(self.raster.layout.bits_stored);
        let (bytes, samples) = (self.raster.sample_bytes(), self.raster.samples());
        let mut all = match &self.raster.alpha {
            None => self.raster.frame.data.clone(),
            Some(alpha) => {
                let pixels = self.raster.frame.data.chunks_exact(bytes * samples);
                let pixels = pixels.zip(alpha.chunks_exact(bytes));
                pixels.flat_map(|(pixel, alpha)| [pixel, alpha].concat()).collect()
            }
        };
        match bits {
            16 => all.chunks_exact_mut(2).for_each(|sample| sample.swap(0, 1)),
            8 => {}
            _ => {
                let row = usize::from(self.raster.layout.columns);
                let pack = |part: &[u8]| {
                    let samples = part.iter().enumerate();
                    samples.fold(0, |byte, (at, sample)| byte | sample << (8 - bits - at * bits))
                };
                all = all
                    .chunks_exact(row.max(1))
                    .flat_map(|row| row.chunks(8 / bits).map(pack))
                    .collect();
            }
        }
        all
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
