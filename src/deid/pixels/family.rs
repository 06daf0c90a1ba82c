//! The codec families: which one a transfer syntax has, and what each of them does with one frame.

use super::attributes::mismatch;
use super::jpeg_lossless::FrameForm;
use super::layout::{Photometric, PixelLayout};
use super::source::FrameDigest;
use super::{bare_jpeg, bare_jpeg2000, jpeg, jpeg_dct, jpeg_lossless, jpeg_ls, jpeg_xl, jpeg2000};
use super::{jpeg2000_encode, native, rle, rle_encode, second_opinion};
use crate::deid::hold::Hold;
use crate::deid::picture::PixelRect;
use dicom_dictionary_std::uids;
use sha2::{Digest, Sha256};

/// A frame in its codestream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct EncodedFrame {
    pub codestream: Vec<u8>,
    /// Of the frame that it must decode to.
    pub sha256: FrameDigest,
}

/// How encapsulated frames are encoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Family {
    /// Not at all.
    Uncompressed,
    Rle,
    Jpeg,
    JpegLs,
    Jpeg2000,
    /// JPEG 2000 in a form that nothing here encodes: high throughput, or Part 2.
    OtherJpeg2000,
    JpegXl,
}

impl Family {
    /// The family of a transfer syntax; none without a decoder.
    pub fn of(transfer_syntax: &str) -> Option<Self> {
        match transfer_syntax {
            uids::ENCAPSULATED_UNCOMPRESSED_EXPLICIT_VR_LITTLE_ENDIAN => Some(Self::Uncompressed),
            uids::RLE_LOSSLESS => Some(Self::Rle),
            uids::JPEG_BASELINE8_BIT
            | uids::JPEG_EXTENDED12_BIT
            | uids::JPEG_LOSSLESS
            | uids::JPEG_LOSSLESS_SV1 => Some(Self::Jpeg),
            uids::JPEGLS_LOSSLESS | uids::JPEGLS_NEAR_LOSSLESS => Some(Self::JpegLs),
            uids::JPEG2000_LOSSLESS | uids::JPEG2000 => Some(Self::Jpeg2000),
            uids::JPEG2000MC_LOSSLESS
            | uids::JPEG2000MC
            | uids::HTJ2K_LOSSLESS
            | uids::HTJ2K_LOSSLESS_RPCL
            | uids::HTJ2K => Some(Self::OtherJpeg2000),
            uids::JPEGXL_LOSSLESS | uids::JPEGXLJPEG_RECOMPRESSION | uids::JPEGXL => {
                Some(Self::JpegXl)
            }
            _ => None,
        }
    }

    /// What begins a codestream, if fragments can be told by it.
    pub fn start(self) -> Option<&'static [u8]> {
        match self {
            Self::Uncompressed | Self::Rle => None,
            Self::Jpeg => Some(jpeg::START),
            Self::JpegLs => Some(jpeg_ls::START),
            Self::Jpeg2000 | Self::OtherJpeg2000 => Some(jpeg2000::START),
            Self::JpegXl => Some(jpeg_xl::START),
        }
    }

    /// The layout of decoded frames and whether they are lossy, as the first frame tells; every
    /// other one must agree when it is decoded.
    pub fn output(
        self,
        first: impl FnOnce() -> Result<Vec<u8>, Hold>,
        source: &PixelLayout,
    ) -> Result<(PixelLayout, bool), Hold> {
        match self {
            Self::Uncompressed => {
                native::check_form(source)?;
                Ok((source.clone(), false))
            }
            Self::Rle => Ok((rle::output(source)?, false)),
            Self::Jpeg => {
                let codestream = jpeg::Codestream::read(&first()?)?;
                Ok((codestream.output(source)?, codestream.lossy()))
            }
            Self::JpegLs => {
                let codestream = jpeg_ls::Codestream::read(&first()?)?;
                Ok((codestream.output(source)?, codestream.lossy()))
            }
            Self::JpegXl => {
                let codestream = jpeg_xl::Codestream::read(&first()?)?;
                Ok((codestream.output(source)?, codestream.lossy()))
            }
            Self::Jpeg2000 | Self::OtherJpeg2000 => {
                let first = first()?;
                let codestream = jpeg2000::Codestream::read(jpeg2000::bare(&first)?)?;
                Ok((codestream.output(source)?, codestream.lossy()))
            }
        }
    }

    /// Decodes one frame.
    pub fn decode(
        self,
        data: Vec<u8>,
        source: &PixelLayout,
        output: &PixelLayout,
    ) -> Result<Vec<u8>, Hold> {
        match self {
            Self::Uncompressed => {
                let mut data = data;
                native::align_bits(&mut data, 0, source);
                Ok(data)
            }
            Self::Rle => rle::decode(&data, output),
            Self::Jpeg => jpeg::decode(&data, source, output),
            Self::JpegLs => jpeg_ls::decode(&data, source, output),
            Self::Jpeg2000 | Self::OtherJpeg2000 => jpeg2000::decode(&data, source, output),
            Self::JpegXl => jpeg_xl::decode(&data, source, output),
        }
    }

    /// The codestream without what no decoder needs; none where it cannot be kept.
    pub fn bare(self, data: &[u8], output: &PixelLayout) -> Result<Option<Vec<u8>>, Hold> {
        Ok(match self {
            Self::Uncompressed => native::bare(data, output),
            Self::Rle => rle_encode::bare(data, output)?,
            Self::Jpeg | Self::JpegLs => bare_jpeg::bare(data),
            Self::Jpeg2000 | Self::OtherJpeg2000 => bare_jpeg2000::bare(data),
            Self::JpegXl => jpeg_xl::bare(data),
        })
    }

    /// Whether decoded samples may hold bits outside of Bits Stored. JPEG 2000 and JPEG XL with such bits
    /// do not decode here.
    pub fn may_hold_unused_bits(self, data: &[u8], output: &PixelLayout) -> Result<bool, Hold> {
        let precision = match self {
            Self::Uncompressed | Self::Rle => output.bits_allocated,
            Self::Jpeg => jpeg::Codestream::read(data)?.precision(),
            Self::JpegLs => jpeg_ls::Codestream::read(data)?.precision(),
            Self::Jpeg2000 | Self::OtherJpeg2000 | Self::JpegXl => return Ok(false),
        };
        Ok(precision > output.bits_stored || output.low_bit() > 0)
    }

    /// Whether a codestream has all bits as far as High Bit, not just those of the values.
    fn holds_words(self, like: &[u8], output: &PixelLayout) -> Result<bool, Hold> {
        let precision = match self {
            Self::Uncompressed | Self::Rle => output.bits_allocated,
            Self::Jpeg => jpeg::Codestream::read(like)?.precision(),
            Self::JpegLs => jpeg_ls::Codestream::read(like)?.precision(),
            Self::Jpeg2000 | Self::OtherJpeg2000 => {
                jpeg2000::Codestream::read(jpeg2000::bare(like)?)?.form().0
            }
            Self::JpegXl => 0,
        };
        Ok(precision > output.high_bit)
    }

    /// The transfer syntax in which encoded frames leave, where it is not the one that they came in: then
    /// every frame has to be encoded.
    pub fn leaves_in(self) -> Option<&'static str> {
        match self {
            Self::OtherJpeg2000 | Self::JpegXl => Some(uids::JPEG2000_LOSSLESS),
            _ => None,
        }
    }

    /// Encodes one frame without loss, in the manner of `like`, the codestream that it replaces; or blanks
    /// its boxes in the codestream itself, where encoding would lose something. None for a form without an
    /// encoder.
    pub fn encode(
        self,
        frame: &[u8],
        like: &[u8],
        boxes: &[PixelRect],
        source: &PixelLayout,
        output: &PixelLayout,
    ) -> Result<Option<EncodedFrame>, Hold> {
        // Where values do not begin at the lowest bit, decoders agree on whole words alone.
        if output.low_bit() > 0 && !self.holds_words(like, output)? {
            return Ok(None);
        }
        let encoded = match self {
            Self::Uncompressed => Some(frame.to_vec()),
            Self::Rle => rle_encode::encode(frame, output),
            Self::Jpeg => {
                let codestream = jpeg::Codestream::read(like)?;
                if codestream.lossy() && boxes.is_empty() {
                    return Ok(None);
                }
                if codestream.lossy() {
                    return Ok(jpeg_dct::redact_frame(frame, like, boxes, source, output));
                }
                let precision = codestream.precision().max(output.bits_stored).max(2);
                let form = FrameForm {
                    precision: u8::try_from(precision).unwrap_or(u8::MAX),
                    ids: codestream.component_ids(),
                    markers: &bare_jpeg::colours_apart(like).0,
                };
                jpeg_lossless::encode(frame, output, &form)
            }
            Self::JpegLs => {
                let codestream = jpeg_ls::Codestream::read(like)?;
                let precision = codestream.precision().max(output.bits_stored);
                jpeg_ls::encode(frame, output, precision, codestream.interleave)
            }
            Self::JpegXl => {
                let coding = jpeg2000_encode::SampleCoding {
                    precision: output.bits_stored,
                    signed: output.signed,
                    colour_transform: output.photometric == Photometric::Rgb,
                };
                jpeg2000_encode::encode(frame, output, coding)
            }
            Self::Jpeg2000 | Self::OtherJpeg2000 => {
                let like = jpeg2000::bare(like)?;
                let (precision, signed, colour_transform) =
                    jpeg2000::Codestream::read(like)?.form();
                let precision = precision.max(output.bits_stored);
                let coding = jpeg2000_encode::SampleCoding { precision, signed, colour_transform };
                jpeg2000_encode::encode(frame, output, coding)
            }
        };
        let sha256 = Sha256::digest(frame).into();
        Ok(encoded.map(|codestream| EncodedFrame { codestream, sha256 }))
    }

    /// Decodes a frame that was encoded here, by another library than encoded it where there is one.
    pub fn decode_by_other(
        self,
        data: Vec<u8>,
        source: &PixelLayout,
        output: &PixelLayout,
    ) -> Result<Vec<u8>, Hold> {
        match self {
            Self::JpegLs => second_opinion::jpeg_ls(&data, source, output),
            Self::Jpeg2000 => second_opinion::jpeg2000(&data, output),
            _ => self.decode(data, source, output),
        }
    }

    /// What the header must say once a frame was encoded: a reversible transform is no irreversible
    /// one, and what JPEG XL decodes to is encoded with one.
    pub fn encoded_as(self, source: &PixelLayout, output: &PixelLayout) -> PixelLayout {
        let photometric = match (self, source.photometric, output.photometric) {
            (Self::JpegXl, _, Photometric::Rgb) => Photometric::YbrRct,
            (Self::JpegXl, _, decoded) => decoded,
            (_, Photometric::YbrIct, _) => Photometric::YbrRct,
            (_, stated, _) => stated,
        };
        let planar = source.planar && self.leaves_in().is_none();
        PixelLayout { photometric, planar, ..source.clone() }
    }
}

/// A hold for a frame that is not there.
pub(super) fn no_frame() -> Hold {
    mismatch("a frame behind the last one")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::deid::pixels::layout::tests::layout;

    /// A frame of 12 bits, and its codestream with so many of the bits of its words.
    fn codestream(family: Family, frame: &[u8], layout: &PixelLayout, precision: u8) -> Vec<u8> {
        let whole = PixelLayout {
            bits_stored: precision.into(),
            high_bit: u16::from(precision) - 1,
            ..layout.clone()
        };
        let form = FrameForm { precision, ids: &[1], markers: &[] };
        let coding = jpeg2000_encode::SampleCoding {
            precision: precision.into(),
            signed: layout.signed,
            colour_transform: false,
        };
        match family {
            Family::Rle => rle_encode::encode(frame, &whole),
            Family::Jpeg => jpeg_lossless::encode(frame, &whole, &form),
            Family::JpegLs => {
                jpeg_ls::encode(frame, &whole, precision.into(), jpeg_ls::Interleave::None)
            }
            _ => jpeg2000_encode::encode(frame, &whole, coding),
        }
        .expect("an encoder")
    }

    #[test]
    fn values_that_end_above_others_are_encoded_as_whole_words() {
        for signed in [false, true] {
            let mut layout = layout("MONOCHROME2", 5, 7, 16);
            (layout.bits_stored, layout.high_bit, layout.signed) = (12, 15, signed);
            let frame: Vec<u8> =
                (0..35_u16).flat_map(|at| (at.wrapping_mul(1873) << 4).to_le_bytes()).collect();
            for family in [Family::Rle, Family::Jpeg, Family::JpegLs, Family::Jpeg2000] {
                let like = codestream(family, &frame, &layout, 16);
                let encoded = family.encode(&frame, &like, &[], &layout, &layout);
                let encoded = encoded.expect("well formed").expect("whole words");
                let decoded = family.decode_by_other(encoded.codestream, &layout, &layout);
                assert_eq!(decoded.as_ref(), Ok(&frame), "{family:?} {signed}");
            }
            for family in [Family::Jpeg, Family::JpegLs, Family::Jpeg2000] {
                let low: Vec<u8> = frame.chunks(2).flat_map(|word| [word[0] >> 4, 0]).collect();
                let unsigned = PixelLayout { signed: false, ..layout.clone() };
                let like = codestream(family, &low, &unsigned, 12);
                let encoded = family.encode(&frame, &like, &[], &layout, &layout);
                assert_eq!(encoded, Ok(None), "{family:?} {signed}");
            }
        }
    }
}
