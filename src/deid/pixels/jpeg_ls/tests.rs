use super::*;
use crate::deid::pixels::layout::tests::layout;
use crate::deid::pixels::second_opinion;
use proptest::prelude::*;

const ALL: [Interleave; 3] = [Interleave::None, Interleave::Line, Interleave::Sample];

proptest! {
    #[test]
    fn what_is_encoded_decodes_to_itself_in_every_interleave(
        colour in any::<bool>(), precision in 2..=16_u16, rows in 1..8_u16, columns in 1..70_u16,
        noise in proptest::collection::vec(any::<u16>(), 64), kind in 0..3_u8,
    ) {
        let bits = if precision > 8 { 16 } else { 8 };
        let mut layout = layout(if colour { "RGB" } else { "MONOCHROME2" }, rows, columns, bits);
        (layout.bits_stored, layout.high_bit) = (precision, precision - 1);
        let samples = usize::from(rows) * usize::from(columns) * usize::from(layout.samples_per_pixel);
        let mask = ((1_u32 << precision) - 1) as u16;
        let value = |at: usize| match kind {
            0 => noise[at % 64].rotate_left(at as u32 / 64), // noise
            1 => noise[at / 40 % 64], // runs
            _ => (noise[0] as usize / 64 + at / 3) as u16, // a ramp
        };
        let frame: Vec<u8> = (0..samples)
            .map(|at| value(at) & mask)
            .flat_map(|value| value.to_le_bytes()[..usize::from(bits / 8)].to_vec())
            .collect();
        for interleave in if colour { &ALL[..] } else { &ALL[..1] } {
            let encoded = encode(&frame, &layout, precision, *interleave);
            let encoded = encoded.expect("a precision of JPEG-LS");
            let again = second_opinion::jpeg_ls(&encoded, &layout, &layout);
            prop_assert_eq!(again, Ok(frame.clone()), "{:?}", interleave);
            prop_assert_eq!(decode(&encoded, &layout, &layout), Ok(frame.clone()), "{:?}", interleave);
        }
    }

    #[test]
    fn damage_is_an_error_and_no_panic(
        at in 25..900_usize, to in any::<u8>(), cut in 0..1200_usize,
    ) {
        let layout = layout("MONOCHROME2", 30, 40, 8);
        let frame: Vec<u8> = (0..1200_u32).map(|i| (i * i / 7) as u8).collect();
        let mut data = encode(&frame, &layout, 8, Interleave::None).expect("encodes");
        if let Some(byte) = data.get_mut(at) {
            *byte = to;
        }
        data.truncate(cut.max(40));
        if let Ok(decoded) = decode_scans(&data, Codestream::read(&data).expect("a header"), &layout) {
            prop_assert_eq!(decoded.len(), 1200);
        }
    }
}
