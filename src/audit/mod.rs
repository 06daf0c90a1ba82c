//! The audit log: one JSON line for everything that happened to an object, each with the digest of the
//! line before it.
//!
//! ```text
//! records of the spool ─(triggers, same transaction)─▶ events ─▶ writer ─▶ audit-000000000001.jsonl
//!                                                                  ├─▶ the head: last number and digest
//!                                                                  └─▶ syslog, where that is configured
//! ```
//! Invariants: a line is on disk before its event is forgotten, and written once; a line that was
//! changed, taken out, put in, moved or cut off is found by `verify`, of the last ones by the head, which
//! stands in the records of the spool; a line names nobody.

mod dicom;
mod line;
mod syslog;
mod tail;
mod verify;
mod writer;

pub use syslog::{SyslogError, send, try_out};
pub use verify::{Broken, Found, VerifyError, verify};
pub use writer::write;

use std::path::{Path, PathBuf};

/// The files of a log in their order. What has another name is none.
pub fn files(directory: &Path) -> std::io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(directory)? {
        let path = entry?.path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        if name.starts_with("audit-") && name.ends_with(".jsonl") {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

/// The name of the file that begins with this line.
fn file_name(first: i64) -> String {
    format!("audit-{first:012}.jsonl")
}
