//! A message as syslog carries it (RFC 5424; PS3.15 section A.6).
//!
//! Written here: it is one line, and no crate in the tree writes it.

use crate::audit::dicom::Message;

/// Security and authorisation messages (PS3.15 section A.6.1).
const FACILITY: u8 = 10;
const NOTICE: u8 = 5;
const WARNING: u8 = 4;
const MESSAGE_ID: &str = "DICOM+RFC3881";
const BYTE_ORDER_MARK: &[u8] = b"\xEF\xBB\xBF";
/// A number in `meta` is below 2^31 (RFC 5424 section 7.3.1).
const NUMBERS: i64 = 2_147_483_647;

/// The whole message; the number of its line tells a receiver what came twice.
pub(super) fn framed(message: &Message, seq: i64, host: &str) -> Vec<u8> {
    let severity = if message.is_failure() { WARNING } else { NOTICE };
    let priority = FACILITY * 8 + severity;
    let (at, process) = (&message.at, std::process::id());
    let number = (seq - 1).rem_euclid(NUMBERS) + 1;
    let header = format!(
        "<{priority}>1 {at} {host} deid-gateway {process} {MESSAGE_ID} [meta sequenceId=\"{number}\"] "
    );
    [header.as_bytes(), BYTE_ORDER_MARK, &message.xml()].concat()
}

/// The name of this machine, as a header may have it.
pub(super) fn host() -> String {
    let named = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    let named: String = named.trim().chars().filter(char::is_ascii_graphic).take(255).collect();
    if named.is_empty() { "localhost".into() } else { named }
}
