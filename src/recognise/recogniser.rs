//! One detector for the whole process: loaded when first needed, one picture at a time, and the
//! same picture is read once.
//!
//! Invariant: a picture is either read as a whole, or the pre-filter had no doubt; which of these depends
//! on the picture alone, so neither the order of objects nor their number changes an answer.

use super::prefilter::Prefilter;
use super::{DetectError, LocalDetector, TextDetector};
use crate::config::Detection;
use crate::deid::picture::{Picture, TextLine};
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::{OnceCell, Semaphore};

/// Pictures whose lines are remembered; then the memory starts anew.
const REMEMBERED: usize = 4096;
/// What the pre-filter would have to have seen: a line that reads as a word.
const WORD_CONFIDENCE_MIN: f32 = 0.8;
const WORD_LETTERS_MIN: usize = 3;

type Lines = Arc<Vec<TextLine>>;
type Key = [u8; 32];

/// When a picture is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Care {
    /// All of it, if the pre-filter has doubts.
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
    pub read: u64,
    /// Pictures whose pixels had been read before.
    pub known: u64,
}

/// Reads pictures for every object in work.
pub struct Recogniser {
    threads: usize,
    use_prefilter: bool,
    prefilter: OnceCell<Arc<Prefilter>>,
    check_every: u64,
    detector: OnceCell<Arc<LocalDetector>>,
    /// The detector uses all its threads for one picture. Objects take turns, whoever waits longest
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
        let (frame, looked) = (picture.frame, Arc::clone(&picture));
        if blocking(move || prefilter.has_doubts(&looked)).await? {
            return self.whole(&picture).await.map(lines);
        }
        if !self.is_checked(&picture).await? {
            tracing::debug!(frame, "a picture holds no text at first sight");
            self.count(1);
            return Ok(Reading::default());
        }
        self.count(2);
        let lines = self.whole(&picture).await?;
        let missed = lines.iter().any(is_word);
        if missed {
            self.count(3);
        }
        Ok(Reading { lines, missed })
    }

    /// Whether a picture without doubt is read all the same. Its pixels decide, not chance.
    async fn is_checked(&self, picture: &Arc<Picture>) -> Result<bool, DetectError> {
        let (every, picture) = (self.check_every, Arc::clone(picture));
        let number = |key: Key| key.iter().take(8).fold(0, |sum, byte| sum << 8 | u64::from(*byte));
        let key = blocking(move || fingerprint(&picture)).await?;
        Ok(every > 0 && number(key).is_multiple_of(every))
    }

    /// The lines of a picture, from memory if its pixels were read before.
    async fn whole(&self, picture: &Arc<Picture>) -> Result<Vec<TextLine>, DetectError> {
        let frame = picture.frame;
        let fingerprinted = Arc::clone(picture);
        let key = blocking(move || fingerprint(&fingerprinted)).await?;
        let turn = Arc::clone(&self.turn).acquire_owned().await;
        let turn = turn.map_err(|_| DetectError::Stopped)?;
        let lines = match self.remembered(&key) {
            Some(lines) => {
                self.count(5);
                lines
            }
            None => {
                self.count(4);
                let (detector, picture) = (self.detector().await?, Arc::clone(picture));
                // The turn goes along: if the caller gives up, reading goes on to its end all the
                // same, and nobody reads beside it.
                let reading = blocking(move || {
                    let _turn = turn;
                    tracing::debug!(frame, "reading a picture");
                    let lines = detector.read(&picture);
                    tracing::debug!(frame, "a picture was read");
                    lines
                });
                let lines = Arc::new(reading.await??);
                self.remember(key, Arc::clone(&lines));
                lines
            }
        };
        Ok(lines.iter().map(|line| TextLine { frame, ..line.clone() }).collect())
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

fn is_word(line: &TextLine) -> bool {
    let letters = line.text.reveal().chars().filter(|letter| letter.is_alphanumeric()).count();
    line.confidence >= WORD_CONFIDENCE_MIN && letters >= WORD_LETTERS_MIN
}

/// Runs what takes long where it holds up nobody else.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, DetectError> {
    tokio::task::spawn_blocking(work).await.map_err(|_| DetectError::Stopped)
}

fn fingerprint(picture: &Picture) -> Key {
    let mut hasher = Sha256::new();
    hasher.update(picture.width.to_le_bytes());
    hasher.update(picture.height.to_le_bytes());
    hasher.update([picture.samples, u8::from(picture.enhanced)]);
    hasher.update(&picture.data);
    hasher.finalize().into()
}

#[cfg(test)]
mod tests;
