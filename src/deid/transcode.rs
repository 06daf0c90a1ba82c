//! Decoding a result for a destination that does not take its transfer syntax.
//!
//! Invariants: what is written is the same object in Explicit VR Little Endian with native pixels, its
//! header changed in what describes them alone; it is read back, and compared sample by sample with
//! what it was made of.

use super::apply::{OUTPUT_SYNTAX, write_header, write_native};
use super::examine::{StepError, pixel_limits};
use super::hold::{Hold, HoldReason};
use super::object::{read_header, read_meta, scan_file, text_of};
use super::pixels::{
    FrameSource, PixelElement, PixelLayout, PixelLocation, clear_unused_bits, write_layout,
};
use super::scan::Encoding;
use crate::config::Limits;
use dicom_core::Tag;
use dicom_dictionary_std::tags;
use dicom_object::InMemDicomObject;
use dicom_transfer_syntax_registry::entries::EXPLICIT_VR_LITTLE_ENDIAN;
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufWriter, Write};

/// What describes the form of pixels, and changes with it.
const FORM: [Tag; 3] =
    [tags::PHOTOMETRIC_INTERPRETATION, tags::PLANAR_CONFIGURATION, tags::LOSSY_IMAGE_COMPRESSION];

/// Writes the result in `input` to `output`, which is empty, with decoded pixels.
pub fn transcode(input: &File, output: &File, limits: &Limits) -> Result<(), StepError> {
    let mut encoded = Opened::new(input, limits)?;
    let layout = encoded.frames.output_layout().clone();
    let mut header = encoded.header;
    write_layout(&mut header, &layout, encoded.frames.lossy());
    let class = text_of(&header, tags::SOP_CLASS_UID);
    let instance = text_of(&header, tags::SOP_INSTANCE_UID);
    let mut out = BufWriter::new(output);
    write_header(&mut out, header, [&class, &instance, OUTPUT_SYNTAX])?;
    write_native(&mut out, &mut encoded.frames, |_| Vec::new())?;
    out.flush()?;
    drop(out);
    let mut native = Opened::new(output, limits)?;
    if native.elements != encoded.elements || *native.frames.output_layout() != layout {
        return Err(different("the header").into());
    }
    for index in 0..layout.frames {
        let mut frame = encoded.frames.frame(index)?;
        clear_unused_bits(&mut frame, &layout);
        if native.frames.frame(index)? != frame {
            return Err(different("a frame").into());
        }
    }
    Ok(())
}

fn different(what: &str) -> Hold {
    Hold::new(HoldReason::VerificationFailed, format!("{what} is not what was decoded"))
}

/// A file that we wrote.
struct Opened {
    header: InMemDicomObject,
    /// The bytes of every element before the pixels, but of those that describe their form.
    elements: BTreeMap<Tag, Vec<u8>>,
    frames: FrameSource,
}

impl Opened {
    fn new(file: &File, limits: &Limits) -> Result<Self, StepError> {
        let mut file = file.try_clone()?;
        let malformed = |what: &str| Hold::new(HoldReason::Malformed, what.to_owned());
        let (syntax, start) = read_meta(&mut file)?;
        let (scan, heads) = scan_file(&mut file, start, Encoding::of_transfer_syntax(&syntax))?;
        if let Some(problem) = scan.problem {
            return Err(problem.hold().into());
        }
        let span = scan.pixels.filter(|_| !scan.truncated);
        let span = span.ok_or_else(|| malformed("no pixels to decode"))?;
        let bytes = read_header(&mut file, start, span.start, limits)?;
        let syntax_of_header = EXPLICIT_VR_LITTLE_ENDIAN.erased();
        let header = InMemDicomObject::read_dataset_with_ts(&bytes[..], &syntax_of_header)
            .map_err(|_| malformed("the header cannot be parsed"))?;
        let element = PixelElement::from_tag(Tag(0x7FE0, span.element))
            .ok_or_else(|| malformed("no pixels to decode"))?;
        let location = PixelLocation { offset: start + span.value, length: span.length, element };
        let limits = pixel_limits(limits);
        let layout = PixelLayout::read(&header, element, &limits)?;
        let frames = FrameSource::open(file, &syntax, &layout, location, &limits)?;
        Ok(Self { header, elements: elements(&bytes, &heads), frames })
    }
}

fn elements(header: &[u8], heads: &[(Tag, u64)]) -> BTreeMap<Tag, Vec<u8>> {
    let before_pixels = heads.iter().filter(|(_, start)| *start < header.len() as u64);
    let ends = heads.iter().skip(1).map(|(_, start)| *start as usize);
    let ends = ends.chain(std::iter::once(header.len()));
    let element = |((tag, start), end): (&(Tag, u64), usize)| {
        let bytes = header.get(*start as usize..end.min(header.len()))?;
        (!FORM.contains(tag)).then(|| (*tag, bytes.to_vec()))
    };
    before_pixels.zip(ends).filter_map(element).collect()
}
