//! The chunks of a PNG (PNG 3rd edition, section 5): a result has those that its pixels need, and no other.

use super::failed;
use crate::deid::examine::StepError;
use std::fs::File;
use std::io::{BufReader, ErrorKind, Read, Seek};

/// What may stay, and how long it may be.
const CHUNKS: [(&[u8; 4], u32); 10] = [
    (b"IHDR", 13),
    (b"PLTE", 768),
    (b"tRNS", 256),
    (b"gAMA", 4),
    (b"sRGB", 1),
    (b"cHRM", 32),
    (b"sBIT", 4),
    (b"pHYs", 9),
    (b"IDAT", i32::MAX as u32),
    (b"IEND", 0),
];

/// The density of so many dots per inch: pixels per metre.
pub(super) fn per_metre(dpi: u16) -> u32 {
    (f64::from(dpi) / 0.0254).round() as u32
}

/// Checks that a result holds nothing else, not behind its end either, and its density.
pub(super) fn check(mut file: &File, dpi: u16) -> Result<(), StepError> {
    file.rewind()?;
    let mut reader = BufReader::new(file);
    reader.read_exact(&mut [0; 8])?;
    let mut density = None;
    loop {
        let mut head = [0; 8];
        if let Err(error) = reader.read_exact(&mut head) {
            return Err(match error.kind() {
                ErrorKind::UnexpectedEof => failed("a PNG without an end").into(),
                _ => error.into(),
            });
        }
        let [a, b, c, d, name @ ..] = head;
        let length = u32::from_be_bytes([a, b, c, d]);
        if !CHUNKS.iter().any(|(known, most)| **known == name && length <= *most) {
            return Err(failed("a chunk that pixels do not need").into());
        }
        match &name {
            b"pHYs" => {
                let mut body = [0; 9];
                reader.read_exact(&mut body)?;
                density = Some(body);
                reader.seek_relative(4)?;
            }
            b"IEND" => {
                reader.seek_relative(4)?;
                break;
            }
            _ => reader.seek_relative(i64::from(length) + 4)?,
        }
    }
    if reader.read(&mut [0])? > 0 {
        return Err(failed("bytes behind the end of a PNG").into());
    }
    let dots = per_metre(dpi).to_be_bytes();
    match density.is_some_and(|body| body[..4] == dots && body[4..8] == dots && body[8] == 1) {
        true => Ok(()),
        false => Err(failed("another density than was asked for").into()),
    }
}
