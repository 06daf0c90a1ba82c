//! Encapsulated Pixel Data: which fragments make which frame (PS3.5 A.4).
//!
//! ```text
//! item: Basic Offset Table | item: fragment | item: fragment | ... | sequence delimiter
//! ```

use super::attributes::mismatch;
use super::layout::{PixelLimits, limit};
use crate::deid::hold::{Hold, HoldReason};
use std::io::{ErrorKind, Read, Seek, SeekFrom};

const ITEM: [u8; 4] = [0xFE, 0xFF, 0x00, 0xE0];
const SEQUENCE_DELIMITER: [u8; 4] = [0xFE, 0xFF, 0xDD, 0xE0];
/// What ends a codestream of JPEG (EOI) and of JPEG 2000 (EOC).
const END: &[u8] = &[0xFF, 0xD9];
/// Tag and length of an item.
const ITEM_HEADER: u64 = 8;

/// One fragment: where its bytes are in the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Fragment {
    offset: u64,
    length: u32,
}

/// The fragments of every frame of an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct FrameFragments {
    fragments: Vec<Fragment>,
    /// The first fragment of each frame.
    starts: Vec<usize>,
    start_marker: Option<&'static [u8]>,
    max_frame_bytes: u64,
    /// The Basic Offset Table, and what it counts from.
    table: Vec<u32>,
    first_item: u64,
    /// The first byte behind the sequence delimiter.
    end: u64,
}

impl FrameFragments {
    /// Reads the items at `offset` and groups them into `frames` frames. `start_marker` is what
    /// the first fragment of a frame begins with, and no other; without one, each frame is one
    /// fragment (PS3.5 A.4.2 for RLE).
    pub fn read<F: Read + Seek>(
        file: &mut F,
        offset: u64,
        frames: u32,
        start_marker: Option<&'static [u8]>,
        limits: &PixelLimits,
    ) -> Result<Self, Hold> {
        let end = file.seek(SeekFrom::End(0)).map_err(read_failed)?;
        let mut at = offset;
        let table = match next_item(file, &mut at, end)? {
            Some(table) => read_offset_table(file, table, limits)?,
            None => return Err(mismatch("encapsulated pixels without an item")),
        };
        let first_item = at;
        let mut fragments = Vec::new();
        while let Some(fragment) = next_item(file, &mut at, end)? {
            if fragments.len() >= limits.max_fragments as usize {
                return Err(limit(format!("more than {} fragments", limits.max_fragments)));
            }
            fragments.push(fragment);
        }
        let starts = group(file, &fragments, &table, first_item, frames as usize, start_marker)?;
        let max_frame_bytes = limits.max_frame_bytes;
        let end = at + ITEM_HEADER;
        Ok(Self { fragments, starts, start_marker, max_frame_bytes, table, first_item, end })
    }

    /// Checks what we write: one fragment for each frame, an offset table that is empty or right, and
    /// nothing behind.
    pub fn check_tidy(&self, file_bytes: u64) -> Result<(), Hold> {
        let item = |fragment: &Fragment| fragment.offset - ITEM_HEADER - self.first_item;
        let right = self.table.len() == self.fragments.len()
            && self.table.iter().zip(&self.fragments).all(|(at, f)| u64::from(*at) == item(f));
        if self.fragments.len() != self.starts.len() {
            return Err(mismatch("a frame of several fragments"));
        }
        if !self.table.is_empty() && !right {
            return Err(mismatch("the Basic Offset Table points elsewhere"));
        }
        match self.end == file_bytes {
            true => Ok(()),
            false => Err(mismatch("bytes after the pixels")),
        }
    }

    /// The encoded bytes of one frame, its fragments joined.
    pub fn frame<F: Read + Seek>(&self, file: &mut F, frame: u32) -> Result<Vec<u8>, Hold> {
        let frame = frame as usize;
        let start = *self.starts.get(frame).ok_or_else(|| mismatch("no such frame"))?;
        let end = self.starts.get(frame + 1).copied().unwrap_or(self.fragments.len());
        let fragments = &self.fragments[start..end];
        let total: u64 = fragments.iter().map(|fragment| u64::from(fragment.length)).sum();
        if total > self.max_frame_bytes {
            return Err(limit(format!("an encoded frame over {} bytes", self.max_frame_bytes)));
        }
        let mut data = Vec::with_capacity(total as usize);
        for fragment in fragments {
            file.seek(SeekFrom::Start(fragment.offset)).map_err(read_failed)?;
            let mut part = file.by_ref().take(u64::from(fragment.length));
            part.read_to_end(&mut data).map_err(read_failed)?;
        }
        if data.len() as u64 != total {
            return Err(Hold::new(HoldReason::Truncated, "the file ends inside a fragment"));
        }
        if self
            .start_marker
            .is_some_and(|marker| ends_by_marker(marker) && has_another(&data, marker))
        {
            return Err(mismatch(format!("frame {frame} holds more than one codestream")));
        }
        Ok(data)
    }
}

/// Whether a codestream that begins so ends with [`END`]: all but those of JPEG XL do.
fn ends_by_marker(start_marker: &[u8]) -> bool {
    start_marker.len() > 2
}

/// Whether a codestream ends and, but for padding, another begins: decoders stop at the first, and
/// the pictures behind it would be lost without a word.
fn has_another(data: &[u8], start_marker: &[u8]) -> bool {
    let mut rest = data;
    while let Some(end) = rest.windows(END.len()).position(|bytes| bytes == END) {
        rest = &rest[end + END.len()..];
        let padding = rest.iter().take_while(|byte| **byte == 0).count();
        if rest[padding..].starts_with(start_marker) {
            return true;
        }
    }
    false
}

/// A failed read of the spooled file: its end came too early, or the disk failed.
pub(super) fn read_failed(error: std::io::Error) -> Hold {
    match error.kind() {
        ErrorKind::UnexpectedEof => Hold::new(HoldReason::Truncated, "the file ends in the pixels"),
        kind => Hold::new(HoldReason::StorageDamaged, format!("reading pixels failed: {kind}")),
    }
}

/// The item at `at`, which moves behind it; `None` at the sequence delimiter.
fn next_item<F: Read + Seek>(
    file: &mut F,
    at: &mut u64,
    end: u64,
) -> Result<Option<Fragment>, Hold> {
    let mut header = [0; ITEM_HEADER as usize];
    file.seek(SeekFrom::Start(*at)).map_err(read_failed)?;
    file.read_exact(&mut header).map_err(read_failed)?;
    let (tag, length) = header.split_at(4);
    if tag == SEQUENCE_DELIMITER {
        return Ok(None);
    }
    let length = u32::from_le_bytes([length[0], length[1], length[2], length[3]]);
    if tag != ITEM || length == u32::MAX {
        return Err(Hold::new(HoldReason::Malformed, "a fragment is not a defined-length item"));
    }
    let offset = *at + ITEM_HEADER;
    let next = offset + u64::from(length);
    if next > end {
        return Err(Hold::new(HoldReason::Truncated, "a fragment ends behind the file"));
    }
    *at = next;
    Ok(Some(Fragment { offset, length }))
}

fn read_offset_table<F: Read + Seek>(
    file: &mut F,
    table: Fragment,
    limits: &PixelLimits,
) -> Result<Vec<u32>, Hold> {
    if !table.length.is_multiple_of(4) || table.length / 4 > limits.max_frames {
        return Err(mismatch("the length of the Basic Offset Table"));
    }
    let mut bytes = vec![0; table.length as usize];
    file.seek(SeekFrom::Start(table.offset)).map_err(read_failed)?;
    file.read_exact(&mut bytes).map_err(read_failed)?;
    Ok(bytes.chunks_exact(4).map(|b| u32::from_le_bytes([b[0], b[1], b[2], b[3]])).collect())
}

/// The first fragment of each frame. An Extended Offset Table is not needed: with it every frame
/// is one fragment (PS3.3 C.7.6.3.1.8), which is the second case here.
fn group<F: Read + Seek>(
    file: &mut F,
    fragments: &[Fragment],
    table: &[u32],
    first_item: u64,
    frames: usize,
    start_marker: Option<&[u8]>,
) -> Result<Vec<usize>, Hold> {
    if fragments.is_empty() || fragments.len() < frames {
        let count = fragments.len();
        return Err(mismatch(format!("{count} fragments for {frames} frames")));
    }
    let Some(marker) = start_marker else {
        if fragments.len() != frames {
            let count = fragments.len();
            return Err(mismatch(format!("{count} fragments for {frames} frames")));
        }
        return Ok((0..frames).collect());
    };
    let begins = codestreams(file, fragments, marker)?;
    let starts = match (frames, fragments.len(), table.len()) {
        (1, _, _) => vec![0],
        (_, count, _) if count == frames => (0..frames).collect(),
        (_, _, count) if count == frames => group_by_table(fragments, table, first_item)?,
        _ => begins.clone(),
    };
    // A codestream may be wrapped, so not every frame begins with the marker; but what begins with
    // it is a frame.
    if starts.len() != frames || starts.first() != Some(&0) || !is_subset(&begins, &starts) {
        let count = begins.len();
        return Err(mismatch(format!("{count} codestreams for {frames} frames")));
    }
    Ok(starts)
}

/// The fragments that begin with `marker`.
fn codestreams<F: Read + Seek>(
    file: &mut F,
    fragments: &[Fragment],
    marker: &[u8],
) -> Result<Vec<usize>, Hold> {
    let mut found = Vec::new();
    for (index, fragment) in fragments.iter().enumerate() {
        let mut begin = vec![0; marker.len()];
        if fragment.length as usize >= marker.len() {
            file.seek(SeekFrom::Start(fragment.offset)).map_err(read_failed)?;
            file.read_exact(&mut begin).map_err(read_failed)?;
        }
        if begin == marker {
            found.push(index);
        }
    }
    Ok(found)
}

/// Whether every one of `some` is in `all`; both ascend.
fn is_subset(some: &[usize], all: &[usize]) -> bool {
    some.iter().all(|index| all.binary_search(index).is_ok())
}

/// Offsets count from the first byte of the first item behind the table (PS3.5 A.4).
fn group_by_table(
    fragments: &[Fragment],
    table: &[u32],
    first_item: u64,
) -> Result<Vec<usize>, Hold> {
    let mut starts: Vec<usize> = Vec::with_capacity(table.len());
    for offset in table {
        let value_offset = first_item + u64::from(*offset) + ITEM_HEADER;
        let fragment = fragments.binary_search_by_key(&value_offset, |f| f.offset);
        let index =
            fragment.map_err(|_| mismatch("the Basic Offset Table points between items"))?;
        if starts.last().is_some_and(|last| *last >= index) {
            return Err(mismatch("the Basic Offset Table is not ascending"));
        }
        starts.push(index);
    }
    if starts.first() != Some(&0) {
        return Err(mismatch("the Basic Offset Table skips the first fragment"));
    }
    Ok(starts)
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use std::io::Cursor;

    /// An encapsulated value as it is in a file.
    pub fn encapsulated(table: &[u32], fragments: &[&[u8]]) -> Vec<u8> {
        let table: Vec<u8> = table.iter().flat_map(|offset| offset.to_le_bytes()).collect();
        let mut out = Vec::new();
        for item in std::iter::once(&table[..]).chain(fragments.iter().copied()) {
            out.extend(ITEM);
            out.extend((item.len() as u32).to_le_bytes());
            out.extend(item);
        }
        out.extend(SEQUENCE_DELIMITER);
        out.extend([0; 4]);
        out
    }

    fn frames(table: &[u32], parts: &[&[u8]], count: u32) -> Result<Vec<Vec<u8>>, HoldReason> {
        let mut bytes = b"before".to_vec();
        bytes.extend(encapsulated(table, parts));
        let mut file = Cursor::new(bytes);
        let limits = PixelLimits::default();
        let found = FrameFragments::read(&mut file, 6, count, Some(b"SOI"), &limits);
        let found = found.map_err(|hold| hold.reason)?;
        (0..count).map(|i| found.frame(&mut file, i).map_err(|hold| hold.reason)).collect()
    }

    #[test]
    fn fragments_are_joined_to_frames_by_count_table_or_marker() {
        let one = frames(&[], &[b"ab", b"cd"], 1).expect("one frame takes all");
        assert_eq!(one, [b"abcd"]);
        let each = frames(&[], &[b"ab", b"cd"], 2).expect("as many frames as fragments");
        assert_eq!(each, [b"ab", b"cd"]);
        let table = frames(&[0, 20], &[b"ab", b"cd", b"ef"], 2).expect("by the table");
        assert_eq!(table, [&b"abcd"[..], &b"ef"[..]]);
        let marker = frames(&[], &[b"SOI1", b"cd", b"SOI2"], 2).expect("by the marker");
        assert_eq!(marker, [&b"SOI1cd"[..], &b"SOI2"[..]]);
    }

    #[test]
    fn fragments_that_contradict_the_frame_count_are_held() {
        let mismatch = Err(HoldReason::PixelsMismatch);
        assert_eq!(frames(&[], &[b"ab"], 2), mismatch);
        assert_eq!(frames(&[], &[b"ab", b"cd", b"ef"], 2), mismatch);
        assert_eq!(frames(&[0, 3], &[b"ab", b"cd", b"ef"], 2), mismatch);
        assert_eq!(frames(&[20, 0], &[b"ab", b"cd", b"ef"], 2), mismatch);
        assert_eq!(frames(&[0, u32::MAX], &[b"ab", b"cd", b"ef"], 2), mismatch);
    }

    #[test]
    fn a_frame_too_many_is_held_and_not_dropped() {
        let mismatch = Err(HoldReason::PixelsMismatch);
        assert_eq!(frames(&[], &[b"SOI1", b"SOI2", b"SOI3"], 1), mismatch);
        assert_eq!(frames(&[], &[b"SOI1", b"SOI2", b"SOI3"], 2), mismatch);
        assert_eq!(frames(&[0, 24], &[b"SOI1", b"SOI2", b"SOI3"], 2), mismatch);
        let joined = b"SOI1\xFF\xD9\0SOI2\xFF\xD9";
        assert_eq!(frames(&[], &[joined], 1), mismatch);
        assert_eq!(frames(&[], &[b"SOI1\xFF\xD9", joined], 2), mismatch);
        let alone = frames(&[], &[b"SOI\xFF\xD9and SOI\xFF\xD9\0\0"], 1);
        assert!(alone.is_ok(), "a thumbnail inside a codestream, and padding");
    }

    #[test]
    fn frames_of_rle_are_one_fragment_each() {
        let read = |parts: &[&[u8]], table: &[u32], count| {
            let mut file = Cursor::new(encapsulated(table, parts));
            FrameFragments::read(&mut file, 0, count, None, &PixelLimits::default())
        };
        assert!(read(&[b"ab", b"cd"], &[], 2).is_ok());
        for (table, count) in [(&[][..], 1), (&[0, 10], 2)] {
            let held = read(&[b"ab", b"cd", b"ef"], table, count).map_err(|hold| hold.reason);
            assert_eq!(held, Err(HoldReason::PixelsMismatch));
        }
    }

    #[test]
    fn a_fragment_behind_the_end_of_the_file_is_truncated() {
        let mut bytes = encapsulated(&[], &[b"abcd"]);
        bytes.truncate(bytes.len() - 9);
        let limits = PixelLimits::default();
        let read = FrameFragments::read(&mut Cursor::new(bytes), 0, 1, None, &limits);
        assert_eq!(read.map_err(|hold| hold.reason), Err(HoldReason::Truncated));
    }
}
