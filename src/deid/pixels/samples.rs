//! Samples of a frame in memory: what a stored value is, and how it is written.
//! (PS3.5 8.1.1: the value is `bits_stored` wide and ends at `high_bit`.)

use super::layout::{Photometric, PixelLayout};
use super::source::Frame;

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

    /// A number that orders samples as their values are ordered, and is equal only for equal ones;
    /// for floats the total order of IEEE 754, in which every NaN has its place.
    pub fn order(&self, sample: &[u8]) -> u64 {
        const SIGN: u64 = 1 << 63;
        if !self.float {
            return self.stored(sample) as u64 ^ SIGN;
        }
        let bits = Self::raw(sample) << (64 - 8 * self.bytes);
        if bits & SIGN == 0 { bits | SIGN } else { !bits }
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

/// Repeats the sign of decoded samples of up to 16 bits, of which a codestream has the lower ones.
pub(super) fn extend_sign(data: &mut [u8], layout: &PixelLayout, precision: u16) {
    let unused = 16_u32.saturating_sub(precision.into());
    for sample in data.chunks_exact_mut(layout.sample_bytes().max(1)) {
        let bits = match *sample {
            [low] => u16::from(low),
            [low, high] => u16::from_le_bytes([low, high]),
            _ => continue,
        };
        let value = (bits << unused) as i16 >> unused;
        let bytes = value.to_le_bytes();
        sample.copy_from_slice(&bytes[..sample.len()]);
    }
}

/// Whether every pixel has the same bits, those aside that are no part of a value. The only reason
/// for a frame to be read as one without text.
pub(super) fn is_constant(frame: &Frame, layout: &PixelLayout) -> bool {
    let same = |data: &[u8], unit: usize| {
        let first = data.get(..unit).unwrap_or_default();
        data.chunks(unit.max(1)).all(|other| other == first)
    };
    let mut data = frame.data.clone();
    let bytes = layout.sample_bytes();
    match (layout.bits_allocated, layout.photometric) {
        (1, _) => {
            let used = layout.frame_bits() as usize;
            let bit = |index: usize| data.get(index / 8).map(|byte| byte >> (index % 8) & 1);
            return (1..used).all(|index| bit(index) == bit(0));
        }
        (_, Photometric::YbrFull422) => {
            return same(&data, 4) && data.get(..1) == data.get(1..2);
        }
        _ => SampleForm::of(layout).clear_unused(&mut data),
    };
    match layout.planar {
        true => data.chunks((layout.pixels() as usize * bytes).max(1)).all(|p| same(p, bytes)),
        false => same(&data, bytes * usize::from(layout.samples_per_pixel)),
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
    fn samples_are_ordered_as_their_values_are() {
        let ascending = |form: SampleForm, samples: &[[u8; 4]]| {
            let order: Vec<u64> = samples.iter().map(|s| form.order(&s[..form.bytes])).collect();
            assert!(order.is_sorted_by(|a, b| a < b), "{order:?}");
        };
        let words = |value: i16| [value.to_le_bytes(), [0, 0]].concat().try_into().expect("four");
        ascending(form(16, 0, true), &[-32768, -1, 0, 1, 32767].map(words));
        let float = SampleForm { bytes: 4, bits: 32, low_bit: 0, signed: true, float: true };
        let values = [-f32::INFINITY, f32::MIN, -1.0, -0.0, 0.0, 1e-40, 1.0, f32::MAX];
        let numbers = values.into_iter().chain([f32::INFINITY, f32::NAN]);
        ascending(float, &numbers.map(f32::to_le_bytes).collect::<Vec<_>>());
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
