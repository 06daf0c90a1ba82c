//! From the spool to the destinations.
//!
//! ```text
//! dispatcher (one per destination) ─▶ lane ─▶ folder, or one Association of `associations`
//!     │ health, pace, windows, what a person asked        │
//!     └── records what each attempt came to ◀── Sent ◀────┘      commit: asks to keep what is stored
//! ```
//! Invariants: only a `&Ready` can be sent; a delivery is recorded as sent only after the
//! destination answered success, and committed where that is configured, or after the file and its
//! directory were synced; what may pass later is tried again until `give_up_after_s`, what will not
//! is held for a person. No destination waits for another, and no object for one before it.

mod commit;
mod crowd;
mod dicom;
mod dispatcher;
mod folder;
mod health;
mod lane;
mod negotiate;
mod pause;

use crate::spool::Ready;
use std::fs::File;
use std::pin::Pin;

pub use dispatcher::run;
pub use folder::object_path;

/// How one attempt ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sent {
    /// The destination has it; `status` is a success or a warning.
    Delivered { status: u16 },
    /// Not now; `status` is that of the response, if there was one.
    TryLater { status: Option<u16>, why: &'static str },
    /// The destination cannot be reached: nothing was asked of it.
    Unreachable { why: &'static str },
    /// It was reached, and wanted no Association.
    TurnedAway { why: &'static str },
    /// It will not take this object.
    Refused { status: Option<u16>, why: &'static str },
    /// It says that it has an object of this UID; `again` if it was given it just before.
    Duplicate { status: u16, again: bool },
}

/// Makes another form of a result for a destination that does not take it as it is.
pub trait Decode: Send + Sync + 'static {
    /// The object in Explicit VR Little Endian with native pixels, as a Part 10 file without a name.
    fn explicit<'a>(&'a self, ready: &'a Ready) -> Decoding<'a>;
}

/// A result that is being decoded.
pub type Decoding<'a> = Pin<Box<dyn Future<Output = Result<File, Undecoded>> + Send + 'a>>;

/// Why there is no other form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Undecoded {
    /// It has none.
    Never,
    /// It could not be made this time.
    Now,
}
