//! The frames of one object, one at a time, in the form in which they are written: native little
//! endian. A codec family has a file of its own; here is only which one it is.

use super::blank;
use super::family::{EncodedFrame, Family, no_frame};
use super::fill_value::Fill;
use super::layout::{PixelLayout, PixelLimits, limit, not_decodable};
use super::location::{PixelElement, PixelLocation};
use super::native::{self, ByteOrder};
use super::{attributes::mismatch, fragments::FrameFragments};
use crate::deid::hold::{Hold, HoldReason};
use crate::deid::picture::PixelRect;
use dicom_dictionary_std::uids;
use dicom_encoding::TransferSyntaxIndex;
use dicom_transfer_syntax_registry::TransferSyntaxRegistry;
use sha2::{Digest, Sha256};
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

/// SHA-256 of a frame's data: what it is recognised by.
pub type FrameDigest = [u8; 32];

impl Frame {
    /// What it is recognised by.
    pub fn digest(&self) -> FrameDigest {
        Sha256::digest(&self.data).into()
    }
}

/// How the frames are stored.
#[derive(Debug)]
enum Coding {
    Native(ByteOrder),
    Encapsulated(Family, FrameFragments),
    /// Blank frames in place of what is there.
    Blank,
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

    /// Blank frames of this layout in place of the pixels at `location`.
    pub fn blank(file: File, layout: &PixelLayout, location: PixelLocation) -> Self {
        let (source, output) = (layout.clone(), layout.clone());
        Self { file, location, coding: Coding::Blank, source, output, lossy: false }
    }

    /// Says what boxes are filled with.
    pub fn set_fill(&mut self, fill: Fill) {
        (self.source.fill, self.output.fill) = (fill, fill);
    }

    /// What the frames are and the output's header must say.
    pub fn output_layout(&self) -> &PixelLayout {
        &self.output
    }

    /// Whether the pixels went through a lossy codec, as far as the codestream tells.
    pub fn lossy(&self) -> bool {
        self.lossy
    }

    /// Whether boxes in the frames are only nearly of their colour: where coefficients were replaced.
    pub fn fills_nearly(&self) -> bool {
        self.lossy && matches!(self.coding, Coding::Encapsulated(Family::Jpeg, _))
    }

    /// Which element holds the pixels, in the source and in the output.
    pub fn element(&self) -> PixelElement {
        self.location.element
    }

    /// Bytes of the words that are swapped in the file: 1 for little endian, and for strings of bytes.
    pub fn word_bytes(&self) -> usize {
        match self.coding {
            Coding::Native(ByteOrder::BigWords(bytes)) => bytes as usize,
            Coding::Native(ByteOrder::Little) | Coding::Encapsulated(..) | Coding::Blank => 1,
        }
    }

    /// Reads and decodes one frame.
    pub fn frame(&mut self, index: u32) -> Result<Frame, Hold> {
        if index >= self.output.frames {
            return Err(no_frame());
        }
        match &self.coding {
            Coding::Native(order) => {
                let (file, source) = (&mut self.file, &self.source);
                let data = native::read_frame(file, source, &self.location, *order, index)?;
                self.sized(index, data)
            }
            Coding::Encapsulated(..) => {
                let codestream = self.codestream(index)?;
                self.decode(index, codestream)
            }
            Coding::Blank => Ok(blank::frame(index, &self.output)),
        }
    }

    fn sized(&self, index: u32, data: Vec<u8>) -> Result<Frame, Hold> {
        if data.len() != self.output.frame_bytes() {
            return Err(mismatch(format!("frame {index} has another size than the header states")));
        }
        Ok(Frame { index, data })
    }

    fn encapsulated(&self) -> Result<(Family, &FrameFragments), Hold> {
        match &self.coding {
            Coding::Encapsulated(family, fragments) => Ok((*family, fragments)),
            Coding::Native(_) | Coding::Blank => {
                Err(mismatch("native pixels where encoded ones are expected"))
            }
        }
    }

    /// How frames that stay encapsulated are written; none for native pixels. `any_box` says that one is
    /// encoded.
    pub(super) fn encapsulated_form(&self, any_box: bool) -> Option<EncapsulatedForm> {
        let (family, _) = self.encapsulated().ok()?;
        if !any_box {
            let layout = self.source.clone();
            return Some(EncapsulatedForm { layout, every_frame: false, transfer_syntax: None });
        }
        let layout = family.encoded_as(&self.source, &self.output);
        let transfer_syntax = family.leaves_in();
        let every_frame = layout != self.source || transfer_syntax.is_some();
        Some(EncapsulatedForm { layout, every_frame, transfer_syntax })
    }

    /// The encoded bytes of one frame.
    pub(super) fn codestream(&mut self, index: u32) -> Result<Vec<u8>, Hold> {
        match &self.coding {
            Coding::Encapsulated(_, fragments) => fragments.frame(&mut self.file, index),
            Coding::Native(_) | Coding::Blank => {
                Err(mismatch("native pixels where encoded ones are expected"))
            }
        }
    }

    /// Decodes the encoded bytes of one frame.
    pub(super) fn decode(&self, index: u32, codestream: Vec<u8>) -> Result<Frame, Hold> {
        let (family, _) = self.encapsulated()?;
        self.sized(index, family.decode(codestream, &self.source, &self.output)?)
    }

    /// Reads and decodes a frame that was encoded here, by another library than encoded it where there is
    /// one.
    pub fn frame_by_other(&mut self, index: u32) -> Result<Frame, Hold> {
        if !self.is_encapsulated() || index >= self.output.frames {
            return self.frame(index);
        }
        let codestream = self.codestream(index)?;
        let (family, _) = self.encapsulated()?;
        self.sized(index, family.decode_by_other(codestream, &self.source, &self.output)?)
    }

    /// A codestream without what no decoder needs; none where it cannot be kept.
    pub(super) fn bare(&self, codestream: &[u8]) -> Result<Option<Vec<u8>>, Hold> {
        self.encapsulated()?.0.bare(codestream, &self.output)
    }

    /// Whether the decoded samples may hold bits that are no part of a value.
    pub(super) fn may_hide_bits(&self, codestream: &[u8]) -> Result<bool, Hold> {
        self.encapsulated()?.0.may_hold_unused_bits(codestream, &self.output)
    }

    /// Encodes a frame without loss, in the manner of the codestream `like`; `boxes` are filled.
    pub(super) fn encode(
        &self,
        frame: &Frame,
        like: &[u8],
        boxes: &[PixelRect],
    ) -> Result<Option<EncodedFrame>, Hold> {
        self.encapsulated()?.0.encode(&frame.data, like, boxes, &self.source, &self.output)
    }

    /// Whether the frames are encapsulated.
    pub fn is_encapsulated(&self) -> bool {
        matches!(self.coding, Coding::Encapsulated(..))
    }

    /// Checks that encapsulated frames are as we write them: a fragment each, right offsets, nothing
    /// in a codestream that no decoder needs, and the end of the file behind them.
    pub fn check_bare(&mut self, file_bytes: u64) -> Result<(), Hold> {
        let (_, fragments) = self.encapsulated()?;
        fragments.check_tidy(file_bytes)?;
        for index in 0..self.output.frames {
            let codestream = self.codestream(index)?;
            let tidy = self.bare(&codestream)?.is_some_and(|mut bare| {
                bare.resize(bare.len().next_multiple_of(2), 0);
                bare == codestream
            });
            if !tidy {
                return Err(mismatch(format!("frame {index} holds more than its codestream")));
            }
        }
        Ok(())
    }
}

/// How encapsulated frames are written.
pub(super) struct EncapsulatedForm {
    /// What the header must state of them.
    pub layout: PixelLayout,
    /// Whether each has to be encoded, not only those with boxes.
    pub every_frame: bool,
    /// The transfer syntax, where it is another one.
    pub transfer_syntax: Option<&'static str>,
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
    let family = Family::of(transfer_syntax).ok_or_else(|| no_decoder(transfer_syntax))?;
    if location.length.is_some() || location.element != PixelElement::Integer {
        return Err(mismatch("native pixels in an encapsulated transfer syntax"));
    }
    let start = family.start();
    let fragments = FrameFragments::read(file, location.offset, layout.frames, start, limits)?;
    Ok(Coding::Encapsulated(family, fragments))
}

/// Names the transfer syntax if it is a known one: an unknown UID is a value of the object.
fn no_decoder(transfer_syntax: &str) -> Hold {
    match TransferSyntaxRegistry.get(transfer_syntax) {
        Some(known) => not_decodable(format!("{} ({})", known.name(), known.uid())),
        None => Hold::new(HoldReason::TransferSyntaxUnknown, "no such transfer syntax is known"),
    }
}

/// The layout of decoded frames and whether they are lossy.
fn output_of(
    file: &mut File,
    coding: &Coding,
    source: &PixelLayout,
) -> Result<(PixelLayout, bool), Hold> {
    match coding {
        Coding::Blank => Ok((source.clone(), false)),
        Coding::Native(_) => {
            native::check_form(source)?;
            Ok((source.clone(), false))
        }
        Coding::Encapsulated(family, fragments) => {
            family.output(|| fragments.frame(file, 0), source)
        }
    }
}

/// Runs a decoder that is known to panic on hostile input.
pub(super) fn guarded(decode: impl FnOnce() -> Result<Vec<u8>, Hold>) -> Result<Vec<u8>, Hold> {
    catch_unwind(AssertUnwindSafe(decode))
        .unwrap_or_else(|_| Err(mismatch("a codestream that breaks its decoder")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::deid::pixels::fragments::tests::encapsulated;
    use crate::deid::pixels::layout::Photometric;
    use crate::deid::pixels::layout::tests::layout;
    use std::io::Write;

    const BASELINE: &str = "1.2.840.10008.1.2.4.50";
    const J2K: &str = "1.2.840.10008.1.2.4.90";
    const RLE: &str = "1.2.840.10008.1.2.5";
    const RGB_WITHOUT_MARKERS: &[u8] =
        include_bytes!("../../../testdata/pixels/rgb-without-markers.jpg");
    const YCBCR_422: &[u8] = include_bytes!("../../../testdata/pixels/ycbcr-422-jfif.jpg");
    const GREY_12: &[u8] = include_bytes!("../../../testdata/pixels/grey-12.j2k");
    const RGB_RCT: &[u8] = include_bytes!("../../../testdata/pixels/rgb-rct.j2k");

    fn open(syntax: &str, layout: &PixelLayout, fragments: &[&[u8]]) -> Result<FrameSource, Hold> {
        let mut file = tempfile::tempfile().expect("a temporary file");
        file.write_all(&encapsulated(&[], fragments)).expect("written");
        let location = PixelLocation { offset: 0, length: None, element: PixelElement::Integer };
        FrameSource::open(file, syntax, layout, location, &PixelLimits::default())
    }

    fn reason(opened: Result<FrameSource, Hold>) -> Option<HoldReason> {
        opened.err().map(|hold| hold.reason)
    }

    /// The largest difference from the two colours of the test images, but for the four columns
    /// around their border, where subsampled chroma mixes them.
    fn worst_colour(data: &[u8], width: usize) -> u8 {
        let half = width / 2;
        let expected = |column| if column < half { [200, 30, 90] } else { [10, 220, 40] };
        let pixels = data.chunks_exact(3).enumerate().map(|(i, found)| (i % width, found));
        let inside = pixels.filter(|(column, _)| column.abs_diff(half) > 2);
        let differences = inside.flat_map(|(column, found)| {
            found.iter().zip(expected(column)).map(|(is, should)| is.abs_diff(should))
        });
        differences.max().unwrap_or(u8::MAX)
    }

    #[test]
    fn jpeg_colours_are_right_whether_or_not_markers_state_them() {
        for (stated, codestream) in
            [("RGB", RGB_WITHOUT_MARKERS), ("YBR_FULL_422", YCBCR_422), ("RGB", YCBCR_422)]
        {
            let mut source =
                open(BASELINE, &layout(stated, 8, 16, 8), &[codestream]).expect("opens");
            assert_eq!(source.output_layout().photometric, Photometric::Rgb);
            assert!(source.lossy());
            let frame = source.frame(0).expect("decodes");
            assert!(worst_colour(&frame.data, 16) <= 3, "{stated}");
        }
    }

    #[test]
    fn jpeg_2000_gives_back_what_was_encoded() {
        let mut twelve = layout("MONOCHROME2", 64, 64, 16);
        (twelve.bits_stored, twelve.high_bit, twelve.frames) = (12, 11, 2);
        let mut source = open(J2K, &twelve, &[GREY_12, GREY_12]).expect("opens");
        let expected: Vec<u8> = (0..4096_u16).flat_map(u16::to_le_bytes).collect();
        assert_eq!(source.frame(1).map(|frame| frame.data), Ok(expected));
        assert!(!source.lossy() && source.frame(2).is_err());
        let mut colour = open(J2K, &layout("YBR_RCT", 64, 64, 8), &[RGB_RCT]).expect("opens");
        assert_eq!(worst_colour(&colour.frame(0).expect("decodes").data, 64), 0);
        assert_eq!(colour.output_layout().photometric, Photometric::Rgb);
    }

    #[test]
    fn a_codestream_that_is_cut_or_contradicts_the_header_is_held() {
        let colour = layout("YBR_RCT", 64, 64, 8);
        let mut cut = open(J2K, &colour, &[&RGB_RCT[..RGB_RCT.len() - 10]]).expect("opens");
        assert_eq!(cut.frame(0).map_err(|hold| hold.reason), Err(HoldReason::Truncated));
        let other = reason(open(J2K, &layout("YBR_RCT", 64, 32, 8), &[RGB_RCT]));
        assert_eq!(other, Some(HoldReason::PixelsMismatch));
        let mut two = layout("RGB", 8, 16, 8);
        two.frames = 2;
        let frames = [RGB_WITHOUT_MARKERS, &YCBCR_422[..40]];
        let mut mixed = open(BASELINE, &two, &frames).expect("the first frame tells");
        assert!(mixed.frame(0).is_ok() && mixed.frame(1).is_err());
    }

    #[test]
    fn syntaxes_without_a_decoder_are_named_and_unknown_ones_are_not() {
        let grey = layout("MONOCHROME2", 1, 1, 8);
        let video = open("1.2.840.10008.1.2.4.102", &grey, &[b"x"]).expect_err("no decoder");
        assert_eq!(video.reason, HoldReason::PixelsNotDecodable);
        assert!(video.detail.contains("MPEG-4"));
        let unknown = open("1.2.3.4", &grey, &[b"x"]).expect_err("unknown");
        assert_eq!(unknown.reason, HoldReason::TransferSyntaxUnknown);
        assert!(!unknown.detail.contains("1.2.3.4"));
    }

    #[test]
    fn native_and_encapsulated_pixels_are_not_taken_for_each_other() {
        let grey = layout("MONOCHROME2", 1, 2, 8);
        let native = reason(open("1.2.840.10008.1.2.1", &grey, &[b"ab"]));
        assert_eq!(native, Some(HoldReason::PixelsMismatch));
        let location = PixelLocation { offset: 0, length: Some(2), element: PixelElement::Integer };
        let file = tempfile::tempfile().expect("a temporary file");
        let opened = FrameSource::open(file, RLE, &grey, location, &PixelLimits::default());
        assert_eq!(reason(opened), Some(HoldReason::PixelsMismatch));
    }

    #[test]
    fn encapsulated_uncompressed_frames_are_cut_to_size() {
        let mut bits = layout("MONOCHROME2", 1, 3, 1);
        bits.frames = 2;
        let syntax = "1.2.840.10008.1.2.1.98";
        let mut source = open(syntax, &bits, &[&[0xFD, 0], &[2, 0]]).expect("opens");
        assert_eq!(source.frame(0).map(|frame| frame.data), Ok(vec![5]));
        let mut short = open(syntax, &layout("MONOCHROME2", 2, 2, 8), &[b"ab"]).expect("opens");
        assert!(short.frame(0).is_err());
    }

    #[test]
    fn a_decoder_that_panics_is_a_hold() {
        assert!(guarded(|| panic!("as decoders do")).is_err());
    }
}
