//! Pauses between attempts. Chance only delays here; it changes nothing that is sent.

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
