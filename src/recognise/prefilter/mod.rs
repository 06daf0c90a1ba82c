//! A quick look for text: whether a picture may hold some, so that pictures without are not read.
//!
//! Invariants: it only ever says whether to read, never what; any doubt is a reason to read all of the
//! picture. It runs in the parent, over the very pictures that the reader would get, so nothing a child
//! says can clear a picture. The same picture has the same doubts on every machine.

mod network;

use self::network::Network;
use super::DetectError;
use crate::deid::picture::Picture;

/// From these scores on a cell may hold text, by size: the network knows letters of 6 to 13 pixels, so
/// larger ones are looked for in the picture reduced by two, again and again.
const DOUBT_MIN: [f32; 4] = [-0.5, -0.5, 0.0, 0.5];
/// Shortest side that is looked at reduced.
const SIDE_MIN: usize = 16;
/// Pictures with no more pixels are always read: a line fills them, and reading them costs little.
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

    /// Whether the picture may hold text.
    pub fn has_doubts(&self, picture: &Picture) -> bool {
        let pixels = (picture.width as usize).checked_mul(picture.height as usize);
        let bytes = pixels.and_then(|pixels| pixels.checked_mul(picture.samples.into()));
        // The reader says what is wrong with it.
        if pixels.is_none_or(|pixels| pixels <= SMALL) || bytes != Some(picture.data.len()) {
            return true;
        }
        let scores = self.highest(picture);
        // Not "from it on": what is no number is a doubt.
        !scores.iter().zip(DOUBT_MIN).all(|(score, doubt_min)| *score < doubt_min)
    }

    /// The highest score in each size.
    pub fn highest(&self, picture: &Picture) -> [f32; 4] {
        let mut highest = [f32::NEG_INFINITY; 4];
        for mut levels in planes(&picture.data, picture.samples.into()) {
            let (mut width, mut height) = (picture.width as usize, picture.height as usize);
            for (reduction, highest) in highest.iter_mut().enumerate() {
                if reduction > 0 {
                    if width.min(height) < 2 * SIDE_MIN {
                        break;
                    }
                    levels = half(&levels, width, height);
                    (width, height) = (width / 2, height / 2);
                }
                let (scores, _) = self.network.scores(&levels, width, height);
                // `max` would pass over what is no number.
                let higher = |a: f32, b: f32| if b < a { a } else { b };
                *highest = scores.into_iter().fold(*highest, higher);
            }
        }
        highest
    }
}

/// The levels of each colour that is not the same as another.
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
