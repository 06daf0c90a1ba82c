//! One detector for the whole process: loaded when first needed, one piece of work at a time, and
//! what has the same pixels is read once.
//!
//! ```text
//! picture ─▶ pre-filter ─▶ no doubt: cleared, one in `prefilter_check_every` read as a whole all the same
//!                       └▶ parts ─▶ each by its pixels: known, or read ─▶ a line at the edge of its part:
//!                                                                         the whole picture is read
//! ```
//! Invariants: a picture is either read, or the pre-filter had no doubt; which of these depends on the
//! picture alone. What was read is remembered by every pixel of it, so that neither the order of objects
//! nor their number changes an answer.

use super::prefilter::Prefilter;
use super::{DetectError, LocalDetector};
use crate::config::Detection;
use crate::deid::picture::{Picture, PixelRect, TextLine};
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::{OnceCell, Semaphore};

/// Parts whose lines are remembered; then the memory starts anew.
const REMEMBERED: usize = 4096;
/// A line that comes this near to the edge of its part, in pixels, may go on outside of it.
const EDGE: u32 = 6;
/// What the pre-filter would have to have seen: a line that reads as a word.
const WORD_CONFIDENCE_MIN: f32 = 0.8;
const WORD_LETTERS_MIN: usize = 3;

type Lines = Arc<Vec<TextLine>>;
type Key = [u8; 32];

/// How much of a picture is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Care {
    /// What the pre-filter has doubts about.
    Doubts,
    /// All of it.
    Whole,
}

/// What came of a picture.
#[derive(Debug, Default)]
pub struct Reading {
    pub lines: Vec<TextLine>,
    /// Whether the pre-filter had no doubt about a picture with text.
    pub missed: bool,
}

/// How pictures were read so far.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    pub pictures: u64,
    /// Without doubt, and not read.
    pub cleared: u64,
    /// Without doubt, and read all the same.
    pub checked: u64,
    /// Of these, with text.
    pub missed: u64,
    /// Parts, or whole pictures, that were read.
    pub read: u64,
    /// Parts, or whole pictures, whose pixels had been read before.
    pub known: u64,
}

/// Reads pictures for every object in work.
pub struct Recogniser {
    threads: usize,
    use_prefilter: bool,
    prefilter: OnceCell<Arc<Prefilter>>,
    check_every: u64,
    detector: OnceCell<Arc<LocalDetector>>,
    /// The detector uses all its threads for one part. Objects take turns, whoever waits longest
    /// first: one with many pictures does not keep the others waiting.
    turn: Arc<Semaphore>,
    read: Mutex<HashMap<Key, Lines>>,
    counts: [AtomicU64; 6],
}

impl Recogniser {
    /// A recogniser that will load its models with the first picture that is read.
    pub fn new(detection: &Detection) -> Self {
        Self {
            threads: detection.threads,
            use_prefilter: detection.prefilter,
            prefilter: OnceCell::new(),
            check_every: detection.prefilter_check_every,
            detector: OnceCell::new(),
            turn: Arc::new(Semaphore::new(1)),
            read: Mutex::default(),
            counts: Default::default(),
        }
    }

    /// Loads the models now.
    pub async fn load(&self) -> Result<(), DetectError> {
        self.detector().await.map(|_| ())
    }

    /// How pictures were read so far.
    pub fn counts(&self) -> Counts {
        let [pictures, cleared, checked, missed, read, known] =
            [0, 1, 2, 3, 4, 5].map(|at| self.counts[at].load(Ordering::Relaxed));
        Counts { pictures, cleared, checked, missed, read, known }
    }

    /// The lines of text in a picture.
    pub async fn read(&self, picture: Picture, care: Care) -> Result<Reading, DetectError> {
        self.count(0);
        let picture = Arc::new(picture);
        let lines = |lines| Reading { lines, missed: false };
        if !self.use_prefilter || care == Care::Whole {
            return self.whole(&picture).await.map(lines);
        }
        let load = || async { Prefilter::load().map(Arc::new) };
        let prefilter = Arc::clone(self.prefilter.get_or_try_init(load).await?);
        let looked = Arc::clone(&picture);
        let parts = blocking(move || prefilter.parts(&looked)).await??;
        let frame = picture.frame;
        match parts.as_slice() {
            [] if !self.is_checked(&picture).await? => {
                tracing::debug!(frame, "a picture holds no text at first sight");
                self.count(1);
                Ok(Reading::default())
            }
            [] => {
                self.count(2);
                let lines = self.whole(&picture).await?;
                let missed = lines.iter().any(is_word);
                if missed {
                    self.count(3);
                }
                Ok(Reading { lines, missed })
            }
            parts => self.parts(&picture, parts).await.map(lines),
        }
    }

    /// Whether a picture without doubt is read all the same. Its pixels decide, not chance.
    async fn is_checked(&self, picture: &Arc<Picture>) -> Result<bool, DetectError> {
        let (every, picture) = (self.check_every, Arc::clone(picture));
        let number = |key: Key| key.iter().take(8).fold(0, |sum, byte| sum << 8 | u64::from(*byte));
        let key = blocking(move || fingerprint(&picture, (0, 0))).await?;
        Ok(every > 0 && number(key).is_multiple_of(every))
    }

    async fn parts(
        &self,
        picture: &Arc<Picture>,
        parts: &[PixelRect],
    ) -> Result<Vec<TextLine>, DetectError> {
        let mut all = Vec::new();
        let size = (picture.width, picture.height);
        for part in parts.iter().copied() {
            let from = Arc::clone(picture);
            let crop = blocking(move || cut(&from, part)).await?;
            for mut line in self.once(Arc::new(crop), size).await?.iter().cloned() {
                line.frame = picture.frame;
                line.area = PixelRect {
                    left: line.area.left + part.left,
                    top: line.area.top + part.top,
                    right: line.area.right + part.left,
                    bottom: line.area.bottom + part.top,
                };
                if goes_on(line.area, part, size) {
                    return self.whole(picture).await;
                }
                all.push(line);
            }
        }
        Ok(all)
    }

    async fn whole(&self, picture: &Arc<Picture>) -> Result<Vec<TextLine>, DetectError> {
        let frame = picture.frame;
        let lines = self.once(Arc::clone(picture), (picture.width, picture.height)).await?;
        Ok(lines.iter().map(|line| TextLine { frame, ..line.clone() }).collect())
    }

    /// The lines of a part of a picture of `whole` pixels, from memory if its pixels were read before.
    async fn once(&self, part: Arc<Picture>, whole: (u32, u32)) -> Result<Lines, DetectError> {
        let fingerprinted = Arc::clone(&part);
        let key = blocking(move || fingerprint(&fingerprinted, whole)).await?;
        if let Some(lines) = self.remembered(&key) {
            self.count(5);
            return Ok(lines);
        }
        let turn = Arc::clone(&self.turn).acquire_owned().await;
        let turn = turn.map_err(|_| DetectError::Stopped)?;
        // Another object may have had the same pixels read meanwhile.
        if let Some(lines) = self.remembered(&key) {
            self.count(5);
            return Ok(lines);
        }
        self.count(4);
        let detector = self.detector().await?;
        let (frame, width, height) = (part.frame, part.width, part.height);
        // The turn goes along: if the caller gives up, reading goes on to its end all the
        // same, and nobody reads beside it.
        let reading = blocking(move || {
            let _turn = turn;
            tracing::debug!(frame, width, height, "reading a picture");
            let lines = detector.read_part(&part, whole);
            tracing::debug!(frame, "a picture was read");
            lines
        });
        let lines = Arc::new(reading.await??);
        self.remember(key, Arc::clone(&lines));
        Ok(lines)
    }

    async fn detector(&self) -> Result<Arc<LocalDetector>, DetectError> {
        let threads = self.threads;
        let load =
            || async move { blocking(move || LocalDetector::load(threads)).await?.map(Arc::new) };
        self.detector.get_or_try_init(load).await.cloned()
    }

    fn remembered(&self, key: &Key) -> Option<Lines> {
        self.read.lock().unwrap_or_else(PoisonError::into_inner).get(key).cloned()
    }

    fn remember(&self, key: Key, lines: Lines) {
        let mut read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        if read.len() >= REMEMBERED {
            read.clear();
        }
        read.insert(key, lines);
    }

    fn count(&self, at: usize) {
        self.counts[at].fetch_add(1, Ordering::Relaxed);
    }
}

/// Whether a line may be longer than its part shows.
fn goes_on(line: PixelRect, part: PixelRect, (width, height): (u32, u32)) -> bool {
    (part.left > 0 && line.left < part.left + EDGE)
        || (part.top > 0 && line.top < part.top + EDGE)
        || (part.right < width && line.right + EDGE > part.right)
        || (part.bottom < height && line.bottom + EDGE > part.bottom)
}

fn is_word(line: &TextLine) -> bool {
    let letters = line.text.reveal().chars().filter(|letter| letter.is_alphanumeric()).count();
    line.confidence >= WORD_CONFIDENCE_MIN && letters >= WORD_LETTERS_MIN
}

/// A part of a picture as one of its own. The part lies inside.
fn cut(picture: &Picture, part: PixelRect) -> Picture {
    let samples = usize::from(picture.samples);
    let row = picture.width as usize * samples;
    let columns = part.left as usize * samples..part.right as usize * samples;
    let rows = picture.data.chunks_exact(row).take(part.bottom as usize).skip(part.top as usize);
    Picture {
        width: part.right - part.left,
        height: part.bottom - part.top,
        data: rows.flat_map(|row| &row[columns.clone()]).copied().collect(),
        ..Picture { data: Vec::new(), ..*picture }
    }
}

/// Runs what takes long where it holds up nobody else.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, DetectError> {
    tokio::task::spawn_blocking(work).await.map_err(|_| DetectError::Stopped)
}

/// Of everything that an answer depends on.
fn fingerprint(part: &Picture, whole: (u32, u32)) -> Key {
    let mut hasher = Sha256::new();
    for number in [part.width, part.height, whole.0, whole.1] {
        hasher.update(number.to_le_bytes());
    }
    hasher.update([part.samples, u8::from(part.enhanced)]);
    hasher.update(&part.data);
    hasher.finalize().into()
}

#[cfg(test)]
mod tests;
