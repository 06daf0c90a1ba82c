//! The parts of a gateway, each a task that runs until it is told to stop.
//!
//! Invariant: after `stop`, or when they are dropped, none of them runs any more.

use std::collections::HashMap;
use std::time::Duration;
use tokio::sync::watch;
use tokio::task::{Id, JoinSet};

#[derive(Default)]
pub(super) struct Parts {
    tasks: JoinSet<()>,
    known: HashMap<Id, Part>,
}

struct Part {
    name: String,
    /// Turns true when it is told to end while the others go on.
    told: Option<watch::Receiver<bool>>,
}

impl Parts {
    pub(super) fn start(
        &mut self,
        name: impl Into<String>,
        part: impl Future<Output = ()> + Send + 'static,
    ) {
        let task = self.tasks.spawn(part);
        self.known.insert(task.id(), Part { name: name.into(), told: None });
    }

    /// Starts a part that may be told to end before the others.
    pub(super) fn start_until(
        &mut self,
        told: watch::Receiver<bool>,
        name: impl Into<String>,
        part: impl Future<Output = ()> + Send + 'static,
    ) {
        let task = self.tasks.spawn(part);
        self.known.insert(task.id(), Part { name: name.into(), told: Some(told) });
    }

    pub(super) fn is_empty(&self) -> bool {
        self.tasks.is_empty()
    }

    /// The name of the next part that ends although nobody told it to.
    pub(super) async fn ended(&mut self) -> String {
        loop {
            let (id, panicked) = match self.tasks.join_next_with_id().await {
                Some(Ok((id, ()))) => (id, false),
                Some(Err(error)) => (error.id(), true),
                None => return "every part".into(),
            };
            let Some(Part { name, told }) = self.known.remove(&id) else { return String::new() };
            if panicked || !told.is_some_and(|told| *told.borrow()) {
                return name;
            }
        }
    }

    /// Waits for all that were told to stop, and cuts those that have not ended in time.
    pub(super) async fn stop(mut self, timeout: Duration) {
        let ending = async { while self.tasks.join_next().await.is_some() {} };
        if tokio::time::timeout(timeout, ending).await.is_err() {
            tracing::warn!(parts = self.tasks.len(), "cut at the end of stop_timeout_ms");
            self.tasks.shutdown().await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    #[tokio::test]
    async fn a_part_that_panics_or_returns_is_named() {
        let mut parts = Parts::default();
        parts.start("intake", std::future::pending());
        parts.start("the worker", async { assert!(std::hint::black_box(false), "on purpose") });
        assert_eq!(parts.ended().await, "the worker");
        parts.start("retention", async {});
        assert_eq!(parts.ended().await, "retention");
    }

    #[tokio::test]
    async fn a_part_that_was_told_to_end_is_not_missed_unless_it_panics() {
        let mut parts = Parts::default();
        let told = watch::Sender::new(true);
        parts.start("intake", std::future::pending());
        parts.start_until(told.subscribe(), "one", async {});
        let panicking = async { assert!(std::hint::black_box(false), "on purpose") };
        parts.start_until(told.subscribe(), "two", panicking);
        assert_eq!(parts.ended().await, "two");
        let untold = watch::Sender::new(false);
        parts.start_until(untold.subscribe(), "three", async {});
        assert_eq!(parts.ended().await, "three");
    }

    #[tokio::test]
    async fn a_part_that_does_not_stop_is_cut() {
        let mut parts = Parts::default();
        let held = Arc::new(());
        let of_part = Arc::clone(&held);
        parts.start("intake", async move {
            let _of_part = of_part;
            std::future::pending().await
        });
        parts.stop(Duration::from_millis(1)).await;
        assert_eq!(Arc::strong_count(&held), 1, "nothing of it is left");
    }
}
