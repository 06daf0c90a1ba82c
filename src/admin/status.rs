//! `status`: the whole flow on one screen, from the records of the spool, whether a gateway runs or not.
//! Shown are names of the configuration, counts, times and codes.

use super::destination;
use crate::spool::{LocalSpool, SpoolError, UnixMs};
use std::fmt::Write as _;

/// What is where, what waits for whom, and what a person has to decide; with `is_told`, how far the audit log
/// was told elsewhere.
pub async fn text(
    spool: &LocalSpool,
    destinations: &[String],
    min_free_bytes: u64,
    is_told: bool,
    now_ms: UnixMs,
) -> Result<String, SpoolError> {
    let overview = spool.overview().await?;
    let counts = &overview.counts;
    let since = |state: &str| overview.oldest_ms.get(state).copied();
    let mut text = format!("{:<12} {:>10} {:>10}\n", "OBJECTS", "COUNT", "OLDEST");
    for (state, count, oldest) in [
        ("received", counts.received, overview.oldest_received_ms),
        ("waiting", counts.waiting, since("waiting")),
        ("ready", counts.ready, since("ready")),
        ("held", counts.held, since("held")),
        ("ended", counts.ended, None),
        ("rejected", counts.rejected, None),
        ("dropped", counts.dropped, None),
    ] {
        let oldest = oldest.map_or("-".into(), |at| destination::age(now_ms - at));
        let _ = writeln!(text, "{state:<12} {count:>10} {oldest:>10}");
    }
    if !overview.held.is_empty() {
        let _ = writeln!(text, "\nHELD, BY REASON (`held list` names them)");
        for (reason, count) in &overview.held {
            let _ = writeln!(text, "{reason:<28} {count:>6}");
        }
    }
    let _ = write!(text, "\n{}", destination::list(spool, destinations, now_ms).await?);
    let (free, least) = (spool.free_bytes()? >> 20, min_free_bytes >> 20);
    let _ = write!(text, "\n{free} MiB free on the disk of the spool");
    let _ = match free < least {
        true => writeln!(text, ": fewer than {least}, objects are refused until there is room"),
        false => writeln!(text),
    };
    let sending = if is_told { spool.audit_sending().await? } else { None };
    if let Some(audit) = sending {
        let _ = write!(text, "{} events wait to be told as audit messages", audit.pending);
        let _ = match audit.trouble {
            Some(why) => writeln!(text, ": {why}"),
            None => writeln!(text),
        };
    }
    if spool.is_stopped() {
        let _ = writeln!(text, "the records cannot be written: mend the disk");
    }
    Ok(text)
}
