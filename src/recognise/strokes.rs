//! How much in each part of a picture is drawn with straight, sharp edges, as letters are.
//!
//! An edge counts where the same step, up or down, stands in `RUN` neighbouring rows or columns. It is
//! counted at several heights of the step, so that tissue and noise, of which a place may have many low
//! ones, do not hide the high ones of letters. Counts are of windows of two by two tiles, which overlap.

use crate::deid::picture::{Picture, PixelRect};

/// Side of a tile, in pixels.
const TILE: usize = 16;
/// Steps between neighbouring pixels that count, in levels of 255.
const STEPS: [u8; 7] = [12, 18, 27, 40, 60, 90, 135];
/// How long a straight edge is. Letters of 6 pixels have such, and curves of larger ones.
const RUN: usize = 3;
/// Pixels around a line that count as a part of it.
const AROUND: u32 = 3;
/// More edges than at most were known around: so many times in quarters, and so many beyond.
const MORE_QUARTERS: u32 = 5;
const MORE: u32 = 10;
/// Edges that are learnt at once where none were known.
const LEARNT: u32 = 40;

/// The number of edges of at least each step in a window.
type Counts = [u32; STEPS.len()];

/// Tiles of a picture, marked or not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Tiles {
    columns: usize,
    marked: Vec<bool>,
}

impl Tiles {
    /// Those in which some sample of two pictures of one size differs by more than `tolerance`.
    pub(super) fn changed(one: &Picture, other: &Picture, tolerance: u8) -> Self {
        let width = one.width as usize;
        let samples = usize::from(one.samples);
        let (columns, rows) = (width.div_ceil(TILE), (one.height as usize).div_ceil(TILE));
        let mut marked = vec![false; columns * rows];
        let stride = (width * samples).max(1);
        let pairs = one.data.chunks_exact(stride).zip(other.data.chunks_exact(stride));
        for (y, (a, b)) in pairs.enumerate() {
            let row = &mut marked[y / TILE * columns..][..columns];
            // Most rows of a banner are the same.
            if a == b {
                continue;
            }
            let pieces = a.chunks(TILE * samples).zip(b.chunks(TILE * samples));
            for (mark, (a, b)) in row.iter_mut().zip(pieces) {
                *mark |= a.iter().zip(b).any(|(a, b)| a.abs_diff(*b) > tolerance);
            }
        }
        Self { columns, marked }
    }

    fn all(picture: &Picture) -> Self {
        let columns = (picture.width as usize).div_ceil(TILE);
        let rows = (picture.height as usize).div_ceil(TILE);
        Self { columns, marked: vec![true; columns * rows] }
    }

    /// Whether none is marked.
    pub(super) fn is_empty(&self) -> bool {
        !self.marked.contains(&true)
    }

    fn rows(&self) -> usize {
        self.marked.len().checked_div(self.columns).unwrap_or(0)
    }

    /// The columns of a row from the first to the last that is marked there or beside, with one more on
    /// each side.
    fn span(&self, row: usize) -> Option<(usize, usize)> {
        let rows = row.saturating_sub(1)..(row + 2).min(self.rows());
        let is_marked =
            |column: &usize| rows.clone().any(|row| self.marked[row * self.columns + column]);
        let first = (0..self.columns).find(is_marked)?;
        let last = (0..self.columns).rev().find(is_marked)?;
        Some((first.saturating_sub(1), (last + 2).min(self.columns)))
    }
}

/// The edges of a picture, by window.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Strokes {
    columns: usize,
    windows: Vec<Counts>,
}

impl Strokes {
    /// Of a whole picture, but for what stands in `lines`.
    pub(super) fn of(picture: &Picture, lines: &[PixelRect]) -> Self {
        Self::within(picture, lines, &Tiles::all(picture))
    }

    /// Likewise where `tiles` are marked, and around.
    pub(super) fn within(picture: &Picture, lines: &[PixelRect], tiles: &Tiles) -> Self {
        let mut most = vec![Counts::default(); tiles.marked.len()];
        let samples = usize::from(picture.samples);
        let is_grey = samples == 3
            && picture
                .data
                .chunks_exact(3)
                .all(|pixel| pixel[0] == pixel[1] && pixel[1] == pixel[2]);
        for sample in 0..if is_grey { 1 } else { samples } {
            let counts = count(picture, sample, &masked(picture, lines), tiles);
            for (most, counts) in most.iter_mut().zip(counts) {
                *most = larger(most, &counts);
            }
        }
        Self { columns: tiles.columns, windows: windows(&most, tiles.columns) }
    }

    /// Learns what `other` has more of, but not all at once: what is new is looked at more than once
    /// before it is known.
    pub(super) fn learn(&mut self, other: &Self) {
        for (mine, theirs) in self.windows.iter_mut().zip(&other.windows) {
            for (mine, theirs) in mine.iter_mut().zip(theirs) {
                *mine = (*theirs).min(2 * *mine + LEARNT).max(*mine);
            }
        }
    }

    /// Whether a window with a changed tile has clearly more edges than any around it in `known`.
    pub(super) fn has_more_than(&self, known: &Self, changed: &Tiles) -> bool {
        let rows = self.windows.len().checked_div(self.columns).unwrap_or(0);
        let near = |at: usize, end: usize| at.saturating_sub(1)..(at + 2).min(end);
        (0..rows).any(|y| {
            (0..self.columns).any(|x| {
                let mine = &self.windows[y * self.columns + x];
                if mine[0] <= MORE || !has_mark(changed, x, y) {
                    return false;
                }
                let mut most = Counts::default();
                for y in near(y, rows) {
                    for x in near(x, self.columns) {
                        most = larger(&most, &known.windows[y * self.columns + x]);
                    }
                }
                mine.iter().zip(most).any(|(mine, most)| 4 * mine > MORE_QUARTERS * most + 4 * MORE)
            })
        })
    }
}

fn has_mark(tiles: &Tiles, x: usize, y: usize) -> bool {
    (y..(y + 2).min(tiles.rows()))
        .any(|y| (x..(x + 2).min(tiles.columns)).any(|x| tiles.marked[y * tiles.columns + x]))
}

fn larger(one: &Counts, other: &Counts) -> Counts {
    std::array::from_fn(|step| one[step].max(other[step]))
}

/// Sums of two by two tiles.
fn windows(tiles: &[Counts], columns: usize) -> Vec<Counts> {
    let rows = tiles.len().checked_div(columns).unwrap_or(0);
    let mut windows = Vec::with_capacity(tiles.len());
    for y in 0..rows {
        for x in 0..columns {
            let mut sum = Counts::default();
            for y in y..(y + 2).min(rows) {
                for x in x..(x + 2).min(columns) {
                    let tile = &tiles[y * columns + x];
                    sum.iter_mut().zip(tile).for_each(|(sum, count)| *sum += count);
                }
            }
            windows.push(sum);
        }
    }
    windows
}

/// Which pixels stand in `lines`; empty if there are none.
fn masked(picture: &Picture, lines: &[PixelRect]) -> Vec<bool> {
    if lines.is_empty() {
        return Vec::new();
    }
    let (width, height) = (picture.width, picture.height);
    let mut mask = vec![false; width as usize * height as usize];
    for line in lines {
        let columns = line.left.saturating_sub(AROUND)..(line.right + AROUND).min(width);
        for y in line.top.saturating_sub(AROUND)..(line.bottom + AROUND).min(height) {
            let start = y as usize * width as usize;
            mask[start + columns.start as usize..start + columns.end as usize].fill(true);
        }
    }
    mask
}

/// The edges of one sample in each tile.
fn count(picture: &Picture, sample: usize, mask: &[bool], tiles: &Tiles) -> Vec<Counts> {
    let (width, height) = (picture.width as usize, picture.height as usize);
    let samples = usize::from(picture.samples);
    let mut counts = vec![Counts::default(); tiles.marked.len()];
    for row in 0..tiles.rows() {
        let Some((first, last)) = tiles.span(row) else { continue };
        let (left, right) = (first * TILE, (last * TILE).min(width));
        let (top, bottom) = (row * TILE, (row * TILE + TILE).min(height));
        // Runs reach beyond the tile, and a step needs one pixel more.
        let (end_x, end_y) = ((right + RUN).min(width), (bottom + RUN).min(height));
        let mut band = Band { wide: end_x - left, grey: Vec::new() };
        for y in top..end_y {
            let line = picture.data[(y * width + left) * samples + sample..].iter();
            band.grey.extend(line.step_by(samples).take(band.wide));
        }
        let (across, down) = (band.across(), band.down());
        for y in top..bottom {
            let from = (y - top) * band.wide;
            for edges in [&across, &down] {
                let edges = edges.get(from..).unwrap_or(&[]);
                for (x, reached) in (left..right).zip(edges).filter(|(_, reached)| **reached > 0) {
                    if mask.get(y * width + x) != Some(&true) {
                        let tile = &mut counts[row * tiles.columns + x / TILE];
                        tile[usize::from(*reached) - 1] += 1;
                    }
                }
            }
        }
    }
    // What reaches a step reaches those below it.
    for tile in &mut counts {
        (1..tile.len()).rev().for_each(|step| tile[step - 1] += tile[step]);
    }
    counts
}

/// Some rows of one sample.
struct Band {
    wide: usize,
    grey: Vec<u8>,
}

impl Band {
    /// How many of `STEPS` every pixel reaches as the first of a run of steps to the right that stand
    /// one below the other.
    fn across(&self) -> Vec<u8> {
        let steps = Steps::between(&self.grey, self.grey.get(1..).unwrap_or(&[]));
        let mut runs = steps.runs(self.wide);
        // The last of a row has the first of the next beside it.
        runs.iter_mut().skip(self.wide - 1).step_by(self.wide).for_each(|run| *run = 0);
        runs
    }

    /// Likewise of steps down that stand side by side; those that reach into the next row are behind the
    /// pixels that count, or at the edge of the picture.
    fn down(&self) -> Vec<u8> {
        let mut runs =
            Steps::between(&self.grey, self.grey.get(self.wide..).unwrap_or(&[])).runs(1);
        for last in 1..RUN {
            let at = self.wide.saturating_sub(last);
            runs.iter_mut().skip(at).step_by(self.wide).for_each(|run| *run = 0);
        }
        runs
    }
}

/// How many of `STEPS` each step reaches, those up and those down.
struct Steps {
    up: Vec<u8>,
    down: Vec<u8>,
}

impl Steps {
    fn between(from: &[u8], to: &[u8]) -> Self {
        let reached = |a: u8, b: u8| -> u8 {
            STEPS.iter().map(|step| u8::from(b.saturating_sub(a) >= *step)).sum()
        };
        let pairs = || from.iter().zip(to);
        Self {
            up: pairs().map(|(a, b)| reached(*a, *b)).collect(),
            down: pairs().map(|(a, b)| reached(*b, *a)).collect(),
        }
    }

    /// The lowest of three, `apart` from one another, in the one direction or the other.
    fn runs(&self, apart: usize) -> Vec<u8> {
        let lowest = |steps: &[u8]| -> Vec<u8> {
            let behind = |by: usize| steps.get(by * apart..).unwrap_or(&[]);
            let three = steps.iter().zip(behind(1)).zip(behind(2));
            three.map(|((a, b), c)| *a.min(b).min(c)).collect()
        };
        lowest(&self.up).into_iter().zip(lowest(&self.down)).map(|(a, b)| a.max(b)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flat(samples: u8, level: u8) -> Picture {
        let data = vec![level; 64 * 48 * usize::from(samples)];
        Picture { frame: 0, width: 64, height: 48, samples, enhanced: false, data }
    }

    /// A bar of 2 by 8 pixels, in one sample.
    fn bar(mut picture: Picture, left: usize, top: usize, sample: usize, level: u8) -> Picture {
        let samples = usize::from(picture.samples);
        for y in top..top + 8 {
            for x in left..left + 2 {
                picture.data[(y * 64 + x) * samples + sample] = level;
            }
        }
        picture
    }

    #[test]
    fn a_bar_has_two_straight_edges_at_every_step_it_reaches() {
        let strokes = Strokes::of(&bar(flat(1, 100), 20, 4, 0, 150), &[]);
        // Six runs of three in eight rows, on both sides; the short sides are too short.
        let window = strokes.windows[1];
        assert_eq!(window, [12, 12, 12, 12, 0, 0, 0]);
        let hidden = PixelRect { left: 20, top: 4, right: 22, bottom: 12 };
        assert_eq!(Strokes::of(&bar(flat(1, 100), 20, 4, 0, 150), &[hidden]).windows[1], [0; 7]);
    }

    #[test]
    fn an_edge_in_any_colour_counts() {
        for sample in 0..3 {
            let strokes = Strokes::of(&bar(flat(3, 100), 20, 4, sample, 160), &[]);
            assert_eq!(strokes.windows[1][0], 12, "sample {sample}");
        }
    }

    #[test]
    fn what_changed_and_has_new_edges_is_more_than_was_known() {
        let (before, after) = (bar(flat(1, 100), 4, 4, 0, 200), bar(flat(1, 100), 40, 30, 0, 130));
        let known = Strokes::of(&before, &[]);
        let tiles = Tiles::changed(&before, &after, 4);
        assert!(Strokes::within(&after, &[], &tiles).has_more_than(&known, &tiles));
        assert!(!known.has_more_than(&known, &tiles));
        let none = Tiles::changed(&after, &after, 0);
        assert!(none.is_empty() && !Strokes::of(&after, &[]).has_more_than(&known, &none));
    }

    #[test]
    fn a_part_of_a_picture_has_the_counts_of_the_whole() {
        let before = flat(1, 100);
        let after = bar(bar(flat(1, 100), 14, 13, 0, 220), 33, 30, 0, 140);
        let tiles = Tiles::changed(&before, &after, 0);
        let part = Strokes::within(&after, &[], &tiles);
        let whole = Strokes::of(&after, &[]);
        for (at, (part, whole)) in part.windows.iter().zip(&whole.windows).enumerate() {
            let (x, y) = (at % 4, at / 4);
            assert!(!has_mark(&tiles, x, y) || part == whole, "window {x} {y}");
        }
    }
}
