//! The pace of objects, sent or received: so many of them, and so many bytes, in a second.

/// Keeps below so many objects and bytes in a second, in the long run. Times are of the Unix epoch.
///
/// Each object takes its share of time beforehand; there is no burst. `governor` was looked at: its
/// allowance of bytes must hold a whole object, so that a limit below the largest object's size in
/// a second can not be said with it.
#[derive(Debug)]
pub struct Pace {
    max_objects_per_s: u32,
    max_bytes_per_s: u64,
    free_ms: i64,
}

impl Pace {
    /// 0 is no limit.
    pub fn new(max_objects_per_s: u32, max_bytes_per_s: u64) -> Self {
        Self { max_objects_per_s, max_bytes_per_s, free_ms: 0 }
    }

    /// How long the next object has to wait.
    pub fn wait_ms(&self, now_ms: i64) -> u64 {
        // A clock that was set back must not stop everything.
        let longest = self.cost_ms(u64::from(u32::MAX)).min(3_600_000);
        u64::try_from(self.free_ms - now_ms).unwrap_or(0).min(longest)
    }

    /// An object of so many bytes goes now.
    pub fn sent(&mut self, bytes: u64, now_ms: i64) {
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
}
