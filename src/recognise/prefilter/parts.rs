//! Doubtful cells, and the rectangles around them that are read.
//!
//! A part holds every doubtful cell near it with a margin: what lies in it does not depend on where a
//! cell ends, and parts do not overlap.

use super::CELL;
use crate::deid::picture::PixelRect;

/// More of the picture than this, in percent, and it is read as a whole.
const WHOLE: u64 = 50;
/// More parts than this, and the picture is read as a whole.
const PARTS_MAX: usize = 24;
/// More islands than this are not united, which takes long: the picture is read as a whole.
const ISLANDS_MAX: usize = 200;

/// Which cells of a picture are to be read.
pub(super) struct Doubts {
    size: (usize, usize),
    columns: usize,
    rows: usize,
    cells: Vec<bool>,
}

impl Doubts {
    pub(super) fn none(width: usize, height: usize) -> Self {
        let (columns, rows) = (width.div_ceil(CELL), height.div_ceil(CELL));
        Self { size: (width, height), columns, rows, cells: vec![false; columns * rows] }
    }

    /// A doubtful cell of the picture reduced `reduced` times, and `margin` such cells around it.
    pub(super) fn add(&mut self, x: usize, y: usize, reduced: usize, margin: usize) {
        let range = |at: usize, end: usize| {
            (at.saturating_sub(margin) * reduced).min(end)..((at + margin + 1) * reduced).min(end)
        };
        for row in range(y, self.rows) {
            let start = row * self.columns;
            let columns = range(x, self.columns);
            self.cells[start + columns.start..start + columns.end].fill(true);
        }
    }

    /// The rectangles to read.
    pub(super) fn parts(mut self) -> Vec<PixelRect> {
        let mut parts = Vec::new();
        for at in 0..self.cells.len() {
            if self.cells[at] {
                parts.push(self.island(at));
            }
        }
        if parts.len() <= ISLANDS_MAX {
            unite(&mut parts);
        }
        let pixels = |part: &PixelRect| {
            u64::from(part.right - part.left) * u64::from(part.bottom - part.top)
        };
        let whole =
            PixelRect { left: 0, top: 0, right: self.size.0 as u32, bottom: self.size.1 as u32 };
        if parts.len() > PARTS_MAX
            || parts.iter().map(pixels).sum::<u64>() * 100 > pixels(&whole) * WHOLE
        {
            return vec![whole];
        }
        parts.sort_by_key(|part| (part.top, part.left));
        parts
    }

    /// The rectangle around the cells that touch this one, which are taken out.
    fn island(&mut self, first: usize) -> PixelRect {
        let (mut left, mut right, mut top, mut bottom) = (usize::MAX, 0, usize::MAX, 0);
        let mut open = vec![first];
        self.cells[first] = false;
        while let Some(at) = open.pop() {
            let (x, y) = (at % self.columns, at / self.columns);
            (left, right) = (left.min(x), right.max(x + 1));
            (top, bottom) = (top.min(y), bottom.max(y + 1));
            for row in y.saturating_sub(1)..(y + 2).min(self.rows) {
                for column in x.saturating_sub(1)..(x + 2).min(self.columns) {
                    let next = row * self.columns + column;
                    if std::mem::take(&mut self.cells[next]) {
                        open.push(next);
                    }
                }
            }
        }
        PixelRect {
            left: (left * CELL) as u32,
            top: (top * CELL) as u32,
            right: (right * CELL).min(self.size.0) as u32,
            bottom: (bottom * CELL).min(self.size.1) as u32,
        }
    }
}

/// Rectangles that overlap become one, until none do.
fn unite(parts: &mut Vec<PixelRect>) {
    let overlap = |a: &PixelRect, b: &PixelRect| {
        a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom
    };
    let mut at = 0;
    while at < parts.len() {
        let other = (at + 1..parts.len()).find(|other| overlap(&parts[at], &parts[*other]));
        match other {
            Some(other) => {
                let other = parts.swap_remove(other);
                let part = &mut parts[at];
                part.left = part.left.min(other.left);
                part.top = part.top.min(other.top);
                part.right = part.right.max(other.right);
                part.bottom = part.bottom.max(other.bottom);
                // It has grown, and may reach those that were looked at before.
                at = 0;
            }
            None => at += 1,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rect(left: u32, top: u32, right: u32, bottom: u32) -> PixelRect {
        PixelRect { left, top, right, bottom }
    }

    #[test]
    fn a_doubt_is_read_with_its_margin_inside_the_picture() {
        let mut doubts = Doubts::none(1000, 500);
        doubts.add(0, 0, 1, 3);
        doubts.add(60, 30, 2, 1);
        assert_eq!(doubts.parts(), [rect(0, 0, 32, 32), rect(944, 464, 992, 500)]);
    }

    #[test]
    fn parts_that_overlap_are_one_and_no_doubt_is_outside() {
        let mut doubts = Doubts::none(1000, 1000);
        // An angle, and a place inside of the rectangle around it that does not touch it.
        for at in 0..40 {
            doubts.add(at, 0, 1, 0);
            doubts.add(0, at, 1, 0);
        }
        doubts.add(20, 20, 1, 0);
        doubts.add(100, 100, 1, 1);
        assert_eq!(doubts.parts(), [rect(0, 0, 320, 320), rect(792, 792, 816, 816)]);
        assert_eq!(Doubts::none(1000, 1000).parts(), []);
    }

    #[test]
    fn a_picture_full_of_doubts_is_read_as_a_whole() {
        let mut doubts = Doubts::none(100, 90);
        (0..10).for_each(|row| doubts.add(5, row, 1, 4));
        assert_eq!(doubts.parts(), [rect(0, 0, 100, 90)]);
        let mut doubts = Doubts::none(1000, 1000);
        (0..25).for_each(|at| doubts.add(at * 4, at * 4, 1, 0));
        assert_eq!(doubts.parts(), [rect(0, 0, 1000, 1000)]);
    }
}
