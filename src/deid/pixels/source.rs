//! The frames of one object, one at a time, in the form in which they are written: native little
//! endian. A codec family has a file of its own; here is only which one it is.

use super::layout::{PixelLayout, PixelLimits, limit, not_decodable};
use super::location::{PixelElement, PixelLocation};
use super::native::{self, ByteOrder};
use super::{attributes::mismatch, fragments::FrameFragments, jpeg, jpeg2000, rle};
use crate::deid::hold::{Hold, HoldReason};
use dicom_dictionary_std::uids;
use dicom_encoding::TransferSyntaxIndex;
use dicom_transfer_syntax_registry::TransferSyntaxRegistry;
use std::fs::File;
use std::io::{Seek, SeekFrom};
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Retired in 2006, and still sent.
const EXPLICIT_VR_BIG_ENDIAN: &str = "1.2.840.10008.1.2.2";

/// One frame in the output layout: little endian, beginning at a byte.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame {
    /// Frame index, from 0.
    pub index: u32,
    /// [`PixelLayout::frame_bytes`] bytes.
    pub data: Vec<u8>,
}

/// How the frames are stored.
#[derive(Debug)]
enum Coding {
    Native(ByteOrder),
    EncapsulatedNative(FrameFragments),
    Rle(FrameFragments),
    Jpeg(FrameFragments),
    Jpeg2000(FrameFragments),
}

/// Reads frames from the file of an object.
#[derive(Debug)]
pub struct FrameSource {
    file: File,
    location: PixelLocation,
    coding: Coding,
    source: PixelLayout,
    output: PixelLayout,
    lossy: bool,
}

impl FrameSource {
    /// Opens the pixels at `location`. `layout` is what the header states. A file in the deflated
    /// transfer syntax must be handed over inflated.
    pub fn open(
        mut file: File,
        transfer_syntax: &str,
        layout: &PixelLayout,
        location: PixelLocation,
        limits: &PixelLimits,
    ) -> Result<Self, Hold> {
        let transfer_syntax = transfer_syntax.trim_end_matches(['\0', ' ']);
        layout.check_limits(limits)?;
        let coding = open_coding(&mut file, transfer_syntax, layout, &location, limits)?;
        let (output, lossy) = output_of(&mut file, &coding, layout)?;
        output.check_limits(limits)?;
        // An explicit VR element states its length in 32 bits, and all ones mean undefined.
        if output.padded_value_bytes() >= u64::from(u32::MAX) {
            return Err(limit("decoded pixels of 4 GiB and more"));
        }
        Ok(Self { file, location, coding, source: layout.clone(), output, lossy })
    }

    /// What the frames are and the output's header must say.
    pub fn output_layout(&self) -> &PixelLayout {
        &self.output
    }

    /// Whether the pixels went through a lossy codec, as far as the codestream tells.
    pub fn lossy(&self) -> bool {
        self.lossy
    }

    /// Which element holds the pixels, in the source and in the output.
    pub fn element(&self) -> PixelElement {
        self.location.element
    }

    /// Reads and decodes one frame.
    pub fn frame(&mut self, index: u32) -> Result<Frame, Hold> {
        if index >= self.output.frames {
            return Err(mismatch("a frame behind the last one"));
        }
        let (file, source, output) = (&mut self.file, &self.source, &self.output);
        let data = match &self.coding {
            Coding::Native(order) => {
                native::read_frame(file, source, &self.location, *order, index)?
            }
            Coding::EncapsulatedNative(fragments) => {
                let mut data = fragments.frame(file, index)?;
                native::align_bits(&mut data, 0, source);
                data
            }
            Coding::Rle(fragments) => rle::decode(&fragments.frame(file, index)?, output)?,
            Coding::Jpeg(fragments) => {
                jpeg::decode(&fragments.frame(file, index)?, source, output)?
            }
            Coding::Jpeg2000(fragments) => {
                jpeg2000::decode(&fragments.frame(file, index)?, source, output)?
            }
        };
        if data.len() != output.frame_bytes() {
            return Err(mismatch(format!("frame {index} has another size than the header states")));
        }
        Ok(Frame { index, data })
    }
}

fn open_coding(
    file: &mut File,
    transfer_syntax: &str,
    layout: &PixelLayout,
    location: &PixelLocation,
    limits: &PixelLimits,
) -> Result<Coding, Hold> {
    match transfer_syntax {
        uids::IMPLICIT_VR_LITTLE_ENDIAN
        | uids::EXPLICIT_VR_LITTLE_ENDIAN
        | uids::DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN
        | EXPLICIT_VR_BIG_ENDIAN => {
            let file_length = file.seek(SeekFrom::End(0)).map_err(super::fragments::read_failed)?;
            native::check_length(layout, location, file_length)?;
            Ok(Coding::Native(match transfer_syntax {
                EXPLICIT_VR_BIG_ENDIAN => native::big_endian_order(file, layout, location)?,
                _ => ByteOrder::Little,
            }))
        }
        _ => open_encapsulated(file, transfer_syntax, layout, location, limits),
    }
}

fn open_encapsulated(
    file: &mut File,
    transfer_syntax: &str,
    layout: &PixelLayout,
    location: &PixelLocation,
    limits: &PixelLimits,
) -> Result<Coding, Hold> {
    let (family, start): (fn(FrameFragments) -> Coding, _) = match transfer_syntax {
        uids::ENCAPSULATED_UNCOMPRESSED_EXPLICIT_VR_LITTLE_ENDIAN => {
            (Coding::EncapsulatedNative, None)
        }
        uids::RLE_LOSSLESS => (Coding::Rle, None),
        uids::JPEG_BASELINE8_BIT
        | uids::JPEG_EXTENDED12_BIT
        | uids::JPEG_LOSSLESS
        | uids::JPEG_LOSSLESS_SV1 => (Coding::Jpeg, Some(jpeg::START)),
        uids::JPEG2000_LOSSLESS | uids::JPEG2000 => (Coding::Jpeg2000, Some(jpeg2000::START)),
        other => return Err(no_decoder(other)),
    };
    if location.length.is_some() || location.element != PixelElement::Integer {
        return Err(mismatch("native pixels in an encapsulated transfer syntax"));
    }
    FrameFragments::read(file, location.offset, layout.frames, start, limits).map(family)
}

/// Names the transfer syntax if it is a known one: an unknown UID is a value of the object.
fn no_decoder(transfer_syntax: &str) -> Hold {
    match TransferSyntaxRegistry.get(transfer_syntax) {
        Some(known) => not_decodable(format!("{} ({})", known.name(), known.uid())),
        None => Hold::new(HoldReason::TransferSyntaxUnknown, "no such transfer syntax is known"),
    }
}

/// The layout of decoded frames and whether they are lossy; for JPEG the first frame tells, and
/// every other one must agree when it is decoded.
fn output_of(
    file: &mut File,
    coding: &Coding,
    source: &PixelLayout,
) -> Result<(PixelLayout, bool), Hold> {
    match coding {
        Coding::Native(_) | Coding::EncapsulatedNative(_) => {
            native::check_form(source)?;
            Ok((source.clone(), false))
        }
        Coding::Rle(_) => Ok((rle::output(source)?, false)),
        Coding::Jpeg(fragments) => {
            let codestream = jpeg::Codestream::read(&fragments.frame(file, 0)?)?;
            Ok((codestream.output(source)?, codestream.lossy()))
        }
        Coding::Jpeg2000(fragments) => {
            let first = fragments.frame(file, 0)?;
            let codestream = jpeg2000::Codestream::read(jpeg2000::bare(&first)?)?;
            Ok((codestream.output(source)?, codestream.lossy()))
        }
    }
}

/// Runs a decoder that is known to panic on hostile input.
pub(super) fn guarded(decode: impl FnOnce() -> Result<Vec<u8>, Hold>) -> Result<Vec<u8>, Hold> {
    catch_unwind(AssertUnwindSafe(decode))
        .unwrap_or_else(|_| Err(mismatch("a codestream that breaks its decoder")))
}
