//! Which words identify a person. Plain functions over what was read.

mod keep;

pub use keep::KeepWords;
