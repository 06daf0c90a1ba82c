//! The parts of a gateway, each a task that runs until it is told to stop.
//!
//! Invariant: after `stop`, or when they are dropped, none of them runs any more.

use std::collections::HashMap;
use std::time::Duration;
use tokio::task::{Id, JoinSet};

#[derive(Default)]
pub(super) struct Parts {
    tasks: JoinSet<()>,
    names: HashMap<Id, String>,
}

impl Parts {
    pub(super) fn start(
        &mut self,
        name: impl Into<String>,
        part: impl Future<Output = ()> + Send + 'static,
    ) {
        let task = self.tasks.spawn(part);
        self.names.insert(task.id(), name.into());
    }

    /// The name of the next part that ends.
    pub(super) async fn ended(&mut self) -> String {
        let id = match self.tasks.join_next_with_id().await {
            Some(Ok((id, ()))) => id,
            Some(Err(error)) => error.id(),
            None => return "every part".into(),
        };
        self.names.remove(&id).unwrap_or_default()
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
