//! The pace of objects, sent or received: so many of them, and so many bytes, in a second.

/// An hour.
const LONGEST_US: i64 = 3_600_000_000;

/// Keeps below so many objects and bytes in a second, in the long run. Times are of the Unix epoch.
///
/// Each object takes its share of time beforehand; there is no burst. `governor` was looked at: its
/// allowance of bytes must hold a whole object, so that a limit below the largest object's size in
/// a second can not be said with it.
#[derive(Debug)]
pub struct Pace {
    max_objects_per_s: u32,
    max_bytes_per_s: u64,
    free_us: i64,
}

impl Pace {
    /// 0 is no limit.
    pub fn new(max_objects_per_s: u32, max_bytes_per_s: u64) -> Self {
        Self { max_objects_per_s, max_bytes_per_s, free_us: 0 }
    }

    /// How long the next object has to wait.
    pub fn wait_ms(&self, now_ms: i64) -> u64 {
        u64::try_from(self.wait_us(now_ms)).unwrap_or(0).div_ceil(1_000)
    }

    /// An object of so many bytes goes now.
    pub fn sent(&mut self, bytes: u64, now_ms: i64) {
        let now_us = now_ms.saturating_mul(1_000);
        let cost = self.cost_us(bytes);
        self.free_us = now_us.saturating_add(self.wait_us(now_ms).max(0)).saturating_add(cost);
    }

    fn wait_us(&self, now_ms: i64) -> i64 {
        // A clock that was set back must not stop everything.
        let longest = self.cost_us(u64::from(u32::MAX)).min(LONGEST_US);
        self.free_us.saturating_sub(now_ms.saturating_mul(1_000)).min(longest)
    }

    /// In microseconds: in milliseconds, small objects would cost nothing.
    fn cost_us(&self, bytes: u64) -> i64 {
        const SECOND: u64 = 1_000_000;
        let of_object = SECOND.checked_div(u64::from(self.max_objects_per_s)).unwrap_or(0);
        let of_bytes = bytes.saturating_mul(SECOND).checked_div(self.max_bytes_per_s).unwrap_or(0);
        i64::try_from(of_object.max(of_bytes)).unwrap_or(i64::MAX / 4).min(i64::MAX / 4)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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

    #[test]
    fn limits_finer_than_a_millisecond_hold() {
        let mut pace = Pace::new(4_000, 0);
        (0..400).for_each(|_| pace.sent(1, 0));
        assert!(pace.wait_ms(0) <= 1);
        let mut now_ms = 0;
        let mut pace = Pace::new(4_000, 0);
        for _ in 0..4_000 {
            now_ms += pace.wait_ms(now_ms) as i64;
            pace.sent(1, now_ms);
        }
        assert!((900..=4_000).contains(&now_ms), "{now_ms} ms");
    }
}
