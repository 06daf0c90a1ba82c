//! Native pixels in the byte order of Explicit VR Big Endian (PS3.5 A.3).

use std::io::{self, ErrorKind, Write};

/// Words are turned in pieces of about this length.
const PIECE_BYTES: usize = 64 * 1024;

/// Writes little-endian words as big-endian ones.
pub struct BigWords<W: Write> {
    out: W,
    /// Bytes of a word.
    word: usize,
    /// The beginning of a word.
    pending: Vec<u8>,
}

impl<W: Write> BigWords<W> {
    /// Words of so many bytes, at least one.
    pub fn new(out: W, word: usize) -> Self {
        Self { out, word, pending: Vec::new() }
    }

    /// An error where the value ended inside a word.
    pub fn finish(self) -> io::Result<()> {
        if self.pending.is_empty() { Ok(()) } else { Err(ErrorKind::InvalidData.into()) }
    }
}

impl<W: Write> Write for BigWords<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let bytes = &bytes[..bytes.len().min(PIECE_BYTES)];
        self.pending.extend_from_slice(bytes);
        let whole = self.pending.len() / self.word * self.word;
        self.pending[..whole].chunks_exact_mut(self.word).for_each(<[u8]>::reverse);
        self.out.write_all(&self.pending[..whole])?;
        self.pending.drain(..whole);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_turned_wherever_writes_cut_them() {
        let bytes: Vec<u8> = (0..=255).cycle().take(3 * PIECE_BYTES).collect();
        for (word, cut) in [(2, 1), (2, 7), (4, 5), (8, 3), (4, PIECE_BYTES + 1)] {
            let mut out = Vec::new();
            let mut words = BigWords::new(&mut out, word);
            bytes.chunks(cut).for_each(|piece| words.write_all(piece).expect("written"));
            words.finish().expect("whole words");
            let turned: Vec<u8> =
                bytes.chunks(word).flat_map(|w| w.iter().rev().copied()).collect();
            assert!(out == turned, "{word} {cut}");
        }
        let mut words = BigWords::new(Vec::new(), 2);
        words.write_all(&[1, 2, 3]).expect("written");
        assert!(words.finish().is_err());
    }
}
