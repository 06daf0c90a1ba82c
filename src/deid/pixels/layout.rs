//! How the pixels of an object are laid out, as plain data read from its header and checked.
//! (PS3.3 C.7.6.3.1, PS3.5 8.1 and 8.2.)

use super::attributes::{mismatch, number, required};
use super::fill_value::Fill;
use super::location::PixelElement;
use super::palette::Palette;
use crate::deid::hold::{Hold, HoldReason};
use dicom_dictionary_std::tags;
use dicom_object::InMemDicomObject;
use serde::{Deserialize, Serialize};

/// What an object may ask of memory and time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct PixelLimits {
    /// Bytes of one decoded frame, and of one encoded frame.
    pub max_frame_bytes: u64,
    /// Bytes of all frames, decoded.
    pub max_pixel_bytes: u64,
    /// Frames of one object.
    pub max_frames: u32,
    /// Fragments of one object.
    pub max_fragments: u32,
}

impl Default for PixelLimits {
    fn default() -> Self {
        Self {
            max_frame_bytes: 512 << 20,
            max_pixel_bytes: 4 << 30,
            max_frames: 100_000,
            max_fragments: 1_000_000,
        }
    }
}

/// Photometric Interpretation, the defined terms that can be handled (PS3.3 C.7.6.3.1.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Photometric {
    Monochrome1,
    Monochrome2,
    PaletteColor,
    Rgb,
    YbrFull,
    YbrFull422,
    /// Only inside a JPEG 2000 codestream with the irreversible colour transform.
    YbrIct,
    /// Only inside a JPEG 2000 codestream with the reversible colour transform.
    YbrRct,
    /// Only inside a JPEG XL codestream.
    Xyb,
}

impl Photometric {
    const ALL: [Self; 9] = [
        Self::Monochrome1,
        Self::Monochrome2,
        Self::PaletteColor,
        Self::Rgb,
        Self::YbrFull,
        Self::YbrFull422,
        Self::YbrIct,
        Self::YbrRct,
        Self::Xyb,
    ];

    /// The defined term.
    pub fn term(self) -> &'static str {
        match self {
            Self::Monochrome1 => "MONOCHROME1",
            Self::Monochrome2 => "MONOCHROME2",
            Self::PaletteColor => "PALETTE COLOR",
            Self::Rgb => "RGB",
            Self::YbrFull => "YBR_FULL",
            Self::YbrFull422 => "YBR_FULL_422",
            Self::YbrIct => "YBR_ICT",
            Self::YbrRct => "YBR_RCT",
            Self::Xyb => "XYB",
        }
    }

    /// Samples per pixel that the term demands.
    pub fn samples(self) -> u16 {
        match self {
            Self::Monochrome1 | Self::Monochrome2 | Self::PaletteColor => 1,
            _ => 3,
        }
    }

    /// Whether one sample is luminance and two are colour differences.
    pub fn is_ybr(self) -> bool {
        matches!(self, Self::YbrFull | Self::YbrFull422 | Self::YbrIct | Self::YbrRct)
    }
}

/// The layout of every frame of an object. Values are checked: see [`PixelLayout::read`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PixelLayout {
    /// Height, at least 1.
    pub rows: u16,
    /// Width, at least 1.
    pub columns: u16,
    /// Number of frames, at least 1.
    pub frames: u32,
    /// 1 or 3.
    pub samples_per_pixel: u16,
    /// 1, 8, 16, 32 or 64.
    pub bits_allocated: u16,
    /// 1 to `bits_allocated`.
    pub bits_stored: u16,
    /// `bits_stored - 1` to `bits_allocated - 1`.
    pub high_bit: u16,
    /// Two's complement samples.
    pub signed: bool,
    /// IEEE 754 samples of `bits_allocated` bits.
    pub float: bool,
    /// What the samples mean.
    pub photometric: Photometric,
    /// Colour by plane (Planar Configuration 1) instead of by pixel.
    pub planar: bool,
    /// The colours of PALETTE COLOR.
    pub palette: Option<Palette>,
    /// What boxes are filled with.
    pub fill: Fill,
}

impl PixelLayout {
    /// Reads and checks the layout. `header` needs no pixels, only what comes before them.
    pub fn read(
        header: &InMemDicomObject,
        element: PixelElement,
        limits: &PixelLimits,
    ) -> Result<Self, Hold> {
        let photometric = read_photometric(header)?;
        let bits_allocated = read_u16(header, tags::BITS_ALLOCATED)?;
        let float = element != PixelElement::Integer;
        let (bits_stored, high_bit, signed) = match float {
            true => (bits_allocated, bits_allocated.saturating_sub(1), true),
            false => read_bits(header)?,
        };
        let layout = Self {
            rows: read_u16(header, tags::ROWS)?,
            columns: read_u16(header, tags::COLUMNS)?,
            frames: number(header, tags::NUMBER_OF_FRAMES)?.unwrap_or(1),
            samples_per_pixel: read_u16(header, tags::SAMPLES_PER_PIXEL)?,
            bits_allocated,
            bits_stored,
            high_bit,
            signed,
            float,
            photometric,
            planar: read_planar(header, photometric)?,
            palette: match photometric {
                Photometric::PaletteColor => Some(Palette::read(header)?),
                _ => None,
            },
            fill: Fill::read(header, bits_allocated, signed),
        };
        layout.check(element)?;
        layout.check_limits(limits)?;
        Ok(layout)
    }

    fn check(&self, element: PixelElement) -> Result<(), Hold> {
        if self.rows == 0 || self.columns == 0 || self.frames == 0 {
            return Err(mismatch("Rows, Columns or NumberOfFrames is zero"));
        }
        if self.samples_per_pixel != self.photometric.samples() {
            return Err(mismatch("SamplesPerPixel contradicts PhotometricInterpretation"));
        }
        let widths: &[u16] = match element {
            PixelElement::Integer => &[1, 8, 16, 32, 64],
            PixelElement::Float => &[32],
            PixelElement::DoubleFloat => &[64],
        };
        if !widths.contains(&self.bits_allocated) {
            return Err(not_decodable("BitsAllocated is not one that can be handled"));
        }
        if self.bits_stored == 0
            || self.bits_stored > self.high_bit + 1
            || self.high_bit >= self.bits_allocated
        {
            return Err(mismatch("BitsAllocated, BitsStored and HighBit contradict each other"));
        }
        let colour = self.samples_per_pixel > 1;
        if colour && (self.signed || self.float || !self.bits_allocated.is_multiple_of(8)) {
            return Err(not_decodable("colour samples that are signed or one bit wide"));
        }
        if self.photometric.is_ybr() && self.bits_stored > 8 {
            return Err(not_decodable("luminance and chrominance of more than 8 bits"));
        }
        if self.float && self.photometric == Photometric::PaletteColor {
            return Err(mismatch("floating point samples cannot index a palette"));
        }
        Ok(())
    }

    pub(super) fn check_limits(&self, limits: &PixelLimits) -> Result<(), Hold> {
        if self.frames > limits.max_frames {
            return Err(limit(format!("more than {} frames", limits.max_frames)));
        }
        if self.frame_bytes() as u64 > limits.max_frame_bytes {
            return Err(limit(format!("a frame of more than {} bytes", limits.max_frame_bytes)));
        }
        if self.value_bytes() > limits.max_pixel_bytes {
            return Err(limit(format!("more than {} bytes of pixels", limits.max_pixel_bytes)));
        }
        Ok(())
    }

    /// Bits of one frame of native data: cannot overflow, as sides are 16 bits wide.
    pub fn frame_bits(&self) -> u64 {
        let samples = match self.photometric {
            Photometric::YbrFull422 => 2,
            _ => u64::from(self.samples_per_pixel),
        };
        self.pixels() * samples * u64::from(self.bits_allocated)
    }

    /// Bytes of one frame in memory, where every frame begins at a byte.
    pub fn frame_bytes(&self) -> usize {
        // Two 16-bit sides, 3 samples and 8 bytes: below 2^37.
        usize::try_from(self.frame_bits().div_ceil(8)).unwrap_or(usize::MAX)
    }

    /// Bytes of the whole native value without the padding byte; 1-bit frames share bytes
    /// (PS3.5 8.1.1).
    pub fn value_bytes(&self) -> u64 {
        (self.frame_bits() * u64::from(self.frames)).div_ceil(8)
    }

    /// Bytes of the whole native value as it is written, padded to an even length.
    pub fn padded_value_bytes(&self) -> u64 {
        self.value_bytes().next_multiple_of(2)
    }

    /// Pixels of one frame.
    pub fn pixels(&self) -> u64 {
        u64::from(self.rows) * u64::from(self.columns)
    }

    /// Bytes of one sample; 1-bit samples have none and are handled apart.
    pub(super) fn sample_bytes(&self) -> usize {
        usize::from(self.bits_allocated / 8)
    }

    /// The position of the lowest bit that belongs to the value.
    pub(super) fn low_bit(&self) -> u16 {
        self.high_bit + 1 - self.bits_stored
    }
}

/// A hold for pixels in a form that has no decoder here.
pub(super) fn not_decodable(detail: impl Into<String>) -> Hold {
    Hold::new(HoldReason::PixelsNotDecodable, detail)
}

/// A hold for pixels beyond the limits.
pub(super) fn limit(detail: impl Into<String>) -> Hold {
    Hold::new(HoldReason::LimitExceeded, detail)
}

fn read_u16(header: &InMemDicomObject, tag: dicom_core::Tag) -> Result<u16, Hold> {
    u16::try_from(required(header, tag)?).map_err(|_| mismatch(format!("{tag} is out of range")))
}

fn read_bits(header: &InMemDicomObject) -> Result<(u16, u16, bool), Hold> {
    let bits_stored = read_u16(header, tags::BITS_STORED)?;
    let high_bit = match number(header, tags::HIGH_BIT)? {
        Some(_) => read_u16(header, tags::HIGH_BIT)?,
        None => bits_stored.saturating_sub(1),
    };
    if high_bit >= 64 {
        return Err(mismatch("HighBit is out of range"));
    }
    match required(header, tags::PIXEL_REPRESENTATION)? {
        0 => Ok((bits_stored, high_bit, false)),
        1 => Ok((bits_stored, high_bit, true)),
        _ => Err(mismatch("PixelRepresentation is neither 0 nor 1")),
    }
}

fn read_photometric(header: &InMemDicomObject) -> Result<Photometric, Hold> {
    let element = header
        .get(tags::PHOTOMETRIC_INTERPRETATION)
        .ok_or_else(|| mismatch("PhotometricInterpretation is missing"))?;
    let term = element.to_str().map_err(|_| mismatch("PhotometricInterpretation is no text"))?;
    let term = term.trim_matches(['\0', ' ']);
    Photometric::ALL
        .into_iter()
        .find(|known| known.term() == term)
        .ok_or_else(|| not_decodable("PhotometricInterpretation is not one that can be handled"))
}

fn read_planar(header: &InMemDicomObject, photometric: Photometric) -> Result<bool, Hold> {
    if photometric.samples() == 1 {
        return Ok(false);
    }
    // Missing means 0 to every reader, although it is required (PS3.3 C.7.6.3.1.3).
    match (number(header, tags::PLANAR_CONFIGURATION)?.unwrap_or(0), photometric) {
        (0, _) => Ok(false),
        (1, Photometric::YbrFull422) => Err(mismatch("YBR_FULL_422 by plane")),
        (1, _) => Ok(true),
        _ => Err(mismatch("PlanarConfiguration is neither 0 nor 1")),
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use dicom_core::{DataElement, PrimitiveValue, VR};

    /// A header with the attributes of unsigned pixels.
    pub fn header(photometric: &str, rows: u16, columns: u16, bits: u16) -> InMemDicomObject {
        let colour = !photometric.starts_with("MONO") && !photometric.starts_with("PAL");
        let samples: u16 = if colour { 3 } else { 1 };
        let mut header = InMemDicomObject::from_element_iter(
            [
                (tags::ROWS, rows),
                (tags::COLUMNS, columns),
                (tags::BITS_ALLOCATED, bits),
                (tags::BITS_STORED, bits),
                (tags::HIGH_BIT, bits.wrapping_sub(1)),
                (tags::PIXEL_REPRESENTATION, 0),
                (tags::SAMPLES_PER_PIXEL, samples),
            ]
            .map(|(tag, value)| DataElement::new(tag, VR::US, PrimitiveValue::from(value))),
        );
        header.put(DataElement::new(
            tags::PHOTOMETRIC_INTERPRETATION,
            VR::CS,
            PrimitiveValue::from(photometric),
        ));
        header
    }

    /// The layout of [`header`].
    pub fn layout(photometric: &str, rows: u16, columns: u16, bits: u16) -> PixelLayout {
        let header = header(photometric, rows, columns, bits);
        PixelLayout::read(&header, PixelElement::Integer, &PixelLimits::default())
            .expect("a valid header")
    }

    fn read_with(tag: dicom_core::Tag, value: u16) -> Result<PixelLayout, HoldReason> {
        let mut header = header("MONOCHROME2", 4, 5, 16);
        header.put(DataElement::new(tag, VR::US, PrimitiveValue::from(value)));
        PixelLayout::read(&header, PixelElement::Integer, &PixelLimits::default())
            .map_err(|hold| hold.reason)
    }

    #[test]
    fn attributes_that_contradict_each_other_are_held() {
        for (tag, value) in [
            (tags::ROWS, 0),
            (tags::COLUMNS, 0),
            (tags::BITS_STORED, 0),
            (tags::BITS_STORED, 17),
            (tags::HIGH_BIT, 16),
            (tags::HIGH_BIT, u16::MAX),
            (tags::HIGH_BIT, 3),
            (tags::SAMPLES_PER_PIXEL, 3),
            (tags::PIXEL_REPRESENTATION, 2),
        ] {
            let read = read_with(tag, value).map(|_| ());
            assert_eq!(read, Err(HoldReason::PixelsMismatch), "{tag} {value}");
        }
        for bits in [0, 12, 24, 128] {
            let read = read_with(tags::BITS_ALLOCATED, bits).map(|_| ());
            assert_eq!(read, Err(HoldReason::PixelsNotDecodable), "{bits} bits");
        }
    }

    #[test]
    fn floats_need_no_bits_stored() {
        let limits = PixelLimits::default();
        let mut header = header("MONOCHROME2", 4, 5, 32);
        for tag in [tags::BITS_STORED, tags::HIGH_BIT, tags::PIXEL_REPRESENTATION] {
            header.remove_element(tag);
        }
        let layout = PixelLayout::read(&header, PixelElement::Float, &limits).expect("valid");
        assert!(layout.float && layout.frame_bytes() == 80);
        assert!(PixelLayout::read(&header, PixelElement::DoubleFloat, &limits).is_err());
        assert!(PixelLayout::read(&header, PixelElement::Integer, &limits).is_err());
    }

    #[test]
    fn one_bit_frames_share_bytes() {
        let mut layout = layout("MONOCHROME2", 3, 3, 1);
        layout.frames = 3;
        assert_eq!(layout.frame_bytes(), 2);
        assert_eq!((layout.value_bytes(), layout.padded_value_bytes()), (4, 4));
    }

    #[test]
    fn subsampled_chroma_takes_two_samples_a_pixel() {
        assert_eq!(layout("YBR_FULL_422", 2, 4, 8).frame_bytes(), 16);
    }

    #[test]
    fn limits_are_held_before_anything_is_allocated() {
        let header = header("MONOCHROME2", u16::MAX, u16::MAX, 16);
        let read = PixelLayout::read(&header, PixelElement::Integer, &PixelLimits::default());
        assert_eq!(read.map_err(|hold| hold.reason), Err(HoldReason::LimitExceeded));
    }
}
