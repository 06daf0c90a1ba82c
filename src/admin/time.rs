//! Times as a person reads them.

use crate::spool::UnixMs;
use chrono::{DateTime, SecondsFormat};

/// In UTC, to the second.
pub(super) fn utc(at_ms: UnixMs) -> String {
    let time = DateTime::from_timestamp_millis(at_ms);
    time.map_or_else(|| at_ms.to_string(), |time| time.to_rfc3339_opts(SecondsFormat::Secs, true))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_shown_in_utc() {
        assert_eq!(utc(1_700_000_000_999), "2023-11-14T22:13:20Z");
        assert_eq!(utc(i64::MAX), i64::MAX.to_string());
    }
}
