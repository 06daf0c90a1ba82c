//! Opening a Part 10 object: the element scan first, then the header up to Pixel Data.
//!
//! Invariants: nothing is parsed by a library before the scan has found its lengths, depth and
//! counts within limits; pixels are never read into the header; an error names places, not values.

use super::charset;
use super::header::{Rulebook, read_private};
use super::hold::{Hold, HoldReason};
use super::known_vr;
use super::pixels::{PixelElement, PixelLocation};
use super::scan::{DataSetScanner, ElementHead, Encoding, Scan};
use crate::config::Limits;
use dicom_core::Tag;
use dicom_encoding::transfer_syntax::TransferSyntaxIndex;
use dicom_object::InMemDicomObject;
use dicom_transfer_syntax_registry::TransferSyntaxRegistry;
use flate2::read::DeflateDecoder;
use std::collections::HashMap;
use std::fs::File;
use std::io::{BufReader, Read, Seek, SeekFrom};

/// File Meta Information longer than this is refused.
const MAX_META_BYTES: u64 = 64 * 1024;
/// No declared length may be larger, whatever the size of the file.
const MAX_VALUE_BYTES: u64 = 3 << 30;

/// An object whose file is open and whose header is parsed.
pub struct OpenObject {
    /// Everything before Pixel Data, without private attributes of the top level that the profile
    /// removes in any case.
    pub header: InMemDicomObject,
    /// The file, or an inflated copy of its data set.
    pub file: File,
    pub transfer_syntax_uid: String,
    /// Where Pixel Data is in `file`.
    pub pixels: Option<PixelLocation>,
    /// Private elements of the top level that were left out of `header`.
    pub private_left_out: usize,
    /// What was read although it breaks a rule of PS3.5.
    pub repairs: Repairs,
    /// Bytes of `file` from its start to the end of Pixel Data's value, if that is native.
    pub native_end: Option<u64>,
    /// Why its pixels cannot be decoded, whatever they are.
    pub damage: Option<Hold>,
    /// Of a deflated data set, what is behind it in the input.
    pub deflated: Option<Behind>,
}

/// What is behind the deflated data set of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Behind {
    /// Where it begins.
    pub start: u64,
    pub bytes: u64,
}

/// How many attributes were read although they break a rule of PS3.5, by the rule.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Repairs {
    /// VR UN, of an attribute whose VR PS3.6 states.
    pub known_vr: u32,
    /// Sequences of VR UN and undefined length (PS3.5 Section 6.2.2).
    pub opaque_sequences: u32,
}

impl OpenObject {
    /// Scans and parses the object in `input`. A deflated data set is inflated into `scratch`.
    pub fn open(
        input: &File,
        limits: &Limits,
        scratch: &File,
        rulebook: &Rulebook,
    ) -> Result<Self, Hold> {
        let mut file = input.try_clone().map_err(|e| unreadable(&e))?;
        let (transfer_syntax_uid, mut start) = read_meta(&mut file)?;
        let lenient = rulebook.blanks_undecodable();
        let mut damage = match TransferSyntaxRegistry.get(&transfer_syntax_uid) {
            Some(_) => None,
            None if lenient => Some(unknown_syntax(&transfer_syntax_uid)),
            None => return Err(unknown_syntax(&transfer_syntax_uid)),
        };
        let mut encoding = encoding_at(&mut file, &transfer_syntax_uid, start)?;
        let mut deflated = None;
        if encoding.deflated {
            let behind;
            (file, behind) = inflate(file, start, limits.max_inflated_bytes, scratch)?;
            deflated = Some(behind);
            start = 0;
            encoding.deflated = false;
        }
        let (scan, heads) = scan_file(&mut file, start, encoding)?;
        if let Some(problem) = scan.problem {
            return Err(problem.hold());
        }
        if scan.truncated {
            let detail = "the data set ends inside an element, item or sequence";
            damage = Some(Hold::new(HoldReason::Truncated, detail));
        }
        if let Some(hold) = damage.take_if(|_| !lenient || scan.pixels.is_none()) {
            return Err(hold);
        }
        let header_end = scan.pixels.map_or(scan.bytes, |pixels| pixels.start);
        let all = read_header(&mut file, start, header_end, limits)?;
        let Parsable { explicit, implicit, private_left_out, mut repairs } =
            parsable(&all, &heads, encoding, rulebook);
        let plain = TransferSyntaxRegistry.get(plain_syntax(encoding));
        let plain = plain.ok_or_else(|| unknown_syntax(&transfer_syntax_uid))?;
        let malformed = |_| Hold::new(HoldReason::Malformed, "the header cannot be parsed");
        let mut header = charset::raw::parse(explicit, encoding, plain).map_err(malformed)?;
        known_vr::read_implicit(&mut header, &implicit).map_err(malformed)?;
        repairs.known_vr = known_vr::resolve(&mut header);
        let mut header = charset::decode(header);
        if !encoding.explicit_vr {
            read_private(&mut header);
        }
        let pixels = scan.pixels.and_then(|span| {
            let element = PixelElement::from_tag(Tag(0x7FE0, span.element))?;
            Some(PixelLocation { offset: start + span.value, length: span.length, element })
        });
        let native_end = pixels.and_then(|p| p.length.map(|length| p.offset + length));
        Ok(Self {
            header,
            file,
            transfer_syntax_uid,
            pixels,
            private_left_out,
            repairs,
            native_end,
            damage,
            deflated,
        })
    }

    /// The value of a text or UID attribute of the top level, without padding; empty if absent.
    pub fn text(&self, tag: Tag) -> String {
        text_of(&self.header, tag)
    }
}

/// The value of a text or UID attribute of the top level, without padding; empty if absent.
pub fn text_of(header: &InMemDicomObject, tag: Tag) -> String {
    let value = header.get(tag).and_then(|element| element.to_str().ok());
    value.map_or_else(String::new, |text| text.trim_matches(['\0', ' ']).to_owned())
}

fn unreadable(error: &std::io::Error) -> Hold {
    Hold::new(HoldReason::NotDicom, format!("the file cannot be read: {:?}", error.kind()))
}

fn unknown_syntax(uid: &str) -> Hold {
    let known_form = uid.len() <= 64 && uid.bytes().all(|b| b.is_ascii_digit() || b == b'.');
    let shown = if known_form { uid } else { "(not a UID)" };
    let detail = format!("transfer syntax {shown} is not known; send the object in another one");
    Hold::new(HoldReason::TransferSyntaxUnknown, detail)
}

/// The syntax of the elements alone.
pub(super) fn plain_syntax(encoding: Encoding) -> &'static str {
    match (encoding.explicit_vr, encoding.big_endian) {
        (false, _) => "1.2.840.10008.1.2",
        (true, false) => "1.2.840.10008.1.2.1",
        (true, true) => "1.2.840.10008.1.2.2",
    }
}

/// Reads the preamble and group 0002; returns the Transfer Syntax UID and where the data set starts.
/// The group length is not trusted: real files state it wrong, or not at all.
pub(super) fn read_meta(file: &mut File) -> Result<(String, u64), Hold> {
    let not_dicom = |what: &str| Hold::new(HoldReason::NotDicom, what.to_owned());
    file.rewind().map_err(|e| unreadable(&e))?;
    let mut reader = BufReader::new(file.by_ref());
    let mut prefix = [0; 132];
    reader
        .read_exact(&mut prefix)
        .map_err(|_| not_dicom("shorter than a DICOM Part 10 file: send a whole DICOM file"))?;
    if &prefix[128..] != b"DICM" {
        return Err(not_dicom("no DICM prefix at byte 128: not a DICOM Part 10 file"));
    }
    let mut at = 132;
    let mut syntax = String::new();
    let mut head = [0; 8];
    while reader.read_exact(&mut head).is_ok() && head[..2] == [0x02, 0x00] {
        let (length, size) = if matches!(&head[4..6], b"OB" | b"UN" | b"UT" | b"OW") {
            let mut long = [0; 4];
            reader.read_exact(&mut long).map_err(|e| unreadable(&e))?;
            (u64::from(u32::from_le_bytes(long)), 12)
        } else {
            (u64::from(u16::from_le_bytes([head[6], head[7]])), 8)
        };
        at += size + length;
        if at > MAX_META_BYTES {
            return Err(Hold::new(HoldReason::LimitExceeded, "File Meta Information over 64 KB"));
        }
        let mut value = vec![0; length as usize];
        reader
            .read_exact(&mut value)
            .map_err(|_| Hold::new(HoldReason::Truncated, "ends inside File Meta Information"))?;
        if head[2..4] == [0x10, 0x00] {
            let text = String::from_utf8_lossy(&value);
            syntax = text.trim_matches(['\0', ' ']).to_owned();
        }
    }
    if syntax.is_empty() {
        return Err(not_dicom("no Transfer Syntax UID (0002,0010) in File Meta Information"));
    }
    Ok((syntax, at))
}

/// How a data set is encoded; in a transfer syntax that is not known, by the look of its first element.
pub(super) fn encoding_at(file: &mut File, uid: &str, start: u64) -> Result<Encoding, Hold> {
    if TransferSyntaxRegistry.get(uid).is_some() {
        return Ok(Encoding::of_transfer_syntax(uid));
    }
    let mut head = [0; 6];
    file.seek(SeekFrom::Start(start)).map_err(|e| unreadable(&e))?;
    file.read_exact(&mut head).map_err(|e| unreadable(&e))?;
    let explicit_vr = head[4..].iter().all(u8::is_ascii_uppercase);
    Ok(Encoding { explicit_vr, big_endian: false, deflated: false })
}

/// Inflates the data set that begins at `start` into `scratch`.
pub(super) fn inflate(
    mut file: File,
    start: u64,
    limit: u64,
    scratch: &File,
) -> Result<(File, Behind), Hold> {
    let end = file.seek(SeekFrom::End(0)).map_err(|e| unreadable(&e))?;
    file.seek(SeekFrom::Start(start)).map_err(|e| unreadable(&e))?;
    let mut inflated = scratch.try_clone().map_err(|e| unreadable(&e))?;
    inflated.set_len(0).and_then(|()| inflated.rewind()).map_err(|e| unreadable(&e))?;
    let mut source = DeflateDecoder::new(BufReader::new(file));
    let written = std::io::copy(&mut source.by_ref().take(limit + 1), &mut inflated)
        .map_err(|_| Hold::new(HoldReason::Malformed, "a damaged deflate stream"))?;
    if written > limit {
        return Err(Hold::new(HoldReason::LimitExceeded, "inflates beyond max_inflated_bytes"));
    }
    let start = start + source.total_in();
    Ok((inflated, Behind { start, bytes: end.saturating_sub(start) }))
}

pub(super) fn scan_file(
    file: &mut File,
    start: u64,
    encoding: Encoding,
) -> Result<(Scan, Vec<(Tag, u64)>), Hold> {
    file.seek(SeekFrom::Start(start)).map_err(|e| unreadable(&e))?;
    let mut scanner = DataSetScanner::new(encoding, MAX_VALUE_BYTES);
    let mut heads = Vec::new();
    let mut buffer = vec![0; 256 * 1024];
    loop {
        let read = file.read(&mut buffer).map_err(|e| unreadable(&e))?;
        if read == 0 {
            return Ok((scanner.finish(), heads));
        }
        scanner.feed(&buffer[..read], &mut |head: ElementHead| {
            if head.depth == 0 {
                heads.push((head.tag, head.start));
            }
        });
    }
}

pub(super) fn read_header(
    file: &mut File,
    start: u64,
    end: u64,
    limits: &Limits,
) -> Result<Vec<u8>, Hold> {
    if end > limits.max_header_bytes {
        let detail = format!("a header of {end} bytes, more than max_header_bytes");
        return Err(Hold::new(HoldReason::LimitExceeded, detail));
    }
    file.seek(SeekFrom::Start(start)).map_err(|e| unreadable(&e))?;
    let mut all = vec![0; end as usize];
    file.read_exact(&mut all).map_err(|e| unreadable(&e))?;
    Ok(all)
}

/// A header in parts that dicom-object can parse.
#[derive(Default)]
struct Parsable {
    /// Elements as they were encoded.
    explicit: Vec<u8>,
    /// Sequences of VR UN and undefined length, which are Implicit VR Little Endian whatever is
    /// around them (PS3.5 Section 6.2.2).
    implicit: Vec<u8>,
    private_left_out: usize,
    repairs: Repairs,
}

/// The header without private attributes of the top level that the profile removes in any case.
/// Vendors write forms there that dicom-object cannot parse (UN of undefined length), so of those
/// that may stay, these go too.
fn parsable(all: &[u8], heads: &[(Tag, u64)], encoding: Encoding, rulebook: &Rulebook) -> Parsable {
    let mut parts = Parsable { explicit: Vec::with_capacity(all.len()), ..Parsable::default() };
    let mut creators: HashMap<Tag, bool> = HashMap::new();
    for (index, (tag, from)) in heads.iter().enumerate() {
        let from = *from as usize;
        let to = heads.get(index + 1).map_or(all.len(), |(_, next)| *next as usize).min(all.len());
        if from >= to {
            continue;
        }
        let element = RawElement::read(&all[from..to], encoding);
        let opaque = element.is_some_and(|element| element.opaque_sequence);
        let stays = if tag.group() % 2 == 0 {
            if let Some(element) = element.filter(|_| opaque) {
                parts.implicit.extend(tag.group().to_le_bytes());
                parts.implicit.extend(tag.element().to_le_bytes());
                parts.implicit.extend(u32::MAX.to_le_bytes());
                parts.implicit.extend_from_slice(element.value);
                parts.repairs.opaque_sequences += 1;
                continue;
            }
            true
        } else if (0x10..=0xFF).contains(&tag.element()) {
            let creator = element.map(|element| String::from_utf8_lossy(element.value));
            let stays = creator.is_some_and(|creator| {
                rulebook.may_keep_private(creator.trim_matches(['\0', ' ']), tag.group())
            });
            creators.insert(*tag, stays);
            stays
        } else {
            let creator = Tag(tag.group(), tag.element() >> 8);
            creators.get(&creator) == Some(&true) && element.is_some() && !opaque
        };
        if stays {
            parts.explicit.extend_from_slice(&all[from..to]);
        } else {
            parts.private_left_out += 1;
        }
    }
    parts
}

/// An element of the stream, of which only the form is known.
#[derive(Clone, Copy)]
struct RawElement<'a> {
    /// VR UN and a length that is not stated.
    opaque_sequence: bool,
    value: &'a [u8],
}

impl<'a> RawElement<'a> {
    /// The element that starts at the first byte (PS3.5 Section 7.1).
    fn read(bytes: &'a [u8], encoding: Encoding) -> Option<Self> {
        let number = |at: usize, size: usize| {
            let bytes = bytes.get(at..at + size)?;
            let fold = |all: u32, byte: &u8| all << 8 | u32::from(*byte);
            Some(if encoding.big_endian {
                bytes.iter().fold(0, fold)
            } else {
                bytes.iter().rev().fold(0, fold)
            })
        };
        let vr = bytes.get(4..6)?;
        let long = matches!(vr, b"OB" | b"OW" | b"OF" | b"OD" | b"OL" | b"OV" | b"SQ" | b"UN")
            || matches!(vr, b"UC" | b"UR" | b"UT" | b"SV" | b"UV");
        let (length, at): (u32, usize) = match (encoding.explicit_vr, long) {
            (false, _) => (number(4, 4)?, 8),
            (true, true) => (number(8, 4)?, 12),
            (true, false) => (number(6, 2)?, 8),
        };
        let end = at.saturating_add(length as usize).min(bytes.len());
        let opaque_sequence = encoding.explicit_vr && vr == b"UN" && length == u32::MAX;
        Some(Self { opaque_sequence, value: bytes.get(at..end)? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Profile;
    use dicom_dictionary_std::tags;
    use std::io::Write;

    /// A file of Explicit VR Little Endian without the length of its File Meta Information.
    fn file(data_set: &[u8]) -> tempfile::NamedTempFile {
        let mut file = tempfile::NamedTempFile::new().expect("a file");
        let syntax = b"\x02\x00\x10\x00UI\x14\x001.2.840.10008.1.2.1\0";
        for part in [&[0; 128][..], b"DICM", syntax, data_set] {
            file.write_all(part).expect("written");
        }
        file
    }

    fn open(data_set: &[u8]) -> Result<OpenObject, Hold> {
        let profile = Profile::named("basic").expect("shipped");
        let rulebook = Rulebook::new(&profile).expect("it reads");
        let scratch = tempfile::tempfile().expect("a file");
        OpenObject::open(file(data_set).as_file(), &Limits::default(), &scratch, &rulebook)
    }

    #[test]
    fn a_sequence_of_vr_un_and_undefined_length_is_read() {
        let sequence = b"\x08\x00\x40\x11UN\0\0\xFF\xFF\xFF\xFF\
            \xFE\xFF\x00\xE0\xFF\xFF\xFF\xFF\
            \x08\x00\x55\x11\x06\x00\x00\x001.2.3\0\
            \xFE\xFF\x0D\xE0\0\0\0\0\
            \xFE\xFF\xDD\xE0\0\0\0\0";
        let private = b"\x09\x00\x01\x10UN\0\0\xFF\xFF\xFF\xFF\xFE\xFF\xDD\xE0\0\0\0\0";
        let object = open(&[&sequence[..], private].concat()).expect("it opens");
        let read = object.header.element(tags::REFERENCED_IMAGE_SEQUENCE).expect("there");
        let uid = read.items().expect("items")[0].element(tags::REFERENCED_SOP_INSTANCE_UID);
        assert_eq!(uid.expect("there").to_str().expect("text").trim_end_matches('\0'), "1.2.3");
        assert_eq!(object.repairs, Repairs { known_vr: 0, opaque_sequences: 1 });
        assert_eq!(object.private_left_out, 1);
    }

    #[test]
    fn attributes_of_vr_un_that_were_read_are_counted() {
        let object = open(b"\x08\x00\x60\x00UN\0\0\x02\0\0\0CT").expect("it opens");
        assert_eq!(object.text(tags::MODALITY), "CT");
        assert_eq!(object.repairs, Repairs { known_vr: 1, opaque_sequences: 0 });
    }

    #[test]
    fn private_creators_stay_where_a_profile_keeps_what_they_define() {
        let creator = b"\x53\x70\x10\x00LO\x1A\x00Philips PET Private Group ";
        let factor = b"\x53\x70\x00\x10DS\x04\x001.5 ";
        let data_set = [&creator[..], factor].concat();
        assert_eq!(open(&data_set).expect("it opens").private_left_out, 2);
        let profile = Profile::named("research-longitudinal").expect("shipped");
        let rulebook = Rulebook::new(&profile).expect("it reads");
        let scratch = tempfile::tempfile().expect("a file");
        let (file, limits) = (file(&data_set), Limits::default());
        let object = OpenObject::open(file.as_file(), &limits, &scratch, &rulebook);
        let object = object.expect("it opens");
        assert_eq!(object.private_left_out, 0);
        assert_eq!(object.text(Tag(0x7053, 0x1000)), "1.5");
    }
}
