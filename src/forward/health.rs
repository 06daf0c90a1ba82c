//! Whether a destination is worth trying: one that is not costs one probe at a time, with pauses.

use super::pause::pause_ms;
use crate::config::Destination;
use crate::spool::UnixMs;

/// So many objects in a row that came to nothing are the destination's fault, not theirs.
const STREAK: u32 = 4;
/// The longest pause of a destination that answers, but takes nothing: the next object may go.
const MAX_STREAK_PAUSE_MS: u64 = 30_000;

/// What the last attempts say of a destination.
#[derive(Debug, Default)]
pub struct Health {
    /// Probes in a row that did not reach it.
    failures: u32,
    /// Objects in a row that it did not take for now.
    streak: u32,
    next_ms: Option<UnixMs>,
    pause_ms: u64,
}

impl Health {
    /// When it may be tried next, if that is later than `now_ms`.
    pub fn closed_until(&self, now_ms: UnixMs) -> Option<UnixMs> {
        // Further away than the pause was: the clock was set back since.
        let pause_ms = self.pause_ms;
        self.next_ms.filter(|next| *next > now_ms && next.abs_diff(now_ms) <= pause_ms)
    }

    /// Whether one attempt has to go well before others follow.
    pub fn is_on_trial(&self) -> bool {
        self.next_ms.is_some()
    }

    /// It took or refused an object; whether it was in trouble before.
    pub fn answered(&mut self) -> bool {
        let was = self.is_on_trial();
        *self = Self::default();
        was
    }

    /// It could not be reached. The next probe, unless one of several attempts said so before.
    pub fn unreachable(&mut self, of: &Destination, now_ms: UnixMs, random: u64) -> Option<UnixMs> {
        if self.closed_until(now_ms).is_some() {
            return None;
        }
        let pause = pause_ms(of.retry_min_ms, of.retry_max_ms, self.failures, random);
        self.failures = self.failures.saturating_add(1);
        self.close(now_ms, pause)
    }

    /// It did not take an object now. The next attempt, where this was one too many.
    pub fn declined(&mut self, of: &Destination, now_ms: UnixMs, random: u64) -> Option<UnixMs> {
        self.streak = self.streak.saturating_add(1);
        if self.streak < STREAK || self.closed_until(now_ms).is_some() {
            return None;
        }
        let longest = of.retry_max_ms.min(MAX_STREAK_PAUSE_MS);
        let pause = pause_ms(of.retry_min_ms, longest, self.streak - STREAK, random);
        self.close(now_ms, pause)
    }

    /// A person says that it is worth trying.
    pub fn try_now(&mut self, now_ms: UnixMs) {
        if let Some(next) = self.next_ms.as_mut() {
            *next = now_ms;
        }
    }

    fn close(&mut self, now_ms: UnixMs, pause_ms: u64) -> Option<UnixMs> {
        self.pause_ms = pause_ms;
        self.next_ms = Some(now_ms.saturating_add_unsigned(pause_ms));
        self.next_ms
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_that_is_set_back_does_not_close_it_for_longer_than_its_pause() {
        let mut health = Health::default();
        health.unreachable(&destination(), 1_700_000_000_000, 0);
        assert!(health.closed_until(1_700_000_000_000).is_some());
        assert!(health.closed_until(1_600_000_000_000).is_none());
    }

    fn destination() -> Destination {
        Destination::dicom("pacs", "127.0.0.1:104".into(), "PACS")
    }

    #[test]
    fn several_attempts_in_vain_at_once_are_one_failure() {
        let mut health = Health::default();
        assert_eq!(health.unreachable(&destination(), 0, 0), Some(1_000));
        assert_eq!(health.unreachable(&destination(), 10, 0), None);
        assert!(health.is_on_trial());
        assert_eq!(health.closed_until(999), Some(1_000));
        assert_eq!(health.closed_until(1_000), None);
        assert_eq!(health.unreachable(&destination(), 1_000, 0), Some(3_000), "the pause doubles");
        assert!(health.answered());
        assert_eq!(health.unreachable(&destination(), 5_000, 0), Some(6_000), "from the start");
    }

    #[test]
    fn one_object_in_vain_closes_nothing_and_many_in_a_row_do() {
        let mut health = Health::default();
        for _ in 1..STREAK {
            assert_eq!(health.declined(&destination(), 0, 0), None);
        }
        health.answered();
        for _ in 1..STREAK {
            assert_eq!(health.declined(&destination(), 0, 0), None);
        }
        assert_eq!(health.declined(&destination(), 0, 0), Some(1_000));
        let mut now = 1_000;
        for _ in 0..20 {
            now = health.declined(&destination(), now, u64::MAX).expect("closed again");
        }
        let next = health.declined(&destination(), now, 0).expect("closed again");
        assert_eq!(next - now, 30_000, "it answers, so the next object is not far off");
    }

    #[test]
    fn a_person_ends_the_pause_but_not_the_trial() {
        let mut health = Health::default();
        health.unreachable(&destination(), 0, 0);
        health.try_now(5);
        assert_eq!(health.closed_until(5), None);
        assert!(health.is_on_trial());
    }
}
