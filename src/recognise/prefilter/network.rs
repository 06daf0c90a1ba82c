//! The network of the pre-filter: 3,900 weights that say for each cell of 8 by 8 pixels whether there
//! may be text around it. Trained by `tests/bench/prefilter_train.py`, which writes `weights.bin`.
//!
//! It sees steps between neighbouring pixels as logarithms, so that a window moves them all alike: text
//! of 20 levels beside a bone of 200 is as plain as on black. Sums are in a fixed order, without fused
//! operations: the same picture gives the same answer on every processor.

use rten_simd::{Isa, SimdOp};
use std::array;

const WEIGHTS: &[u8] = include_bytes!("weights.bin");

/// Pixels between the centres of two cells.
pub(super) const CELL: usize = 8;

/// Pixels from the middle of a cell to the last that counts for it, rounded up to whole cells.
const REACH: usize = 32;
/// Large pictures are looked at in strips.
const STRIP_PIXELS: usize = 1 << 19;

/// Values of `C` channels at every place of a grid.
struct Map<const C: usize> {
    width: usize,
    height: usize,
    values: Vec<[f32; C]>,
}

/// Each channel filtered for itself, then all of them mixed.
struct Layer<const I: usize, const O: usize> {
    filters: [[f32; I]; 9],
    mix: [[f32; O]; I],
    offsets: [f32; O],
}

pub(super) struct Network {
    /// Steps to the right and downwards, by kernel place.
    first: [[[f32; 8]; 2]; 9],
    first_offsets: [f32; 8],
    second: Layer<8, 24>,
    third: Layer<24, 24>,
    fourth: Layer<24, 32>,
    fifth: Layer<32, 32>,
    last: Layer<32, 1>,
}

/// The weights, one after the other.
struct Weights(std::slice::ChunksExact<'static, u8>);

impl Weights {
    fn next(&mut self) -> Option<f32> {
        Some(f32::from_le_bytes(self.0.next()?.try_into().ok()?))
    }

    fn row<const N: usize>(&mut self) -> Option<[f32; N]> {
        let mut row = [0.0; N];
        for value in &mut row {
            *value = self.next()?;
        }
        Some(row)
    }

    fn rows<const N: usize, const M: usize>(&mut self) -> Option<[[f32; N]; M]> {
        let mut rows = [[0.0; N]; M];
        for row in &mut rows {
            *row = self.row()?;
        }
        Some(rows)
    }

    fn layer<const I: usize, const O: usize>(&mut self) -> Option<Layer<I, O>> {
        Some(Layer { filters: self.rows()?, mix: self.rows()?, offsets: self.row()? })
    }
}

/// Some rows of a picture, to be looked at with the widest registers that the processor has. The
/// compiler uses these for the plain loops of `strip`; nothing is written for one processor.
struct Strip<'a> {
    network: &'a Network,
    levels: &'a [u8],
    width: usize,
    height: usize,
}

impl SimdOp for Strip<'_> {
    type Output = Vec<f32>;

    #[inline(always)]
    fn eval<I: Isa>(self, _: I) -> Vec<f32> {
        self.network.strip(self.levels, self.width, self.height)
    }
}

impl Network {
    /// The network in this program; `None` if its weights are not as many as it has.
    pub(super) fn load() -> Option<Self> {
        let mut weights = Weights(WEIGHTS.chunks_exact(4));
        let mut first = [[[0.0; 8]; 2]; 9];
        for place in &mut first {
            *place = weights.rows()?;
        }
        let network = Self {
            first,
            first_offsets: weights.row()?,
            second: weights.layer()?,
            third: weights.layer()?,
            fourth: weights.layer()?,
            fifth: weights.layer()?,
            last: weights.layer()?,
        };
        weights.next().is_none().then_some(network)
    }

    /// For every cell, row by row, how much it looks like text; and the cells in a row.
    pub(super) fn scores(&self, levels: &[u8], width: usize, height: usize) -> (Vec<f32>, usize) {
        let (in_row, strip) = (width.div_ceil(CELL), strip_rows(width));
        let mut scores = Vec::with_capacity(in_row * height.div_ceil(CELL));
        for top in (0..height).step_by(strip) {
            let (first, end) = (top.saturating_sub(REACH), (top + strip + REACH).min(height));
            let levels = &levels[first * width..end * width];
            let strip_scores =
                Strip { network: self, levels, width, height: end - first }.dispatch();
            let cells = (height.min(top + strip) - top).div_ceil(CELL) * in_row;
            scores.extend(strip_scores.into_iter().skip((top - first) / CELL * in_row).take(cells));
        }
        (scores, in_row)
    }

    #[inline(always)]
    fn strip(&self, levels: &[u8], width: usize, height: usize) -> Vec<f32> {
        let map = self.first_layer(levels, width, height);
        let map = self.second.run::<2>(&map, true);
        let map = self.third.run::<1>(&map, true);
        let map = self.fourth.run::<2>(&map, true);
        let map = self.fifth.run::<1>(&map, true);
        let map = self.last.run::<1>(&map, false);
        map.values.iter().map(|[score]| *score).collect()
    }

    #[inline(always)]
    fn first_layer(&self, levels: &[u8], width: usize, height: usize) -> Map<8> {
        let steps: [f32; 511] = array::from_fn(|at| {
            let step = at as f32 - 255.0;
            step.signum() * (1.0 + step.abs()).log2() / 4.0
        });
        let step = |from: u8, to: u8| steps[255 + usize::from(to) - usize::from(from)];
        // The steps of one row, with a place before and after it.
        let fill = |y: Option<usize>, row: &mut [[f32; 2]]| {
            row.fill([0.0; 2]);
            let Some(y) = y.filter(|y| *y < height) else { return };
            let here = &levels[y * width..(y + 1) * width];
            for (pair, out) in here.windows(2).zip(&mut row[1..]) {
                out[0] = step(pair[0], pair[1]);
            }
            if y + 1 < height {
                let below = &levels[(y + 1) * width..(y + 2) * width];
                for ((from, to), out) in here.iter().zip(below).zip(&mut row[1..]) {
                    out[1] = step(*from, *to);
                }
            }
        };
        let (columns, rows) = (width.div_ceil(2), height.div_ceil(2));
        let mut around = array::from_fn::<_, 3, _>(|_| vec![[0.0_f32; 2]; width + 3]);
        let mut values = Vec::with_capacity(columns * rows);
        fill(None, &mut around[2]);
        for y in 0..rows {
            around.swap(0, 2);
            fill(Some(2 * y), &mut around[1]);
            fill(Some(2 * y + 1), &mut around[2]);
            for x in 0..columns {
                let mut sum = self.first_offsets;
                for (row, kernel) in around.iter().zip(self.first.chunks_exact(3)) {
                    for (place, weights) in row[2 * x..2 * x + 3].iter().zip(kernel) {
                        for (value, weights) in place.iter().zip(weights) {
                            for (sum, weight) in sum.iter_mut().zip(weights) {
                                *sum += value * weight;
                            }
                        }
                    }
                }
                values.push(sum.map(|value| value.max(0.0)));
            }
        }
        Map { width: columns, height: rows, values }
    }
}

/// Rows of a strip: as many as keep its memory small, and whole cells.
fn strip_rows(width: usize) -> usize {
    (STRIP_PIXELS / width.max(1)).max(REACH) / CELL * CELL
}

impl<const I: usize, const O: usize> Layer<I, O> {
    #[inline(always)]
    fn run<const STRIDE: usize>(&self, map: &Map<I>, rectified: bool) -> Map<O> {
        let (width, height) = (map.width.div_ceil(STRIDE), map.height.div_ceil(STRIDE));
        let mut values = Vec::with_capacity(width * height);
        // A row with a place before and after it, or one of nothing.
        let nothing = vec![[0.0; I]; map.width + 2];
        let mut rows: [Vec<[f32; I]>; 3] = array::from_fn(|_| nothing.clone());
        for y in 0..height {
            for (offset, row) in rows.iter_mut().enumerate() {
                let from = (y * STRIDE + offset).checked_sub(1).filter(|at| *at < map.height);
                match from {
                    Some(at) => row[1..=map.width]
                        .copy_from_slice(&map.values[at * map.width..(at + 1) * map.width]),
                    None => row.copy_from_slice(&nothing),
                }
            }
            for x in 0..width {
                let mut filtered = [0.0_f32; I];
                for (row, filters) in rows.iter().zip(self.filters.chunks_exact(3)) {
                    for (place, filter) in row[x * STRIDE..x * STRIDE + 3].iter().zip(filters) {
                        for ((sum, value), weight) in filtered.iter_mut().zip(place).zip(filter) {
                            *sum += value * weight;
                        }
                    }
                }
                let mut sum = self.offsets;
                for (value, weights) in filtered.iter().zip(&self.mix) {
                    for (sum, weight) in sum.iter_mut().zip(weights) {
                        *sum += value * weight;
                    }
                }
                values.push(if rectified { sum.map(|value| value.max(0.0)) } else { sum });
            }
        }
        Map { width, height, values }
    }
}
