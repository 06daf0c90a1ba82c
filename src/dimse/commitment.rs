//! The data sets of storage commitment (PS3.4 annex J): what is to be kept, and what is kept.
//!
//! Read by fixed code: a peer's lengths are held against the bytes that are there, its nesting and
//! the number of its references against limits. Nothing is allocated on its word.

use crate::phi::Phi;

/// Storage Commitment Push Model SOP Class.
pub const PUSH_MODEL: &str = "1.2.840.10008.1.20.1";
/// Its well-known SOP Instance.
pub const PUSH_MODEL_INSTANCE: &str = "1.2.840.10008.1.20.1.1";
/// Action Type: request storage commitment.
pub const REQUEST: u16 = 1;
/// Event Type: all is kept.
pub const SUCCESSFUL: u16 = 1;
/// Event Type: something is not kept.
pub const FAILURES_EXIST: u16 = 2;
/// A larger data set is not taken.
pub const MAX_DATA_SET_BYTES: usize = 4 << 20;
/// References of one transaction at the most.
pub const MAX_REFERENCES: usize = 16_384;

const MAX_DEPTH: usize = 8;
const UNDEFINED: u32 = 0xFFFF_FFFF;
const ITEM: u32 = 0xFFFE_E000;
const ITEM_END: u32 = 0xFFFE_E00D;
const SEQUENCE_END: u32 = 0xFFFE_E0DD;
const REFERENCED_SOP_CLASS_UID: u32 = 0x0008_1150;
const REFERENCED_SOP_INSTANCE_UID: u32 = 0x0008_1155;
const TRANSACTION_UID: u32 = 0x0008_1195;
const FAILURE_REASON: u32 = 0x0008_1197;
const FAILED_SOP_SEQUENCE: u32 = 0x0008_1198;
const REFERENCED_SOP_SEQUENCE: u32 = 0x0008_1199;

/// How a data set is written: of the two transfer syntaxes that are negotiated for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Vr {
    Explicit,
    Implicit,
}

/// One object that is spoken of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reference {
    pub sop_class_uid: String,
    /// Of a sender it names an identified object.
    pub sop_instance_uid: Phi<String>,
}

/// A request, where `references` are to be kept, or its result, where they are kept and `failed` are
/// not, each with its Failure Reason (PS3.3 section C.14).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Commitment {
    pub transaction_uid: String,
    pub references: Vec<Reference>,
    pub failed: Vec<(Reference, u16)>,
}

/// Why a data set was not understood.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CommitmentError {
    #[error("the data set ends inside an element, or contradicts itself")]
    Malformed,
    #[error("the data set has no valid transaction UID")]
    NoTransaction,
    #[error("the data set holds more references than are taken")]
    TooMany,
}

use CommitmentError::Malformed;

impl Commitment {
    /// Reads a data set.
    pub fn parse(bytes: &[u8], vr: Vr) -> Result<Self, CommitmentError> {
        let mut commitment = Self::default();
        let mut rest = bytes;
        while !rest.is_empty() {
            let (tag, value, after) = element(rest, vr, 0)?;
            rest = after;
            match tag {
                TRANSACTION_UID => commitment.transaction_uid = text(value),
                REFERENCED_SOP_SEQUENCE => {
                    let found = references(value, vr)?;
                    commitment.references.extend(found.into_iter().map(|(one, _)| one));
                }
                FAILED_SOP_SEQUENCE => commitment.failed.extend(references(value, vr)?),
                _ => {}
            }
        }
        match is_uid(&commitment.transaction_uid) {
            true => Ok(commitment),
            false => Err(CommitmentError::NoTransaction),
        }
    }

    /// Writes the data set.
    pub fn write(&self, vr: Vr) -> Vec<u8> {
        let mut out = Vec::new();
        put_uid(&mut out, vr, TRANSACTION_UID, &self.transaction_uid);
        let failed = self.failed.iter().map(|(one, reason)| item(one, Some(*reason), vr));
        put_sequence(&mut out, vr, FAILED_SOP_SEQUENCE, failed);
        let kept = self.references.iter().map(|one| item(one, None, vr));
        put_sequence(&mut out, vr, REFERENCED_SOP_SEQUENCE, kept);
        out
    }

    /// The Event Type of this result.
    pub fn event_type(&self) -> u16 {
        if self.failed.is_empty() { SUCCESSFUL } else { FAILURES_EXIST }
    }
}

/// 1 to 64 digits and dots (PS3.5 section 9.1).
fn is_uid(text: &str) -> bool {
    (1..=64).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit() || b == b'.')
}

fn text(value: &[u8]) -> String {
    String::from_utf8_lossy(value).trim_matches(['\0', ' ']).to_owned()
}

fn references(mut sequence: &[u8], vr: Vr) -> Result<Vec<(Reference, u16)>, CommitmentError> {
    let mut found = Vec::new();
    while !sequence.is_empty() {
        let (tag, content, after) = item_of(sequence, vr, 1)?;
        if tag != ITEM {
            return Err(Malformed);
        }
        sequence = after;
        found.push(reference(content, vr)?);
        if found.len() > MAX_REFERENCES {
            return Err(CommitmentError::TooMany);
        }
    }
    Ok(found)
}

fn reference(mut item: &[u8], vr: Vr) -> Result<(Reference, u16), CommitmentError> {
    let (mut class, mut instance, mut reason) = (String::new(), String::new(), 0);
    while !item.is_empty() {
        let (tag, value, after) = element(item, vr, 2)?;
        item = after;
        match tag {
            REFERENCED_SOP_CLASS_UID => class = text(value),
            REFERENCED_SOP_INSTANCE_UID => instance = text(value),
            FAILURE_REASON => {
                let bytes = value.first_chunk::<2>().ok_or(Malformed)?;
                reason = u16::from_le_bytes(*bytes);
            }
            _ => {}
        }
    }
    if !is_uid(&class) || !is_uid(&instance) {
        return Err(Malformed);
    }
    let reference = Reference { sop_class_uid: class, sop_instance_uid: Phi::new(instance) };
    Ok((reference, reason))
}

/// An element: its tag, its value without delimiters, and what follows.
fn element(bytes: &[u8], vr: Vr, depth: usize) -> Result<(u32, &[u8], &[u8]), CommitmentError> {
    let tag = tag(bytes)?;
    let long = [
        *b"OB", *b"OD", *b"OF", *b"OL", *b"OV", *b"OW", *b"SQ", *b"SV", *b"UC", *b"UN", *b"UR",
        *b"UT", *b"UV",
    ];
    let (length, rest) = match vr {
        Vr::Implicit => (u32_at(bytes, 4)?, &bytes[8..]),
        Vr::Explicit if long.iter().any(|name| bytes[4..].starts_with(name)) => {
            (u32_at(bytes, 8)?, &bytes[12..])
        }
        Vr::Explicit => {
            let short = bytes.get(6..8).ok_or(Malformed)?;
            (u32::from(u16::from_le_bytes([short[0], short[1]])), &bytes[8..])
        }
    };
    if length == UNDEFINED {
        let content = sequence_bytes(rest, vr, depth + 1)?;
        return Ok((tag, &rest[..content], &rest[content + 8..]));
    }
    let (value, after) = rest.split_at_checked(length as usize).ok_or(Malformed)?;
    Ok((tag, value, after))
}

/// An item or a delimiter: its tag, its content, and what follows.
fn item_of(bytes: &[u8], vr: Vr, depth: usize) -> Result<(u32, &[u8], &[u8]), CommitmentError> {
    let (tag, length) = (tag(bytes)?, u32_at(bytes, 4)?);
    let rest = &bytes[8..];
    if length != UNDEFINED {
        let (content, after) = rest.split_at_checked(length as usize).ok_or(Malformed)?;
        return Ok((tag, content, after));
    }
    let mut content = rest;
    while self::tag(content)? != ITEM_END {
        content = element(content, vr, depth)?.2;
    }
    let size = rest.len() - content.len();
    let after = content.get(8..).ok_or(Malformed)?;
    Ok((tag, &rest[..size], after))
}

/// How many bytes the items take before the delimiter of their sequence.
fn sequence_bytes(bytes: &[u8], vr: Vr, depth: usize) -> Result<usize, CommitmentError> {
    if depth > MAX_DEPTH {
        return Err(Malformed);
    }
    let mut rest = bytes;
    loop {
        let (tag, _, after) = item_of(rest, vr, depth)?;
        match tag {
            ITEM => rest = after,
            SEQUENCE_END => return Ok(bytes.len() - rest.len()),
            _ => return Err(Malformed),
        }
    }
}

fn tag(bytes: &[u8]) -> Result<u32, CommitmentError> {
    let bytes = bytes.first_chunk::<4>().ok_or(Malformed)?;
    let [group, element] = [[bytes[0], bytes[1]], [bytes[2], bytes[3]]].map(u16::from_le_bytes);
    Ok(u32::from(group) << 16 | u32::from(element))
}

fn u32_at(bytes: &[u8], at: usize) -> Result<u32, CommitmentError> {
    let four = bytes.get(at..at + 4).ok_or(Malformed)?;
    Ok(u32::from_le_bytes([four[0], four[1], four[2], four[3]]))
}

fn item(reference: &Reference, reason: Option<u16>, vr: Vr) -> Vec<u8> {
    let mut out = Vec::new();
    put_uid(&mut out, vr, REFERENCED_SOP_CLASS_UID, &reference.sop_class_uid);
    put_uid(&mut out, vr, REFERENCED_SOP_INSTANCE_UID, reference.sop_instance_uid.reveal());
    if let Some(reason) = reason {
        put(&mut out, vr, FAILURE_REASON, b"US", &reason.to_le_bytes());
    }
    out
}

/// An absent sequence rather than an empty one: neither may be empty (PS3.4 tables J.3-1, J.3-2).
fn put_sequence(out: &mut Vec<u8>, vr: Vr, tag: u32, items: impl Iterator<Item = Vec<u8>>) {
    let mut value = Vec::new();
    for item in items {
        put_tag(&mut value, ITEM);
        value.extend((item.len() as u32).to_le_bytes());
        value.extend(item);
    }
    if !value.is_empty() {
        put(out, vr, tag, b"SQ", &value);
    }
}

fn put_uid(out: &mut Vec<u8>, vr: Vr, tag: u32, uid: &str) {
    let mut value = uid.as_bytes().to_vec();
    if value.len() % 2 == 1 {
        value.push(0);
    }
    put(out, vr, tag, b"UI", &value);
}

fn put(out: &mut Vec<u8>, vr: Vr, tag: u32, name: &[u8; 2], value: &[u8]) {
    put_tag(out, tag);
    let length = value.len() as u32;
    match vr {
        Vr::Implicit => out.extend(length.to_le_bytes()),
        Vr::Explicit => {
            out.extend(name);
            match name {
                b"SQ" => {
                    out.extend([0, 0]);
                    out.extend(length.to_le_bytes());
                }
                _ => out.extend((length as u16).to_le_bytes()),
            }
        }
    }
    out.extend(value);
}

fn put_tag(out: &mut Vec<u8>, tag: u32) {
    out.extend(((tag >> 16) as u16).to_le_bytes());
    out.extend((tag as u16).to_le_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;
    use dicom_dictionary_std::tags;
    use dicom_object::InMemDicomObject;
    use dicom_transfer_syntax_registry::entries::{
        EXPLICIT_VR_LITTLE_ENDIAN, IMPLICIT_VR_LITTLE_ENDIAN,
    };
    use proptest::prelude::*;

    fn reference(number: u32) -> Reference {
        let uid = Phi::new(format!("2.25.{number}"));
        Reference { sop_class_uid: "1.2.840.10008.5.1.4.1.1.2".into(), sop_instance_uid: uid }
    }

    fn commitment(kept: u32, failed: u32) -> Commitment {
        Commitment {
            transaction_uid: "2.25.777".into(),
            references: (0..kept).map(reference).collect(),
            failed: (0..failed).map(|number| (reference(number), 0x0112)).collect(),
        }
    }

    #[test]
    fn what_is_written_reads_back_and_other_libraries_read_it() {
        for vr in [Vr::Explicit, Vr::Implicit] {
            let whole = commitment(3, 2);
            let bytes = whole.write(vr);
            assert_eq!(Commitment::parse(&bytes, vr), Ok(whole));
            let syntax = match vr {
                Vr::Explicit => EXPLICIT_VR_LITTLE_ENDIAN.erased(),
                Vr::Implicit => IMPLICIT_VR_LITTLE_ENDIAN.erased(),
            };
            let object = InMemDicomObject::read_dataset_with_ts(&bytes[..], &syntax).expect("read");
            let failed = object.element(tags::FAILED_SOP_SEQUENCE).expect("there");
            let items = failed.items().expect("items");
            assert_eq!(items.len(), 2);
            let reason = items[1].element(tags::FAILURE_REASON).expect("there");
            assert_eq!(reason.to_int::<u16>().expect("a number"), 0x0112);
        }
    }

    #[test]
    fn undefined_lengths_and_unknown_sequences_are_read() {
        let tag = |tag: u32| {
            let mut bytes = Vec::new();
            put_tag(&mut bytes, tag);
            bytes
        };
        let open = [0xFF; 4];
        let mut bytes = Vec::new();
        put_uid(&mut bytes, Vr::Implicit, TRANSACTION_UID, "1.2.3");
        // a sequence that nobody asked for, with one inside
        for unknown in [0x0008_1199_u32, 0x0040_A730] {
            let inner = item(&reference(7), None, Vr::Implicit);
            let ends = [tag(ITEM_END), vec![0; 4], tag(SEQUENCE_END), vec![0; 4]].concat();
            let start = [tag(unknown), open.to_vec(), tag(ITEM), open.to_vec()].concat();
            bytes.extend([start, inner, ends].concat());
        }
        let read = Commitment::parse(&bytes, Vr::Implicit).expect("understood");
        assert_eq!(read.references, [reference(7)]);
    }

    #[test]
    fn without_a_transaction_or_with_too_many_references_it_is_refused() {
        let empty = Commitment { transaction_uid: "DOE^JANE".into(), ..commitment(1, 0) };
        let parsed = Commitment::parse(&empty.write(Vr::Explicit), Vr::Explicit);
        assert_eq!(parsed, Err(CommitmentError::NoTransaction));
        let many = commitment(MAX_REFERENCES as u32 + 1, 0).write(Vr::Implicit);
        assert_eq!(Commitment::parse(&many, Vr::Implicit), Err(CommitmentError::TooMany));
    }

    #[test]
    fn sequences_in_sequences_without_end_are_refused() {
        let mut bytes = Vec::new();
        for _ in 0..100_000 {
            put_tag(&mut bytes, REFERENCED_SOP_SEQUENCE);
            bytes.extend([0xFF; 4]);
            put_tag(&mut bytes, ITEM);
            bytes.extend([0xFF; 4]);
        }
        assert_eq!(Commitment::parse(&bytes, Vr::Implicit), Err(Malformed));
    }

    proptest! {
        #[test]
        fn any_bytes_are_a_commitment_or_an_error(
            bytes in prop::collection::vec(any::<u8>(), 0..200), explicit: bool,
        ) {
            let vr = if explicit { Vr::Explicit } else { Vr::Implicit };
            let _ = Commitment::parse(&bytes, vr);
        }

        #[test]
        fn cut_and_changed_data_sets_are_no_panic(
            cut in 0usize..400, at in 0usize..400, value: u8, explicit: bool,
        ) {
            let vr = if explicit { Vr::Explicit } else { Vr::Implicit };
            let mut bytes = commitment(2, 2).write(vr);
            bytes.truncate(cut);
            if let Some(byte) = bytes.get_mut(at) {
                *byte = value;
            }
            let _ = Commitment::parse(&bytes, vr);
        }
    }
}
