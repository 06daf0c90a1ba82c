//! What every call to a service passes: a breaker, and the pace that all workers share.
//!
//! The breaker is our own: it is a counter and a time, less than what the crates for it bring along.

use crate::config::Aws as Settings;
use crate::recognise::classify::AskError;
use governor::clock::DefaultClock;
use governor::state::{InMemoryState, NotKeyed};
use governor::{Quota, RateLimiter};
use std::num::NonZeroU32;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

pub struct Gate {
    name: &'static str,
    pace: RateLimiter<NotKeyed, InMemoryState, DefaultClock>,
    breaker: Mutex<Breaker>,
    failures_to_pause: u32,
    pause: Duration,
}

#[derive(Default)]
struct Breaker {
    /// In a row.
    failures: u32,
    /// Until then nothing is asked.
    closed_until: Option<Instant>,
}

impl Gate {
    pub fn new(name: &'static str, settings: &Settings) -> Self {
        let rate = NonZeroU32::new(settings.requests_per_second).unwrap_or(NonZeroU32::MIN);
        Self {
            name,
            pace: RateLimiter::direct(Quota::per_second(rate)),
            breaker: Mutex::default(),
            failures_to_pause: settings.failures_to_pause,
            pause: Duration::from_millis(settings.pause_ms),
        }
    }

    pub fn name(&self) -> &'static str {
        self.name
    }

    /// Waits for a turn; an error while the service is left alone.
    pub async fn pass(&self) -> Result<(), AskError> {
        self.is_open()?;
        self.pace.until_ready().await;
        self.is_open()
    }

    /// Whether nothing is asked at the moment.
    pub fn is_paused(&self) -> bool {
        self.is_open().is_err()
    }

    fn is_open(&self) -> Result<(), AskError> {
        match self.breaker().closed_until {
            Some(until) if Instant::now() < until => {
                let detail = format!("{}: left alone for a while after failures", self.name);
                Err(AskError::Unavailable(detail))
            }
            _ => Ok(()),
        }
    }

    /// Counts how a call ended. What is refused for good was answered.
    pub fn heard(&self, error: Option<&AskError>) {
        let mut breaker = self.breaker();
        let Some(AskError::Unavailable(why)) = error else {
            if breaker.closed_until.is_some() {
                tracing::info!(service = self.name, "answers again");
            }
            *breaker = Breaker::default();
            return;
        };
        breaker.failures += 1;
        if breaker.failures >= self.failures_to_pause {
            if breaker.closed_until.is_none() {
                tracing::error!(service = self.name, why, "does not answer: objects wait");
            }
            // The first call after the pause decides anew.
            breaker.closed_until = Some(Instant::now() + self.pause);
        }
    }

    fn breaker(&self) -> std::sync::MutexGuard<'_, Breaker> {
        self.breaker.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn after_failures_in_a_row_a_service_is_left_alone_and_then_tried_again() {
        let settings = Settings { failures_to_pause: 2, pause_ms: 40, ..Settings::default() };
        let gate = Gate::new("a service", &settings);
        let failed = AskError::Unavailable("down".into());
        gate.heard(Some(&failed));
        gate.heard(None);
        gate.heard(Some(&failed));
        assert!(gate.pass().await.is_ok(), "not in a row");
        gate.heard(Some(&failed));
        assert!(gate.pass().await.is_err());
        gate.breaker().closed_until = Some(Instant::now());
        assert!(gate.pass().await.is_ok());
        gate.heard(Some(&failed));
        assert!(gate.pass().await.is_err(), "one more failure is enough");
    }

    #[tokio::test]
    async fn a_refusal_is_an_answer() {
        let settings = Settings { failures_to_pause: 1, ..Settings::default() };
        let gate = Gate::new("a service", &settings);
        gate.heard(Some(&AskError::Refused("AccessDeniedException".into())));
        assert!(gate.pass().await.is_ok());
    }
}
