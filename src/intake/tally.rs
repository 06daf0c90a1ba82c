//! What intake counts, for whoever watches; nothing of it is of one object.

use super::negotiate::Rejection;
use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Counts since the start.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Counts {
    /// Associations that run now.
    pub associations: u64,
    pub accepted: u64,
    /// By their codes.
    pub rejected: BTreeMap<&'static str, u64>,
    /// Connections that came to no request.
    pub refused_connections: u64,
    pub stored: u64,
    pub stored_bytes: u64,
    /// Objects, by the status that was answered.
    pub refused: BTreeMap<u16, u64>,
}

/// An Association that runs; one that is cut ends here too.
pub(super) struct Running<'a>(&'a Tally);

impl Drop for Running<'_> {
    fn drop(&mut self) {
        self.0.now().associations -= 1;
    }
}

/// The counts, shared by all connections.
#[derive(Debug)]
pub struct Tally(Mutex<Counts>);

impl Default for Tally {
    /// Every reason begins at 0: Prometheus sees no increase in a series that begins with its first event.
    fn default() -> Self {
        let rejected = Rejection::ALL.map(|rejection| (rejection.code(), 0)).into();
        Self(Mutex::new(Counts { rejected, ..Counts::default() }))
    }
}

impl Tally {
    fn now(&self) -> MutexGuard<'_, Counts> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn counts(&self) -> Counts {
        self.now().clone()
    }

    pub(super) fn rejected(&self, rejection: Rejection) {
        *self.now().rejected.entry(rejection.code()).or_default() += 1;
    }

    pub(super) fn refused_connection(&self) {
        self.now().refused_connections += 1;
    }

    /// Counts an Association, as running until what is returned is dropped.
    pub(super) fn begin(&self) -> Running<'_> {
        let mut now = self.now();
        now.associations += 1;
        now.accepted += 1;
        Running(self)
    }

    pub(super) fn stored(&self, bytes: u64) {
        let mut now = self.now();
        now.stored += 1;
        now.stored_bytes += bytes;
    }

    pub(super) fn refused(&self, status: u16) {
        *self.now().refused.entry(status).or_default() += 1;
    }
}
