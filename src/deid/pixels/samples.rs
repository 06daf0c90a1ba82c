//! Samples of a frame in memory: what a stored value is, and how it is written.
//! (PS3.5 8.1.1: the value is `bits_stored` wide and ends at `high_bit`.)

use super::layout::PixelLayout;

/// Turns sample bytes into stored values and back; for every width but 1 bit.
#[derive(Debug, Clone, Copy)]
pub(super) struct SampleForm {
    bytes: usize,
    bits: u32,
    low_bit: u32,
    signed: bool,
    float: bool,
}

impl SampleForm {
    /// The form of the samples of `layout`.
    pub fn of(layout: &PixelLayout) -> Self {
        Self {
            bytes: layout.sample_bytes(),
            bits: u32::from(layout.bits_stored),
            low_bit: u32::from(layout.low_bit()),
            signed: layout.signed,
            float: layout.float,
        }
    }

    /// The lowest and the highest stored value. Values of 64 unsigned bits are cut to 63.
    pub fn range(&self) -> (i64, i64) {
        match (self.signed, self.bits) {
            (true, bits) => (i64::MIN >> (64 - bits), i64::MAX >> (64 - bits)),
            (false, 64) => (0, i64::MAX),
            (false, bits) => (0, (1 << bits) - 1),
        }
    }

    /// The sample bytes as a number, without regard to what its bits mean.
    fn raw(sample: &[u8]) -> u64 {
        match *sample {
            [a] => u64::from(a),
            [a, b] => u64::from(u16::from_le_bytes([a, b])),
            [a, b, c, d] => u64::from(u32::from_le_bytes([a, b, c, d])),
            [a, b, c, d, e, f, g, h] => u64::from_le_bytes([a, b, c, d, e, f, g, h]),
            _ => 0,
        }
    }

    /// The stored value of an integer sample.
    pub fn stored(&self, sample: &[u8]) -> i64 {
        // Shift the value to the top, and back with or without the sign.
        let top = Self::raw(sample) << (64 - self.bits - self.low_bit);
        match self.signed {
            true => top as i64 >> (64 - self.bits),
            false => (top >> (64 - self.bits)) as i64,
        }
    }

    /// The sample bytes of a stored value: unused high bits repeat the sign or are zero, unused
    /// low bits are zero.
    pub fn bytes_of(&self, stored: i64) -> Vec<u8> {
        let raw = (stored as u64) << self.low_bit;
        raw.to_le_bytes()[..self.bytes].to_vec()
    }

    /// The sample as a number for display; NaN for a float that is none.
    pub fn shown(&self, sample: &[u8]) -> f64 {
        match (self.float, self.bytes) {
            (true, 4) => f64::from(f32::from_bits(Self::raw(sample) as u32)),
            (true, _) => f64::from_bits(Self::raw(sample)),
            (false, _) => self.stored(sample) as f64,
        }
    }

    /// Clears the bits that are not part of the value; returns how many samples changed.
    pub fn clear_unused(&self, data: &mut [u8]) -> u64 {
        if self.float || self.bytes == 0 || self.bits as usize == self.bytes * 8 {
            return 0;
        }
        // per width, so that the compiler does many samples at once
        macro_rules! clear {
            ($unsigned:ty, $signed:ty) => {{
                let (above, bits) =
                    (<$unsigned>::BITS - self.bits - self.low_bit, <$unsigned>::BITS - self.bits);
                let (signed, low_bit) = (self.signed, self.low_bit);
                let mut changed = 0;
                for sample in data.as_chunks_mut::<{ size_of::<$unsigned>() }>().0 {
                    let raw = <$unsigned>::from_le_bytes(*sample);
                    let top = raw << above;
                    let value =
                        if signed { ((top as $signed) >> bits) as $unsigned } else { top >> bits };
                    let clean = value << low_bit;
                    changed += u64::from(clean != raw);
                    *sample = clean.to_le_bytes();
                }
                changed
            }};
        }
        match self.bytes {
            1 => clear!(u8, i8),
            2 => clear!(u16, i16),
            4 => clear!(u32, i32),
            _ => clear!(u64, i64),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form(bits: u32, low_bit: u32, signed: bool) -> SampleForm {
        SampleForm { bytes: 2, bits, low_bit, signed, float: false }
    }

    #[test]
    fn stored_values_are_cut_out_of_their_bits() {
        assert_eq!(form(12, 0, false).stored(&[0xFF, 0xFF]), 4095);
        assert_eq!(form(12, 0, true).stored(&[0xFF, 0x0F]), -1);
        assert_eq!(form(12, 4, false).stored(&[0x1F, 0x80]), 0x801);
        assert_eq!(form(16, 0, true).range(), (-32768, 32767));
        assert_eq!(form(12, 0, false).range(), (0, 4095));
        assert_eq!(form(12, 4, true).bytes_of(-2048), [0, 0x80]);
        assert_eq!(form(12, 0, true).bytes_of(-2048), [0, 0xF8]);
    }

    #[test]
    fn unused_bits_go_and_values_stay() {
        let mut data = [0x34, 0xA2, 0x00, 0x02];
        assert_eq!(form(12, 0, false).clear_unused(&mut data), 1);
        assert_eq!(data, [0x34, 0x02, 0x00, 0x02]);
        let mut signed = [0xFF, 0x0F];
        assert_eq!(form(12, 0, true).clear_unused(&mut signed), 1);
        assert_eq!(signed, [0xFF, 0xFF]);
    }
}
