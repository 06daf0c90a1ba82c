//! The core: steps over plain data, no I/O of its own but the files it is handed.

pub mod accept;
pub mod header;
pub mod hold;
pub mod identifiers;
pub mod picture;
pub mod pixels;
pub mod redaction;
pub mod scan;
