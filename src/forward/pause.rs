//! Pauses between attempts, and the pace of sending. Chance only delays here; it changes nothing
//! that is sent.

use crate::spool::UnixMs;

/// Doubles with each attempt from `min_ms` up to `max_ms`, and a quarter more at random, so that
/// gateways that lost one destination together do not come back together.
pub fn pause_ms(min_ms: u64, max_ms: u64, attempts: u32, random: u64) -> u64 {
    let doubled = min_ms.saturating_mul(1 << attempts.min(20)).min(max_ms.max(min_ms));
    doubled + random % (doubled / 4 + 1)
}

/// A random number; without one, no jitter.
pub fn random() -> u64 {
    getrandom::u64().unwrap_or(0)
}

/// Keeps sending below so many objects and bytes in a second, in the long run.
///
/// Each object takes its share of time beforehand; there is no burst. `governor` was looked at: its
/// allowance of bytes must hold a whole object, so that a limit below the largest object's size in
/// a second can not be said with it.
#[derive(Debug)]
pub struct Pace {
    max_objects_per_s: u32,
    max_bytes_per_s: u64,
    free_ms: UnixMs,
}

impl Pace {
    /// 0 is no limit.
    pub fn new(max_objects_per_s: u32, max_bytes_per_s: u64) -> Self {
        Self { max_objects_per_s, max_bytes_per_s, free_ms: 0 }
    }

    /// How long the next object has to wait.
    pub fn wait_ms(&self, now_ms: UnixMs) -> u64 {
        // A clock that was set back must not stop everything.
        let longest = self.cost_ms(u64::from(u32::MAX)).min(3_600_000);
        u64::try_from(self.free_ms - now_ms).unwrap_or(0).min(longest)
    }

    /// An object of so many bytes is sent now.
    pub fn sent(&mut self, bytes: u64, now_ms: UnixMs) {
        self.free_ms = now_ms + self.wait_ms(now_ms) as i64 + self.cost_ms(bytes) as i64;
    }

    fn cost_ms(&self, bytes: u64) -> u64 {
        let of_object = 1_000_u64.checked_div(u64::from(self.max_objects_per_s)).unwrap_or(0);
        let of_bytes = bytes.saturating_mul(1_000).checked_div(self.max_bytes_per_s).unwrap_or(0);
        of_object.max(of_bytes).min(i64::MAX as u64 / 4)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn pauses_double_up_to_the_limit() {
        let pauses: Vec<_> = (0..4).map(|n| pause_ms(1_000, 600_000, n, 0)).collect();
        assert_eq!(pauses, [1_000, 2_000, 4_000, 8_000]);
        assert_eq!(pause_ms(1_000, 600_000, u32::MAX, 0), 600_000);
    }

    #[test]
    fn a_limit_of_objects_and_one_of_bytes_both_hold() {
        let mut pace = Pace::new(10, 1_000_000);
        assert_eq!(pace.wait_ms(0), 0);
        pace.sent(1_000, 0);
        assert_eq!(pace.wait_ms(0), 100, "ten in a second");
        pace.sent(2_000_000, 100);
        assert_eq!(pace.wait_ms(100), 2_000, "two seconds for two megabytes");
        assert_eq!(pace.wait_ms(5_000), 0, "nothing is saved up or owed");
        let mut unlimited = Pace::new(0, 0);
        unlimited.sent(u64::MAX, 0);
        assert_eq!(unlimited.wait_ms(0), 0);
    }

    #[test]
    fn a_clock_that_is_set_back_does_not_stop_everything() {
        let mut pace = Pace::new(1, 0);
        pace.sent(1, 1_700_000_000_000);
        assert!(pace.wait_ms(0) <= 1_000);
    }

    proptest! {
        #[test]
        fn jitter_only_delays_and_by_a_quarter_at_most(
            min in 1u64..10_000, max in 1u64..1_000_000, attempts in any::<u32>(), random: u64,
        ) {
            let plain = pause_ms(min, max, attempts, 0);
            let pause = pause_ms(min, max, attempts, random);
            prop_assert!(plain <= pause && pause <= plain + plain / 4);
            prop_assert!(plain >= min && plain <= max.max(min));
        }
    }
}
