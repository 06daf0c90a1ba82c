//! The pixels of a picture file: laid out as those of an object, with their transparency beside them.

use super::not_decodable;
use crate::deid::hold::Hold;
use crate::deid::picture::{Picture, PixelRect};
use crate::deid::pixels::{
    Frame, Photometric, PixelLayout, Voi, fill, is_filled, is_nearly_filled, render,
};
use sha2::{Digest, Sha256};

/// One picture.
pub(super) struct Raster {
    pub layout: PixelLayout,
    pub frame: Frame,
    /// A sample for each pixel, of the width of the others.
    pub alpha: Option<Vec<u8>>,
    /// Of the entries of the palette; those without are opaque.
    pub palette_alpha: Vec<u8>,
}

impl Raster {
    /// All that a reader could see, with and without transparency.
    pub fn pictures(&self) -> Result<Vec<Picture>, Hold> {
        let mut pictures = render(&self.frame, &self.layout, &Voi::default())?;
        let Some(alpha) = &self.alpha else { return Ok(pictures) };
        let first = alpha.chunks_exact(self.sample_bytes()).next();
        if alpha.chunks_exact(self.sample_bytes()).all(|sample| Some(sample) == first) {
            return Ok(pictures);
        }
        let layout = PixelLayout {
            samples_per_pixel: 1,
            photometric: Photometric::Monochrome2,
            ..self.layout.clone()
        };
        let frame = Frame { index: 0, data: alpha.clone() };
        pictures.extend(render(&frame, &layout, &Voi::default())?);
        pictures.push(self.on_white(alpha));
        Ok(pictures)
    }

    /// As it is displayed on a white page.
    fn on_white(&self, alpha: &[u8]) -> Picture {
        let bytes = self.sample_bytes();
        let samples = self.samples();
        // the high byte of a little-endian sample
        let high = |sample: &[u8]| u32::from(sample.last().copied().unwrap_or(0));
        let pixels = self.frame.data.chunks_exact(bytes * samples).zip(alpha.chunks_exact(bytes));
        let data = pixels.flat_map(|(pixel, alpha)| {
            let alpha = high(alpha);
            let mixed = move |sample| ((high(sample) * alpha + 255 * (255 - alpha)) / 255) as u8;
            pixel.chunks_exact(bytes).map(mixed)
        });
        Picture {
            frame: 0,
            width: self.layout.columns.into(),
            height: self.layout.rows.into(),
            samples: samples as u8,
            enhanced: false,
            data: data.collect(),
        }
    }

    /// Blanks an area.
    pub fn blank(&mut self, area: PixelRect) {
        fill(&mut self.frame, &self.layout, area);
        let ranges: Vec<_> = self.rows_of(area, self.sample_bytes()).collect();
        if let Some(alpha) = &mut self.alpha {
            for range in ranges {
                alpha.get_mut(range).unwrap_or_default().fill(0xFF);
            }
        }
    }

    /// Whether an area is blank: of exactly its colour, or all alike and near to it.
    pub fn is_blank(&self, area: PixelRect, exact: bool) -> bool {
        let opaque = self.alpha.as_ref().is_none_or(|alpha| {
            self.rows_of(area, self.sample_bytes())
                .all(|range| alpha.get(range).is_some_and(|row| row.iter().all(|a| *a == 0xFF)))
        });
        let filled = match exact {
            true => is_filled(&self.frame, &self.layout, area),
            false => is_nearly_filled(&self.frame, &self.layout, area),
        };
        opaque && filled
    }

    /// A digest of the pixels as they are shown, but those in some areas.
    pub fn outside(&self, areas: &[PixelRect]) -> [u8; 32] {
        let (width, bytes) = (usize::from(self.layout.columns), self.sample_bytes());
        let mut hasher = Sha256::new();
        hasher.update([self.layout.rows.to_le_bytes(), self.layout.columns.to_le_bytes()].concat());
        for y in 0..u32::from(self.layout.rows) {
            let from = y as usize * width;
            let pixel = self.samples() * bytes;
            let stored = self.frame.data.get(from * pixel..(from + width) * pixel);
            let stored = stored.unwrap_or_default();
            let (mut row, shown) = match &self.layout.palette {
                Some(_) => (stored.iter().flat_map(|index| self.entry(*index)).collect(), 4),
                None => (stored.to_vec(), pixel),
            };
            let alpha =
                self.alpha.as_ref().and_then(|a| a.get(from * bytes..(from + width) * bytes));
            let mut alpha = alpha.unwrap_or_default().to_vec();
            for area in areas.iter().filter(|area| (area.top..area.bottom).contains(&y)) {
                let (left, right) = (area.left as usize, (area.right as usize).min(width));
                let left = left.min(right);
                row.get_mut(left * shown..right * shown).unwrap_or_default().fill(0);
                alpha.get_mut(left * bytes..right * bytes).unwrap_or_default().fill(0);
            }
            hasher.update(&row);
            hasher.update(&alpha);
        }
        hasher.finalize().into()
    }

    /// The colour and transparency of a palette's entry.
    pub fn entry(&self, index: u8) -> [u8; 4] {
        let colour = self.layout.palette.as_ref().map(|palette| palette.colour(index.into()));
        let [red, green, blue] = colour.unwrap_or_default();
        let alpha = self.palette_alpha.get(usize::from(index)).copied().unwrap_or(0xFF);
        [red, green, blue, alpha]
    }

    /// Checks that indices are of entries that the palette has.
    pub fn check_indices(&self) -> Result<(), Hold> {
        let entries = self.layout.palette.as_ref().map_or(256, |palette| palette.entries.len());
        match self.frame.data.iter().all(|index| usize::from(*index) < entries) {
            true => Ok(()),
            false => Err(not_decodable("pixels of colours that the palette does not have")),
        }
    }

    pub fn samples(&self) -> usize {
        usize::from(self.layout.samples_per_pixel)
    }

    pub fn sample_bytes(&self) -> usize {
        usize::from(self.layout.bits_allocated / 8)
    }

    fn rows_of(
        &self,
        area: PixelRect,
        pixel: usize,
    ) -> impl Iterator<Item = std::ops::Range<usize>> + use<> {
        let (width, height) = (usize::from(self.layout.columns), u32::from(self.layout.rows));
        let (left, right) = (area.left as usize, (area.right as usize).min(width));
        let rows = area.top..area.bottom.min(height);
        rows.map(move |y| {
            let from = y as usize * width;
            (from + left.min(right)) * pixel..(from + right) * pixel
        })
    }
}
