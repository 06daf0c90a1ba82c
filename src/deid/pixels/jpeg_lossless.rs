//! Writing JPEG lossless, process 14 with the first predictor (ITU-T T.81 Annex H), which is what both
//! transfer syntaxes of it can hold.

use super::huffman::{BitWriter, Table, size_of};
use super::layout::PixelLayout;

/// The sizes of differences that have a code: 0 to 16 bits.
const SIZES: usize = 17;

/// What a frame says before its data.
pub(super) struct FrameForm<'a> {
    pub precision: u8,
    /// Identifiers of the components: readers tell colours by them.
    pub ids: &'a [u8],
    /// Marker segments that say what the colours are.
    pub markers: &'a [u8],
}

/// Encodes one frame, colour by pixel; none for a form that lossless JPEG does not have.
pub(super) fn encode(frame: &[u8], layout: &PixelLayout, form: &FrameForm<'_>) -> Option<Vec<u8>> {
    let components = usize::from(layout.samples_per_pixel);
    if !(2..=16).contains(&form.precision) || form.ids.len() != components {
        return None;
    }
    let differences = differences(frame, layout, form.precision);
    let mut counts = [0_u64; SIZES];
    differences.iter().for_each(|difference| counts[size_of((*difference).into())] += 1);
    let table = Table::best(&counts);
    let mut out = vec![0xFF, 0xD8];
    out.extend_from_slice(form.markers);
    out.extend([0xFF, 0xC3, 0, (8 + 3 * components) as u8, form.precision]);
    out.extend(layout.rows.to_be_bytes());
    out.extend(layout.columns.to_be_bytes());
    out.push(components as u8);
    form.ids.iter().for_each(|id| out.extend([*id, 0x11, 0]));
    table.write(0, &mut out);
    out.extend([0xFF, 0xDA, 0, (6 + 2 * components) as u8, components as u8]);
    form.ids.iter().for_each(|id| out.extend([*id, 0]));
    out.extend([1, 0, 0]);
    let mut bits = BitWriter::new(out);
    for difference in differences {
        let size = size_of(difference.into());
        // 32768 has a size of its own, and no bits behind it (H.1.2.2).
        let bits_behind = if size < SIZES - 1 { size } else { 0 };
        table.put_number(size, difference.into(), bits_behind, &mut bits);
    }
    bits.marker(0xD9);
    Some(bits.finish())
}

/// The differences of all samples from what is predicted, modulo 2^16, in the order of the scan (H.1.2.1).
/// -32768 stands for 32768, which has no negative twin.
fn differences(frame: &[u8], layout: &PixelLayout, precision: u8) -> Vec<i16> {
    let mask = ((1_u32 << precision) - 1) as u16;
    let words = |pair: &[u8]| u16::from_le_bytes([pair[0], pair[1]]) & mask;
    let samples: Vec<u16> = match layout.sample_bytes() {
        1 => frame.iter().map(|byte| u16::from(*byte) & mask).collect(),
        _ => frame.chunks_exact(2).map(words).collect(),
    };
    let components = usize::from(layout.samples_per_pixel);
    let mut first = vec![1_u16 << (precision - 1); components];
    let mut differences = Vec::with_capacity(samples.len());
    let from = |(sample, predicted): (&u16, &u16)| sample.wrapping_sub(*predicted) as i16;
    for row in samples.chunks_exact(usize::from(layout.columns) * components) {
        let (begin, rest) = row.split_at(components);
        differences.extend(begin.iter().zip(&first).map(from));
        differences.extend(rest.iter().zip(row).map(from));
        first.copy_from_slice(begin);
    }
    differences
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::deid::pixels::jpeg;
    use crate::deid::pixels::layout::tests::layout;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn another_library_decodes_what_was_encoded(
            colour in any::<bool>(), precision in 2..=16_u8, rows in 1..6_u16, columns in 1..40_u16,
            noise in proptest::collection::vec(any::<u16>(), 720), smooth in 1..2000_u16,
        ) {
            let bits = if precision > 8 { 16 } else { 8 };
            let mut layout = layout(if colour { "RGB" } else { "MONOCHROME2" }, rows, columns, bits);
            (layout.bits_stored, layout.high_bit) = (precision.into(), u16::from(precision) - 1);
            let samples = usize::from(rows) * usize::from(columns) * if colour { 3 } else { 1 };
            let mask = ((1_u32 << precision) - 1) as u16;
            let frame: Vec<u8> = noise[..samples]
                .iter()
                .map(|value| if smooth > 1000 { *value } else { value % smooth } & mask)
                .flat_map(|value| value.to_le_bytes()[..usize::from(bits / 8)].to_vec())
                .collect();
            let form = FrameForm { precision, ids: if colour { b"RGB" } else { &[1] }, markers: &[] };
            let encoded = encode(&frame, &layout, &form).expect("a form of lossless JPEG");
            prop_assert_eq!(jpeg::decode(&encoded, &layout, &layout), Ok(frame));
        }
    }
}
