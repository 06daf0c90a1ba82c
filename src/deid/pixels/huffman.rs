//! Huffman tables and the bits of JPEG (ITU-T T.81 Annex C, F and K.2).

/// The longest code.
pub(super) const MAX_CODE: usize = 16;

/// A table: how many codes of each length, and the symbols in the order of codes.
pub(super) struct Table {
    pub lengths: [u8; MAX_CODE],
    pub symbols: Vec<u8>,
    /// Code and length of each symbol; length 0 for one that has none.
    codes: Vec<(u32, u32)>,
}

impl Table {
    /// The shortest for symbols that occur so often, as K.2 makes it; `counts` are by symbol, at
    /// most 256.
    pub fn best(counts: &[u64]) -> Self {
        let depths = depths(counts);
        let unused = counts.len();
        let mut lengths = [0_u16; 258];
        depths.iter().for_each(|depth| lengths[*depth] += 1);
        lengths[0] = 0;
        for length in (MAX_CODE + 1..lengths.len()).rev() {
            while lengths[length] > 0 {
                let mut shorter = length - 2;
                while lengths[shorter] == 0 {
                    shorter -= 1;
                }
                lengths[length] -= 2;
                lengths[length - 1] += 1;
                lengths[shorter + 1] += 2;
                lengths[shorter] -= 1;
            }
        }
        // The code of all ones belongs to the symbol that never occurs.
        if let Some(longest) = lengths.iter_mut().rev().find(|count| **count > 0) {
            *longest -= 1;
        }
        let mut symbols: Vec<usize> = (0..unused).filter(|symbol| counts[*symbol] > 0).collect();
        symbols.sort_by_key(|symbol| (depths[*symbol], *symbol));
        // 256 symbols and one that never occurs: no length has more than 255.
        let counted = std::array::from_fn(|index| lengths[index + 1] as u8);
        let symbols: Vec<u8> = symbols.iter().map(|symbol| *symbol as u8).collect();
        let codes = codes(&counted, &symbols, counts.len());
        Self { lengths: counted, symbols, codes }
    }

    /// Appends the segment of one table; `class_and_id` as in B.2.4.2.
    pub fn write(&self, class_and_id: u8, out: &mut Vec<u8>) {
        let length = (19 + self.symbols.len()) as u16;
        out.extend([0xFF, 0xC4]);
        out.extend(length.to_be_bytes());
        out.push(class_and_id);
        out.extend(self.lengths);
        out.extend(&self.symbols);
    }

    /// Appends the code of a symbol and behind it so many bits of a number, at most 16.
    pub fn put_number(&self, symbol: usize, value: i32, size: usize, bits: &mut BitWriter) {
        let (code, length) = self.codes[symbol];
        bits.put(code << size | low_bits(value, size), length + size as u32);
    }
}

fn codes(lengths: &[u8; MAX_CODE], symbols: &[u8], count: usize) -> Vec<(u32, u32)> {
    let mut codes = vec![(0, 0); count];
    let (mut code, mut next) = (0, symbols.iter());
    for (index, count) in lengths.iter().enumerate() {
        for symbol in next.by_ref().take((*count).into()) {
            codes[usize::from(*symbol)] = (code, index as u32 + 1);
            code += 1;
        }
        code <<= 1;
    }
    codes
}

/// How deep each symbol is in a Huffman tree, and behind them one that never occurs; 0 for what is
/// not there.
fn depths(counts: &[u64]) -> Vec<usize> {
    let mut trees: Vec<(u64, Vec<usize>)> = Vec::new();
    for (symbol, count) in counts.iter().enumerate().filter(|(_, count)| **count > 0) {
        trees.push((count + 1, vec![symbol]));
    }
    trees.push((1, vec![counts.len()]));
    let mut depths = vec![0; counts.len() + 1];
    while trees.len() > 1 {
        trees.sort_by_key(|tree| std::cmp::Reverse(tree.0));
        let (Some(least), Some(second)) = (trees.pop(), trees.pop()) else { break };
        let joined: Vec<usize> = [least.1, second.1].concat();
        joined.iter().for_each(|symbol| depths[*symbol] += 1);
        trees.push((least.0 + second.0, joined));
    }
    depths
}

/// The size of a number without its sign, in bits (F.1.2.1).
pub(super) fn size_of(value: i32) -> usize {
    (32 - value.unsigned_abs().leading_zeros()) as usize
}

/// The bits that stand for a number of this size (F.1.2.1.1).
fn low_bits(value: i32, size: usize) -> u32 {
    (value + (value >> 31)) as u32 & ((1 << size) - 1)
}

/// Whether one of four bytes has all bits set.
pub(super) fn has_ones(four: u32) -> bool {
    let zeros = !four;
    zeros.wrapping_sub(0x0101_0101) & !zeros & 0x8080_8080 != 0
}

/// Writes the bits of a scan: behind a byte of ones comes a zero.
pub(super) struct BitWriter {
    out: Vec<u8>,
    cache: u64,
    pending: u32,
}

impl BitWriter {
    /// Appends to these bytes.
    pub fn new(out: Vec<u8>) -> Self {
        Self { out, cache: 0, pending: 0 }
    }

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
        if self.pending >= 32 {
            let four = (self.cache >> (self.pending - 32)) as u32;
            if !has_ones(four) {
                self.out.extend(four.to_be_bytes());
                self.pending -= 32;
                return;
            }
        }
        while self.pending >= 8 {
            self.pending -= 8;
            let byte = (self.cache >> self.pending) as u8;
            self.out.push(byte);
            if byte == 0xFF {
                self.out.push(0);
            }
        }
    }

    /// Fills the last byte with ones (F.1.2.3).
    pub fn pad(&mut self) {
        self.flush();
        if self.pending > 0 {
            let missing = 8 - self.pending;
            self.put((1 << missing) - 1, missing);
        }
        self.flush();
    }

    /// Ends the last byte with a marker.
    pub fn marker(&mut self, marker: u8) {
        self.pad();
        self.out.extend([0xFF, marker]);
    }

    /// What was written; after [`Self::marker`], all of it.
    pub fn finish(self) -> Vec<u8> {
        self.out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn very_uneven_counts_have_codes_of_sixteen_bits_at_most() {
        for count in [1, 2, 17, 40, 256] {
            let counts: Vec<u64> = (0..count).map(|symbol| 1_u64 << (symbol % 45)).collect();
            let table = Table::best(&counts);
            let total: usize = table.lengths.iter().map(|count| usize::from(*count)).sum();
            assert_eq!(total, count);
            let spread: f64 = table.codes.iter().map(|(_, l)| 0.5_f64.powi(*l as i32)).sum();
            assert!(spread < 1.0 && table.codes.iter().all(|(_, l)| (1..=16).contains(l)));
            let ones = table.codes.iter().any(|(code, length)| *code == (1 << length) - 1);
            assert!(!ones, "no code is all ones");
        }
    }
}
