//! How fast a sender sends while something of it is unfinished.

use std::time::Duration;

/// Over so much waiting the mean counts: a pause of a slow disk or a busy network is no attack.
const WINDOW: Duration = Duration::from_secs(30);

/// The bytes and the waiting of one window.
#[derive(Debug, Default)]
pub struct Speed {
    waited: Duration,
    bytes: u64,
}

impl Speed {
    /// Counts what came after so much waiting; whether it is fast enough.
    pub fn is_enough(&mut self, waited: Duration, bytes: u64, min_bytes_per_s: u64) -> bool {
        self.waited += waited;
        self.bytes = self.bytes.saturating_add(bytes);
        if self.waited < WINDOW {
            return true;
        }
        let wanted = self.waited.as_secs().saturating_mul(min_bytes_per_s);
        let is_enough = self.bytes >= wanted;
        *self = Self::default();
        is_enough
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_sends_little_over_a_window_is_too_slow_and_a_pause_is_not() {
        let second = Duration::from_secs(1);
        let mut drip = Speed::default();
        let last = (0..30).map(|_| drip.is_enough(second, 100, 1_000)).collect::<Vec<_>>();
        assert_eq!(last.iter().position(|enough| !enough), Some(29));
        let mut paused = Speed::default();
        assert!(paused.is_enough(second, 10_000_000, 1_000));
        assert!(paused.is_enough(Duration::from_secs(40), 1, 1_000), "the mean is enough");
        let mut any = Speed::default();
        assert!(any.is_enough(Duration::from_secs(60), 0, 0), "no limit");
    }
}
