//! The core: steps over plain data, no I/O of its own but the files it is handed.
//!
//! ```text
//! examine ─▶ Examination ─▶ decide ─▶ Redaction ─▶ apply ─▶ Candidate ─▶ verify ─▶ Verdict
//!    └─▶ Pictures ─▶ (recognise) ─▶ TextLines ─┘                └──── accept ────┘─▶ Deidentified
//! ```

pub mod accept;
pub mod apply;
pub mod ask;
pub mod burned_in;
mod charset;
pub mod decide;
pub mod display;
pub mod documents;
pub mod examine;
pub mod explain;
pub mod header;
pub mod hold;
pub mod identifiers;
pub mod image_file;
mod known_vr;
mod masks;
mod object;
pub mod opening;
pub mod outline;
mod output;
pub mod overlays;
mod pages;
pub mod phi_text;
pub mod picture;
pub mod pixels;
mod policy;
mod raw_bytes;
pub mod redaction;
pub mod scan;
pub mod transcode;
pub mod verify;
