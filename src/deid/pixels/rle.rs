//! RLE Lossless (PS3.5 Annex G): one PackBits segment for each byte plane of each sample, most
//! significant byte first. Decoded here because dicom-pixeldata panics on a wrong header, takes
//! no 32-bit samples and refuses large frames that compress well.

use super::attributes::mismatch;
use super::layout::{Photometric, PixelLayout, not_decodable};
use crate::deid::hold::Hold;

/// Up to 15 segments, whose count and offsets are 16 little-endian words.
pub(super) const HEADER: usize = 64;

/// What a decoded frame will be: the colours of the header, by pixel.
pub(super) fn output(source: &PixelLayout) -> Result<PixelLayout, Hold> {
    match source.photometric {
        Photometric::YbrFull422 | Photometric::YbrIct | Photometric::YbrRct | Photometric::Xyb => {
            Err(mismatch("PhotometricInterpretation is not one that RLE can have"))
        }
        _ if source.bits_allocated == 1 => Err(not_decodable("RLE of 1-bit pixels")),
        _ => Ok(PixelLayout { planar: false, ..source.clone() }),
    }
}

/// Decodes one frame to little-endian samples, colour by pixel.
pub(super) fn decode(data: &[u8], layout: &PixelLayout) -> Result<Vec<u8>, Hold> {
    let bytes = layout.sample_bytes();
    let samples = usize::from(layout.samples_per_pixel);
    let pixels = layout.pixels() as usize;
    let offsets = segment_offsets(data, samples * bytes)?;
    let mut frame = vec![0; pixels * samples * bytes];
    let mut plane = Vec::with_capacity(pixels);
    for (segment, start) in offsets.iter().enumerate() {
        let end = offsets.get(segment + 1).copied().unwrap_or(data.len());
        let packed = data.get(*start..end).ok_or_else(|| mismatch("RLE segment offsets"))?;
        plane.clear();
        unpack(packed, pixels, &mut plane);
        if plane.len() != pixels {
            return Err(mismatch("an RLE segment is shorter than the frame"));
        }
        let (sample, significance) = (segment / bytes, bytes - 1 - segment % bytes);
        let first = sample * bytes + significance;
        for (target, value) in frame[first..].iter_mut().step_by(samples * bytes).zip(&plane) {
            *target = *value;
        }
    }
    Ok(frame)
}

pub(super) fn segment_offsets(data: &[u8], expected: usize) -> Result<Vec<usize>, Hold> {
    let header = data.get(..HEADER).ok_or_else(|| mismatch("an RLE frame without a header"))?;
    let mut words =
        header.chunks_exact(4).map(|w| u32::from_le_bytes([w[0], w[1], w[2], w[3]]) as usize);
    if words.next() != Some(expected) {
        return Err(mismatch("the number of RLE segments"));
    }
    Ok(words.take(expected).collect())
}

/// PackBits, as far as `wanted` bytes; returns how many packed bytes that took. What a segment holds
/// beyond is dropped.
pub(super) fn unpack(packed: &[u8], wanted: usize, out: &mut Vec<u8>) -> usize {
    let mut rest = packed;
    while let [control, tail @ ..] = rest {
        if out.len() >= wanted {
            break;
        }
        let room = wanted - out.len();
        let control = *control as i8;
        rest = match (control, tail) {
            (0.., _) => {
                let count = (control as usize + 1).min(tail.len());
                out.extend_from_slice(&tail[..count.min(room)]);
                &tail[count..]
            }
            (-128, _) => tail,
            (_, [value, tail @ ..]) => {
                let count = 1 - isize::from(control);
                out.resize(out.len() + (count as usize).min(room), *value);
                tail
            }
            (_, []) => tail,
        };
    }
    packed.len() - rest.len()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::deid::pixels::layout::tests::layout;

    fn frame(segments: &[&[u8]]) -> Vec<u8> {
        let mut data = (segments.len() as u32).to_le_bytes().to_vec();
        let mut offset = HEADER as u32;
        for segment in segments {
            data.extend(offset.to_le_bytes());
            offset += segment.len() as u32;
        }
        data.resize(HEADER, 0);
        segments.iter().for_each(|segment| data.extend(*segment));
        data
    }

    #[test]
    fn byte_planes_become_little_endian_samples() {
        let layout = layout("MONOCHROME2", 1, 3, 16);
        let data = frame(&[&[0xFE, 0x01], &[2, 7, 8, 9, 0x80]]);
        assert_eq!(decode(&data, &layout), Ok(vec![7, 1, 8, 1, 9, 1]));
    }

    #[test]
    fn colour_comes_out_by_pixel() {
        let layout = layout("RGB", 1, 2, 8);
        let data = frame(&[&[1, 1, 2], &[1, 3, 4], &[1, 5, 6]]);
        assert_eq!(decode(&data, &layout), Ok(vec![1, 3, 5, 2, 4, 6]));
    }

    #[test]
    fn short_segments_and_wild_offsets_are_held() {
        let layout = layout("MONOCHROME2", 1, 3, 8);
        assert!(decode(&frame(&[&[0xFF, 1]]), &layout).is_err());
        assert!(decode(&frame(&[&[2, 1, 2, 3], &[2, 1, 2, 3]]), &layout).is_err());
        let mut wild = frame(&[&[2, 1, 2, 3]]);
        wild[4..8].copy_from_slice(&u32::MAX.to_le_bytes());
        assert!(decode(&wild, &layout).is_err());
        assert!(decode(&[1, 0], &layout).is_err());
    }
}
