//! Writing RLE Lossless (PS3.5 Annex G), and laying a frame out anew without what no decoder reads.

use super::layout::PixelLayout;
use super::rle::{HEADER, segment_offsets, unpack};
use crate::deid::hold::Hold;

/// The longest run of one control byte.
const MAX_RUN: usize = 128;

/// Encodes little-endian samples, colour by pixel; each row by itself, as G.3.1 demands. None if the
/// frame needs more than 4 GiB.
pub(super) fn encode(frame: &[u8], layout: &PixelLayout) -> Option<Vec<u8>> {
    let bytes = layout.sample_bytes();
    let samples = usize::from(layout.samples_per_pixel);
    let row_bytes = usize::from(layout.columns) * samples * bytes;
    let mut segments = Vec::with_capacity(samples * bytes);
    let mut plane = Vec::with_capacity(layout.columns.into());
    for segment in 0..samples * bytes {
        let (sample, significance) = (segment / bytes, bytes - 1 - segment % bytes);
        let first = sample * bytes + significance;
        let mut packed = Vec::new();
        for row in frame.chunks_exact(row_bytes) {
            plane.clear();
            plane.extend(row[first..].iter().step_by(samples * bytes));
            pack(&plane, &mut packed);
        }
        segments.push(packed);
    }
    assemble(&segments)
}

/// The same frame, its segments behind one another without a gap and each ending where it is full; none
/// where that is inside a run.
pub(super) fn bare(data: &[u8], layout: &PixelLayout) -> Result<Option<Vec<u8>>, Hold> {
    let count = layout.sample_bytes() * usize::from(layout.samples_per_pixel);
    let pixels = layout.pixels() as usize;
    let offsets = segment_offsets(data, count)?;
    let mut plane = Vec::with_capacity(pixels);
    let mut segments = Vec::with_capacity(count);
    for (index, start) in offsets.iter().enumerate() {
        let end = offsets.get(index + 1).copied().unwrap_or(data.len());
        let Some(packed) = data.get(*start..end) else { return Ok(None) };
        plane.clear();
        let (used, dropped) = unpack(packed, pixels, &mut plane);
        if dropped > 0 {
            return Ok(None);
        }
        segments.push(packed[..used].to_vec());
    }
    Ok(assemble(&segments))
}

fn assemble(segments: &[Vec<u8>]) -> Option<Vec<u8>> {
    let mut out = u32::try_from(segments.len()).ok()?.to_le_bytes().to_vec();
    let mut offset = HEADER;
    for segment in segments {
        out.extend(u32::try_from(offset).ok()?.to_le_bytes());
        offset += segment.len().next_multiple_of(2);
    }
    out.resize(HEADER, 0);
    for segment in segments {
        out.extend_from_slice(segment);
        out.resize(out.len().next_multiple_of(2), 0);
    }
    Some(out)
}

/// PackBits: two equal bytes are a run unless they interrupt a literal.
fn pack(row: &[u8], out: &mut Vec<u8>) {
    let mut rest = row;
    while let [first, ..] = rest {
        let run = rest.iter().take(MAX_RUN).take_while(|byte| *byte == first).count();
        if run >= 2 {
            out.extend([(257 - run) as u8, *first]);
            rest = &rest[run..];
            continue;
        }
        let run_of_three = rest.windows(3).position(|three| three.iter().all(|b| *b == three[0]));
        let literal = run_of_three.unwrap_or(rest.len()).min(MAX_RUN);
        out.push((literal - 1) as u8);
        out.extend_from_slice(&rest[..literal]);
        rest = &rest[literal..];
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::deid::pixels::layout::tests::layout;
    use crate::deid::pixels::rle::decode;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_is_encoded_decodes_to_itself(
            kind in 0..4_usize, rows in 1..5_u16, columns in 1..300_u16, seed in any::<[u8; 8]>(),
        ) {
            let (term, bits) = [("MONOCHROME2", 8), ("MONOCHROME2", 16), ("RGB", 8), ("MONOCHROME2", 32)][kind];
            let layout = layout(term, rows, columns, bits);
            let value = |i: usize| if seed[i % 8] < 128 { seed[i / 50 % 8] } else { (i as u8).wrapping_mul(seed[0]) };
            let frame: Vec<u8> = (0..layout.frame_bytes()).map(value).collect();
            let encoded = encode(&frame, &layout).expect("small");
            prop_assert_eq!(decode(&encoded, &layout), Ok(frame));
            prop_assert_eq!(bare(&encoded, &layout), Ok(Some(encoded)));
        }
    }

    #[test]
    fn what_no_decoder_reads_is_gone() {
        let layout = layout("MONOCHROME2", 1, 3, 16);
        let clean = encode(&[7, 1, 8, 1, 9, 1], &layout).expect("small");
        let mut dirty = clean.clone();
        dirty[40..44].copy_from_slice(b"name"); // a word of the header that no segment has
        dirty.extend(b"name");
        assert_eq!(bare(&dirty, &layout), Ok(Some(clean)));
    }

    #[test]
    fn a_run_that_goes_on_behind_the_frame_is_not_kept() {
        let layout = layout("MONOCHROME2", 1, 3, 8);
        let mut longer = [&[1, 0, 0, 0, 64][..], &[0; 59]].concat();
        longer.extend(b"\x04\x01\x02\x03no");
        assert_eq!(decode(&longer, &layout), Ok(vec![1, 2, 3]));
        assert_eq!(bare(&longer, &layout), Ok(None));
    }
}
