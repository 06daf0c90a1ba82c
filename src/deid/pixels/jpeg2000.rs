//! JPEG 2000 (PS3.5 8.2.4, ITU-T T.800), decoded by OpenJPEG through dicom-pixeldata.

use super::attributes::{mismatch, write_layout};
use super::layout::{Photometric, PixelLayout, not_decodable};
use super::samples::SampleForm;
use super::source::guarded;
use crate::deid::hold::{Hold, HoldReason};
use dicom_core::value::PixelFragmentSequence;
use dicom_core::{DataElement, VR};
use dicom_dictionary_std::{tags, uids};
use dicom_object::{FileMetaTableBuilder, InMemDicomObject};
use dicom_pixeldata::PixelDecoder;

/// What begins a codestream: SOC and SIZ.
pub(super) const START: &[u8] = &[0xFF, 0x4F, 0xFF, 0x51];

/// The JP2 signature box; DICOM asks for a bare codestream, but some writers add the boxes.
const JP2_SIGNATURE: &[u8] = &[0, 0, 0, 12, b'j', b'P', b' ', b' '];

/// In the first byte of the capabilities: what only Part 2 says how to decode (ITU-T T.801 A.2.1).
const EXTENSIONS: u8 = 0x80;

/// dicom-pixeldata refuses a frame that is over 64 times as large as its codestream.
const MAX_RATIO: usize = 64;

/// What the SIZ and COD segments say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Codestream {
    rows: u32,
    columns: u32,
    components: u16,
    precision: u16,
    signed: bool,
    colour_transform: bool,
    irreversible: bool,
}

impl Codestream {
    /// Walks the main header (ITU-T T.800 A.5 and A.6).
    pub fn read(data: &[u8]) -> Result<Self, Hold> {
        let bad = || mismatch("a JPEG 2000 main header that is not well formed");
        if !data.starts_with(START) {
            return Err(bad());
        }
        let mut found: Option<Self> = None;
        let mut at = 2;
        loop {
            let head = data.get(at..at + 4).ok_or_else(bad)?;
            let length = usize::from(u16::from_be_bytes([head[2], head[3]]));
            let body = data.get(at + 4..at + 2 + length).ok_or_else(bad)?;
            match (head[1], &mut found) {
                (0x51, None) => found = Some(Self::read_siz(body)?),
                (0x52, Some(codestream)) => {
                    codestream.colour_transform = *body.get(4).ok_or_else(bad)? != 0;
                    codestream.irreversible = *body.get(9).ok_or_else(bad)? == 0;
                    return Ok(*codestream);
                }
                (0x90, _) => return Err(bad()),
                _ => {}
            }
            at += 2 + length;
        }
    }

    fn read_siz(body: &[u8]) -> Result<Self, Hold> {
        let bad = || mismatch("a JPEG 2000 SIZ segment that is not well formed");
        if body.first().ok_or_else(bad)? & EXTENSIONS != 0 {
            return Err(not_decodable("JPEG 2000 with extensions of Part 2"));
        }
        let word = |at: usize| -> Result<u32, Hold> {
            let bytes = body.get(at..at + 4).ok_or_else(bad)?;
            Ok(u32::from_be_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]))
        };
        let components = body.get(34..36).ok_or_else(bad)?;
        let components = u16::from_be_bytes([components[0], components[1]]);
        let specs = body.get(36..36 + usize::from(components) * 3).ok_or_else(bad)?;
        let first = specs.get(..3).ok_or_else(bad)?;
        if specs.chunks_exact(3).any(|spec| spec != [first[0], 1, 1]) {
            return Err(not_decodable("JPEG 2000 components that differ in size or precision"));
        }
        Ok(Self {
            columns: word(2)?.checked_sub(word(10)?).ok_or_else(bad)?,
            rows: word(6)?.checked_sub(word(14)?).ok_or_else(bad)?,
            components,
            precision: u16::from(first[0] & 0x7F) + 1,
            signed: first[0] & 0x80 != 0,
            colour_transform: false,
            irreversible: false,
        })
    }

    /// Whether samples were lost when this was encoded, as far as the codestream tells.
    pub fn lossy(&self) -> bool {
        self.irreversible
    }

    /// How the samples are stored: bits, sign, and whether a colour transform is to be undone.
    pub fn form(&self) -> (u16, bool, bool) {
        (self.precision, self.signed, self.colour_transform)
    }

    /// Checks the codestream against the header and says what a decoded frame will be.
    pub fn output(&self, source: &PixelLayout) -> Result<PixelLayout, Hold> {
        if (self.rows, self.columns) != (source.rows.into(), source.columns.into()) {
            return Err(mismatch("JPEG 2000 dimensions contradict Rows or Columns"));
        }
        if self.components != source.samples_per_pixel {
            return Err(mismatch("JPEG 2000 components contradict SamplesPerPixel"));
        }
        if !matches!(source.bits_allocated, 8 | 16) {
            return Err(not_decodable("JPEG 2000 with BitsAllocated other than 8 or 16"));
        }
        if self.precision > source.bits_allocated {
            return Err(mismatch("JPEG 2000 precision contradicts BitsAllocated"));
        }
        let mut output = PixelLayout { planar: false, ..source.clone() };
        if self.components == 3 {
            output.photometric = self.output_colour(source.photometric)?;
        }
        Ok(output)
    }

    /// The decoder undoes the colour transform that the codestream declares. What comes out is
    /// RGB if there was one, and else what the header says (PS3.5 8.2.4).
    fn output_colour(&self, stated: Photometric) -> Result<Photometric, Hold> {
        match (stated, self.colour_transform) {
            (Photometric::Rgb | Photometric::YbrRct | Photometric::YbrIct, true)
            | (Photometric::Rgb, false) => Ok(Photometric::Rgb),
            (Photometric::YbrFull, false) => Ok(Photometric::YbrFull),
            _ => Err(mismatch("the JPEG 2000 colour transform contradicts the header")),
        }
    }
}

/// The bare codestream in `data`, which may be wrapped in JP2 boxes (ITU-T T.800 I.4).
pub(super) fn bare(data: &[u8]) -> Result<&[u8], Hold> {
    if !data.starts_with(JP2_SIGNATURE) {
        return Ok(data);
    }
    let bad = || mismatch("JP2 boxes without a codestream");
    let mut rest = data;
    loop {
        let head = rest.get(..8).ok_or_else(bad)?;
        let length = u32::from_be_bytes([head[0], head[1], head[2], head[3]]) as usize;
        let end = if length == 0 { rest.len() } else { length };
        let body = rest.get(8..end).ok_or_else(bad)?;
        if &head[4..] == b"jp2c" {
            return Ok(body);
        }
        rest = &rest[end..];
    }
}

/// Decodes one frame to `output`, which came from [`Codestream::output`] of the first frame.
pub(super) fn decode(
    data: &[u8],
    source: &PixelLayout,
    output: &PixelLayout,
) -> Result<Vec<u8>, Hold> {
    let data = bare(data)?;
    let codestream = Codestream::read(data)?;
    if codestream.output(source)? != *output {
        return Err(mismatch("JPEG 2000 frames that differ in form"));
    }
    let data = until_end(data)?;
    let mut frame = guarded(|| decode_by_pixeldata(data, output))?;
    if frame.len() != output.frame_bytes() {
        return Err(mismatch("a JPEG 2000 frame decoded to another size"));
    }
    if codestream.signed != output.signed {
        correct_sign(&mut frame, codestream.precision, output);
    }
    if codestream.precision > output.bits_stored && !fits(&frame, output) {
        return Err(mismatch("JPEG 2000 samples that do not fit BitsStored"));
    }
    Ok(frame)
}

/// The codestream as far as its last end marker, which no data before it can look like. Without
/// one, OpenJPEG would fill what is missing with grey and report success.
fn until_end(data: &[u8]) -> Result<&[u8], Hold> {
    let end = data.windows(2).rposition(|marker| marker == [0xFF, 0xD9]);
    end.map(|end| &data[..end + 2])
        .ok_or_else(|| Hold::new(HoldReason::Truncated, "a JPEG 2000 codestream without an end"))
}

fn decode_by_pixeldata(data: &[u8], output: &PixelLayout) -> Result<Vec<u8>, Hold> {
    let mut fragment = data.to_vec();
    fragment.resize(data.len().max(output.frame_bytes() / MAX_RATIO + 1), 0);
    let mut object = InMemDicomObject::new_empty();
    write_layout(&mut object, &PixelLayout { frames: 1, ..output.clone() }, false);
    object.put(DataElement::new(
        tags::PIXEL_DATA,
        VR::OB,
        PixelFragmentSequence::new_fragments(vec![fragment]),
    ));
    let meta = FileMetaTableBuilder::new()
        .transfer_syntax(uids::JPEG2000)
        .media_storage_sop_class_uid(uids::SECONDARY_CAPTURE_IMAGE_STORAGE)
        .media_storage_sop_instance_uid("2.25.1");
    let object = object
        .with_meta(meta)
        .map_err(|_| mismatch("a JPEG 2000 frame that could not be wrapped"))?;
    let decoded = object
        .decode_pixel_data_frame(0)
        .map_err(|_| mismatch("a JPEG 2000 codestream that does not decode"))?;
    Ok(decoded.data().to_vec())
}

/// Whether every sample is a value of BitsStored bits. Encoders state the precision of the word
/// rather than that of the values now and then; what exceeds BitsStored would be cut off.
fn fits(frame: &[u8], output: &PixelLayout) -> bool {
    SampleForm::of(output).clear_unused(&mut frame.to_vec()) == 0
}

/// Codestream and header disagree on the sign: the header is right, as every reader assumes, and
/// the bits of the codestream's precision are what was meant.
pub(super) fn correct_sign(frame: &mut [u8], precision: u16, output: &PixelLayout) {
    let unused = 16 - u32::from(precision);
    for sample in frame.chunks_exact_mut(output.sample_bytes()) {
        let bits = match *sample {
            [low] => u16::from(low),
            [low, high] => u16::from_le_bytes([low, high]),
            _ => continue,
        };
        let value = match output.signed {
            true => ((bits << unused) as i16 >> unused) as u16,
            false => bits << unused >> unused,
        };
        sample.copy_from_slice(&value.to_le_bytes()[..sample.len()]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::deid::pixels::layout::tests::layout;

    fn main_header(components: u16, sign_and_precision: u8, transform: u8) -> Vec<u8> {
        let mut data = START.to_vec();
        data.extend((38 + 3 * components).to_be_bytes());
        data.extend([0, 0]);
        for word in [5_u32, 4, 0, 0, 5, 4, 0, 0] {
            data.extend(word.to_be_bytes());
        }
        data.extend(components.to_be_bytes());
        (0..components).for_each(|_| data.extend([sign_and_precision, 1, 1]));
        data.extend([0xFF, 0x52, 0, 12, 0, 0, 0, 1, transform, 5, 4, 4, 0, 1]);
        data
    }

    #[test]
    fn the_codestream_says_what_comes_out() {
        let transformed = Codestream::read(&main_header(3, 7, 1)).expect("well formed");
        let output = transformed.output(&layout("YBR_RCT", 4, 5, 8)).expect("agrees");
        assert_eq!(output.photometric, Photometric::Rgb);
        assert!(transformed.output(&layout("YBR_FULL", 4, 5, 8)).is_err());
        let plain = Codestream::read(&main_header(3, 7, 0)).expect("well formed");
        let output = plain.output(&layout("YBR_FULL", 4, 5, 8)).expect("agrees");
        assert_eq!(output.photometric, Photometric::YbrFull);
        assert!(plain.output(&layout("YBR_RCT", 4, 5, 8)).is_err());
        assert!(!plain.lossy());
    }

    #[test]
    fn precision_above_bits_stored_is_taken_when_the_samples_fit() {
        let mut source = layout("MONOCHROME2", 4, 5, 16);
        (source.bits_stored, source.high_bit) = (10, 9);
        let codestream = Codestream::read(&main_header(1, 11, 0)).expect("well formed");
        let output = codestream.output(&source).expect("agrees");
        assert_eq!((output.bits_stored, output.high_bit), (10, 9));
        assert!(fits(&[0xFF, 0x03], &output) && !fits(&[0x00, 0x04], &output));
        assert!(codestream.output(&layout("MONOCHROME2", 4, 5, 8)).is_err());
        assert!(codestream.output(&layout("MONOCHROME2", 5, 4, 16)).is_err());
    }

    #[test]
    fn a_sign_that_the_header_contradicts_is_corrected_at_the_precision() {
        let mut output = layout("MONOCHROME2", 1, 1, 16);
        output.signed = true;
        let mut frame = 0x1830_u16.to_le_bytes().to_vec();
        correct_sign(&mut frame, 13, &output);
        assert_eq!(i16::from_le_bytes([frame[0], frame[1]]), -2000);
        output.signed = false;
        correct_sign(&mut frame, 13, &output);
        assert_eq!(u16::from_le_bytes([frame[0], frame[1]]), 0x1830);
    }

    #[test]
    fn high_throughput_codestreams_give_back_what_was_encoded() {
        let mut grey = layout("MONOCHROME2", 64, 64, 16);
        (grey.bits_stored, grey.high_bit) = (12, 11);
        let data = include_bytes!("../../../testdata/pixels/grey-12.jhc");
        let counted: Vec<u8> = (0..4096_u16).flat_map(u16::to_le_bytes).collect();
        assert_eq!(decode(data, &grey, &grey), Ok(counted));
        (grey.bits_stored, grey.high_bit, grey.signed) = (16, 15, true);
        let data = include_bytes!("../../../testdata/pixels/signed-12.jhc");
        let counted: Vec<u8> = (-2048..2048_i16).flat_map(i16::to_le_bytes).collect();
        assert_eq!(decode(data, &grey, &grey), Ok(counted));
        let (colour, rgb) = (layout("YBR_RCT", 64, 64, 8), layout("RGB", 64, 64, 8));
        let data = include_bytes!("../../../testdata/pixels/rgb-rct.jhc");
        let decoded = decode(data, &colour, &rgb).expect("decodes");
        assert_eq!((&decoded[..3], &decoded[189..192]), (&[200, 30, 90][..], &[10, 220, 40][..]));
    }

    #[test]
    fn changed_high_throughput_codestreams_are_decoded_to_a_frame_or_held() {
        let mut grey = layout("MONOCHROME2", 64, 64, 16);
        (grey.bits_stored, grey.high_bit) = (12, 11);
        let data = include_bytes!("../../../testdata/pixels/grey-12.jhc");
        for at in 0..data.len() {
            let mut changed = data.to_vec();
            changed[at] ^= 1 << (at % 8);
            if let Ok(frame) = decode(&changed, &grey, &grey) {
                assert_eq!(frame.len(), grey.frame_bytes());
            }
        }
        assert!(decode(&data[..data.len() / 2], &grey, &grey).is_err());
    }

    #[test]
    fn extensions_of_part_2_are_held() {
        let mut data = main_header(1, 7, 0);
        assert!(Codestream::read(&data).is_ok());
        data[6] = 0x80;
        let held = Codestream::read(&data).expect_err("extensions");
        assert_eq!(held.reason, HoldReason::PixelsNotDecodable);
    }

    #[test]
    fn a_codestream_ends_at_its_last_marker() {
        assert_eq!(until_end(&[1, 0xFF, 0xD9, 0xFF]), Ok(&[1, 0xFF, 0xD9][..]));
        assert!(until_end(&[1, 2, 0xFF]).is_err());
    }

    #[test]
    fn cut_headers_and_endless_boxes_are_held() {
        let data = main_header(3, 7, 1);
        assert!((0..data.len()).all(|cut| Codestream::read(&data[..cut]).is_err()));
        let boxed = [JP2_SIGNATURE, &[0; 4], &[0, 0, 0, 9], b"jp2c", &[7]].concat();
        assert_eq!(bare(&boxed), Ok(&[7][..]));
        let short_box = [JP2_SIGNATURE, &[0; 4], &[0, 0, 0, 3], b"free"].concat();
        assert!(bare(&short_box).is_err());
    }
}
