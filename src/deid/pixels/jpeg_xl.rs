//! JPEG XL (PS3.5 8.2, ISO/IEC 18181), decoded by `jxl-oxide`. There is no encoder that could be trusted:
//! what is blanked leaves as JPEG 2000.
//!
//! Taken is one picture of the size and the colours that the header states. What a codestream may hold
//! beside it, a preview, an animation, alpha, and that nobody would see, is held.

use super::attributes::mismatch;
use super::layout::{Photometric, PixelLayout, not_decodable};
use super::samples::SampleForm;
use super::source::guarded;
use crate::deid::hold::{Hold, HoldReason};
use jxl_oxide::image::BitDepth;
use jxl_oxide::{AllocTracker, InitializeResult, JxlImage};

/// What begins a codestream, and the box that begins a file of boxes.
pub(super) const START: &[u8] = &[0xFF, 0x0A];
const CONTAINER: &[u8] = b"\0\0\0\x0CJXL \r\n\x87\n";

/// What the decoder may take: so many bytes for each pixel of a frame, twice what it was seen to need, and
/// for tables.
const BYTES_FOR_A_PIXEL: usize = 48;
const BYTES_FOR_TABLES: usize = 64 << 20;

/// What the headers of a codestream say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Codestream {
    rows: u32,
    columns: u32,
    components: u16,
    precision: u32,
    /// The decoder gives RGB, or grey, whatever was encoded.
    transformed: bool,
    lossy: bool,
}

impl Codestream {
    /// Reads the image header and the header of the frame.
    pub fn read(data: &[u8]) -> Result<Self, Hold> {
        let data = bare_of(data)?;
        let mut found = None;
        guarded(|| {
            found = Some(Self::of(&open(&data, BYTES_FOR_TABLES)?)?);
            Ok(Vec::new())
        })?;
        found.ok_or_else(|| mismatch("a JPEG XL codestream without a header"))
    }

    fn of(image: &JxlImage) -> Result<Self, Hold> {
        let header = image.image_header();
        let metadata = &header.metadata;
        let BitDepth::IntegerSample { bits_per_sample: precision } = metadata.bit_depth else {
            return Err(not_decodable("JPEG XL with floating point samples"));
        };
        if metadata.preview.is_some() || metadata.animation.is_some() {
            return Err(not_decodable("JPEG XL with more than one picture"));
        }
        if !metadata.ec_info.is_empty() || metadata.orientation != 1 {
            return Err(not_decodable("JPEG XL with extra channels or turned"));
        }
        let frame = image.frame_header(0).ok_or_else(|| mismatch("JPEG XL without a picture"))?;
        let modular = frame.encoding == jxl_oxide::frame::Encoding::Modular;
        Ok(Self {
            rows: header.size.height,
            columns: header.size.width,
            components: if metadata.grayscale() { 1 } else { 3 },
            precision,
            transformed: metadata.xyb_encoded || frame.do_ycbcr,
            lossy: metadata.xyb_encoded || !modular,
        })
    }

    /// Whether samples were lost when this was encoded, as far as the codestream tells.
    pub fn lossy(&self) -> bool {
        self.lossy
    }

    /// Checks the codestream against the header and says what a decoded frame will be.
    pub fn output(&self, source: &PixelLayout) -> Result<PixelLayout, Hold> {
        if (self.rows, self.columns) != (source.rows.into(), source.columns.into()) {
            return Err(mismatch("JPEG XL dimensions contradict Rows or Columns"));
        }
        if self.components != source.samples_per_pixel {
            return Err(mismatch("JPEG XL components contradict SamplesPerPixel"));
        }
        if !matches!(source.bits_allocated, 8 | 16) || source.signed {
            return Err(not_decodable("JPEG XL of other than 8 or 16 unsigned bits"));
        }
        if self.precision > source.bits_allocated.into() {
            return Err(mismatch("JPEG XL precision contradicts BitsAllocated"));
        }
        let mut output = PixelLayout { planar: false, ..source.clone() };
        output.photometric = match (source.photometric, self.transformed) {
            (Photometric::PaletteColor, _) if self.lossy => {
                return Err(not_decodable("a palette with samples that are not exact"));
            }
            (grey, _) if self.components == 1 => grey,
            (Photometric::Rgb, _) => Photometric::Rgb,
            (Photometric::YbrFull | Photometric::YbrFull422 | Photometric::Xyb, true) => {
                Photometric::Rgb
            }
            (Photometric::YbrFull, false) => Photometric::YbrFull,
            _ => return Err(mismatch("JPEG XL colours contradict PhotometricInterpretation")),
        };
        Ok(output)
    }
}

/// Decodes one frame to `output`, which came from [`Codestream::output`] of the first frame.
pub(super) fn decode(
    data: &[u8],
    source: &PixelLayout,
    output: &PixelLayout,
) -> Result<Vec<u8>, Hold> {
    let data = bare_of(data)?;
    let frame = guarded(|| {
        let limit = output.pixels() as usize * BYTES_FOR_A_PIXEL;
        let image = open(&data, BYTES_FOR_TABLES + limit)?;
        let codestream = Codestream::of(&image)?;
        if codestream.output(source)? != *output {
            return Err(mismatch("JPEG XL frames that differ in form"));
        }
        if image.num_loaded_keyframes() != 1 {
            return Err(not_decodable("JPEG XL with more than one picture"));
        }
        let render = image
            .render_frame(0)
            .map_err(|_| mismatch("a JPEG XL codestream that does not decode"))?;
        let highest = ((1_u64 << codestream.precision) - 1) as f32;
        let pixels = render.image_all_channels();
        let sample_bytes = output.sample_bytes();
        let samples = pixels.buf().iter().flat_map(|sample| {
            // `as` clips, and makes zero of what is no number.
            let value = (sample * highest).round().min(highest) as u16;
            value.to_le_bytes().into_iter().take(sample_bytes)
        });
        Ok(samples.collect())
    })?;
    if frame.len() != output.frame_bytes() {
        return Err(mismatch("a JPEG XL frame decoded to another size"));
    }
    if SampleForm::of(output).clear_unused(&mut frame.clone()) > 0 {
        return Err(mismatch("JPEG XL samples that do not fit BitsStored"));
    }
    Ok(frame)
}

/// The codestream without boxes and what follows its end; none where it holds pictures that are not shown
/// by themselves, or a profile of its colours, in which there may be anything.
pub(super) fn bare(data: &[u8]) -> Option<Vec<u8>> {
    let data = bare_of(data).ok()?;
    let mut end = None;
    guarded(|| {
        let whole = open(&data, BYTES_FOR_TABLES)?;
        let named = whole.frame_header(0).is_none_or(|frame| !frame.name.is_empty());
        let alone = whole.num_loaded_frames() == 1 && whole.original_icc().is_none();
        Codestream::of(&whole)?;
        if alone && !named {
            end = shortest(&data);
        }
        Ok(Vec::new())
    })
    .ok()?;
    data.get(..end?).map(<[u8]>::to_vec)
}

/// The least that the decoder takes for the whole.
fn shortest(data: &[u8]) -> Option<usize> {
    let is_whole = |end: usize| open(&data[..end], BYTES_FOR_TABLES).is_ok();
    let (mut short, mut whole) = (0, data.len());
    while whole - short > 1 {
        let middle = short + (whole - short) / 2;
        match is_whole(middle) {
            true => whole = middle,
            false => short = middle,
        }
    }
    is_whole(whole).then_some(whole)
}

/// Hands a whole codestream to the decoder, which reads headers and tables of it.
fn open(data: &[u8], limit: usize) -> Result<JxlImage, Hold> {
    let cut = || Hold::new(HoldReason::Truncated, "a JPEG XL codestream without an end");
    let broken = |_| mismatch("a JPEG XL codestream that is not well formed");
    let mut unread = JxlImage::builder()
        .alloc_tracker(AllocTracker::with_limit(limit))
        .force_wide_buffers(true)
        .build_uninit();
    unread.feed_bytes(data).map_err(broken)?;
    let InitializeResult::Initialized(image) = unread.try_init().map_err(broken)? else {
        return Err(cut());
    };
    if image.is_loading_done() { Ok(image) } else { Err(cut()) }
}

/// The codestream, which may be in one box, or in several (ISO/IEC 18181-2).
fn bare_of(data: &[u8]) -> Result<Vec<u8>, Hold> {
    if data.starts_with(START) {
        return Ok(data.to_vec());
    }
    let bad = || mismatch("JPEG XL boxes without a codestream");
    let mut rest = data.strip_prefix(CONTAINER).ok_or_else(bad)?;
    let mut codestream = Vec::new();
    let mut parts = 0_u32;
    loop {
        let [l0, l1, l2, l3, kind @ ..] = *rest.first_chunk::<8>().ok_or_else(bad)?;
        let (head, length) = match u32::from_be_bytes([l0, l1, l2, l3]) {
            0 => (8, rest.len()),
            1 => {
                let long = rest.get(8..).and_then(|long| long.first_chunk()).ok_or_else(bad)?;
                (16, usize::try_from(u64::from_be_bytes(*long)).map_err(|_| bad())?)
            }
            length => (8, length as usize),
        };
        let body = rest.get(head..length).ok_or_else(bad)?;
        match &kind {
            b"jxlc" => return Ok(body.to_vec()),
            b"jxlp" => {
                let (number, part) = body.split_first_chunk::<4>().ok_or_else(bad)?;
                let number = u32::from_be_bytes(*number);
                if number & !LAST != parts {
                    return Err(bad());
                }
                codestream.extend_from_slice(part);
                if number & LAST != 0 {
                    return Ok(codestream);
                }
                parts += 1;
            }
            _ => {}
        }
        rest = &rest[length..];
    }
}

/// Set in the number of the last box of a codestream.
const LAST: u32 = 1 << 31;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::deid::pixels::layout::tests::layout;

    const GREY_12: &[u8] = include_bytes!("../../../testdata/pixels/grey-12.jxl");
    const RGB_BOXES: &[u8] = include_bytes!("../../../testdata/pixels/rgb-boxes.jxl");
    const RGB_LOSSY: &[u8] = include_bytes!("../../../testdata/pixels/rgb-lossy.jxl");
    const GREY_JPEG: &[u8] = include_bytes!("../../../testdata/pixels/grey-jpeg.jxl");

    fn twelve() -> PixelLayout {
        let mut layout = layout("MONOCHROME2", 64, 64, 16);
        (layout.bits_stored, layout.high_bit) = (12, 11);
        layout
    }

    fn decoded(data: &[u8], source: &PixelLayout) -> Result<(Vec<u8>, Photometric), Hold> {
        let output = Codestream::read(data)?.output(source)?;
        Ok((decode(data, source, &output)?, output.photometric))
    }

    #[test]
    fn what_was_encoded_without_loss_comes_back() {
        let counted: Vec<u8> = (0..4096_u16).flat_map(u16::to_le_bytes).collect();
        assert_eq!(decoded(GREY_12, &twelve()), Ok((counted, Photometric::Monochrome2)));
        let (data, colours) = decoded(RGB_BOXES, &layout("RGB", 64, 64, 8)).expect("decodes");
        assert_eq!((&data[..3], &data[189..192]), (&[200, 30, 90][..], &[10, 220, 40][..]));
        assert_eq!(colours, Photometric::Rgb);
        assert!(Codestream::read(GREY_12).is_ok_and(|codestream| !codestream.lossy()));
    }

    #[test]
    fn lossy_colours_are_rgb_whatever_they_were_encoded_as() {
        for stated in ["XYB", "RGB", "YBR_FULL"] {
            let (data, colours) = decoded(RGB_LOSSY, &layout(stated, 64, 64, 8)).expect("decodes");
            assert_eq!(colours, Photometric::Rgb);
            let near = |at: usize, colour: [u8; 3]| {
                data[at..at + 3].iter().zip(colour).all(|(is, should)| is.abs_diff(should) < 12)
            };
            assert!(
                near(3 * 64 * 32 + 24, [200, 30, 90]) && near(3 * 64 * 32 + 150, [10, 220, 40])
            );
        }
        assert!(Codestream::read(RGB_LOSSY).is_ok_and(|codestream| codestream.lossy()));
        assert!(decoded(RGB_BOXES, &layout("XYB", 64, 64, 8)).is_err());
    }

    #[test]
    fn a_recompressed_jpeg_is_what_the_jpeg_was() {
        let jpeg = include_bytes!("../../../testdata/pixels/grey-dct.jpg");
        let layout = layout("MONOCHROME2", 64, 96, 8);
        let (data, _) = decoded(GREY_JPEG, &layout).expect("decodes");
        let other = crate::deid::pixels::jpeg::decode(jpeg, &layout, &layout).expect("decodes");
        assert!(data.iter().zip(&other).all(|(one, other)| one.abs_diff(*other) <= 1));
    }

    #[test]
    fn boxes_and_what_follows_the_end_are_gone() {
        let exif = b"\0\0\0\x14Exif\0\0\0\0DOE^JOHN";
        let planted = [&RGB_BOXES[..32], exif, &RGB_BOXES[32..], exif].concat();
        let clean = bare(RGB_BOXES).expect("well formed");
        assert_eq!(bare(&planted), Some(clean.clone()));
        assert_eq!(bare(&[&clean, &b"DOE^JOHN"[..]].concat()), Some(clean.clone()));
        let rgb = layout("RGB", 64, 64, 8);
        assert_eq!(decoded(&clean, &rgb), decoded(RGB_BOXES, &rgb));
        let jpeg = bare(GREY_JPEG).expect("well formed");
        assert!(!jpeg.windows(4).any(|part| part == b"jbrd"));
        assert_eq!(bare(&jpeg), Some(jpeg.clone()));
    }

    #[test]
    fn changed_codestreams_are_decoded_to_a_frame_or_held() {
        let (rgb, grey) = (layout("RGB", 64, 64, 8), twelve());
        for (picture, source) in [(GREY_12, &grey), (RGB_BOXES, &rgb), (RGB_LOSSY, &rgb)] {
            for at in 0..picture.len() {
                let mut changed = picture.to_vec();
                changed[at] ^= 1 << (at % 8);
                if let Ok((data, _)) = decoded(&changed, source) {
                    assert_eq!(data.len(), source.frame_bytes());
                }
                if let Some(kept) = bare(&changed) {
                    assert_eq!(bare(&kept), Some(kept.clone()), "changed at {at}");
                }
            }
        }
    }

    #[test]
    fn what_is_cut_or_contradicts_the_header_is_held() {
        for picture in [GREY_12, RGB_BOXES, RGB_LOSSY, GREY_JPEG] {
            let end = bare_of(picture).expect("a codestream").len();
            let clean = bare(picture).expect("well formed");
            assert_eq!(clean.len(), end, "encoders write nothing behind it");
            for cut in 0..end {
                assert!(Codestream::read(&clean[..cut]).is_err() && bare(&clean[..cut]).is_none());
            }
        }
        assert!(decoded(GREY_12, &layout("MONOCHROME2", 64, 65, 16)).is_err());
        assert!(decoded(GREY_12, &layout("RGB", 64, 64, 16)).is_err());
        assert!(decoded(GREY_12, &layout("MONOCHROME2", 64, 64, 8)).is_err());
        let mut ten = twelve();
        (ten.bits_stored, ten.high_bit) = (10, 9);
        assert!(decoded(GREY_12, &ten).is_err(), "values that do not fit");
        ten.signed = true;
        assert!(decoded(GREY_12, &ten).is_err());
    }
}
