//! Writing a Part 10 file: File Meta Information, then header and pixels in the transfer syntax that it
//! names.
//!
//! Invariants: nothing is written that a caller did not hand over, but padding; native pixels are in the
//! byte order and under the VR that the source has, where the transfer syntax is the source's.

use super::examine::StepError;
use super::hold::{Hold, HoldReason};
use super::object::plain_syntax;
use super::picture::PixelRect;
use super::pixels::{BigWords, Encapsulated, FrameSource, PixelElement, write_frames};
use super::scan::Encoding;
use crate::{IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION_NAME};
use dicom_core::VR;
use dicom_encoding::transfer_syntax::TransferSyntaxIndex;
use dicom_object::{FileMetaTableBuilder, InMemDicomObject};
use dicom_parser::dataset::{DataSetWriter, IntoTokens};
use dicom_transfer_syntax_registry::TransferSyntaxRegistry;
use flate2::Compression;
use flate2::write::DeflateEncoder;
use std::fs::File;
use std::io::{self, Write};

/// Explicit VR Little Endian, in which every object can leave.
pub const OUTPUT_SYNTAX: &str = "1.2.840.10008.1.2.1";

/// Whether pixels are native in this transfer syntax (PS3.5 annexes A.1 to A.3 and A.5).
pub(super) fn is_native(transfer_syntax_uid: &str) -> bool {
    matches!(
        transfer_syntax_uid,
        "1.2.840.10008.1.2" | OUTPUT_SYNTAX | "1.2.840.10008.1.2.1.99" | "1.2.840.10008.1.2.2"
    )
}

fn unwritable(what: &str) -> StepError {
    Hold::new(HoldReason::Malformed, format!("{what} cannot be written as valid DICOM")).into()
}

/// Writes a Part 10 file of SOP class, SOP instance and transfer syntax; `pixels` comes behind the header.
pub(super) fn write_file(
    out: &mut impl Write,
    header: InMemDicomObject,
    [sop_class_uid, sop_instance_uid, transfer_syntax_uid]: [&str; 3],
    pixels: impl FnOnce(&mut dyn Write, Encoding) -> Result<(), StepError>,
) -> Result<(), StepError> {
    let meta = FileMetaTableBuilder::new()
        .media_storage_sop_class_uid(sop_class_uid)
        .media_storage_sop_instance_uid(sop_instance_uid)
        .transfer_syntax(transfer_syntax_uid)
        .implementation_class_uid(IMPLEMENTATION_CLASS_UID)
        .implementation_version_name(IMPLEMENTATION_VERSION_NAME)
        .build()
        .map_err(|_| unwritable("File Meta Information"))?;
    out.write_all(&[0; 128])?;
    out.write_all(b"DICM")?;
    meta.write(&mut *out).map_err(|_| unwritable("File Meta Information"))?;
    let encoding = Encoding::of_transfer_syntax(transfer_syntax_uid);
    if !encoding.deflated {
        write_header(out, header, encoding)?;
        return pixels(out, encoding);
    }
    let mut deflated = DeflateEncoder::new(Counting { out, bytes: 0 }, Compression::default());
    write_header(&mut deflated, header, encoding)?;
    pixels(&mut deflated, encoding)?;
    let mut deflated = deflated.finish()?;
    // PS3.5 A.5: to an even length.
    if deflated.bytes % 2 == 1 {
        deflated.write_all(&[0])?;
    }
    Ok(())
}

/// Writes the elements before the pixels.
pub(super) fn write_header(
    out: &mut impl Write,
    header: InMemDicomObject,
    encoding: Encoding,
) -> Result<(), StepError> {
    let syntax = TransferSyntaxRegistry.get(plain_syntax(encoding));
    let syntax = syntax.ok_or_else(|| unwritable("the header"))?;
    // The library's writer may be slow on small writes, and its errors may quote values.
    let mut bytes = Vec::new();
    let mut writer =
        DataSetWriter::with_ts(&mut bytes, syntax).map_err(|_| unwritable("the header"))?;
    // By value: `write_dataset` would copy the whole header first, which may be 30 times its file.
    writer.write_sequence(header.into_tokens()).map_err(|_| unwritable("the header"))?;
    writer.flush().map_err(|_| unwritable("the header"))?;
    drop(writer);
    out.write_all(&bytes)?;
    Ok(())
}

fn write_pixel_head(
    out: &mut dyn Write,
    element: PixelElement,
    vr: VR,
    length: u32,
    encoding: Encoding,
) -> io::Result<()> {
    let (tag, big) = (element.tag(), encoding.big_endian);
    for half in [tag.group(), tag.element()] {
        out.write_all(&if big { half.to_be_bytes() } else { half.to_le_bytes() })?;
    }
    if encoding.explicit_vr {
        out.write_all(&vr.to_bytes())?;
        out.write_all(&[0, 0])?;
    }
    out.write_all(&if big { length.to_be_bytes() } else { length.to_le_bytes() })
}

/// Writes encoded frames, which are in `scratch`.
pub(super) fn write_encapsulated(
    out: &mut dyn Write,
    encapsulated: &Encapsulated,
    scratch: &File,
    encoding: Encoding,
) -> io::Result<()> {
    const UNDEFINED: u32 = u32::MAX;
    write_pixel_head(out, PixelElement::Integer, VR::OB, UNDEFINED, encoding)?;
    encapsulated.write(scratch, &mut &mut *out)
}

/// Writes every frame as one native value, these boxes of it filled. Big endian only for frames that
/// are in the source.
pub(super) fn write_native(
    out: &mut dyn Write,
    source: &mut FrameSource,
    encoding: Encoding,
    boxes: impl Fn(u32) -> Vec<PixelRect>,
) -> Result<(), StepError> {
    let layout = source.output_layout();
    let word = if encoding.big_endian { source.word_bytes() } else { 1 };
    let vr = match (source.element(), layout.bits_allocated) {
        (PixelElement::Float, _) => VR::OF,
        (PixelElement::DoubleFloat, _) => VR::OD,
        (PixelElement::Integer, 0..=8) if word == 1 => VR::OB,
        (PixelElement::Integer, _) => VR::OW,
    };
    let length = u32::try_from(layout.padded_value_bytes())
        .map_err(|_| Hold::new(HoldReason::LimitExceeded, "decoded pixels of 4 GiB and more"))?;
    write_pixel_head(out, source.element(), vr, length, encoding)?;
    if word == 1 {
        write_frames(source, boxes, &mut &mut *out)?;
        return Ok(());
    }
    let mut words = BigWords::new(out, word);
    write_frames(source, boxes, &mut words)?;
    Ok(words.finish()?)
}

/// Counts what passes.
struct Counting<W: Write> {
    out: W,
    bytes: u64,
}

impl<W: Write> Write for Counting<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.out.write(bytes)?;
        self.bytes += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}
