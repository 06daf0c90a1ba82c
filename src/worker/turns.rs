//! Who works beside whom: objects at once, or one alone.
//!
//! An object whose child was killed is tried again while nothing else is in work, so that it is not
//! condemned for what its neighbours used. Invariant: whoever waits to be alone waits a bounded time
//! (others may take hours), then it is tried beside them; and nothing is tried a third time.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;
use tokio::sync::{RwLock, RwLockReadGuard, RwLockWriteGuard, Semaphore, SemaphorePermit};

pub(super) struct Turns {
    objects: RwLock<()>,
    /// One object is tried again at a time, also when waiting was given up.
    again: Semaphore,
    patience: Duration,
}

/// While it is there, an object is in work.
pub(super) enum Turn<'a> {
    Beside { _object: RwLockReadGuard<'a, ()> },
    Alone { _object: Option<RwLockWriteGuard<'a, ()>>, _again: Option<SemaphorePermit<'a>> },
}

impl Turn<'_> {
    pub(super) fn is_alone(&self) -> bool {
        matches!(self, Self::Alone { .. })
    }
}

impl Turns {
    pub(super) fn new(patience: Duration) -> Self {
        Self { objects: RwLock::new(()), again: Semaphore::new(1), patience }
    }

    /// A turn beside others.
    pub(super) async fn beside(&self) -> Turn<'_> {
        Turn::Beside { _object: self.objects.read().await }
    }

    /// A turn with nothing else in work, if that comes in time.
    pub(super) async fn alone(&self) -> Turn<'_> {
        // Never closed, so this always yields a permit.
        let again = self.again.acquire().await.ok();
        let object = tokio::time::timeout(self.patience, self.objects.write()).await.ok();
        Turn::Alone { _object: object, _again: again }
    }
}

/// Runs one object's work so that a panic costs that object only; `None` says that there was one. No
/// task of its own: whoever ends the caller ends it too.
pub(super) async fn caught<T>(work: impl Future<Output = T>) -> Option<T> {
    let mut work = pin!(work);
    // After a panic it is not polled again, and what it borrowed is locks that survive one.
    let poll = std::future::poll_fn(|context| {
        match catch_unwind(AssertUnwindSafe(|| work.as_mut().poll(context))) {
            Ok(poll) => poll.map(Some),
            Err(_) => Poll::Ready(None),
        }
    });
    poll.await
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::task::{Context, Waker};

    /// Whether a future is ready when it is looked at once.
    fn is_ready(future: impl Future) -> bool {
        let mut context = Context::from_waker(Waker::noop());
        matches!(pin!(future).poll(&mut context), Poll::Ready(_))
    }

    #[tokio::test]
    async fn alone_means_that_nothing_else_is_in_work() {
        let turns = Turns::new(Duration::from_secs(60));
        let (first, second) = (turns.beside().await, turns.beside().await);
        assert!(!is_ready(turns.alone()));
        drop((first, second));
        let alone = turns.alone().await;
        assert!(alone.is_alone() && !is_ready(turns.beside()));
        drop(alone);
        assert!(!turns.beside().await.is_alone());
    }

    #[tokio::test]
    async fn a_neighbour_of_hours_does_not_stop_the_retry() {
        let turns = Turns::new(Duration::from_millis(1));
        let _neighbour = turns.beside().await;
        let alone = turns.alone().await;
        assert!(alone.is_alone(), "it is not tried a third time");
        assert!(is_ready(turns.beside()), "nobody waits for it");
    }

    #[tokio::test]
    async fn a_panic_is_told_and_goes_no_further() {
        assert_eq!(caught(async { 1 }).await, Some(1));
        let panicking = async {
            tokio::task::yield_now().await;
            assert!(std::hint::black_box(false), "on purpose");
        };
        assert_eq!(caught(panicking).await, None);
    }
}
