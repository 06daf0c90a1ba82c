//! Reading the Huffman-coded bits of a DCT scan (ITU-T T.81 Annex C and F.2.2).

use super::huffman::MAX_CODE;

/// Codes up to this length are found at once.
const LOOKUP: u32 = 9;

/// A Huffman table for decoding (F.2.2.3).
#[derive(Clone)]
pub(super) struct Decoding {
    /// The symbol and the length of the code that these bits begin with; length 0 for a longer code.
    lookup: Vec<(u8, u8)>,
    /// The first code of each length, the first symbol of it, and how many there are.
    lengths: [(u32, usize, u32); MAX_CODE],
    symbols: Vec<u8>,
}

impl Decoding {
    /// The table of a DHT segment: how many codes of each length, and their symbols; none where there
    /// are more codes than a length has.
    pub fn new(lengths: &[u8], symbols: &[u8]) -> Option<Self> {
        let (mut code, mut first) = (0_u32, 0);
        let mut found = [(0, 0, 0); MAX_CODE];
        let mut lookup = vec![(0, 0); 1 << LOOKUP];
        for (index, count) in lengths.iter().enumerate() {
            let length = index as u32 + 1;
            found[index] = (code, first, u32::from(*count));
            if code + u32::from(*count) > 1 << length {
                return None;
            }
            for symbol in symbols.get(first..first + usize::from(*count))? {
                if let Some(unused) = LOOKUP.checked_sub(length) {
                    let begin = (code << unused) as usize;
                    lookup[begin..begin + (1 << unused)].fill((*symbol, length as u8));
                }
                code += 1;
            }
            first += usize::from(*count);
            code <<= 1;
        }
        Some(Self { lookup, lengths: found, symbols: symbols.to_vec() })
    }

    /// The next symbol; none where the bits are no code, or end.
    pub fn symbol(&self, bits: &mut BitReader<'_>) -> Option<u8> {
        let (symbol, length) = self.lookup[bits.peek(LOOKUP) as usize];
        if length > 0 {
            return bits.skip(length.into()).then_some(symbol);
        }
        let mut code = bits.take(LOOKUP)?;
        for (first_code, first_symbol, count) in &self.lengths[LOOKUP as usize..] {
            code = code << 1 | bits.take(1)?;
            if code.wrapping_sub(*first_code) < *count {
                return self.symbols.get(first_symbol + (code - first_code) as usize).copied();
            }
        }
        None
    }
}

/// The bits of a scan, without the zeros that are stuffed behind bytes of ones.
pub(super) struct BitReader<'a> {
    data: &'a [u8],
    at: usize,
    cache: u64,
    valid: u32,
}

impl<'a> BitReader<'a> {
    /// Reads the data of one scan, which may hold restart markers.
    pub fn new(data: &'a [u8]) -> Self {
        Self { data, at: 0, cache: 0, valid: 0 }
    }

    /// Fills the cache as far as the next marker.
    fn fill(&mut self) {
        while self.valid <= 56 {
            let Some(byte) = self.data.get(self.at) else { return };
            if *byte == 0xFF {
                if self.data.get(self.at + 1) != Some(&0) {
                    return; // a marker
                }
                self.at += 1;
            }
            self.at += 1;
            self.cache = self.cache << 8 | u64::from(*byte);
            self.valid += 8;
        }
    }

    /// The next bits, zeros behind the last one.
    fn peek(&mut self, count: u32) -> u32 {
        if self.valid < count {
            self.fill();
        }
        let bits = match self.valid.checked_sub(count) {
            Some(unused) => self.cache >> unused,
            None => self.cache << (count - self.valid),
        };
        bits as u32 & ((1 << count) - 1)
    }

    /// Passes bits; whether there were so many.
    fn skip(&mut self, count: u32) -> bool {
        let enough = self.valid >= count;
        self.valid = self.valid.saturating_sub(count);
        enough
    }

    /// The next bits, at most 16; none where they end.
    fn take(&mut self, count: u32) -> Option<u32> {
        let bits = self.peek(count);
        self.skip(count).then_some(bits)
    }

    /// A number of this size (F.2.2.1), at most 16.
    pub fn number(&mut self, size: u32) -> Option<i32> {
        if size == 0 {
            return Some(0);
        }
        let bits = self.take(size)? as i32;
        Some(if bits < 1 << (size - 1) { bits - (1 << size) + 1 } else { bits })
    }

    /// Passes the padding and this restart marker, which must come next.
    pub fn restart(&mut self, marker: u8) -> Option<()> {
        if self.valid >= 8 || self.data.get(self.at..self.at + 2)? != [0xFF, marker] {
            return None;
        }
        (self.cache, self.valid) = (0, 0);
        self.at += 2;
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::deid::pixels::huffman::{BitWriter, Table};
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_was_written_is_read(
            symbols in proptest::collection::vec((any::<u8>(), 0..=16_usize, any::<u16>()), 1..300),
            skew in 0..40_u32,
        ) {
            let mut counts = [0_u64; 256];
            for (symbol, ..) in &symbols {
                counts[usize::from(*symbol)] += 1 << (u32::from(*symbol) * skew / 256);
            }
            let table = Table::best(&counts);
            let mut bits = BitWriter::new(Vec::new());
            let number = |size: usize, value: u16| match size {
                0 => 0,
                _ => i32::from(value) >> (16 - size) | 1 << (size - 1),
            };
            for (symbol, size, value) in &symbols {
                table.put_number((*symbol).into(), number(*size, *value), *size, &mut bits);
            }
            bits.pad();
            let data = bits.finish();
            let decoding = Decoding::new(&table.lengths, &table.symbols).expect("a table");
            let mut bits = BitReader::new(&data);
            for (symbol, size, value) in &symbols {
                prop_assert_eq!(decoding.symbol(&mut bits), Some(*symbol));
                prop_assert_eq!(bits.number(*size as u32), Some(number(*size, *value)));
            }
        }
    }

    #[test]
    fn bits_that_are_not_there_are_not_made_up() {
        let decoding = Decoding::new(&[0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0], &[7]);
        let decoding = decoding.expect("a table");
        let mut bits = BitReader::new(&[0b0000_0011]);
        assert_eq!((0..4).filter_map(|_| decoding.symbol(&mut bits)).count(), 3);
        assert!(bits.number(3).is_none());
        let mut bits = BitReader::new(&[0b0001_1111, 0xFF, 0xD0, 0]);
        assert_eq!(decoding.symbol(&mut bits), Some(7));
        assert!(bits.restart(0xD1).is_none());
        assert!(bits.restart(0xD0).is_some());
        assert_eq!(decoding.symbol(&mut bits), Some(7));
    }
}
