//! Answers that need not be asked for again, by a keyed digest of what was asked. In memory alone, and
//! bounded.

use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

/// Answers that are remembered; then the memory starts anew.
const REMEMBERED: usize = 4096;

/// What was asked.
pub type Key = [u8; 32];

pub struct Memory<T> {
    /// Of this process alone: a digest tells nothing to who sees it elsewhere.
    salt: [u8; 32],
    answers: Mutex<HashMap<Key, Arc<T>>>,
}

impl<T> Memory<T> {
    pub fn new() -> Self {
        let mut salt = [0; 32];
        // Without it, digests are still digests: the memory leaves the process nowhere.
        let _ = getrandom::fill(&mut salt);
        Self { salt, answers: Mutex::default() }
    }

    /// The key of what these parts are, one after the other.
    pub fn key(&self, parts: &[&[u8]]) -> Key {
        let mut hasher = Sha256::new_with_prefix(self.salt);
        for part in parts {
            hasher.update((part.len() as u64).to_le_bytes());
            hasher.update(part);
        }
        hasher.finalize().into()
    }

    pub fn get(&self, key: &Key) -> Option<Arc<T>> {
        self.answers.lock().unwrap_or_else(PoisonError::into_inner).get(key).cloned()
    }

    pub fn put(&self, key: Key, answer: Arc<T>) {
        let mut answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        if answers.len() >= REMEMBERED {
            answers.clear();
        }
        answers.insert(key, answer);
    }
}
