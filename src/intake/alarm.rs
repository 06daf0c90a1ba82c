//! Who was not let in, for the audit log.
//!
//! Invariant: a peer that asks without end fills no disk: so many lines a minute, and a count of the rest in
//! the next one.

use super::negotiate::Rejection;
use crate::spool::{LocalSpool, UnixMs};
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::sync::{Mutex, PoisonError};

const LINES_PER_MINUTE: u32 = 60;
const MINUTE_MS: UnixMs = 60_000;

/// What was told lately.
#[derive(Default)]
pub(super) struct Alarm(Mutex<Minute>);

#[derive(Default)]
struct Minute {
    began_ms: UnixMs,
    told: u32,
    /// Not told, ever.
    more: u64,
}

impl Alarm {
    /// Records that an Association was rejected for who asked for it.
    pub async fn rejected(
        &self,
        spool: &LocalSpool,
        from: SocketAddr,
        (calling, called): (&str, &str),
        rejection: Rejection,
        now_ms: UnixMs,
    ) {
        use Rejection::{Called, Calling, Certificate, User};
        if matches!(rejection, Called | Calling | Certificate | User) {
            let event = json!({"event": "association-rejected", "reason": rejection.code(),
                "peer": from.ip().to_string(), "calling_ae": calling, "called_ae": called});
            self.tell(spool, event, now_ms).await;
        }
    }

    /// Records that a peer could not show who it is.
    pub async fn unauthenticated(
        &self,
        spool: &LocalSpool,
        from: SocketAddr,
        why: &str,
        now_ms: UnixMs,
    ) {
        let event = json!({"event": "tls-refused", "why": why, "peer": from.ip().to_string()});
        self.tell(spool, event, now_ms).await;
    }

    async fn tell(&self, spool: &LocalSpool, mut event: Value, now_ms: UnixMs) {
        let Some(more) = self.admit(now_ms) else { return };
        if more > 0 {
            event["more"] = more.into();
        }
        if let Err(error) = spool.audit(event, now_ms).await {
            tracing::error!(%error, "that a peer was not let in could not be recorded");
        }
    }

    /// Whether a line may be written, and how many were not before it.
    fn admit(&self, now_ms: UnixMs) -> Option<u64> {
        let mut minute = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if !(minute.began_ms..minute.began_ms + MINUTE_MS).contains(&now_ms) {
            (minute.began_ms, minute.told) = (now_ms, 0);
        }
        if minute.told >= LINES_PER_MINUTE {
            minute.more += 1;
            return None;
        }
        minute.told += 1;
        Some(std::mem::take(&mut minute.more))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_is_a_minute_of_lines_and_a_count() {
        let alarm = Alarm::default();
        let told = (0..1_000).filter(|_| alarm.admit(5).is_some()).count();
        assert_eq!(told, 60);
        assert_eq!(alarm.admit(5 + MINUTE_MS), Some(940));
        assert_eq!(alarm.admit(5 + MINUTE_MS), Some(0));
    }
}
