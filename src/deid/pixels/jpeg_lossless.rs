//! Writing JPEG lossless, process 14 with the first predictor (ITU-T T.81 Annex H), which is what both
//! transfer syntaxes of it can hold. Each frame is decoded by `jpeg-decoder` before it is believed.

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
    let mut counts = [0_u64; SIZES];
    differences(frame, layout, form.precision, |difference| counts[size_of(difference)] += 1);
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
    differences(frame, layout, form.precision, |difference| {
        let size = size_of(difference);
        table.put(size, &mut bits);
        if (1..16).contains(&size) {
            bits.put_number(difference, size);
        }
    });
    bits.marker(0xD9);
    Some(bits.finish())
}

/// The differences of all samples from what is predicted, in the order of the scan (H.1.2.1).
fn differences(frame: &[u8], layout: &PixelLayout, precision: u8, mut each: impl FnMut(i32)) {
    let (bytes, components) = (layout.sample_bytes(), usize::from(layout.samples_per_pixel));
    let row_samples = usize::from(layout.columns) * components;
    let mask = (1 << precision) - 1;
    let sample = |bytes: &[u8]| {
        let high = bytes.get(1).copied().unwrap_or(0);
        i32::from(u16::from_le_bytes([bytes[0], high])) & mask
    };
    let mut first = vec![1 << (precision - 1); components];
    let mut left = vec![0; components];
    for row in frame.chunks_exact(row_samples * bytes) {
        left.copy_from_slice(&first);
        for (index, bytes) in row.chunks_exact(bytes).enumerate() {
            let component = index % components;
            let sample = sample(bytes);
            // modulo 2^16 (H.1.2.1), where 32768 has no negative twin
            let difference = i32::from((sample - left[component]) as i16);
            each(if difference == -32768 { 32768 } else { difference });
            left[component] = sample;
            if index < components {
                first[component] = sample;
            }
        }
    }
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
