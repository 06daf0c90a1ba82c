//! One line: its number, when, the digest of the line before it, and the event.

use crate::spool::AuditEvent;
use chrono::{DateTime, SecondsFormat};
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

/// The digest before the first line.
pub const BEGINNING: &str = "0000000000000000000000000000000000000000000000000000000000000000";

/// A line, without its end, and its digest.
pub fn written(event: &AuditEvent, previous: &str) -> (String, String) {
    let mut line = Map::new();
    let at = DateTime::from_timestamp_millis(event.at_ms).unwrap_or_default();
    line.insert("seq".into(), event.seq.into());
    line.insert("at".into(), at.to_rfc3339_opts(SecondsFormat::Millis, true).into());
    line.insert("previous".into(), previous.into());
    let event: Map<String, Value> = serde_json::from_str(&event.event).unwrap_or_default();
    // What does not apply to an event is left out.
    line.extend(event.into_iter().filter(|(_, value)| !value.is_null()));
    let text = Value::Object(line).to_string();
    let digest = digest(text.as_bytes());
    (text, digest)
}

/// SHA-256 of a line without its end, in hexadecimal.
pub fn digest(line: &[u8]) -> String {
    Sha256::digest(line).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// What chains a line.
#[derive(Debug, serde::Deserialize)]
pub struct Link {
    pub seq: i64,
    pub previous: String,
}
