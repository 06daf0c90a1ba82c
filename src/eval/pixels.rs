//! Samples of Pixel Data, region by region, by other code than that which fills boxes. What is compressed
//! is decoded by the library alone, with no more colour conversion than it does by itself.
//!
//! Bits outside of Bits Stored are no part of a sample: results have them cleared.

use dicom_core::Tag;
use dicom_dictionary_std::tags;
use dicom_object::{FileDicomObject, InMemDicomObject};
use dicom_pixeldata::{PixelDecoder, PlanarConfiguration};
use std::borrow::Cow;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Larger pictures are not decoded.
const MAX_DECODED_SAMPLES: usize = 1 << 30;

/// A rectangle of pixels; `right` and `bottom` are outside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Region {
    /// From 1; without it, every frame.
    frame: Option<usize>,
    left: usize,
    top: usize,
    right: usize,
    bottom: usize,
}

impl Region {
    /// `left,top,right,bottom[@frame]`, several apart by `;`.
    pub fn parse_all(text: &str) -> Result<Vec<Self>, String> {
        let parts = text.split(';').map(str::trim).filter(|part| !part.is_empty());
        parts
            .map(|part| Self::parse(part).ok_or_else(|| {
                "boxes: left,top,right,bottom is expected, with @FRAME from 1, several apart by ;".into()
            }))
            .collect()
    }

    fn parse(text: &str) -> Option<Self> {
        let (sides, frame) = match text.split_once('@') {
            Some((sides, frame)) => (sides, Some(frame.trim().parse().ok().filter(|f| *f > 0)?)),
            None => (text, None),
        };
        let sides: Option<Vec<usize>> = sides.split(',').map(|s| s.trim().parse().ok()).collect();
        let [left, top, right, bottom] = sides?[..] else { return None };
        (left < right && top < bottom).then_some(Self { frame, left, top, right, bottom })
    }
}

/// The pixels of an object.
pub struct Raster<'a> {
    columns: usize,
    rows: usize,
    frames: usize,
    samples: usize,
    bytes_per_sample: usize,
    planar: bool,
    mask: u32,
    data: Cow<'a, [u8]>,
}

impl<'a> Raster<'a> {
    /// `None` if the object has no Pixel Data, none that can be decoded, or samples of another size
    /// than 8, 16 or 32 bits.
    pub fn of(object: &'a FileDicomObject<InMemDicomObject>) -> Option<Self> {
        match object.get(tags::PIXEL_DATA)?.value().primitive() {
            Some(_) => Self::native(object),
            None => Self::decoded(object),
        }
    }

    fn decoded(object: &'a FileDicomObject<InMemDicomObject>) -> Option<Self> {
        let number = |tag: Tag| object.get(tag).and_then(|e| e.to_int::<usize>().ok());
        let frames = number(tags::NUMBER_OF_FRAMES).unwrap_or(1);
        let sides = [tags::ROWS, tags::COLUMNS, tags::SAMPLES_PER_PIXEL].map(number);
        let size = sides.into_iter().try_fold(frames, |all, side| all.checked_mul(side?))?;
        if size > MAX_DECODED_SAMPLES {
            return None;
        }
        // decoders panic at what contradicts itself
        let decode = || object.decode_pixel_data().ok();
        let pixels = catch_unwind(AssertUnwindSafe(decode)).ok()??;
        Self {
            columns: pixels.columns() as usize,
            rows: pixels.rows() as usize,
            frames: pixels.number_of_frames() as usize,
            samples: usize::from(pixels.samples_per_pixel()),
            bytes_per_sample: usize::from(pixels.bits_allocated() / 8),
            planar: pixels.planar_configuration() == PlanarConfiguration::PixelFirst,
            mask: mask(pixels.bits_stored().into(), pixels.high_bit().into())?,
            data: Cow::Owned(pixels.data().to_vec()),
        }
        .if_whole()
    }

    fn native(object: &'a InMemDicomObject) -> Option<Self> {
        let number = |tag: Tag| object.get(tag).and_then(|e| e.to_int::<usize>().ok());
        let samples = number(tags::SAMPLES_PER_PIXEL)?;
        Self {
            columns: number(tags::COLUMNS)?,
            rows: number(tags::ROWS)?,
            frames: number(tags::NUMBER_OF_FRAMES).unwrap_or(1),
            samples,
            bytes_per_sample: number(tags::BITS_ALLOCATED)? / 8,
            planar: samples > 1 && number(tags::PLANAR_CONFIGURATION) == Some(1),
            mask: mask(number(tags::BITS_STORED)?, number(tags::HIGH_BIT)?)?,
            data: object.get(tags::PIXEL_DATA)?.to_bytes().ok()?,
        }
        .if_whole()
    }

    /// With as many bytes as it says.
    fn if_whole(self) -> Option<Self> {
        let sides = [self.columns, self.rows, self.frames, self.samples, self.bytes_per_sample];
        let size = sides.iter().try_fold(1_usize, |all, side| all.checked_mul(*side))?;
        (size > 0 && self.bytes_per_sample <= 4 && self.data.len() >= size).then_some(self)
    }

    /// Columns, rows and frames.
    pub fn size(&self) -> [u32; 3] {
        [self.columns, self.rows, self.frames].map(|side| u32::try_from(side).unwrap_or(u32::MAX))
    }

    /// Whether all regions lie inside.
    pub fn has(&self, regions: &[Region]) -> bool {
        regions.iter().all(|region| {
            region.right <= self.columns
                && region.bottom <= self.rows
                && region.frame.is_none_or(|frame| frame <= self.frames)
        })
    }

    /// Whether both have one size and the same samples in these regions; without any, everywhere.
    pub fn is_same(&self, other: &Self, regions: &[Region]) -> bool {
        let size = |raster: &Self| (raster.columns, raster.rows, raster.frames, raster.samples);
        let all = [self.whole()];
        let regions = if regions.is_empty() { &all } else { regions };
        size(self) == size(other)
            && regions.iter().flat_map(|region| self.pixels(region)).all(|pixel| {
                (0..self.samples).all(|s| self.sample(pixel, s) == other.sample(pixel, s))
            })
    }

    /// Whether each region has one colour.
    pub fn is_blank(&self, regions: &[Region]) -> bool {
        regions.iter().all(|region| {
            let frames = region.frame.map_or(0..self.frames, |frame| frame - 1..frame);
            frames.into_iter().all(|frame| {
                let one = Region { frame: Some(frame + 1), ..region.clone() };
                let first = (frame, region.top, region.left);
                self.pixels(&one).all(|pixel| {
                    (0..self.samples).all(|s| self.sample(pixel, s) == self.sample(first, s))
                })
            })
        })
    }

    /// A part of a frame (from 0) as RGB, its values spread over what there is of them; with its sides.
    pub fn picture(&self, frame: usize, area: [usize; 4]) -> (usize, usize, Vec<u8>) {
        let [left, top, right, bottom] = area;
        let (right, bottom) = (right.min(self.columns), bottom.min(self.rows));
        let columns = left.min(right)..right;
        let at = |row: usize, column: usize, sample: usize| {
            self.sample((frame, row, column), sample).unwrap_or(0)
        };
        let mut values = Vec::with_capacity((bottom - top.min(bottom)) * columns.len() * 3);
        for row in top..bottom {
            for column in columns.clone() {
                values.extend((0..3).map(|sample| at(row, column, sample.min(self.samples - 1))));
            }
        }
        let (low, high) = values.iter().fold((u32::MAX, 0), |(l, h), v| (l.min(*v), h.max(*v)));
        let range = u64::from(high.saturating_sub(low)).max(1);
        let shade = |value: &u32| (u64::from(value - low) * 255 / range) as u8;
        (columns.len(), bottom.saturating_sub(top), values.iter().map(shade).collect())
    }

    fn whole(&self) -> Region {
        Region { frame: None, left: 0, top: 0, right: self.columns, bottom: self.rows }
    }

    /// Frame, row and column of every pixel of a region.
    fn pixels(&self, region: &Region) -> impl Iterator<Item = (usize, usize, usize)> + use<> {
        let frames = region.frame.map_or(0..self.frames, |frame| frame - 1..frame);
        let (rows, columns) = (region.top..region.bottom, region.left..region.right);
        frames.flat_map(move |frame| {
            let columns = columns.clone();
            rows.clone()
                .flat_map(move |row| columns.clone().map(move |column| (frame, row, column)))
        })
    }

    fn sample(&self, (frame, row, column): (usize, usize, usize), sample: usize) -> Option<u32> {
        let (area, pixel) = (self.rows * self.columns, row * self.columns + column);
        let within = match self.planar {
            true => sample * area + pixel,
            false => pixel * self.samples + sample,
        };
        let at = (frame * area * self.samples + within) * self.bytes_per_sample;
        let bytes = self.data.get(at..at + self.bytes_per_sample)?;
        Some(bytes.iter().rev().fold(0, |all, byte| all << 8 | u32::from(*byte)) & self.mask)
    }
}

/// The bits of a sample.
fn mask(stored: usize, high: usize) -> Option<u32> {
    let fits = (1..=32).contains(&stored) && high < 32 && high + 1 >= stored;
    let ones = u32::try_from((1_u64 << stored.min(32)) - 1).ok()?;
    fits.then(|| ones << (high + 1 - stored))
}

#[cfg(test)]
mod tests {
    use super::*;
    use dicom_core::value::{PixelFragmentSequence, PrimitiveValue, Value};
    use dicom_core::{DataElement, VR};
    use dicom_object::FileMetaTableBuilder;
    use dicom_object::mem::InMemElement;

    /// 4 x 2 pixels, two frames.
    fn object(planar: u16, data: &[u8]) -> InMemDicomObject {
        let number = |tag, value: u16| DataElement::new(tag, VR::US, PrimitiveValue::from(value));
        let mut object = InMemDicomObject::from_element_iter([
            number(tags::COLUMNS, 4),
            number(tags::ROWS, 2),
            number(tags::SAMPLES_PER_PIXEL, 3),
            number(tags::PLANAR_CONFIGURATION, planar),
            number(tags::BITS_ALLOCATED, 8),
            number(tags::BITS_STORED, 8),
            number(tags::HIGH_BIT, 7),
        ]);
        object.put(DataElement::new(tags::NUMBER_OF_FRAMES, VR::IS, "2"));
        object.put(DataElement::new(tags::PIXEL_DATA, VR::OB, PrimitiveValue::from(data)));
        object
    }

    fn regions(text: &str) -> Vec<Region> {
        Region::parse_all(text).expect("valid")
    }

    #[test]
    fn a_region_is_compared_in_its_frame_alone_and_blank_in_one_colour() {
        let mut data: Vec<u8> = (0..48).collect();
        let source = object(0, &data);
        let source = Raster::native(&source).expect("native");
        // the first two pixels of row 2 of frame 2, in one colour
        data[24 + 12..24 + 18].copy_from_slice(&[9, 8, 7, 9, 8, 7]);
        let changed = object(0, &data);
        let changed = Raster::native(&changed).expect("native");
        assert!(changed.is_blank(&regions("0,1,2,2@2")));
        assert!(!changed.is_blank(&regions("0,1,2,2")), "not in frame 1");
        assert!(!changed.is_blank(&regions("0,1,3,2@2")));
        assert!(changed.is_same(&source, &regions("0,0,4,1;2,1,4,2;0,0,4,2@1")));
        assert!(!changed.is_same(&source, &regions("1,1,3,2")));
        assert!(!changed.is_same(&source, &[]) && source.is_same(&source, &[]));
        assert!(!source.has(&regions("0,0,5,1")) && !source.has(&regions("0,0,1,1@3")));
    }

    #[test]
    fn colours_by_plane_and_by_pixel_are_the_same() {
        let by_pixel: Vec<u8> = (0..48).collect();
        let mut by_plane = vec![0; 48];
        for (at, byte) in by_plane.iter_mut().enumerate() {
            let (frame, plane, pixel) = (at / 24, at % 24 / 8, at % 8);
            *byte = by_pixel[frame * 24 + pixel * 3 + plane];
        }
        let (one, other) = (object(0, &by_pixel), object(1, &by_plane));
        let (one, other) =
            (Raster::native(&one).expect("native"), Raster::native(&other).expect("native"));
        assert!(one.is_same(&other, &[]));
        let short = object(0, &by_pixel[..40]);
        assert!(Raster::native(&short).is_none());
    }

    #[test]
    fn a_compressed_picture_is_compared_by_its_samples() {
        let codestream = &include_bytes!("../../testdata/pixels/grey-12.j2k")[..];
        let number = |tag, value: u16| DataElement::new(tag, VR::US, PrimitiveValue::from(value));
        let file = |syntax: &str, pixels: InMemElement| {
            let mut object = InMemDicomObject::from_element_iter([
                number(tags::COLUMNS, 64),
                number(tags::ROWS, 64),
                number(tags::SAMPLES_PER_PIXEL, 1),
                number(tags::BITS_ALLOCATED, 16),
                number(tags::BITS_STORED, 12),
                number(tags::HIGH_BIT, 11),
                number(tags::PIXEL_REPRESENTATION, 0),
                DataElement::new(tags::PHOTOMETRIC_INTERPRETATION, VR::CS, "MONOCHROME2"),
            ]);
            object.put(pixels);
            let meta = FileMetaTableBuilder::new().transfer_syntax(syntax);
            let meta = meta.media_storage_sop_class_uid("1.2.840.10008.5.1.4.1.1.7");
            object.with_meta(meta.media_storage_sop_instance_uid("1.2")).expect("complete")
        };
        let fragments = PixelFragmentSequence::new(vec![0], vec![codestream.to_vec()]);
        let fragments = DataElement::new(tags::PIXEL_DATA, VR::OB, Value::from(fragments));
        let compressed = file("1.2.840.10008.1.2.4.90", fragments);
        let mut counted: Vec<u8> = (0..4096_u16).flat_map(u16::to_le_bytes).collect();
        let mut same = |last: u8| {
            *counted.last_mut().expect("bytes") = last;
            let pixels = PrimitiveValue::from(counted.clone());
            let pixels = DataElement::new(tags::PIXEL_DATA, VR::OB, pixels);
            let native = file("1.2.840.10008.1.2.1", pixels);
            let rasters = Raster::of(&compressed).zip(Raster::of(&native));
            let (one, other) = rasters.expect("both are read");
            one.is_same(&other, &[])
        };
        assert!(same(0x0F));
        assert!(same(0xFF), "bits outside of Bits Stored are no part of a sample");
        assert!(!same(0x0E));
    }
}
