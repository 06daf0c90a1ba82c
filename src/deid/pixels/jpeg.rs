//! JPEG, DCT and lossless (PS3.5 8.2.1 and Annex F), decoded by `jpeg-decoder`; DCT of 12 bits elsewhere.
//!
//! Not through dicom-pixeldata: that leaves the guess of the colour transform to the decoder,
//! which takes component ids 1, 2, 3 for YCbCr whatever the markers or the header say, and it
//! writes 8-bit codestreams into half of a 16-bit frame.

use super::attributes::mismatch;
use super::bare_jpeg::{bare, colours_apart};
use super::fill_value;
use super::jpeg12;
use super::layout::{Photometric, PixelLayout, not_decodable};
use super::samples::extend_sign;
use super::source::guarded;
use crate::deid::hold::{Hold, HoldReason};
use jpeg_decoder::{ColorTransform, Decoder, Error};

/// What begins a codestream: SOI and the first byte of the next marker.
pub(super) const START: &[u8] = &[0xFF, 0xD8, 0xFF];

/// What the markers before the first scan say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Codestream {
    lossless: bool,
    progressive: bool,
    /// The first scan has them all, so that it is the only one of a sequential codestream.
    interleaved: bool,
    precision: u8,
    rows: u16,
    columns: u16,
    components: u8,
    component_ids: [u8; 3],
    subsampled: bool,
    jfif: bool,
    /// The transform flag of the Adobe APP14 marker.
    adobe: Option<u8>,
}

impl Codestream {
    /// Walks the markers as far as the first scan (ITU-T T.81 B.1).
    pub fn read(data: &[u8]) -> Result<Self, Hold> {
        let bad = || mismatch("a JPEG codestream without a frame header");
        if !data.starts_with(START) {
            return Err(bad());
        }
        let mut frame: Option<Self> = None;
        let (mut jfif, mut adobe) = (false, None);
        let mut at = 2;
        loop {
            let [0xFF, marker] = *data.get(at..at + 2).ok_or_else(bad)? else { return Err(bad()) };
            if marker == 0xFF {
                at += 1; // a fill byte
                continue;
            }
            let length = data.get(at + 2..at + 4).ok_or_else(bad)?;
            let length = usize::from(u16::from_be_bytes([length[0], length[1]]));
            let body = data.get(at + 4..at + 2 + length).ok_or_else(bad)?;
            match marker {
                0xC4 | 0xC8 | 0xCC => {}
                0xC0..=0xCF if frame.is_some() => return Err(mismatch("two JPEG frame headers")),
                0xC0..=0xCF => frame = Some(Self::read_frame_header(marker, body)?),
                0xE0 => jfif |= body.starts_with(b"JFIF\0"),
                0xEE if body.starts_with(b"Adobe") => adobe = body.get(11).copied(),
                0xDA => {
                    if let Some(frame) = &mut frame {
                        frame.interleaved = body.first() == Some(&frame.components);
                    }
                    break;
                }
                _ => {}
            }
            at += 2 + length;
        }
        frame.map(|frame| Self { jfif, adobe, ..frame }).ok_or_else(bad)
    }

    fn read_frame_header(marker: u8, body: &[u8]) -> Result<Self, Hold> {
        // SOF0 to SOF3 with Huffman coding; the others are hierarchical or arithmetic.
        if !matches!(marker, 0xC0..=0xC3) {
            return Err(not_decodable("a hierarchical or arithmetic JPEG process"));
        }
        let [precision, y0, y1, x0, x1, components, specs @ ..] = body else {
            return Err(mismatch("a short JPEG frame header"));
        };
        let mut component_ids = [0; 3];
        let mut sampling = specs.chunks_exact(3).take(usize::from(*components));
        let mut subsampled = false;
        for (index, spec) in sampling.by_ref().enumerate() {
            if let Some(id) = component_ids.get_mut(index) {
                *id = spec[0];
            }
            subsampled |= spec[1] != specs[1];
        }
        Ok(Self {
            lossless: marker == 0xC3,
            progressive: marker == 0xC2,
            interleaved: false,
            precision: *precision,
            rows: u16::from_be_bytes([*y0, *y1]),
            columns: u16::from_be_bytes([*x0, *x1]),
            components: *components,
            component_ids,
            subsampled,
            jfif: false,
            adobe: None,
        })
    }

    /// Whether samples were lost when this was encoded.
    pub fn lossy(&self) -> bool {
        !self.lossless
    }

    /// What every Huffman code together has at least: one bit for each block, and for each sample if it
    /// is lossless. Decoders make room for the whole frame before they notice.
    fn fewest_bits(&self) -> u64 {
        let pixels = u64::from(self.rows) * u64::from(self.columns);
        if self.lossless { pixels * u64::from(self.components) } else { pixels / 64 }
    }

    /// Whether coefficients come in several passes.
    pub fn progressive(&self) -> bool {
        self.progressive
    }

    /// How many components it has.
    pub fn components(&self) -> u8 {
        self.components
    }

    /// Rows and columns.
    pub fn sides(&self) -> (u16, u16) {
        (self.rows, self.columns)
    }

    /// Whether its own markers say that three components are RGB; else they are YCbCr.
    pub fn is_rgb(&self) -> bool {
        let named = matches!(&self.component_ids, b"RGB" | b"rgb");
        self.components == 3 && !self.jfif && self.adobe.map_or(named, |transform| transform == 0)
    }

    /// Bits of a sample.
    pub fn precision(&self) -> u16 {
        self.precision.into()
    }

    /// Identifiers of the components.
    pub fn component_ids(&self) -> &[u8] {
        &self.component_ids[..usize::from(self.components).min(3)]
    }

    /// Checks the codestream against the header and says what a decoded frame will be.
    pub fn output(&self, source: &PixelLayout) -> Result<PixelLayout, Hold> {
        if (self.rows, self.columns) != (source.rows, source.columns) {
            return Err(mismatch("JPEG dimensions contradict Rows or Columns"));
        }
        if u16::from(self.components) != source.samples_per_pixel {
            return Err(mismatch("JPEG components contradict SamplesPerPixel"));
        }
        if !matches!(source.bits_allocated, 8 | 16) {
            return Err(not_decodable("JPEG with BitsAllocated other than 8 or 16"));
        }
        let precision = u16::from(self.precision);
        if precision > source.bits_allocated || (source.signed && precision < source.bits_stored) {
            return Err(mismatch("JPEG precision contradicts BitsAllocated or BitsStored"));
        }
        match (self.lossless, precision) {
            (true, _) | (false, 8) => {}
            (false, 12) if self.interleaved && !self.progressive => {}
            (false, 12) => return Err(not_decodable("12-bit JPEG in several scans")),
            _ => return Err(not_decodable("lossy JPEG of other than 8 or 12 bits")),
        }
        if self.lossless && self.subsampled {
            return Err(not_decodable("lossless JPEG with subsampled components"));
        }
        let photometric = match source.samples_per_pixel {
            1 => source.photometric,
            _ => self.output_colour(source.photometric)?.1,
        };
        Ok(PixelLayout { photometric, planar: false, ..source.clone() })
    }

    /// What the colour of boxes is in its components, as unsigned values of its precision; none for a form
    /// in which that is not known.
    pub fn fill_values(&self, source: &PixelLayout, output: &PixelLayout) -> Option<[i32; 3]> {
        let precision = self.precision();
        match (source.samples_per_pixel, source.photometric) {
            (1, Photometric::Monochrome1 | Photometric::Monochrome2) => {
                if source.signed && precision != source.bits_stored {
                    return None;
                }
                let value = fill_value::sample(output) & ((1 << precision) - 1);
                Some([i32::try_from(value).ok()?; 3])
            }
            (3, stated) => {
                let photometric = match self.output_colour(stated).ok()?.0 {
                    ColorTransform::YCbCr => Photometric::YbrFull,
                    ColorTransform::RGB => Photometric::Rgb,
                    _ => return None,
                };
                let stored = fill_value::colours(&PixelLayout { photometric, ..output.clone() });
                Some(stored.map(|value| value as i32))
            }
            _ => None,
        }
    }

    /// The transform to apply and the colours that come out of it.
    ///
    /// Lossless components are stored as they are in the header's colours. For DCT the first
    /// that says something decides: the Adobe marker, JFIF (which is always YCbCr), component
    /// ids "RGB", the header. Where two of them contradict each other and readers are known to
    /// disagree, the object is held: wrong colours would be worse.
    fn output_colour(&self, stated: Photometric) -> Result<(ColorTransform, Photometric), Hold> {
        let contradiction = || mismatch("JPEG markers contradict PhotometricInterpretation");
        if stated == Photometric::Xyb {
            return Err(contradiction());
        }
        let named_rgb = matches!(&self.component_ids, b"RGB" | b"rgb");
        if self.lossless {
            let full = match stated {
                Photometric::Rgb if self.jfif || self.adobe == Some(1) => None,
                Photometric::YbrFull | Photometric::YbrFull422
                    if named_rgb || self.adobe == Some(0) =>
                {
                    None
                }
                Photometric::Rgb => Some(Photometric::Rgb),
                // Components are not subsampled (checked), whatever the label says.
                Photometric::YbrFull | Photometric::YbrFull422 => Some(Photometric::YbrFull),
                _ => None,
            };
            return full.map(|colours| (ColorTransform::None, colours)).ok_or_else(contradiction);
        }
        let ycbcr = match (self.adobe, self.jfif, named_rgb) {
            (Some(0), false, _) => false,
            (Some(1), _, false) => true,
            (None, true, false) => true,
            (None, false, true) => false,
            (None, false, false) => stated != Photometric::Rgb,
            _ => return Err(contradiction()),
        };
        if !ycbcr && (self.subsampled || stated.is_ybr()) {
            return Err(contradiction());
        }
        let transform = if ycbcr { ColorTransform::YCbCr } else { ColorTransform::RGB };
        Ok((transform, Photometric::Rgb))
    }
}

/// Decodes one frame to `output`, which came from [`Codestream::output`] of the first frame.
pub(super) fn decode(
    data: &[u8],
    source: &PixelLayout,
    output: &PixelLayout,
) -> Result<Vec<u8>, Hold> {
    let codestream = Codestream::read(data)?;
    if codestream.output(source)? != *output {
        return Err(mismatch("JPEG frames that differ in form"));
    }
    if data.len() as u64 * 8 < codestream.fewest_bits() {
        let detail = "a JPEG codestream of fewer bits than it has blocks, or samples";
        return Err(Hold::new(HoldReason::Truncated, detail));
    }
    let twelve = codestream.lossy() && codestream.precision == 12;
    let decoded = guarded(|| {
        if twelve {
            let rgb = output.samples_per_pixel == 3
                && codestream.output_colour(source.photometric)?.0 == ColorTransform::RGB;
            return jpeg12::decode(data, output, rgb);
        }
        let transform = match output.samples_per_pixel {
            3 => Some(codestream.output_colour(source.photometric)?.0),
            _ => None,
        };
        decode_as(data, transform, output)
            .or_else(|error| match (error, bare(data)) {
                (Error::Format(_), Some(bare)) => decode_as(&plain(&bare), transform, output),
                (error, _) => Err(error),
            })
            .map_err(|error| match error {
                Error::Unsupported(_) => not_decodable("a JPEG feature without a decoder"),
                Error::Io(_) => Hold::new(HoldReason::Truncated, "a JPEG codestream ends early"),
                _ => mismatch("a JPEG codestream that does not decode"),
            })
    })?;
    let mut frame = widen(decoded, output)?;
    if output.signed {
        extend_sign(&mut frame, output, codestream.precision());
    }
    Ok(frame)
}

/// A bare codestream without what the decoder stumbles over and does not need: markers of colours that are
/// not the first, and numbers of quantisation tables where nothing was quantised.
fn plain(bare: &[u8]) -> Vec<u8> {
    let mut plain = colours_apart(bare).1;
    let mut at = 2;
    while let Some([0xFF, marker, high, low]) = plain.get(at..at + 4) {
        let end = at + 2 + usize::from(u16::from_be_bytes([*high, *low]));
        match marker {
            0xC3 => {
                let components = plain.get_mut(at + 10..end).unwrap_or_default();
                components.chunks_exact_mut(3).for_each(|component| component[2] = 0);
                break;
            }
            0xDA => break,
            _ => at = end,
        }
    }
    plain
}

fn decode_as(
    data: &[u8],
    transform: Option<ColorTransform>,
    output: &PixelLayout,
) -> Result<Vec<u8>, Error> {
    let mut decoder = Decoder::new(data);
    decoder.set_max_decoding_buffer_size(output.frame_bytes());
    if let Some(transform) = transform {
        decoder.set_color_transform(transform);
    }
    decoder.decode()
}

/// Gives every sample the bytes of the output: the decoder gives one byte up to 8 bits of
/// precision and two native-endian ones above, but two as well for 2 to 7 lossless bits.
fn widen(decoded: Vec<u8>, output: &PixelLayout) -> Result<Vec<u8>, Hold> {
    let samples = output.pixels() as usize * usize::from(output.samples_per_pixel);
    let words = |pair: &[u8]| u16::from_ne_bytes([pair[0], pair[1]]);
    match (decoded.len() == samples, decoded.len() == samples * 2, output.sample_bytes()) {
        (true, _, 1) => Ok(decoded),
        (true, _, 2) => Ok(decoded.into_iter().flat_map(|sample| [sample, 0]).collect()),
        (_, true, 1) => Ok(decoded.chunks_exact(2).map(|pair| words(pair) as u8).collect()),
        (_, true, 2) => Ok(decoded.chunks_exact(2).flat_map(|p| words(p).to_le_bytes()).collect()),
        _ => Err(mismatch("a JPEG frame decoded to another size")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::deid::pixels::jpeg_lossless;
    use crate::deid::pixels::layout::tests::layout;

    /// Markers of a JPEG with three components, without a scan that decodes.
    fn stream(marker: u8, app: &[u8], ids: [u8; 3], luma_sampling: u8) -> Vec<u8> {
        let mut data = vec![0xFF, 0xD8];
        data.extend(app);
        data.extend([0xFF, marker, 0, 17, 8, 0, 2, 0, 2, 3]);
        for (index, id) in ids.into_iter().enumerate() {
            data.extend([id, if index == 0 { luma_sampling } else { 0x11 }, 0]);
        }
        data.extend([0xFF, 0xDA, 0, 2]);
        data
    }

    fn colour(data: &[u8], stated: Photometric) -> Option<ColorTransform> {
        let codestream = Codestream::read(data).expect("well formed");
        codestream.output_colour(stated).ok().map(|(transform, _)| transform)
    }

    const JFIF: &[u8] = b"\xFF\xE0\x00\x10JFIF\0\x01\x01\0\0\x01\0\x01\0\0";
    const ADOBE_RGB: &[u8] = b"\xFF\xEE\x00\x0EAdobe\0\x64\0\0\0\0\0";
    const ADOBE_YCC: &[u8] = b"\xFF\xEE\x00\x0EAdobe\0\x64\0\0\0\0\x01";

    #[test]
    fn colours_are_those_that_markers_and_header_agree_on() {
        use ColorTransform::{RGB, YCbCr};
        use Photometric::{Rgb, YbrFull422};
        let ids = [1, 2, 3];
        let plain = stream(0xC0, b"", ids, 0x11);
        assert_eq!(colour(&plain, Rgb), Some(RGB), "the header decides without a marker");
        assert_eq!(colour(&plain, YbrFull422), Some(YCbCr));
        assert_eq!(colour(&stream(0xC0, JFIF, ids, 0x22), Rgb), Some(YCbCr));
        assert_eq!(colour(&stream(0xC0, ADOBE_YCC, ids, 0x22), Rgb), Some(YCbCr));
        assert_eq!(colour(&stream(0xC0, ADOBE_RGB, ids, 0x11), Rgb), Some(RGB));
        assert_eq!(colour(&stream(0xC0, b"", *b"RGB", 0x11), Rgb), Some(RGB));
    }

    #[test]
    fn colours_that_readers_disagree_on_are_held() {
        use Photometric::{Rgb, YbrFull422};
        let ids = [1, 2, 3];
        assert_eq!(colour(&stream(0xC0, b"", ids, 0x22), Rgb), None, "RGB is not subsampled");
        assert_eq!(colour(&stream(0xC0, ADOBE_RGB, ids, 0x11), YbrFull422), None);
        assert_eq!(colour(&stream(0xC0, JFIF, *b"RGB", 0x11), Rgb), None);
        assert_eq!(colour(&stream(0xC3, JFIF, ids, 0x11), Rgb), None);
    }

    #[test]
    fn a_codestream_that_is_too_short_for_its_sides_is_not_decoded() {
        for marker in [0xC0, 0xC3] {
            let mut data = stream(marker, b"", [1, 2, 3], 0x11);
            data[7..9].copy_from_slice(&[0xFF, 0xFF]);
            let source = PixelLayout { rows: 0xFFFF, ..layout("YBR_FULL", 2, 2, 8) };
            let output = Codestream::read(&data).and_then(|read| read.output(&source));
            let held = decode(&data, &source, &output.expect("it fits")).expect_err("too short");
            assert_eq!(
                held.detail,
                "a JPEG codestream of fewer bits than it has blocks, or samples"
            );
        }
    }

    #[test]
    fn segments_may_stand_before_the_marker_that_should_come_first() {
        let picture: &[u8] = include_bytes!("../../../testdata/pixels/ycbcr-422-jfif.jpg");
        let commented = [&picture[..2], b"\xFF\xFE\x00\x04\x41\x41", &picture[2..]].concat();
        let (source, output) = (layout("YBR_FULL_422", 8, 16, 8), layout("RGB", 8, 16, 8));
        let decoded = decode(picture, &source, &output);
        assert!(decoded.is_ok() && decode(&commented, &source, &output) == decoded);
    }

    #[test]
    fn lossless_components_may_name_quantisation_tables_that_are_not_there() {
        let ybr = layout("YBR_FULL", 2, 3, 8);
        let frame: Vec<u8> = (0..18).collect();
        let form = jpeg_lossless::FrameForm { precision: 8, ids: &[1, 2, 3], markers: JFIF };
        let mut encoded = jpeg_lossless::encode(&frame, &ybr, &form).expect("encoded");
        let start = encoded.windows(2).position(|marker| marker == [0xFF, 0xC3]).expect("SOF3");
        (encoded[start + 15], encoded[start + 18]) = (1, 1);
        assert_eq!(decode(&encoded, &ybr, &ybr), Ok(frame));
    }

    #[test]
    fn a_codestream_of_another_size_is_held() {
        let read = Codestream::read(&stream(0xC0, b"", [1, 2, 3], 0x11)).expect("well formed");
        assert!(read.output(&layout("RGB", 2, 2, 8)).is_ok());
        assert!(read.output(&layout("RGB", 3, 2, 8)).is_err());
        assert!(read.output(&layout("MONOCHROME2", 2, 2, 8)).is_err());
        for cut in 0..30 {
            let data = stream(0xC0, JFIF, [1, 2, 3], 0x11);
            assert!(Codestream::read(&data[..cut]).is_err());
        }
    }
}
