//! The element stream without allocation: lengths, depth, counts, where Pixel Data is.
//!
//! Bytes are pushed in pieces of any size; the scanner keeps a header of at most 12 bytes and a
//! stack of at most `MAX_DEPTH` sequences, whatever the peer declares. It never reads a value but the
//! two UIDs that a C-STORE command has to match, and those of study and series. Invariants: a length is compared with every limit
//! before it is believed; after a problem nothing more is interpreted.

mod inflate;
mod scanner;

pub use inflate::DataSetScanner;

use super::hold::{Hold, HoldReason};
use dicom_core::Tag;
use serde::{Deserialize, Serialize};

/// Nesting of sequences beyond which an object is held: the parsers behind recurse.
pub const MAX_DEPTH: usize = 32;
/// Elements and items beyond which an object is held.
pub const MAX_ELEMENTS: u64 = 5_000_000;

/// How elements are encoded (PS3.5 section 7).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Encoding {
    /// VRs are written in the stream.
    pub explicit_vr: bool,
    /// Numbers are big endian.
    pub big_endian: bool,
    /// The whole data set is a deflate stream.
    pub deflated: bool,
}

impl Encoding {
    /// The encoding of a transfer syntax: PS3.5 annex A. Every encapsulated one is explicit little endian.
    pub fn of_transfer_syntax(uid: &str) -> Self {
        Self {
            explicit_vr: uid != "1.2.840.10008.1.2",
            big_endian: uid == "1.2.840.10008.1.2.2",
            deflated: matches!(
                uid,
                "1.2.840.10008.1.2.1.99" | "1.2.840.10008.1.2.4.95" | "1.2.840.10008.1.2.4.205"
            ),
        }
    }
}

/// Where the Pixel Data of the object is, in bytes from the start of the scanned data set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct PixelSpan {
    /// (7FE0,0010), (7FE0,0008) or (7FE0,0009).
    pub element: u16,
    /// Offset of the element itself: the header ends here.
    pub start: u64,
    /// Offset of the value.
    pub value: u64,
    /// Length of a native value; `None` when encapsulated.
    pub length: Option<u64>,
}

/// The head of one element, as the scanner passes it.
#[derive(Debug, Clone, Copy)]
pub struct ElementHead {
    pub tag: Tag,
    /// 0 for the data set itself.
    pub depth: usize,
    /// Offset of the tag.
    pub start: u64,
}

/// A UID of at most 64 bytes, held without allocation.
#[derive(Debug, Clone, Copy)]
pub struct UidBytes {
    bytes: [u8; 64],
    length: usize,
}

impl UidBytes {
    const EMPTY: Self = Self { bytes: [0; 64], length: 0 };

    /// The UID without padding; empty when absent or not ASCII.
    pub fn as_str(&self) -> &str {
        let text = std::str::from_utf8(&self.bytes[..self.length]).unwrap_or("");
        text.trim_matches(['\0', ' '])
    }
}

/// What stopped the scan from being believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Problem {
    /// More than a limit allows: which, and where.
    Limit { what: &'static str, at: u64 },
    /// The stream breaks PS3.5: how, and where.
    Malformed { what: &'static str, at: u64 },
}

impl Problem {
    /// The hold that this problem means.
    pub fn hold(self) -> Hold {
        match self {
            Self::Limit { what, at } => {
                Hold::new(HoldReason::LimitExceeded, format!("{what} at byte {at}"))
            }
            Self::Malformed { what, at } => {
                Hold::new(HoldReason::Malformed, format!("{what} at byte {at}"))
            }
        }
    }
}

/// The result of a whole data set.
#[derive(Debug, Clone, Copy)]
pub struct Scan {
    pub sop_class_uid: UidBytes,
    pub sop_instance_uid: UidBytes,
    pub study_instance_uid: UidBytes,
    pub series_instance_uid: UidBytes,
    pub pixels: Option<PixelSpan>,
    pub elements: u64,
    pub deepest: usize,
    /// Bytes of the data set, inflated.
    pub bytes: u64,
    /// Set when the object has to be held.
    pub problem: Option<Problem>,
    /// The data ended inside an element, item or sequence.
    pub truncated: bool,
}
