//! The bytes of a result, searched for identifiers in every encoding, whatever a parser makes of
//! them: File Meta Information, elements of any VR, and what is between and behind them.
//!
//! ```text
//! identifiers ─▶ forms ─▶ one pass over the file ─▶ hits ─▶ read in their place ─▶ Known ─▶ places
//! ```
//!
//! Invariants: the pixels of native Pixel Data are left out, as noise would hold the object, and are
//! looked at as pictures; a hit counts only if the text around it, read in the encoding of the hit,
//! identifies by the rules of [`Known`]; the file is read in pieces; places are named, never values.

mod forms;
#[cfg(test)]
mod tests;

pub use forms::encodings;

use super::identifiers::Identifiers;
use super::phi_text::Known;
use super::scan::{DataSetScanner, ElementHead, Encoding};
use aho_corasick::{AhoCorasick, MatchKind};
use dicom_core::Tag;
use dicom_core::dictionary::{DataDictionary, DataDictionaryEntry};
use dicom_dictionary_std::StandardDataDictionary;
use forms::{Coding, Form, MAX_BYTES};
use std::collections::BTreeSet;
use std::fmt;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::ops::Range;

const PIECE_BYTES: usize = 1 << 20;
/// So much text on either side of a hit is read with it.
const AROUND_BYTES: u64 = 256;
/// More places than this are not looked at one by one.
const MAX_HITS: usize = 10_000;

/// Where an identifier is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    pub offset: u64,
    /// The attribute, if it is in one of the data set.
    pub tag: Option<Tag>,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.tag {
            Some(tag) => write!(f, "byte {} in {tag}", self.offset),
            None => write!(f, "byte {}", self.offset),
        }
    }
}

/// What a file consists of.
#[derive(Debug, Clone)]
pub struct Extent {
    /// How the data set is encoded; not deflated.
    pub encoding: Encoding,
    /// Where the data set begins.
    pub data_set: u64,
    /// The value of native Pixel Data.
    pub pixels: Option<Range<u64>>,
    /// Private attributes that hold text, where the data set does not say so.
    pub private_text: BTreeSet<Tag>,
}

impl Extent {
    /// Whether the walk of the data set judges the values of an element as text.
    fn is_text(&self, tag: Tag, vr: Option<Vr>) -> bool {
        match vr {
            Some(vr) => is_text(vr),
            None if tag.group() % 2 == 1 => {
                self.private_text.contains(&tag) || (0x10..=0xFF).contains(&tag.element())
            }
            None => StandardDataDictionary
                .by_tag(tag)
                .is_some_and(|entry| is_text(entry.vr().relaxed().to_bytes())),
        }
    }
}

/// What is looked for.
#[derive(Clone, Copy)]
pub struct Wanted<'a> {
    pub identifiers: &'a Identifiers,
    /// Text that the site puts into results itself.
    pub ours: &'a [String],
    pub known: &'a Known,
}

struct Hit {
    offset: u64,
    length: usize,
    form: usize,
    /// The last element that begins before it.
    element: Option<(Tag, u64)>,
}

/// Every place outside of the pixels with bytes that are an identifier; `None`: too many to look at.
///
/// Text that every encoding reads alike is left to the walk of the data set, which knows the dates
/// that were moved and what is a pseudonym.
pub fn search(
    file: &mut File,
    extent: &Extent,
    wanted: Wanted<'_>,
) -> io::Result<Option<Vec<Place>>> {
    let forms = forms::forms(wanted.identifiers, wanted.ours, wanted.known);
    let builder = &mut AhoCorasick::builder();
    builder.match_kind(MatchKind::Standard).ascii_case_insensitive(true);
    let automaton = builder
        .build(forms.iter().map(|form| &form.bytes))
        .map_err(|_| io::Error::other("too many forms of identifiers"))?;
    let end = file.seek(SeekFrom::End(0))?;
    let mut hits = Vec::new();
    let pixels = extent.pixels.clone().unwrap_or(end..end);
    for region in [0..pixels.start.min(end), pixels.end.min(end)..end] {
        find(file, region, &automaton, &mut hits)?;
        if hits.len() > MAX_HITS {
            return Ok(None);
        }
    }
    if hits.is_empty() {
        return Ok(Some(Vec::new()));
    }
    hits.sort_by_key(|hit| hit.offset);
    locate(file, extent.encoding, extent.data_set..pixels.start.min(end), &mut hits)?;
    let mut places = Vec::new();
    for hit in &hits {
        let Some(form) = forms.get(hit.form) else { continue };
        if let Some(place) = confirmed(file, extent, hit, form, wanted.known)? {
            places.push(place);
        }
    }
    places.dedup();
    Ok(Some(places))
}

/// All hits in a region, by pieces that overlap by the longest form.
fn find(
    file: &mut File,
    region: Range<u64>,
    automaton: &AhoCorasick,
    hits: &mut Vec<Hit>,
) -> io::Result<()> {
    file.seek(SeekFrom::Start(region.start))?;
    let mut input = file.take(region.end - region.start);
    let mut buffer: Vec<u8> = Vec::with_capacity(PIECE_BYTES + MAX_BYTES);
    let (mut base, mut carried) = (region.start, 0);
    loop {
        let read = input.by_ref().take(PIECE_BYTES as u64).read_to_end(&mut buffer)?;
        if read == 0 {
            return Ok(());
        }
        for found in automaton.find_overlapping_iter(&buffer) {
            // what ends in the carried part was found before
            if found.end() > carried && hits.len() <= MAX_HITS {
                hits.push(Hit {
                    offset: base + found.start() as u64,
                    length: found.len(),
                    form: found.pattern().as_usize(),
                    element: None,
                });
            }
        }
        carried = buffer.len().min(MAX_BYTES);
        base += (buffer.len() - carried) as u64;
        buffer.drain(..buffer.len() - carried);
    }
}

/// Finds the element that each hit is in or behind.
fn locate(
    file: &mut File,
    encoding: Encoding,
    data_set: Range<u64>,
    hits: &mut [Hit],
) -> io::Result<()> {
    file.seek(SeekFrom::Start(data_set.start))?;
    let mut input = file.take(data_set.end.saturating_sub(data_set.start));
    let mut scanner = DataSetScanner::new(encoding, u64::MAX >> 1);
    let mut piece = vec![0; 64 * 1024];
    let (mut last, mut next) = (None, 0);
    loop {
        let read = input.read(&mut piece)?;
        if read == 0 {
            break;
        }
        scanner.feed(&piece[..read], &mut |head: ElementHead| {
            let start = data_set.start + head.start;
            while hits.get(next).is_some_and(|hit| hit.offset < start) {
                hits[next].element = last;
                next += 1;
            }
            last = Some((head.tag, start));
        });
    }
    hits[next..].iter_mut().for_each(|hit| hit.element = last);
    Ok(())
}

/// The place of a hit, if it counts.
fn confirmed(
    file: &mut File,
    extent: &Extent,
    hit: &Hit,
    form: &Form,
    known: &Known,
) -> io::Result<Option<Place>> {
    let mut around = 0..file.seek(SeekFrom::End(0))?;
    let (mut tag, mut judged) = (None, false);
    if let Some((of, start)) = hit.element
        && let Some((vr, value)) = value_of(file, extent.encoding, start)?
        && value.contains(&hit.offset)
    {
        (tag, judged) = (Some(of), extent.is_text(of, vr));
        around = value;
    }
    // text that every encoding reads alike was judged as such
    if judged && form.bytes.is_ascii() && !form.codings.iter().any(|coding| coding.hides()) {
        return Ok(None);
    }
    for coding in &form.codings {
        let unit = coding.unit() as u64;
        let before = (hit.offset - around.start).min(AROUND_BYTES) / unit * unit;
        let from = hit.offset - before;
        let to = (hit.offset + hit.length as u64 + AROUND_BYTES).min(around.end);
        let mut bytes = vec![0; to.saturating_sub(from) as usize];
        file.seek(SeekFrom::Start(from))?;
        file.read_exact(&mut bytes)?;
        let at = before as usize;
        // text ends where control characters begin
        let stretch = stretch(&bytes, at..(at + hit.length).min(bytes.len()), *coding);
        if known.find_known(&coding.read(&bytes[stretch])).is_some() {
            return Ok(Some(Place { offset: hit.offset, tag }));
        }
    }
    Ok(None)
}

/// The bytes around a hit that look like text: no control characters, and of UTF-16 only the blocks
/// that the hit is of, and ASCII.
fn stretch(bytes: &[u8], hit: Range<usize>, coding: Coding) -> Range<usize> {
    let unit = coding.unit();
    let blocks: Vec<u8> = match coding {
        Coding::Utf16Le => bytes[hit.clone()].iter().skip(1).step_by(2).copied().collect(),
        Coding::Utf16Be => bytes[hit.clone()].iter().step_by(2).copied().collect(),
        _ => Vec::new(),
    };
    let is_text = |at: &[u8]| match (coding, at) {
        (Coding::Utf16Le, [low, high]) | (Coding::Utf16Be, [high, low]) => {
            (*high == 0 && *low >= 0x20) || (*high != 0 && blocks.contains(high))
        }
        (_, [byte, ..]) => *byte >= 0x20,
        (_, []) => false,
    };
    let (mut from, mut to) = (hit.start, hit.end);
    while !coding.reads_from_start() && from >= unit && is_text(&bytes[from - unit..from]) {
        from -= unit;
    }
    while to + unit <= bytes.len() && is_text(&bytes[to..to + unit]) {
        to += unit;
    }
    from..to
}

/// As an element states it.
type Vr = [u8; 2];

/// The VR, if it is stated, and the value of the element that starts here (PS3.5 Section 7.1).
fn value_of(
    file: &mut File,
    encoding: Encoding,
    start: u64,
) -> io::Result<Option<(Option<Vr>, Range<u64>)>> {
    let mut head = [0; 12];
    file.seek(SeekFrom::Start(start))?;
    if file.read_exact(&mut head[..8]).is_err() {
        return Ok(None);
    }
    let long_at = |head: [u8; 12], at: usize| {
        let bytes = [head[at], head[at + 1], head[at + 2], head[at + 3]];
        let length =
            if encoding.big_endian { u32::from_be_bytes(bytes) } else { u32::from_le_bytes(bytes) };
        u64::from(length)
    };
    if !encoding.explicit_vr {
        return Ok(Some((None, start + 8..start + 8 + long_at(head, 4))));
    }
    let vr = [head[4], head[5]];
    let long = matches!(&vr, b"OB" | b"OD" | b"OF" | b"OL" | b"OV" | b"OW" | b"SQ" | b"SV")
        || matches!(&vr, b"UC" | b"UN" | b"UR" | b"UT" | b"UV");
    if !long {
        let bytes = [head[6], head[7]];
        let length =
            if encoding.big_endian { u16::from_be_bytes(bytes) } else { u16::from_le_bytes(bytes) };
        return Ok(Some((Some(vr), start + 8..start + 8 + u64::from(length))));
    }
    if file.read_exact(&mut head[8..]).is_err() {
        return Ok(None);
    }
    Ok(Some((Some(vr), start + 12..start + 12 + long_at(head, 8))))
}

/// Whether the walk of the data set judges values of the VR as text.
fn is_text(vr: Vr) -> bool {
    matches!(
        &vr,
        b"AE"
            | b"AS"
            | b"CS"
            | b"DA"
            | b"DS"
            | b"DT"
            | b"IS"
            | b"LO"
            | b"LT"
            | b"PN"
            | b"SH"
            | b"ST"
            | b"TM"
            | b"UC"
            | b"UI"
            | b"UR"
            | b"UT"
    )
}
