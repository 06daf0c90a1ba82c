//! Writing the pixels of the output: every frame, cleaned and blanked, as one native value.

use super::fill::{clear_unused_bits, fill};
use super::source::FrameSource;
use crate::deid::hold::Hold;
use crate::deid::picture::PixelRect;
use std::io::{self, Write};

/// Why the pixels were not written.
#[derive(Debug, thiserror::Error)]
pub enum WriteFramesError {
    /// The object's fault: it is held.
    #[error(transparent)]
    Hold(#[from] Hold),
    /// The output's fault: the step can be repeated.
    #[error("writing pixels failed")]
    Output(#[from] io::Error),
}

/// Streams every frame to `out`: unused bits cleared, the boxes of `redaction_of` black, one byte
/// of padding if the length is odd. Returns the length of the value, which is
/// [`super::PixelLayout::padded_value_bytes`] of the output layout.
pub fn write_frames(
    source: &mut FrameSource,
    redaction_of: impl Fn(u32) -> Vec<PixelRect>,
    out: &mut impl Write,
) -> Result<u64, WriteFramesError> {
    let layout = source.output_layout().clone();
    let mut packer = BitPacker { out, pending: 0, bits: 0, written: 0 };
    for index in 0..layout.frames {
        let mut frame = source.frame(index)?;
        clear_unused_bits(&mut frame, &layout);
        for rect in redaction_of(index) {
            fill(&mut frame, &layout, rect);
        }
        packer.push(&frame.data, layout.frame_bits())?;
    }
    Ok(packer.finish()?)
}

/// Puts frames behind each other without a gap: frames of 1-bit pixels need not end at a byte
/// (PS3.5 8.1.1).
struct BitPacker<'a, W: Write> {
    out: &'a mut W,
    /// The bits of an unfinished byte, from bit 0.
    pending: u8,
    bits: u32,
    written: u64,
}

impl<W: Write> BitPacker<'_, W> {
    /// Appends the first `bits` bits of `data`; those behind them must be zero.
    fn push(&mut self, data: &[u8], bits: u64) -> io::Result<()> {
        if self.bits == 0 && bits.is_multiple_of(8) {
            self.written += data.len() as u64;
            return self.out.write_all(data);
        }
        let mut shifted = Vec::with_capacity(data.len() + 1);
        let mut left = bits;
        for byte in data {
            let joined = u16::from(self.pending) | u16::from(*byte) << self.bits;
            self.bits += left.min(8) as u32;
            left = left.saturating_sub(8);
            if self.bits >= 8 {
                shifted.push(joined as u8);
                self.bits -= 8;
                self.pending = (joined >> 8) as u8;
            } else {
                self.pending = joined as u8;
            }
        }
        self.written += shifted.len() as u64;
        self.out.write_all(&shifted)
    }

    fn finish(self) -> io::Result<u64> {
        let mut tail = Vec::new();
        if self.bits > 0 {
            tail.push(self.pending);
        }
        if (self.written + tail.len() as u64) % 2 == 1 {
            tail.push(0);
        }
        self.out.write_all(&tail)?;
        Ok(self.written + tail.len() as u64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::deid::pixels::layout::tests::layout;
    use crate::deid::pixels::{PixelElement, PixelLayout, PixelLimits, PixelLocation};
    use proptest::prelude::*;
    use std::io::Seek;

    fn native(value: &[u8], layout: &PixelLayout) -> FrameSource {
        let mut file = tempfile::tempfile().expect("a temporary file");
        file.write_all(value).expect("written");
        file.rewind().expect("rewound");
        let length = Some(value.len() as u64);
        let location = PixelLocation { offset: 0, length, element: PixelElement::Integer };
        let limits = PixelLimits::default();
        FrameSource::open(file, "1.2.840.10008.1.2.1", layout, location, &limits).expect("opens")
    }

    #[test]
    fn only_the_box_of_its_frame_is_blanked_and_padding_is_dropped() {
        let mut grey = layout("MONOCHROME2", 1, 3, 8);
        grey.frames = 3;
        let mut source = native(&[1, 2, 3, 4, 5, 6, 7, 8, 9, 77], &grey);
        let boxes = |frame| match frame {
            1 => vec![PixelRect { left: 1, top: 0, right: 3, bottom: 1 }],
            _ => vec![],
        };
        let mut out = Vec::new();
        let written = write_frames(&mut source, boxes, &mut out).expect("written");
        assert_eq!(out, [1, 2, 3, 4, 0, 0, 7, 8, 9, 0]);
        assert_eq!((written, grey.padded_value_bytes()), (10, 10));
    }

    proptest! {
        #[test]
        fn one_bit_frames_come_out_as_they_went_in(
            rows in 1..9_u16, columns in 1..9_u16, frames in 1..9_u32, seed in any::<[u8; 32]>(),
        ) {
            let mut bits = layout("MONOCHROME2", rows, columns, 1);
            bits.frames = frames;
            let size = bits.value_bytes() as usize;
            let mut value: Vec<u8> = seed.into_iter().cycle().take(size).collect();
            let used = bits.frame_bits() * u64::from(frames) % 8;
            if let (1.., Some(last)) = (used, value.last_mut()) {
                *last &= (1 << used) - 1;
            }
            value.resize(bits.padded_value_bytes() as usize, 0);
            let mut out = Vec::new();
            let written = write_frames(&mut native(&value, &bits), |_| vec![], &mut out)
                .expect("written");
            prop_assert_eq!(&out, &value);
            prop_assert_eq!(written, bits.padded_value_bytes());
        }
    }
}
