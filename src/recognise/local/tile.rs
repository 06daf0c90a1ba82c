//! At which scales a picture is searched, and in which pieces.
//!
//! A piece is never larger than `SIDE_MAX` squared, so the memory of a pass does not grow with the
//! picture. Pieces overlap, so that a line of up to `OVERLAP` high is whole in at least one of them.

use std::ops::Range;

/// Longest side of a piece, in pixels of the pass.
pub(super) const SIDE_MAX: usize = 1280;
const OVERLAP: usize = 160;
/// Longest side of a picture that is also searched enlarged: there, letters are small.
const SMALL_SIDE: usize = 1024;

/// The scales at which a picture of this size is searched.
pub(super) fn scales(width: usize, height: usize) -> Vec<f32> {
    // Enlarged, the letters of 6 pixels are found, and some of 48 are lost; reduced, large ones
    // are found that a native pass does not see as letters.
    let side = width.max(height);
    if side <= SMALL_SIDE { vec![1.0, 1.5] } else { vec![1.0, 0.5] }
}

/// Overlapping ranges of at most `SIDE_MAX`, of nearly equal length, that cover `0..length`.
pub(super) fn pieces(length: usize) -> Vec<Range<usize>> {
    if length <= SIDE_MAX {
        return std::iter::once(0..length).collect();
    }
    let count = (length - OVERLAP).div_ceil(SIDE_MAX - OVERLAP);
    let size = (length + (count - 1) * OVERLAP).div_ceil(count);
    (0..count)
        .map(|index| {
            let start = (length - size) * index / (count - 1);
            start..start + size
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_cover_the_length_and_overlap() {
        for length in (1..6000).chain([65_535]) {
            let pieces = pieces(length);
            assert_eq!((pieces[0].start, pieces[pieces.len() - 1].end), (0, length));
            assert!(pieces.iter().all(|piece| (1..=SIDE_MAX).contains(&piece.len())));
            assert!(pieces.windows(2).all(|pair| pair[0].end >= pair[1].start + OVERLAP - 1));
        }
    }
}
