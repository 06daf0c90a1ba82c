//! How long each step of an object takes, as distributions that metrics show.

use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::Registry;

/// The upper bound of the first bucket; each next one is four times as far, the last 1,049 s.
const FIRST_S: f64 = 0.001;
const BUCKETS: u16 = 11;

type OfStep = Vec<(&'static str, &'static str)>;

/// A distribution for each step, since the start. Clones share them.
#[derive(Debug, Clone)]
pub struct StepDurations(Family<OfStep, Histogram>);

impl Default for StepDurations {
    fn default() -> Self {
        let of_step = || Histogram::new(exponential_buckets(FIRST_S, 4.0, BUCKETS));
        Self(Family::new_with_constructor(of_step))
    }
}

impl StepDurations {
    /// Runs a step and counts how long it took, whatever came of it; one that is dropped is not counted.
    pub async fn of<T>(&self, step: &'static str, work: impl Future<Output = T>) -> T {
        let begun = std::time::Instant::now();
        let done = work.await;
        self.0.get_or_create(&vec![("step", step)]).observe(begun.elapsed().as_secs_f64());
        done
    }

    /// Adds them to what is shown.
    pub fn register(&self, registry: &mut Registry) {
        let help = "How long the steps of objects took";
        registry.register("step_duration_seconds", help, self.0.clone());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_step_is_counted_once_by_its_name() {
        let durations = StepDurations::default();
        let shared = durations.clone();
        assert_eq!(shared.of("read", async { 7 }).await, 7);
        let _ = durations.of("read", async { Err::<(), _>("failed") }).await;
        let mut registry = Registry::default();
        durations.register(&mut registry);
        let mut text = String::new();
        prometheus_client::encoding::text::encode(&mut text, &registry).expect("text");
        assert!(text.contains("step_duration_seconds_count{step=\"read\"} 2"), "{text}");
    }
}
