//! Plain data between the pixels and the reading of text: pictures go out, lines of text come back.

use crate::phi::Phi;
use serde::{Deserialize, Serialize};
use std::ops::Range;

/// An 8-bit rendering of one frame, as a reader could see it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Picture {
    /// Frame index, from 0.
    pub frame: u32,
    /// Width in pixels; equal to Columns, so that a box in the picture is a box in the frame.
    pub width: u32,
    /// Height in pixels; equal to Rows.
    pub height: u32,
    /// 1 = grey (0 black, 255 white as displayed), 3 = RGB interleaved.
    pub samples: u8,
    /// Whether faint content was made plain: noise and the marks of compression are plain too.
    pub enhanced: bool,
    /// `height * width * samples` bytes, row by row.
    pub data: Vec<u8>,
}

impl std::fmt::Debug for Picture {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Picture(frame {}, {}x{}x{})", self.frame, self.width, self.height, self.samples)
    }
}

/// A rectangle in pixels of a frame, half open: `left <= x < right`, `top <= y < bottom`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct PixelRect {
    pub left: u32,
    pub top: u32,
    pub right: u32,
    pub bottom: u32,
}

impl PixelRect {
    /// The rectangle clipped to a frame of `width` x `height`; `None` if nothing is left.
    pub fn clipped(self, width: u32, height: u32) -> Option<Self> {
        let rect = Self {
            left: self.left,
            top: self.top,
            right: self.right.min(width),
            bottom: self.bottom.min(height),
        };
        (rect.left < rect.right && rect.top < rect.bottom).then_some(rect)
    }

    /// The smallest rectangle around two.
    pub fn around(self, other: Self) -> Self {
        Self {
            left: self.left.min(other.left),
            top: self.top.min(other.top),
            right: self.right.max(other.right),
            bottom: self.bottom.max(other.bottom),
        }
    }

    /// The same rectangle, so much farther right and down.
    pub fn moved(self, right: u32, down: u32) -> Self {
        Self {
            left: self.left + right,
            top: self.top + down,
            right: self.right + right,
            bottom: self.bottom + down,
        }
    }

    /// How many pixels it has.
    pub fn pixels(self) -> u64 {
        u64::from(self.right - self.left) * u64::from(self.bottom - self.top)
    }

    /// How many pixels two rectangles share.
    pub fn shared(self, other: Self) -> u64 {
        let width = self.right.min(other.right).saturating_sub(self.left.max(other.left));
        let height = self.bottom.min(other.bottom).saturating_sub(self.top.max(other.top));
        u64::from(width) * u64::from(height)
    }

    /// Whether the pixel at (`x`, `y`) is inside.
    pub fn contains(self, x: u32, y: u32) -> bool {
        (self.left..self.right).contains(&x) && (self.top..self.bottom).contains(&y)
    }
}

/// One line of text that a detector found in a picture.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TextLine {
    /// Frame index, from 0.
    pub frame: u32,
    /// The smallest upright rectangle around the whole line, clipped to the picture.
    pub area: PixelRect,
    /// What was read; empty if `unread`.
    pub text: Phi<String>,
    /// Mean confidence of the reading, 0 to 1.
    pub confidence: f32,
    /// Whether it is text that could not be read, as in a script without a dictionary.
    pub unread: bool,
    /// Where its words stand, in reading order. Empty if the detector tells the whole line only.
    pub words: Vec<TextWord>,
}

/// One word of a line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TextWord {
    /// The smallest upright rectangle around it, clipped to the picture.
    pub area: PixelRect,
    /// The bytes of the line's text that are the word.
    pub bytes: Range<usize>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rectangle_outside_the_frame_is_clipped_away() {
        let rect = PixelRect { left: 10, top: 10, right: 30, bottom: 30 };
        assert_eq!(rect.clipped(20, 40), Some(PixelRect { right: 20, ..rect }));
        assert_eq!(rect.clipped(10, 40), None);
    }
}
