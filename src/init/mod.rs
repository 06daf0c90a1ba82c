//! A first configuration from five answers: `conf/gateway.toml` with its comments, and the answers in it.
//!
//! Invariants: an answer is checked when it is given, by the rules that the configuration file has; a file
//! that exists is never written over.

mod answers;
mod file;

pub use answers::{Archive, Senders, WrongAnswer, ae_title, engine, port};
pub use file::{Wanted, text};

use std::fs::File;
use std::io::{self, Write};
use std::path::Path;

/// Writes a file that was not there before, synced.
///
/// # Errors
/// What the file system says; `AlreadyExists` where there is one.
pub fn write(path: &Path, text: &str) -> io::Result<()> {
    if let Some(directory) = path.parent() {
        std::fs::create_dir_all(directory)?;
    }
    let mut file = File::create_new(path)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}
