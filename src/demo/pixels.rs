//! Pixels read the plain way, by other code than the gateway's: for judging and for showing.

use super::DemoError;
use crate::deid::picture::PixelRect;
use dicom_core::Tag;
use dicom_dictionary_std::tags;
use dicom_object::InMemDicomObject;

/// The pixels of an object that has one native frame of 8 or 16 bits.
pub struct Pixels {
    pub columns: usize,
    pub rows: usize,
    samples_per_pixel: usize,
    samples: Vec<u16>,
}

impl Pixels {
    /// Reads them; an object of another form is an error.
    pub fn of(object: &InMemDicomObject) -> Result<Self, DemoError> {
        let number = |tag| number(object, tag).map(|value| value as usize);
        let (columns, rows) = (number(tags::COLUMNS)?, number(tags::ROWS)?);
        let samples_per_pixel = number(tags::SAMPLES_PER_PIXEL)?;
        let element = object.get(tags::PIXEL_DATA).ok_or(unreadable(tags::PIXEL_DATA))?;
        let samples = match number(tags::BITS_ALLOCATED)? {
            8 => element.to_bytes().map(|bytes| bytes.iter().map(|b| u16::from(*b)).collect()).ok(),
            _ => element.to_multi_int::<u16>().ok(),
        };
        let samples: Vec<u16> = samples.ok_or(unreadable(tags::PIXEL_DATA))?;
        if samples.len() < columns * rows * samples_per_pixel || samples_per_pixel == 0 {
            return Err(unreadable(tags::PIXEL_DATA));
        }
        Ok(Self { columns, rows, samples_per_pixel, samples })
    }

    /// The samples of the pixel at a position in the frame.
    pub fn at(&self, position: usize) -> &[u16] {
        let start = position * self.samples_per_pixel;
        &self.samples[start..start + self.samples_per_pixel]
    }

    /// How many pixels outside of `boxes` are not those of `other`.
    pub fn changed_outside(&self, other: &Self, boxes: &[PixelRect]) -> usize {
        if (self.columns, self.rows) != (other.columns, other.rows) {
            return self.columns * self.rows;
        }
        let outside = |position: &usize| {
            let (x, y) = ((position % self.columns) as u32, (position / self.columns) as u32);
            !boxes.iter().any(|area| area.contains(x, y))
        };
        let changed = |position: &usize| self.at(*position) != other.at(*position);
        (0..self.columns * self.rows).filter(changed).filter(outside).count()
    }

    /// How many of these pixels are as in `other`.
    pub fn same(&self, other: &Self, positions: &[usize]) -> usize {
        let inside =
            |position: usize| position < (self.columns * self.rows).min(other.columns * other.rows);
        let same =
            |position: &&usize| inside(**position) && self.at(**position) == other.at(**position);
        positions.iter().filter(same).count()
    }

    /// As it is displayed: RGB, 8 bits, through the window that the header states.
    pub fn displayed(&self, object: &InMemDicomObject) -> Result<Vec<u8>, DemoError> {
        let samples = &self.samples[..self.columns * self.rows * self.samples_per_pixel];
        if self.samples_per_pixel == 3 {
            return Ok(samples.iter().map(|sample| *sample as u8).collect());
        }
        let (slope, intercept) = (
            number(object, tags::RESCALE_SLOPE).unwrap_or(1.0),
            number(object, tags::RESCALE_INTERCEPT).unwrap_or(0.0),
        );
        let (center, width) =
            (number(object, tags::WINDOW_CENTER)?, number(object, tags::WINDOW_WIDTH)?);
        let photometric = object.get(tags::PHOTOMETRIC_INTERPRETATION);
        let inverse =
            photometric.and_then(|e| e.to_str().ok()).is_some_and(|p| p.trim() == "MONOCHROME1");
        let grey = |sample: &u16| {
            // The linear VOI LUT function (PS3.3 section C.11.2.1.2.1).
            let value = f64::from(*sample) * slope + intercept;
            let part = (value - (center - 0.5)) / (width - 1.0) + 0.5;
            let grey = (part.clamp(0.0, 1.0) * 255.0).round() as u8;
            [if inverse { 255 - grey } else { grey }; 3]
        };
        Ok(samples.iter().flat_map(grey).collect())
    }
}

fn number(object: &InMemDicomObject, tag: Tag) -> Result<f64, DemoError> {
    let value = object.get(tag).and_then(|element| element.to_float64().ok());
    value.ok_or(unreadable(tag))
}

fn unreadable(tag: Tag) -> DemoError {
    DemoError::Unreadable(format!("{tag} cannot be read"))
}
