//! The bits of a JPEG-LS scan: after a byte of ones, the next has seven bits (ITU-T T.87 A.1 and 9.1).

use crate::deid::pixels::huffman::has_ones;

/// The scan is not what an encoder writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Damaged;

/// Reads the bits of one scan, up to the next marker.
pub(super) struct BitReader<'a> {
    data: &'a [u8],
    at: usize,
    cache: u64,
    /// Valid bits of `cache`, from the top.
    valid: u32,
}

impl<'a> BitReader<'a> {
    pub fn new(data: &'a [u8]) -> Self {
        Self { data, at: 0, cache: 0, valid: 0 }
    }

    fn fill(&mut self) {
        if self.valid <= 32 && self.at > 0 && self.data[self.at - 1] != 0xFF {
            let next = self.data.get(self.at..).and_then(|rest| rest.first_chunk());
            if let Some(four) = next.filter(|four| !has_ones(u32::from_be_bytes(**four))) {
                self.cache |= u64::from(u32::from_be_bytes(*four)) << 32 >> self.valid;
                self.valid += 32;
                self.at += four.len();
                return;
            }
        }
        while self.valid <= 48 {
            let Some(&byte) = self.data.get(self.at) else { return };
            let stuffed = self.at > 0 && self.data[self.at - 1] == 0xFF;
            if stuffed && byte >= 0x80 {
                return; // a marker: its first byte was taken for ones
            }
            if byte == 0xFF && self.data.get(self.at + 1).is_some_and(|next| *next >= 0x80) {
                return;
            }
            let bits = if stuffed { 7 } else { 8 };
            self.cache |= u64::from(byte) << (64 - bits) >> self.valid;
            self.valid += bits;
            self.at += 1;
        }
    }

    /// So many bits as a number; at most 32.
    pub fn take(&mut self, count: u32) -> Result<u32, Damaged> {
        if count == 0 {
            return Ok(0);
        }
        if self.valid < count {
            self.fill();
            if self.valid < count {
                return Err(Damaged);
            }
        }
        let value = (self.cache >> (64 - count)) as u32;
        self.cache <<= count;
        self.valid -= count;
        Ok(value)
    }

    /// The number of zeros before the next one, which is taken as well; more than `most` is damage.
    pub fn zeros(&mut self, most: u32) -> Result<u32, Damaged> {
        let mut total = 0;
        loop {
            if self.valid == 0 {
                self.fill();
                if self.valid == 0 {
                    return Err(Damaged);
                }
            }
            let zeros = self.cache.leading_zeros().min(self.valid);
            total += zeros;
            if total > most {
                return Err(Damaged);
            }
            let found = zeros < self.valid;
            let used = zeros + u32::from(found);
            self.cache = self.cache.checked_shl(used).unwrap_or(0);
            self.valid -= used;
            if found {
                return Ok(total);
            }
        }
    }
}

/// Writes the bits of one scan.
#[derive(Default)]
pub(super) struct BitWriter {
    out: Vec<u8>,
    cache: u64,
    /// Bits in `cache`, at its lower end.
    pending: u32,
}

impl BitWriter {
    /// Appends the lower bits of a number; at most 32.
    pub fn put(&mut self, value: u32, count: u32) {
        self.cache = self.cache << count | u64::from(value);
        self.pending += count;
        if self.pending >= 32 {
            self.flush();
        }
    }

    /// Writes the whole bytes that are pending.
    fn flush(&mut self) {
        if self.pending >= 32 && self.out.last() != Some(&0xFF) {
            let four = (self.cache >> (self.pending - 32)) as u32;
            if !has_ones(four) {
                self.out.extend(four.to_be_bytes());
                self.pending -= 32;
                return;
            }
        }
        loop {
            let bits = if self.out.last() == Some(&0xFF) { 7 } else { 8 };
            if self.pending < bits {
                break;
            }
            self.pending -= bits;
            self.out.push((self.cache >> self.pending) as u8 & (0xFF >> (8 - bits)));
        }
    }

    /// Appends so many zeros.
    pub fn zeros(&mut self, mut count: u32) {
        while count > 0 {
            let some = count.min(24);
            self.put(0, some);
            count -= some;
        }
    }

    /// The bytes, the last one padded with zeros, and no byte of ones at the end.
    pub fn finish(mut self) -> Vec<u8> {
        self.flush();
        let bits = if self.out.last() == Some(&0xFF) { 7 } else { 8 };
        if self.pending > 0 || bits == 7 {
            self.put(0, bits - self.pending);
            self.flush();
        }
        self.out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ones_are_followed_by_a_stuffed_zero_and_read_back() {
        let mut writer = BitWriter::default();
        writer.put(0xFFFF, 16);
        writer.zeros(40);
        writer.put(1, 1);
        writer.put(0b1010, 4);
        let bytes = writer.finish();
        assert_eq!(bytes[..3], [0xFF, 0x7F, 0x80]);
        let mut reader = BitReader::new(&bytes);
        assert_eq!(reader.take(16), Ok(0xFFFF));
        assert_eq!(reader.zeros(40), Ok(40));
        assert_eq!(reader.take(4), Ok(0b1010));
        assert_eq!(reader.take(20), Err(Damaged));
    }

    #[test]
    fn a_marker_ends_the_bits() {
        let mut reader = BitReader::new(&[0x12, 0xFF, 0xD9]);
        assert_eq!(reader.take(8), Ok(0x12));
        assert_eq!(reader.take(1), Err(Damaged));
    }
}
