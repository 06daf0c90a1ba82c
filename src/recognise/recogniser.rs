//! One detector for the whole process: loaded when first needed, one picture at a time, and the
//! same picture is read once.

use super::{DetectError, LocalDetector, TextDetector};
use crate::deid::picture::{Picture, TextLine};
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::{OnceCell, Semaphore};

/// Pictures whose lines are remembered; then the memory starts anew.
const REMEMBERED: usize = 4096;

type Lines = Arc<Vec<TextLine>>;

/// Reads pictures for every object in work.
pub struct Recogniser {
    threads: usize,
    detector: OnceCell<Arc<LocalDetector>>,
    /// The detector uses all its threads for one picture. Objects take turns, whoever waits longest
    /// first: one with many pictures does not keep the others waiting.
    turn: Arc<Semaphore>,
    read: Mutex<HashMap<[u8; 32], Lines>>,
}

impl Recogniser {
    /// A recogniser that will load its models with the first picture.
    pub fn new(threads: usize) -> Self {
        let turn = Arc::new(Semaphore::new(1));
        Self { threads, detector: OnceCell::new(), turn, read: Mutex::default() }
    }

    /// Loads the models now.
    pub async fn load(&self) -> Result<(), DetectError> {
        self.detector().await.map(|_| ())
    }

    /// The lines of text in a picture.
    pub async fn read(&self, picture: Picture) -> Result<Vec<TextLine>, DetectError> {
        let frame = picture.frame;
        let (picture, key) = blocking(move || {
            let key = fingerprint(&picture);
            (picture, key)
        })
        .await?;
        let turn = Arc::clone(&self.turn).acquire_owned().await;
        let turn = turn.map_err(|_| DetectError::Stopped)?;
        let lines = match self.remembered(&key) {
            Some(lines) => lines,
            None => {
                let detector = self.detector().await?;
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

    fn remembered(&self, key: &[u8; 32]) -> Option<Lines> {
        self.read.lock().unwrap_or_else(PoisonError::into_inner).get(key).cloned()
    }

    fn remember(&self, key: [u8; 32], lines: Lines) {
        let mut read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        if read.len() >= REMEMBERED {
            read.clear();
        }
        read.insert(key, lines);
    }
}

/// Runs what takes long where it holds up nobody else.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, DetectError> {
    tokio::task::spawn_blocking(work).await.map_err(|_| DetectError::Stopped)
}

fn fingerprint(picture: &Picture) -> [u8; 32] {
    let mut hasher = Sha256::new();
    hasher.update(picture.width.to_le_bytes());
    hasher.update(picture.height.to_le_bytes());
    hasher.update([picture.samples, u8::from(picture.enhanced)]);
    hasher.update(&picture.data);
    hasher.finalize().into()
}
