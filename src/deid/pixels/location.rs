//! Where the pixels of an object are in its file, as found by the scan of the element stream.

use dicom_core::Tag;
use dicom_dictionary_std::tags;
use serde::{Deserialize, Serialize};

/// The value field of Pixel Data, Float Pixel Data or Double Float Pixel Data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct PixelLocation {
    /// First byte of the value; for encapsulated data the item tag of the Basic Offset Table.
    pub offset: u64,
    /// Length of the value; `None` = undefined length, which is encapsulated.
    pub length: Option<u64>,
    /// Which of the three elements it is.
    pub element: PixelElement,
}

/// The elements that hold pixels (PS3.3 C.7.6.3 and C.7.6.24 to C.7.6.25).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum PixelElement {
    /// Pixel Data (7FE0,0010): integers, the only one that may be encapsulated.
    Integer,
    /// Float Pixel Data (7FE0,0008): 32-bit IEEE 754.
    Float,
    /// Double Float Pixel Data (7FE0,0009): 64-bit IEEE 754.
    DoubleFloat,
}

impl PixelElement {
    /// The element with this tag, if it holds pixels.
    pub fn from_tag(tag: Tag) -> Option<Self> {
        match tag {
            tags::PIXEL_DATA => Some(Self::Integer),
            tags::FLOAT_PIXEL_DATA => Some(Self::Float),
            tags::DOUBLE_FLOAT_PIXEL_DATA => Some(Self::DoubleFloat),
            _ => None,
        }
    }

    /// Its tag.
    pub fn tag(self) -> Tag {
        match self {
            Self::Integer => tags::PIXEL_DATA,
            Self::Float => tags::FLOAT_PIXEL_DATA,
            Self::DoubleFloat => tags::DOUBLE_FLOAT_PIXEL_DATA,
        }
    }
}
