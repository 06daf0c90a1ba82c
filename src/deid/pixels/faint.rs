//! What no linear range shows: values that are no numbers, steps of few levels beside large ones.
//!
//! Values are replaced by their rank among those that occur, and each rank is compared with those
//! around it. So a step of one between two flat areas is as plain as one of a thousand, wherever it
//! lies, and an extreme value elsewhere hides nothing.

/// Half of the side of the surroundings, in pixels: lines of text of up to twice this height.
const REACH: usize = 24;
/// Levels of grey for a difference of one standard deviation.
const STEP: f64 = 64.0;
/// Side of a tile in which a picture is looked at for faint content.
const TILE: usize = 16;
/// Content with fewer levels of grey than this between its darkest and brightest pixel is faint:
/// text of 8 levels was found, text of 4 was not.
const FAINT: u8 = 8;

/// Values that lie closer together are ranked by a table.
const TABLE: u64 = 1 << 20;
/// Highest rank, so that no sum of squares overflows; only frames of over 1 GiB have more values.
const RANK_MAX: u32 = (1 << 28) - 1;

/// A part of the frame.
#[derive(Clone, Copy)]
struct Tile {
    top: usize,
    left: usize,
    rows: usize,
    columns: usize,
}

/// The rank of every pixel among the values that occur.
pub(super) struct Ranks {
    width: usize,
    height: usize,
    ranks: Vec<u32>,
}

impl Ranks {
    /// From numbers that are ordered as the values of the pixels are, `width` in a row.
    pub(super) fn new(values: impl Iterator<Item = u64> + Clone, width: usize) -> Self {
        let lowest = values.clone().min().unwrap_or(0);
        let span = values.clone().max().unwrap_or(0) - lowest;
        let ranks: Vec<u32> = if span < TABLE {
            let mut table = vec![0_u32; span as usize + 1];
            values.clone().for_each(|value| table[(value - lowest) as usize] = 1);
            let mut levels = 0;
            for entry in &mut table {
                let occurs = *entry;
                *entry = levels;
                levels += occurs;
            }
            values.map(|value| table[(value - lowest) as usize]).collect()
        } else {
            let mut distinct: Vec<u64> = values.clone().collect();
            distinct.sort_unstable();
            distinct.dedup();
            let rank = |value| distinct.partition_point(|other| *other < value) as u32;
            values.map(|value| rank(value).min(RANK_MAX)).collect()
        };
        let height = ranks.len().checked_div(width).unwrap_or(0);
        Self { width, height, ranks }
    }

    /// Whether some part of the frame has content that is faint in every one of `pictures`, which
    /// are grey and of its size.
    pub(super) fn has_more_than<'a, I: Iterator<Item = &'a Vec<u8>>>(
        &self,
        pictures: impl Fn() -> I,
    ) -> bool {
        self.tiles().any(|tile| {
            let first = self.ranks[tile.top * self.width + tile.left];
            self.pixels_of(tile).any(|at| self.ranks[at] != first) && self.is_faint(tile, &pictures)
        })
    }

    /// What has two values, and is faint in all `pictures`, the contrast among them: something drawn on
    /// nothing, with steps of anatomy so near that they are all that counts. The value that less of a
    /// tile has is white there.
    pub(super) fn drawn<'a, I: Iterator<Item = &'a Vec<u8>>>(
        &self,
        pictures: impl Fn() -> I,
    ) -> Option<Vec<u8>> {
        let mut drawn = vec![0; self.ranks.len()];
        let mut is_faint = false;
        for tile in self.tiles() {
            let first = self.ranks[tile.top * self.width + tile.left];
            let Some(at) = self.pixels_of(tile).find(|at| self.ranks[*at] != first) else {
                continue;
            };
            let other = self.ranks[at];
            if self.pixels_of(tile).any(|at| ![first, other].contains(&self.ranks[at])) {
                continue;
            }
            is_faint |= self.has_faint_steps(tile, &pictures);
            let others = self.pixels_of(tile).filter(|at| self.ranks[*at] == other).count();
            let stroke = if others * 2 > tile.rows * tile.columns { first } else { other };
            for at in self.pixels_of(tile).filter(|at| self.ranks[*at] == stroke) {
                drawn[at] = u8::MAX;
            }
        }
        is_faint.then_some(drawn)
    }

    fn tiles(&self) -> impl Iterator<Item = Tile> {
        let parts =
            |length: usize| (0..length).step_by(TILE).map(move |at| (at, TILE.min(length - at)));
        let width = self.width;
        parts(self.height).flat_map(move |(top, rows)| {
            parts(width).map(move |(left, columns)| Tile { top, left, rows, columns })
        })
    }

    fn pixels_of(&self, tile: Tile) -> impl Iterator<Item = usize> + Clone {
        let (width, left) = (self.width, tile.left);
        (tile.top..tile.top + tile.rows)
            .flat_map(move |y| (left..left + tile.columns).map(move |x| y * width + x))
    }

    /// Whether in every picture all neighbours in a tile that differ look alike, on whatever slope.
    fn has_faint_steps<'a, I: Iterator<Item = &'a Vec<u8>>>(
        &self,
        tile: Tile,
        pictures: &impl Fn() -> I,
    ) -> bool {
        let across = Tile { columns: tile.columns - 1, ..tile };
        let down = Tile { rows: tile.rows - 1, ..tile };
        let across = self.pixels_of(across).map(|at| (at, at + 1));
        let down = self.pixels_of(down).map(|at| (at, at + self.width));
        let mut steps = across.chain(down).filter(|(a, b)| self.ranks[*a] != self.ranks[*b]);
        steps.all(|(a, b)| pictures().all(|picture| picture[a].abs_diff(picture[b]) < FAINT))
    }

    fn is_faint<'a, I: Iterator<Item = &'a Vec<u8>>>(
        &self,
        tile: Tile,
        pictures: &impl Fn() -> I,
    ) -> bool {
        pictures().all(|picture| {
            let (low, high) = self.pixels_of(tile).fold((u8::MAX, 0), |(low, high), at| {
                (low.min(picture[at]), high.max(picture[at]))
            });
            high.saturating_sub(low) < FAINT
        })
    }

    /// Every pixel as the difference of its rank from the mean around it, in standard deviations.
    pub(super) fn contrast(&self) -> Vec<u8> {
        let (width, height) = (self.width, self.height);
        let row =
            |y: usize| self.ranks[y * width..(y + 1) * width].iter().map(|rank| u64::from(*rank));
        // Sums over the columns of the rows around; exact.
        let (mut sums, mut squares) = (vec![0_u64; width], vec![0_u64; width]);
        let add = |y: usize, sums: &mut [u64], squares: &mut [u64], sign: bool| {
            for ((rank, sum), square) in row(y).zip(sums).zip(squares) {
                match sign {
                    true => (*sum, *square) = (*sum + rank, *square + rank * rank),
                    false => (*sum, *square) = (*sum - rank, *square - rank * rank),
                }
            }
        };
        for y in 0..REACH.min(height) {
            add(y, &mut sums, &mut squares, true);
        }
        let mut contrast = Vec::with_capacity(self.ranks.len());
        for y in 0..height {
            if y + REACH < height {
                add(y + REACH, &mut sums, &mut squares, true);
            }
            if y > REACH {
                add(y - REACH - 1, &mut sums, &mut squares, false);
            }
            let rows = (y + REACH + 1).min(height) - y.saturating_sub(REACH);
            let (mut sum, mut square) = (0_u128, 0_u128);
            for x in 0..REACH.min(width) {
                (sum, square) = (sum + u128::from(sums[x]), square + u128::from(squares[x]));
            }
            for (x, rank) in row(y).enumerate() {
                if let (Some(s), Some(q)) = (sums.get(x + REACH), squares.get(x + REACH)) {
                    (sum, square) = (sum + u128::from(*s), square + u128::from(*q));
                }
                if x > REACH {
                    let left = x - REACH - 1;
                    sum -= u128::from(sums[left]);
                    square -= u128::from(squares[left]);
                }
                let columns = (x + REACH + 1).min(width) - x.saturating_sub(REACH);
                contrast.push(grey(rank, sum, square, (rows * columns) as u128));
            }
        }
        contrast
    }
}

fn grey(rank: u64, sum: u128, square: u128, count: u128) -> u8 {
    // Whole numbers until here: a variance of almost nothing must not drown in rounding.
    let variance = (square * count - sum * sum) as f64;
    let above = (i128::from(rank) * count as i128 - sum as i128) as f64;
    let deviations = if variance > 0.0 { above / variance.sqrt() } else { 0.0 };
    // `as` clips.
    (128.0 + STEP * deviations).round() as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A picture of `width` x 64: anatomy in steps of 16 on the right half, and on the left one
    /// stroke one step above nothing.
    fn ranks(width: usize) -> Ranks {
        let value = |at: usize| match (at % width, at / width) {
            (10..=12, 20..40) => 1,
            (x, y) if x > width / 2 => 16 * ((x * 7 + y * 13) % 250) as u64,
            _ => 0,
        };
        Ranks::new((0..width * 64).map(value), width)
    }

    #[test]
    fn one_step_far_from_anatomy_is_plain() {
        let contrast = ranks(200).contrast();
        assert!(contrast[30 * 200 + 11].abs_diff(contrast[30 * 200 + 20]) > 100);
        assert_eq!(contrast[60 * 200 + 60], 128, "nothing around it");
    }

    #[test]
    fn one_step_right_beside_anatomy_is_drawn() {
        let (width, step) = (64, |at: usize| at % 64 / 4 % 2);
        let value = |at: usize| match at / width {
            0..32 => step(at) as u64,
            y => 1000 * (y as u64 + 1) + at as u64,
        };
        let ranks = Ranks::new((0..width * 64).map(value), width);
        let (contrast, flat) = (ranks.contrast(), vec![0; width * 64]);
        let near = 30 * width;
        assert!(contrast[near..near + width].iter().all(|grey| grey.abs_diff(contrast[near]) < 8));
        let drawn = ranks.drawn(|| [&flat, &contrast].into_iter()).expect("faint");
        assert!((near..near + width).all(|at| drawn[at] == 255 * step(at) as u8));
        let plain: Vec<u8> = (0..width * 64).map(|at| 99 * step(at) as u8).collect();
        assert!(ranks.drawn(|| [&plain].into_iter()).is_none());
    }

    #[test]
    fn a_picture_is_asked_for_only_where_the_others_are_faint() {
        let ranks = ranks(200);
        let linear = |top: u32| {
            ranks.ranks.iter().map(|rank| (rank * 255 / top).min(255) as u8).collect::<Vec<u8>>()
        };
        let (all, dark) = (linear(ranks.ranks.iter().copied().max().expect("pixels")), linear(1));
        assert!(ranks.has_more_than(|| [&all].into_iter()));
        assert!(!ranks.has_more_than(|| [&all, &dark].into_iter()));
    }

    #[test]
    fn sums_that_slide_are_those_of_the_surroundings() {
        let (width, height) = (70, 60);
        let value = |at: usize| (at as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 20;
        let ranks = Ranks::new((0..width * height).map(value), width);
        let contrast = ranks.contrast();
        for (x, y) in [(0, 0), (69, 59), (35, 30), (3, 50)] {
            let rows = usize::saturating_sub(y, REACH)..(y + REACH + 1).min(height);
            let around: Vec<f64> = rows
                .flat_map(|y| {
                    let columns = usize::saturating_sub(x, REACH)..(x + REACH + 1).min(width);
                    columns.map(move |x| y * width + x)
                })
                .map(|at| f64::from(ranks.ranks[at]))
                .collect();
            let mean = around.iter().sum::<f64>() / around.len() as f64;
            let variance =
                around.iter().map(|r| (r - mean).powi(2)).sum::<f64>() / around.len() as f64;
            let deviations = (f64::from(ranks.ranks[y * width + x]) - mean) / variance.sqrt();
            let expected = (128.0 + STEP * deviations).round() as u8;
            assert!(contrast[y * width + x].abs_diff(expected) <= 1);
        }
    }
}
