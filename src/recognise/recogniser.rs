//! One detector for the whole process: loaded when first needed, one picture at a time, and the
//! same picture is read once.

use super::{DetectError, LocalDetector, Sequence, TextDetector};
use crate::config::Detection;
use crate::deid::picture::{Picture, PixelRect, TextLine};
use crate::phi::Phi;
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::{OnceCell, Semaphore};

/// Pictures whose lines are remembered; then the memory starts anew.
const REMEMBERED: usize = 4096;

type Lines = Arc<Vec<TextLine>>;

/// Reads pictures for every object in work.
pub struct Recogniser {
    settings: Detection,
    detector: OnceCell<Arc<LocalDetector>>,
    /// The detector uses all its threads for one picture. Objects take turns, whoever waits longest
    /// first: one with many pictures does not keep the others waiting.
    turn: Arc<Semaphore>,
    read: Mutex<HashMap<[u8; 32], Lines>>,
}

impl Recogniser {
    /// A recogniser that will load its models with the first picture.
    pub fn new(settings: &Detection) -> Self {
        let (settings, turn) = (settings.clone(), Arc::new(Semaphore::new(1)));
        Self { settings, detector: OnceCell::new(), turn, read: Mutex::default() }
    }

    /// For the pictures of one object.
    pub fn sequence(&self) -> Sequence<'_> {
        Sequence::new(self, self.settings.read_whole_every)
    }

    /// Loads the models now; the name of what runs them.
    pub async fn load(&self) -> Result<&'static str, DetectError> {
        self.detector().await.map(|detector| detector.runs_on())
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

    /// What stands in some areas of a picture, and how sure that is; nothing where nothing can be read.
    pub(super) async fn read_areas(
        &self,
        picture: Picture,
        areas: Vec<PixelRect>,
    ) -> Result<Vec<(Phi<String>, f32)>, DetectError> {
        let turn = Arc::clone(&self.turn).acquire_owned().await;
        let turn = turn.map_err(|_| DetectError::Stopped)?;
        let detector = self.detector().await?;
        blocking(move || {
            let _turn = turn;
            detector.read_areas(&picture, &areas)
        })
        .await?
    }

    async fn detector(&self) -> Result<Arc<LocalDetector>, DetectError> {
        let Detection { threads, onnx_runtime, .. } = self.settings.clone();
        let load = || async move {
            blocking(move || LocalDetector::load(threads, &onnx_runtime)).await?.map(Arc::new)
        };
        self.detector.get_or_try_init(load).await.cloned()
    }

    fn remembered(&self, key: &[u8; 32]) -> Option<Lines> {
        self.read.lock().unwrap_or_else(PoisonError::into_inner).get(key).cloned()
    }

    #[cfg(test)]
    pub(super) fn remembered_pictures(&self) -> usize {
        self.read.lock().unwrap_or_else(PoisonError::into_inner).len()
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
pub(super) async fn blocking<T: Send + 'static>(
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
