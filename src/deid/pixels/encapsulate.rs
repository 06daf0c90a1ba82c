//! Writing encapsulated frames in the transfer syntax that they came in (PS3.5 A.4): each one fragment.
//!
//! Invariants: a frame without boxes keeps its codestream, but what no decoder needs; one with boxes is
//! encoded without loss, or blanked block by block, and only after another decoder gave back what was
//! encoded. Where nothing encodes the transfer syntax, all frames of an object with boxes leave in another
//! one. Where a single frame has no such form, the object has none.

use super::fill::{clear_unused_bits, fill};
use super::layout::PixelLayout;
use super::source::{EncapsulatedForm, Frame, FrameSource};
use super::write::WriteFramesError;
use crate::deid::hold::Hold;
use crate::deid::picture::PixelRect;
use std::fs::File;
use std::io::{self, BufWriter, Read, Seek, Write};

const ITEM: [u8; 4] = [0xFE, 0xFF, 0x00, 0xE0];
const SEQUENCE_DELIMITER: [u8; 8] = [0xFE, 0xFF, 0xDD, 0xE0, 0, 0, 0, 0];
/// Tag and length of an item.
const ITEM_HEADER: u64 = 8;

/// The frames of an object, encoded and ready to be written.
#[derive(Debug)]
pub struct Encapsulated {
    /// What the header must say of them.
    pub layout: PixelLayout,
    /// The transfer syntax, where it is not the one that they came in.
    pub transfer_syntax: Option<&'static str>,
    /// The length of each in its file, which is even.
    lengths: Vec<u32>,
}

/// Encodes every frame into `scratch`, which is emptied first; none if they have to be written
/// natively.
pub fn encapsulate(
    source: &mut FrameSource,
    redaction_of: impl Fn(u32) -> Vec<PixelRect>,
    scratch: &File,
) -> Result<Option<Encapsulated>, WriteFramesError> {
    let output = source.output_layout().clone();
    let any_box = (0..output.frames).any(|index| !redaction_of(index).is_empty());
    let Some(form) = source.encapsulated_form(any_box) else { return Ok(None) };
    scratch.set_len(0)?;
    let mut file = scratch;
    file.rewind()?;
    let mut out = BufWriter::new(file);
    let mut lengths = Vec::with_capacity(output.frames as usize);
    for index in 0..output.frames {
        let codestream = source.codestream(index)?;
        let boxes = redaction_of(index);
        let written = if form.transfer_syntax.is_some() {
            let frame = redacted(source, index, codestream.clone(), &boxes)?.0;
            source.encode(&frame, &codestream, &boxes)?
        } else {
            let Some(bare) = source.bare(&codestream)? else { return Ok(None) };
            if boxes.is_empty() && !form.every_frame && !source.may_hide_bits(&bare)? {
                Some(bare)
            } else {
                let (frame, unclean) = redacted(source, index, codestream, &boxes)?;
                match boxes.is_empty() && !form.every_frame && !unclean {
                    true => Some(bare),
                    false => source.encode(&frame, &bare, &boxes)?,
                }
            }
        };
        let Some(mut written) = written else { return Ok(None) };
        written.resize(written.len().next_multiple_of(2), 0);
        let Ok(length) = u32::try_from(written.len()) else { return Ok(None) };
        if length == u32::MAX {
            return Ok(None);
        }
        out.write_all(&written)?;
        lengths.push(length);
    }
    out.flush()?;
    let EncapsulatedForm { layout, transfer_syntax, .. } = form;
    Ok(Some(Encapsulated { layout, transfer_syntax, lengths }))
}

/// A frame, its boxes black and its unused bits cleared, and whether there were any.
fn redacted(
    source: &FrameSource,
    index: u32,
    codestream: Vec<u8>,
    boxes: &[PixelRect],
) -> Result<(Frame, bool), Hold> {
    let layout = source.output_layout();
    let mut frame = source.decode(index, codestream)?;
    let unclean = clear_unused_bits(&mut frame, layout) > 0;
    boxes.iter().for_each(|area| fill(&mut frame, layout, *area));
    Ok((frame, unclean))
}

impl Encapsulated {
    /// Writes the value of undefined length: offset table, fragments, delimiter.
    pub fn write(&self, mut scratch: &File, out: &mut impl Write) -> io::Result<()> {
        let table = self.offset_table();
        write_item(out, table.len() as u32)?;
        out.write_all(&table)?;
        scratch.rewind()?;
        for length in &self.lengths {
            write_item(out, *length)?;
            let length = u64::from(*length);
            if io::copy(&mut scratch.take(length), out)? != length {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
        out.write_all(&SEQUENCE_DELIMITER)
    }

    /// Where each frame begins, counted from the first item; empty for a single frame, and where
    /// 32 bits are too few.
    fn offset_table(&self) -> Vec<u8> {
        let mut at = 0_u64;
        let mut table = Vec::new();
        for length in &self.lengths {
            let Ok(offset) = u32::try_from(at) else { return Vec::new() };
            table.extend(offset.to_le_bytes());
            at += ITEM_HEADER + u64::from(*length);
        }
        if self.lengths.len() > 1 { table } else { Vec::new() }
    }
}

fn write_item(out: &mut impl Write, length: u32) -> io::Result<()> {
    out.write_all(&ITEM)?;
    out.write_all(&length.to_le_bytes())
}
