//! The pixels: read one frame, render it for reading, fill boxes, write every frame.
//!
//! ```text
//! PixelLayout::read ─▶ FrameSource::open ─▶ frame(i) ─┬─▶ render ─▶ Pictures
//!  (header only)        native or a codec family      └─▶ clear_unused_bits ─▶ fill ─▶ out
//! ```
//! One frame is in memory at a time. Nothing a peer controls is trusted: sides, counts and lengths
//! are checked before memory is taken, and what cannot be decoded or verified is a `Hold`.

mod attributes;
mod bare_jpeg;
mod bare_jpeg2000;
mod big_words;
mod blank;
mod colour;
mod encapsulate;
mod faint;
mod family;
mod fill;
mod fill_value;
mod fragments;
mod huffman;
mod huffman_read;
mod jpeg;
mod jpeg12;
mod jpeg2000;
mod jpeg2000_encode;
mod jpeg_dct;
mod jpeg_file;
mod jpeg_lossless;
mod jpeg_ls;
mod jpeg_scan;
mod jpeg_xl;
mod layout;
mod location;
mod native;
mod palette;
mod ranges;
mod render;
mod rle;
mod rle_encode;
mod samples;
mod second_opinion;
mod source;
mod voi;
mod write;

pub use attributes::write_layout;
pub use big_words::BigWords;
pub use blank::{blank_layout, keep_frames, whole};
pub use encapsulate::{Encapsulated, encapsulate};
pub use fill::{clear_unused_bits, fill, is_filled, is_nearly_filled};
pub use fill_value::Fill;
pub use jpeg_file::JpegFile;
pub use layout::{Photometric, PixelLayout, PixelLimits};
pub use location::{PixelElement, PixelLocation};
pub use palette::Palette;
pub use render::render;
pub use source::{Frame, FrameDigest, FrameSource};
pub use voi::Voi;
pub use write::{WriteFramesError, write_frames};
