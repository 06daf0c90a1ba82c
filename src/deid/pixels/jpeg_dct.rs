//! Blanking parts of a DCT-coded JPEG without decoding it (ITU-T T.81 Annex F): the coefficients of blocks
//! under a box are replaced, and all others are written again as they were read. No second loss.
//!
//! Whole MCUs are filled, so more than the box changes. Progressive codestreams, which the transfer
//! syntaxes do not have but modalities send, become sequential ones with the same coefficients.

use super::bare_jpeg::{bare, colours_apart};
use super::family::EncodedFrame;
use super::fill::{clear_unused_bits, fill, is_nearly_filled};
use super::huffman::{BitWriter, Table};
use super::jpeg;
use super::jpeg_scan::{Block, ScanComponent, Sink, Stream};
use super::layout::PixelLayout;
use super::source::{Frame, guarded};
use crate::deid::picture::PixelRect;
use crate::deid::pixels::attributes::mismatch;

/// A codestream with filled MCUs, and what of its picture may have changed.
pub(super) struct Redacted {
    pub codestream: Vec<u8>,
    /// Whole MCUs, with the border into which subsampled colours reach.
    pub changed: Vec<PixelRect>,
}

/// Fills the boxes of a frame in its bare codestream; none if a decoder does not find them filled as nearly as
/// a coefficient can say and everything else as it is in `frame`, the decoded one with its boxes filled, or
/// bits that are no part of a value.
pub(super) fn redact_frame(
    frame: &[u8],
    bare: &[u8],
    boxes: &[PixelRect],
    source: &PixelLayout,
    output: &PixelLayout,
) -> Option<EncodedFrame> {
    let form = jpeg::Codestream::read(bare).ok()?;
    let values = form.fill_values(source, output)?;
    let redacted = if form.progressive() {
        redact(&sequential(bare)?, boxes, values)?
    } else {
        redact(bare, boxes, values)?
    };
    let mut before = Frame { index: 0, data: frame.to_vec() };
    let decoded = jpeg::decode(&redacted.codestream, source, output);
    let mut after = Frame { index: 0, data: decoded.ok()? };
    let filled = boxes.iter().all(|area| is_nearly_filled(&after, output, *area));
    if !filled || clear_unused_bits(&mut after, output) > 0 {
        return None;
    }
    let sha256 = after.digest();
    for area in &redacted.changed {
        fill(&mut before, output, *area);
        fill(&mut after, output, *area);
    }
    let codestream = redacted.codestream;
    (before == after).then_some(EncodedFrame { codestream, sha256 })
}

/// A progressive codestream as a sequential one with the same coefficients, tables and colours.
pub(super) fn sequential(progressive: &[u8]) -> Option<Vec<u8>> {
    let written = guarded(|| {
        let different = |_| mismatch("a progressive JPEG that is not read");
        let coefficients = libjpeg_turbo_rs::read_coefficients(progressive).map_err(different)?;
        libjpeg_turbo_rs::write_coefficients_optimized(&coefficients).map_err(different)
    });
    let (_, rest) = colours_apart(&bare(&written.ok()?)?);
    let (colours, _) = colours_apart(progressive);
    Some([rest.get(..2)?, &colours, &rest[2..]].concat())
}

/// Fills every MCU that a box touches with a value for each component, in the codestream's precision and
/// unsigned; `bare` is a codestream without what no decoder needs. None for a form that is not taken here.
pub(super) fn redact(bare: &[u8], boxes: &[PixelRect], values: [i32; 3]) -> Option<Redacted> {
    let stream = Stream::read(bare)?;
    let reach = stream.reach();
    let (width, height) = stream.mcu_pixels();
    let hit: Vec<PixelRect> = boxes.iter().map(|area| grown(*area, reach, width, height)).collect();
    let is_hit = |x: usize, y: usize| hit.iter().any(|area| area.contains(x as u32, y as u32));
    let in_place = |component: &ScanComponent, x, y, block: &mut Block| {
        if is_hit(x, y) {
            *block = [0; 64];
            block[0] = first_coefficient(component, stream.precision, values);
        }
    };
    let mut out = stream.before.clone();
    for scan in &stream.scans {
        let mut counts = [[[0_u64; 256]; 4]; 2];
        stream.transcode(scan, in_place, &mut Count(&mut counts))?;
        let tables = counts.map(|class| class.map(|counts| Table::best(&counts)));
        out.extend_from_slice(&scan.before);
        for (class, tables) in (0..).zip(&tables) {
            for (id, table) in (0..).zip(tables).filter(|(_, table)| !table.symbols.is_empty()) {
                table.write(class << 4 | id, &mut out);
            }
        }
        out.extend_from_slice(&scan.header);
        let mut writer = Write { tables: &tables, bits: BitWriter::new(out) };
        stream.transcode(scan, in_place, &mut writer)?;
        writer.bits.pad();
        out = writer.bits.finish();
    }
    out.extend([0xFF, 0xD9]);
    let border = |area: &PixelRect| PixelRect {
        left: area.left.saturating_sub(reach),
        top: area.top.saturating_sub(reach),
        right: area.right.saturating_add(reach),
        bottom: area.bottom.saturating_add(reach),
    };
    let changed = hit.iter().map(border).collect();
    Some(Redacted { codestream: out, changed })
}

/// A box with what reaches into it, out to whole MCUs.
fn grown(area: PixelRect, reach: u32, width: usize, height: usize) -> PixelRect {
    let (width, height) = (width as u32, height as u32);
    let down = |at: u32, unit: u32| at.saturating_sub(reach) / unit * unit;
    let up = |at: u32, unit: u32| at.saturating_add(reach).div_ceil(unit).saturating_mul(unit);
    PixelRect {
        left: down(area.left, width),
        top: down(area.top, height),
        right: up(area.right, width),
        bottom: up(area.bottom, height),
    }
}

/// The first coefficient of a filled block: eight times the distance from the middle, in whole steps. What is
/// lowest or highest goes beyond it, and decoders cut that.
fn first_coefficient(component: &ScanComponent, precision: u32, values: [i32; 3]) -> i32 {
    let (step, half) = (component.dc_step, 1 << (precision - 1));
    let value = values.get(component.index).copied().unwrap_or(half);
    let distance = 8 * (value - half);
    if value <= 0 {
        -((step - 1 - distance) / step)
    } else if value >= 2 * half - 1 {
        (distance + step - 1) / step
    } else {
        (f64::from(distance) / f64::from(step)).round() as i32
    }
}

struct Count<'a>(&'a mut [[[u64; 256]; 4]; 2]);

impl Sink for Count<'_> {
    fn symbol(&mut self, class: usize, table: usize, symbol: usize, _: i32, _: usize) {
        self.0[class][table][symbol] += 1;
    }

    fn restart(&mut self, _: u8) {}
}

struct Write<'a> {
    tables: &'a [[Table; 4]; 2],
    bits: BitWriter,
}

impl Sink for Write<'_> {
    fn symbol(&mut self, class: usize, table: usize, symbol: usize, value: i32, size: usize) {
        self.tables[class][table].put_number(symbol, value, size, &mut self.bits);
    }

    fn restart(&mut self, marker: u8) {
        self.bits.marker(marker);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::deid::pixels::bare_jpeg::bare;
    use crate::deid::pixels::fill::is_filled;
    use crate::deid::pixels::layout::tests::layout;

    /// 96 x 64 pixels each: subsampled both ways with restart markers, in passes, and with a scan for
    /// each component; not subsampled; grey, of 8 and of 12 bits.
    const PICTURES: [(&str, u16, &[u8]); 6] = [
        ("YBR_FULL_422", 8, include_bytes!("../../../testdata/pixels/ycbcr-420-restart.jpg")),
        ("YBR_FULL_422", 8, include_bytes!("../../../testdata/pixels/ycbcr-420-progressive.jpg")),
        ("YBR_FULL_422", 8, include_bytes!("../../../testdata/pixels/ycbcr-420-scans.jpg")),
        ("YBR_FULL", 8, include_bytes!("../../../testdata/pixels/ycbcr-444.jpg")),
        ("MONOCHROME2", 8, include_bytes!("../../../testdata/pixels/grey-dct.jpg")),
        ("MONOCHROME2", 12, include_bytes!("../../../testdata/pixels/grey-dct-12.jpg")),
    ];

    fn forms(stated: &str, bits: u16, codestream: &[u8]) -> (PixelLayout, PixelLayout) {
        let mut source = layout(stated, 64, 96, if bits > 8 { 16 } else { 8 });
        (source.bits_stored, source.high_bit) = (bits, bits - 1);
        let read = jpeg::Codestream::read(codestream).expect("well formed");
        let output = read.output(&source).expect("agrees");
        (source, output)
    }

    #[test]
    fn a_box_becomes_black_and_far_from_it_nothing_changes() {
        let boxes = [
            PixelRect { left: 33, top: 17, right: 47, bottom: 30 },
            PixelRect { left: 90, top: 60, right: 96, bottom: 64 },
        ];
        let inverse = PICTURES.into_iter().filter(|(stated, ..)| *stated == "MONOCHROME2");
        let inverse = inverse.map(|(_, bits, picture)| ("MONOCHROME1", bits, picture));
        for (stated, bits, picture) in PICTURES.into_iter().chain(inverse) {
            let picture = bare(picture).expect("well formed");
            let (source, output) = forms(stated, bits, &picture);
            let decode = |data: &[u8]| jpeg::decode(data, &source, &output).expect("decodes");
            let before = decode(&picture);
            let redacted = redact_frame(&before, &picture, &boxes, &source, &output).expect(stated);
            let redacted = redacted.codestream;
            assert_eq!(bare(&redacted), Some(redacted.clone()), "{stated}");
            let after = decode(&redacted);
            let pixel = output.sample_bytes() * usize::from(output.samples_per_pixel);
            let changed = (0..64 * 96).filter(|at| {
                let range = at * pixel..(at + 1) * pixel;
                before[range.clone()] != after[range]
            });
            let area: Vec<_> = changed.map(|at| (at % 96, at / 96)).collect();
            assert!(area.contains(&(40, 20)) && area.contains(&(95, 63)), "{stated}");
            let near = |x: usize, y: usize| (14..66).contains(&x) && y < 50 || x > 75 && y > 40;
            assert!(area.iter().all(|(x, y)| near(*x, *y)), "{stated}: {area:?}");
        }
    }

    #[test]
    fn a_box_becomes_one_colour_near_to_that_of_the_fill_and_white_exactly() {
        let area = PixelRect { left: 33, top: 17, right: 47, bottom: 30 };
        for (stated, bits, picture) in PICTURES {
            let picture = bare(picture).expect("well formed");
            let (mut source, mut output) = forms(stated, bits, &picture);
            let before = jpeg::decode(&picture, &source, &output).expect("decodes");
            for colour in ["white", "#e0a020", "#0000ff", "#808080"] {
                output.fill.colour = colour.to_owned().try_into().expect("a colour");
                source.fill = output.fill;
                let mut frame = Frame { index: 0, data: before.clone() };
                fill(&mut frame, &output, area);
                let redacted = redact_frame(&frame.data, &picture, &[area], &source, &output);
                let codestream = redacted.expect(stated).codestream;
                let data = jpeg::decode(&codestream, &source, &output).expect("decodes");
                let after = Frame { index: 0, data };
                assert!(is_nearly_filled(&after, &output, area), "{stated} {colour}");
                assert!(colour != "white" || is_filled(&after, &output, area), "{stated}");
            }
        }
    }

    #[test]
    fn without_boxes_every_coefficient_is_written_again() {
        for (stated, bits, picture) in PICTURES {
            let picture = bare(picture).expect("well formed");
            let (source, output) = forms(stated, bits, &picture);
            let decode = |data: &[u8]| jpeg::decode(data, &source, &output).expect("decodes");
            let before = decode(&picture);
            let again = redact_frame(&before, &picture, &[], &source, &output).expect(stated);
            let again = again.codestream;
            assert_eq!(decode(&again), before, "{stated}");
            let tables = |data: &[u8]| {
                let starts = data.windows(2).enumerate().filter(|(_, pair)| *pair == [0xFF, 0xDB]);
                let table = |(at, _)| data[at + 2..at + 67].to_vec();
                starts.map(table).collect::<Vec<_>>()
            };
            assert_eq!(tables(&again), tables(&picture), "{stated}: the quantisation tables");
        }
    }

    #[test]
    fn the_lowest_signed_value_is_the_middle_one_of_the_codestream() {
        let (stated, bits, picture) = PICTURES[5];
        let (mut source, mut output) = forms(stated, bits, picture);
        (source.signed, output.signed) = (true, true);
        let area = PixelRect { left: 8, top: 8, right: 16, bottom: 16 };
        let before = jpeg::decode(picture, &source, &output).expect("decodes");
        let redacted =
            redact_frame(&before, picture, &[area], &source, &output).expect("a form of it");
        let data = jpeg::decode(&redacted.codestream, &source, &output).expect("decodes");
        assert_eq!(data[(8 * 96 + 8) * 2..][..2], (-2048_i16).to_le_bytes());
    }

    #[test]
    fn what_follows_the_last_block_is_gone_and_cut_scans_are_not_taken() {
        for (_, _, picture) in [PICTURES[0], PICTURES[2], PICTURES[3]] {
            let picture = bare(picture).expect("well formed");
            let end = picture.len() - 2;
            let stuffed = [&picture[..end], b"DOE^JOHN", &picture[end..]].concat();
            let clean = redact(&picture, &[], [0; 3]).expect("a form of it");
            let cleaned = redact(&stuffed, &[], [0; 3]).expect("a form of it");
            assert_eq!(cleaned.codestream, clean.codestream);
            for cut in (0..end).step_by(7) {
                let cut = [&picture[..cut], &[0xFF, 0xD9]].concat();
                assert!(redact(&cut, &[], [0; 3]).is_none());
            }
        }
    }
}
