//! How often a picture is searched, at which scales, and in which pieces.
//!
//! A piece is never larger than `SIDE_MAX` squared, so the memory of a pass does not grow with the
//! picture. Pieces overlap, so that a line of up to `OVERLAP` high is whole in at least one of them.

use std::ops::Range;

/// Longest side of a piece, in pixels of the pass.
pub(super) const SIDE_MAX: usize = 1280;
const OVERLAP: usize = 160;
/// Longest side of a picture that is also searched enlarged: there, letters are small.
const SMALL_SIDE: usize = 1024;

/// One look at the whole picture.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Pass {
    /// How much larger than the picture.
    pub(super) scale: f32,
    /// Turned by a quarter, so that text that runs downwards lies flat.
    pub(super) turned: bool,
}

/// The passes that see where each line is. Enlarged, letters of 6 pixels are found, and some of 48
/// are lost.
pub(super) fn fine_passes(width: usize, height: usize) -> Vec<Pass> {
    let upright = |scale| Pass { scale, turned: false };
    if is_small(width, height) { vec![upright(1.0), upright(1.5)] } else { vec![upright(1.0)] }
}

/// The passes that see letters too large, or too wide apart, for the others, and a column of small
/// lines as one block. Turned, because text that runs downwards is the hardest. Each costs a
/// quarter of a native pass.
pub(super) fn coarse_passes(width: usize, height: usize) -> Vec<Pass> {
    let reduced = |turned| Pass { scale: 0.5, turned };
    if is_small(width, height) { vec![reduced(true)] } else { vec![reduced(false), reduced(true)] }
}

fn is_small(width: usize, height: usize) -> bool {
    width.max(height) <= SMALL_SIDE
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
