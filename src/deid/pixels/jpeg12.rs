//! JPEG Extended of 12 bits, one sequential scan, decoded by `libjpeg-turbo-rs`: its samples are those of
//! libjpeg-turbo.

use super::attributes::mismatch;
use super::bare_jpeg;
use super::layout::PixelLayout;
use crate::deid::hold::{Hold, HoldReason};
use libjpeg_turbo_rs::JpegError;
use libjpeg_turbo_rs::common::types::DecodeLimits;
use libjpeg_turbo_rs::precision::decompress_12bit_with_limits;

/// Bytes that the decoder takes for a sample: component planes in whole MCUs, planes of the picture's
/// size, and the result, two bytes each.
const BYTES_FOR_A_SAMPLE: u64 = 6;
/// A row and a column of MCUs more than the picture has, of three components.
const EDGES: u64 = 2 * 3 * 2 * 32 * 65_536;

/// Samples of a codestream whose header was compared with `output`, as native-endian words. Colours are
/// `rgb`, or else YCbCr and come back as RGB.
pub(super) fn decode(data: &[u8], output: &PixelLayout, rgb: bool) -> Result<Vec<u8>, Hold> {
    let stated = match output.samples_per_pixel {
        1 => data.to_vec(),
        _ => state_colours(data, rgb)
            .ok_or_else(|| mismatch("a JPEG codestream that is not well formed"))?,
    };
    let samples = output.pixels() * u64::from(output.samples_per_pixel);
    let limits = DecodeLimits {
        max_width: output.columns.into(),
        max_height: output.rows.into(),
        max_scans: 1,
        max_memory: Some(samples * BYTES_FOR_A_SAMPLE + EDGES),
        ..DecodeLimits::default()
    };
    let image = decompress_12bit_with_limits(&stated, &limits).map_err(|error| match error {
        JpegError::UnexpectedEof => Hold::new(HoldReason::Truncated, "a JPEG scan ends early"),
        _ => mismatch("a 12-bit JPEG codestream that does not decode"),
    })?;
    Ok(image.data.into_iter().flat_map(|sample| (sample as u16).to_ne_bytes()).collect())
}

/// The codestream with an Adobe marker for what the colours are: the decoder would guess.
fn state_colours(data: &[u8], rgb: bool) -> Option<Vec<u8>> {
    let (_, rest) = bare_jpeg::colours_apart(&bare_jpeg::bare(data)?);
    let adobe = b"\xFF\xEE\x00\x0EAdobe\0\x64\0\0\0\0";
    Some([rest.get(..2)?, adobe, &[u8::from(!rgb)], &rest[2..]].concat())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::deid::pixels::jpeg;
    use crate::deid::pixels::layout::tests::layout;

    const GREY: &[u8] = include_bytes!("../../../testdata/pixels/grey-dct-12.jpg");
    const DECODED: &[u8] = include_bytes!("../../../testdata/pixels/grey-dct-12.raw");

    fn twelve(rows: u16, columns: u16) -> PixelLayout {
        let mut layout = layout("MONOCHROME2", rows, columns, 16);
        (layout.bits_stored, layout.high_bit) = (12, 11);
        layout
    }

    #[test]
    fn samples_are_those_of_libjpeg_turbo() {
        let layout = twelve(64, 96);
        assert_eq!(jpeg::decode(GREY, &layout, &layout).as_deref(), Ok(DECODED));
    }

    #[test]
    fn changed_codestreams_are_decoded_to_a_frame_or_held() {
        let layout = twelve(64, 96);
        for at in 0..GREY.len() {
            let mut changed = GREY.to_vec();
            changed[at] ^= 1 << (at % 8);
            if let Ok(data) = jpeg::decode(&changed, &layout, &layout) {
                assert_eq!(data.len(), layout.frame_bytes());
            }
        }
    }

    #[test]
    fn a_scan_that_is_cut_or_of_another_size_is_held() {
        let layout = twelve(64, 96);
        for cut in [30, GREY.len() / 2, GREY.len() - 20] {
            assert!(jpeg::decode(&GREY[..cut], &layout, &layout).is_err(), "cut at {cut}");
        }
        let larger = twelve(64, 97);
        assert!(jpeg::decode(GREY, &larger, &larger).is_err());
        let frame = GREY.windows(2).position(|marker| marker == [0xFF, 0xC1]).expect("SOF1");
        for (at, value) in [(1, 0xC2), (4, 10), (4, 16), (5, 0xFF)] {
            let mut other = GREY.to_vec();
            other[frame + at] = value;
            assert!(jpeg::decode(&other, &layout, &layout).is_err(), "{value} at {at}");
        }
    }
}
