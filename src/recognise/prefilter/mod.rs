//! A quick look for text: where a picture may hold some, so that only these parts are read.
//!
//! Invariants: it only ever says where to read, never what; any doubt is a reason to read. It runs in
//! the parent, over the very pictures that the reader would get, so nothing a child says can clear a
//! picture. The same picture has the same doubts on every machine.

mod network;
mod parts;

use self::network::{CELL, Network};
use super::DetectError;
use crate::deid::picture::{Picture, PixelRect};

/// How the picture is looked at: the network knows letters of 6 to 13 pixels, so larger ones are
/// looked for in the picture reduced by two, again and again.
struct Size {
    /// From this score on, a cell may hold text.
    doubt_min: f32,
    /// Cells around a doubtful one that are read with it, so that its line is seen whole.
    margin: usize,
}

const SIZES: [Size; 4] = [
    Size { doubt_min: -0.5, margin: 3 },
    Size { doubt_min: -0.5, margin: 2 },
    Size { doubt_min: 0.0, margin: 2 },
    Size { doubt_min: 0.5, margin: 1 },
];
/// Shortest side that is looked at reduced.
const SIDE_MIN: usize = 16;
/// Pictures with no more pixels are read as a whole: a line fills them, and reading them costs little.
const SMALL: usize = 96 * 96;

/// Looks for what may be text.
pub struct Prefilter {
    network: Network,
}

impl Prefilter {
    /// The pre-filter in this program.
    pub fn load() -> Result<Self, DetectError> {
        let wrong = || DetectError::Load { model: "pre-filter", source: "wrong length".into() };
        Ok(Self { network: Network::load().ok_or_else(wrong)? })
    }

    /// The parts of the picture that may hold text, apart from each other; none if it holds none.
    pub fn parts(&self, picture: &Picture) -> Result<Vec<PixelRect>, DetectError> {
        let (width, height) = (picture.width as usize, picture.height as usize);
        // The reader says what is wrong with it.
        let whole = PixelRect { left: 0, top: 0, right: picture.width, bottom: picture.height };
        let pixels = width.checked_mul(height).filter(|pixels| *pixels > 0);
        let samples = usize::from(picture.samples);
        let agrees = pixels.and_then(|n| n.checked_mul(samples)) == Some(picture.data.len());
        if !agrees || pixels.is_none_or(|pixels| pixels <= SMALL) {
            return Ok(vec![whole]);
        }
        let mut doubts = parts::Doubts::none(width, height);
        for plane in planes(&picture.data, samples) {
            self.look(&plane, (width, height), &mut doubts);
        }
        Ok(doubts.parts())
    }

    /// The highest score in each size, for measurements.
    pub fn highest(&self, picture: &Picture) -> [f32; 4] {
        let mut highest = [f32::MIN; 4];
        let size = (picture.width as usize, picture.height as usize);
        for plane in planes(&picture.data, picture.samples.into()) {
            self.each_size(&plane, size, |scores, _, reduction| {
                highest[reduction] = scores.iter().copied().fold(highest[reduction], f32::max);
            });
        }
        highest
    }

    fn look(&self, levels: &[u8], size: (usize, usize), doubts: &mut parts::Doubts) {
        self.each_size(levels, size, |scores, in_row, reduction| {
            let Size { doubt_min, margin } = SIZES[reduction];
            for (at, score) in scores.iter().enumerate() {
                // What is no number is a doubt.
                if *score >= doubt_min || score.is_nan() {
                    doubts.add(at % in_row, at / in_row, 1 << reduction, margin);
                }
            }
        });
    }

    /// The scores in each size, with the cells in a row and how often it was reduced.
    fn each_size(
        &self,
        levels: &[u8],
        (mut width, mut height): (usize, usize),
        mut tell: impl FnMut(&[f32], usize, usize),
    ) {
        let (scores, in_row) = self.network.scores(levels, width, height);
        tell(&scores, in_row, 0);
        let mut levels = levels.to_vec();
        for reduction in 1..SIZES.len() {
            if width.min(height) < 2 * SIDE_MIN {
                break;
            }
            levels = half(&levels, width, height);
            (width, height) = (width / 2, height / 2);
            let (scores, in_row) = self.network.scores(&levels, width, height);
            tell(&scores, in_row, reduction);
        }
    }
}

/// The levels of each colour that is not the same as the first.
fn planes(data: &[u8], samples: usize) -> Vec<Vec<u8>> {
    if samples != 3 {
        return vec![data.to_vec()];
    }
    let plane = |at: usize| data.iter().skip(at).step_by(3).copied().collect::<Vec<u8>>();
    let mut planes = vec![plane(0)];
    for at in 1..3 {
        let other = plane(at);
        if !planes.contains(&other) {
            planes.push(other);
        }
    }
    planes
}

/// The picture in half its size.
fn half(levels: &[u8], width: usize, height: usize) -> Vec<u8> {
    let mut out = Vec::with_capacity(width / 2 * (height / 2));
    for rows in levels.chunks_exact(2 * width).take(height / 2) {
        let (upper, lower) = rows.split_at(width);
        let pairs = upper.chunks_exact(2).zip(lower.chunks_exact(2));
        out.extend(pairs.map(|(upper, lower)| {
            let sum: u16 = upper.iter().chain(lower).map(|level| u16::from(*level)).sum();
            ((sum + 2) / 4) as u8
        }));
    }
    out
}

#[cfg(test)]
mod tests;
