//! The pixels: decode one frame, render it for reading, fill boxes.
