//! Writing encapsulated frames in the transfer syntax that they came in (PS3.5 A.4): each one fragment.
//!
//! Invariants: a frame without boxes keeps its codestream, but what no decoder needs; one with boxes is
//! encoded without loss, or blanked block by block; what it must decode to is told to who verifies. Where nothing encodes the transfer syntax, all frames of an object with boxes leave in another
//! one. Where a single frame has no such form, the object has none.

use super::fill::{clear_unused_bits, fill};
use super::layout::PixelLayout;
use super::source::{EncapsulatedForm, Frame, FrameDigest, FrameSource};
use super::write::WriteFramesError;
use crate::deid::hold::Hold;
use crate::deid::picture::PixelRect;
use std::collections::BTreeMap;
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
    /// What each frame that was encoded must decode to.
    pub encoded: BTreeMap<u32, FrameDigest>,
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
    let mut encoded = BTreeMap::new();
    for index in 0..output.frames {
        let codestream = source.codestream(index)?;
        let boxes = redaction_of(index);
        let kept = match form.transfer_syntax {
            Some(_) => None,
            None => match source.bare(&codestream)? {
                Some(bare) => Some(bare),
                None => return Ok(None),
            },
        };
        let may_stay = boxes.is_empty() && !form.every_frame;
        let mut written = match kept {
            Some(bare) if may_stay && !source.may_hide_bits(&bare)? => bare,
            kept => {
                let like = kept.clone().unwrap_or_else(|| codestream.clone());
                let (frame, unclean) = redacted(source, index, codestream, &boxes)?;
                match kept {
                    Some(bare) if may_stay && !unclean => bare,
                    _ => {
                        let Some(made) = source.encode(&frame, &like, &boxes)? else {
                            return Ok(None);
                        };
                        encoded.insert(index, made.sha256);
                        made.codestream
                    }
                }
            }
        };
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
    Ok(Some(Encapsulated { layout, transfer_syntax, encoded, lengths }))
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
