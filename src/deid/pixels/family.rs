//! The codec families: which one a transfer syntax has, and what each of them does with one frame.

use super::attributes::mismatch;
use super::jpeg_lossless::FrameForm;
use super::layout::{Photometric, PixelLayout};
use super::{bare_jpeg, bare_jpeg2000, jpeg, jpeg_dct, jpeg_lossless, jpeg_ls, jpeg2000};
use super::{jpeg2000_encode, native, rle, rle_encode};
use crate::deid::hold::Hold;
use crate::deid::picture::PixelRect;
use dicom_dictionary_std::uids;

/// How encapsulated frames are encoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Family {
    /// Not at all.
    Uncompressed,
    Rle,
    Jpeg,
    JpegLs,
    Jpeg2000,
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
            _ => None,
        }
    }

    /// What begins a codestream, if fragments can be told by it.
    pub fn start(self) -> Option<&'static [u8]> {
        match self {
            Self::Uncompressed | Self::Rle => None,
            Self::Jpeg => Some(jpeg::START),
            Self::JpegLs => Some(jpeg_ls::START),
            Self::Jpeg2000 => Some(jpeg2000::START),
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
            Self::Jpeg2000 => {
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
            Self::Jpeg2000 => jpeg2000::decode(&data, source, output),
        }
    }

    /// The codestream without what no decoder needs; none where it cannot be kept.
    pub fn bare(self, data: &[u8], output: &PixelLayout) -> Result<Option<Vec<u8>>, Hold> {
        Ok(match self {
            Self::Uncompressed => native::bare(data, output),
            Self::Rle => rle_encode::bare(data, output)?,
            Self::Jpeg | Self::JpegLs => bare_jpeg::bare(data),
            Self::Jpeg2000 => bare_jpeg2000::bare(data),
        })
    }

    /// Whether decoded samples may hold bits outside of Bits Stored. JPEG 2000 with such bits does not
    /// decode here.
    pub fn may_hold_unused_bits(self, data: &[u8], output: &PixelLayout) -> Result<bool, Hold> {
        let precision = match self {
            Self::Uncompressed | Self::Rle => output.bits_allocated,
            Self::Jpeg => jpeg::Codestream::read(data)?.precision(),
            Self::JpegLs => jpeg_ls::Codestream::read(data)?.precision(),
            Self::Jpeg2000 => return Ok(false),
        };
        Ok(precision > output.bits_stored || output.low_bit() > 0)
    }

    /// Encodes one frame without loss, in the manner of `like`, the bare codestream that it replaces; or
    /// blanks its boxes in the codestream itself, where encoding would lose something. None for a form without an encoder, and if another decoder does not give the frame back.
    pub fn encode(
        self,
        frame: &[u8],
        like: &[u8],
        boxes: &[PixelRect],
        source: &PixelLayout,
        output: &PixelLayout,
    ) -> Result<Option<Vec<u8>>, Hold> {
        // PS3.5 8.2: where it is not, decoders disagree on which bits are meant.
        if output.low_bit() > 0 {
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
                    return Ok(jpeg_dct::redact_frame(like, boxes, source, output));
                }
                let precision = codestream.precision().max(output.bits_stored).max(2);
                let form = FrameForm {
                    precision: u8::try_from(precision).unwrap_or(u8::MAX),
                    ids: codestream.component_ids(),
                    markers: &bare_jpeg::colour_markers(like),
                };
                jpeg_lossless::encode(frame, output, &form)
            }
            Self::JpegLs => {
                let codestream = jpeg_ls::Codestream::read(like)?;
                let precision = codestream.precision().max(output.bits_stored);
                jpeg_ls::encode(frame, output, precision, codestream.interleave)
            }
            Self::Jpeg2000 => {
                let (precision, signed, colour_transform) =
                    jpeg2000::Codestream::read(like)?.form();
                let precision = precision.max(output.bits_stored);
                let coding = jpeg2000_encode::SampleCoding { precision, signed, colour_transform };
                jpeg2000_encode::encode(frame, output, coding)
            }
        };
        let Some(encoded) = encoded else { return Ok(None) };
        let decoded = self.decode(encoded.clone(), source, output);
        Ok((decoded.as_deref() == Ok(frame)).then_some(encoded))
    }

    /// What the header must say once a frame was encoded: a reversible transform is no irreversible
    /// one.
    pub fn encoded_as(self, source: &PixelLayout) -> PixelLayout {
        let photometric = match source.photometric {
            Photometric::YbrIct => Photometric::YbrRct,
            stated => stated,
        };
        PixelLayout { photometric, ..source.clone() }
    }
}

/// A hold for a frame that is not there.
pub(super) fn no_frame() -> Hold {
    mismatch("a frame behind the last one")
}
