//! `destination list|pause|resume|retry`: how each destination is doing, and what a person wants of
//! it. Shown are names of the configuration, counts, times, statuses and words of ours.

use super::time::utc;
use crate::spool::{DestinationCounts, LocalSpool, SpoolError, UnixMs};
use std::fmt::Write as _;

/// A table of the configured destinations, and of others that records name.
pub async fn list(
    spool: &LocalSpool,
    configured: &[String],
    now_ms: UnixMs,
) -> Result<String, SpoolError> {
    let mut text = format!(
        "{:<16} {:<14} {:>8} {:>8} {:>11} {:>8} {:>8} {:>6}  {:<20}  ERROR\n",
        "DESTINATION",
        "STATE",
        "WAITING",
        "OLDEST",
        "UNCOMMITTED",
        "SENT",
        "REFUSED",
        "STATUS",
        "NEXT TRY"
    );
    for one in spool.destinations(configured.to_vec()).await? {
        let state = state(&one, configured.contains(&one.name));
        let oldest = one.oldest_ms.map_or("-".into(), |at| age(now_ms - at));
        let status = one.last_status.map_or("-".into(), |status| format!("{status:04X}"));
        let next = one.next_ms.filter(|next| *next > now_ms).map_or("-".into(), utc);
        let _ = writeln!(
            text,
            "{:<16} {:<14} {:>8} {:>8} {:>11} {:>8} {:>8} {:>6}  {:<20}  {}",
            one.name,
            state,
            one.waiting,
            oldest,
            one.uncommitted,
            one.sent,
            one.refused,
            status,
            next,
            one.error.as_deref().unwrap_or("-"),
        );
        if let Some(who) = &one.paused_by {
            let _ = writeln!(text, "{:<16} paused by {}", "", who.escape_debug());
        }
    }
    Ok(text)
}

fn state(one: &DestinationCounts, is_configured: bool) -> &'static str {
    match (is_configured, &one.paused_by, &one.error) {
        (false, ..) => "not configured",
        (true, Some(_), _) => "paused",
        (true, None, Some(_)) => "trouble",
        (true, None, None) => "ok",
    }
}

/// The two largest units that matter.
pub(super) fn age(ms: UnixMs) -> String {
    let seconds = ms.max(0) / 1_000;
    match (seconds / 86_400, seconds / 3_600 % 24, seconds / 60 % 60, seconds % 60) {
        (0, 0, 0, s) => format!("{s}s"),
        (0, 0, m, s) => format!("{m}m{s:02}s"),
        (0, h, m, _) => format!("{h}h{m:02}m"),
        (d, h, ..) => format!("{d}d{h:02}h"),
    }
}

/// What a person wants of a destination.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Steer {
    /// Nothing more is sent there.
    Pause,
    /// It is sent to again.
    Resume,
    /// Everything that waits is tried at once.
    Retry,
}

/// Records it; a gateway that runs notices within a second. Returns what to tell the person.
pub async fn steer(
    spool: &LocalSpool,
    name: &str,
    what: Steer,
    who: String,
    now_ms: UnixMs,
) -> Result<String, SpoolError> {
    Ok(match what {
        Steer::Pause => match spool.pause_destination(name, who, now_ms).await? {
            true => "paused; what is being sent just now is finished".into(),
            false => "was paused before".into(),
        },
        Steer::Resume => match spool.resume_destination(name, who, now_ms).await? {
            true => "resumed".into(),
            false => "was not paused".into(),
        },
        Steer::Retry => {
            let count = spool.retry_destination(name, who, now_ms).await?;
            format!(
                "{count} deliveries are due now; what was refused is sent again by `held reprocess`"
            )
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_age_is_short() {
        let ages = [0, 59_000, 61_000, 3_661_000, 90_000_000].map(age);
        assert_eq!(ages, ["0s", "59s", "1m01s", "1h01m", "1d01h"]);
        assert_eq!(age(-5), "0s", "a clock that was set back");
    }
}
