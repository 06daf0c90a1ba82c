//! Writing JPEG 2000 without loss, by OpenJPEG's translation to Rust.

use super::bare_jpeg2000;
use super::layout::PixelLayout;
use super::source::guarded;
use crate::deid::pixels::attributes::mismatch;
use openjp2::openjpeg::{
    opj_stream_default_create, opj_stream_destroy, opj_stream_set_seek_function,
    opj_stream_set_skip_function, opj_stream_set_user_data, opj_stream_set_write_function,
};
use openjp2::{Codec, opj_cparameters_t, opj_image, opj_image_comptparm};
use std::ffi::c_void;
use std::ptr;

/// The most often that a picture is halved.
const MAX_RESOLUTIONS: i32 = 6;

/// What the samples of a codestream are.
#[derive(Debug, Clone, Copy)]
pub(super) struct SampleCoding {
    pub precision: u16,
    pub signed: bool,
    /// The reversible colour transform.
    pub colour_transform: bool,
}

/// Encodes one frame, colour by pixel, without loss; none for a form that is not encoded.
pub(super) fn encode(frame: &[u8], layout: &PixelLayout, coding: SampleCoding) -> Option<Vec<u8>> {
    if !(1..=16).contains(&coding.precision) {
        return None;
    }
    let encoded = guarded(|| {
        compress(frame, layout, coding).ok_or_else(|| mismatch("a frame that is not encoded"))
    });
    bare_jpeg2000::bare(&encoded.ok()?)
}

/// The samples of one component, of which the codestream has the lower bits.
fn samples<'a>(
    frame: &'a [u8],
    layout: &PixelLayout,
    coding: SampleCoding,
    component: usize,
) -> impl Iterator<Item = i32> + 'a {
    let unused = 16 - u32::from(coding.precision);
    let components = usize::from(layout.samples_per_pixel);
    frame.chunks_exact(layout.sample_bytes()).skip(component).step_by(components).map(
        move |sample| {
            let high = sample.get(1).copied().unwrap_or(0);
            let bits = u16::from_le_bytes([sample[0], high]) << unused;
            if coding.signed { i32::from(bits as i16 >> unused) } else { i32::from(bits >> unused) }
        },
    )
}

fn compress(frame: &[u8], layout: &PixelLayout, coding: SampleCoding) -> Option<Vec<u8>> {
    let (width, height) = (u32::from(layout.columns), u32::from(layout.rows));
    let component = opj_image_comptparm {
        dx: 1,
        dy: 1,
        w: width,
        h: height,
        x0: 0,
        y0: 0,
        prec: coding.precision.into(),
        bpp: coding.precision.into(),
        sgnd: coding.signed.into(),
    };
    let components = vec![component; usize::from(layout.samples_per_pixel)];
    let colours = if components.len() == 3 {
        openjp2::OPJ_COLOR_SPACE::OPJ_CLRSPC_SRGB
    } else {
        openjp2::OPJ_COLOR_SPACE::OPJ_CLRSPC_GRAY
    };
    let mut image = opj_image::create(&components, colours)?;
    (image.x1, image.y1) = (width, height);
    for (index, component) in image.comps_mut()?.iter_mut().enumerate() {
        let targets = component.data_mut()?.iter_mut();
        targets.zip(samples(frame, layout, coding, index)).for_each(|(to, sample)| *to = sample);
    }
    let mut parameters = opj_cparameters_t::default();
    parameters.set_defaults();
    parameters.tcp_numlayers = 1;
    parameters.cp_disto_alloc = 1;
    parameters.irreversible = 0;
    parameters.tcp_mct = coding.colour_transform.into();
    let halvings = 32 - width.min(height).leading_zeros();
    parameters.numresolution = MAX_RESOLUTIONS.min(halvings as i32).max(1);
    let mut codec = Codec::new_encoder(openjp2::OPJ_CODEC_FORMAT::OPJ_CODEC_J2K)?;
    if codec.setup_encoder(&mut parameters, &mut image) != 1 {
        return None;
    }
    write(|stream| {
        codec.start_compress(&mut image, stream) == 1
            && codec.encode(stream) == 1
            && codec.end_compress(stream) == 1
    })
}

/// What the encoder has written, and where it writes next.
#[derive(Default)]
struct Sink {
    bytes: Vec<u8>,
    at: usize,
}

/// Hands a stream to `encode` whose bytes end up in memory: the library has a safe one for files only.
fn write(encode: impl FnOnce(&mut openjp2::Stream) -> bool) -> Option<Vec<u8>> {
    let mut sink = Sink::default();
    // SAFETY: the stream is destroyed before `sink` goes out of scope, also when the encoder panics;
    // the functions below are handed `sink` alone, one at a time; none of them unwinds.
    unsafe {
        let raw = Destroyed(opj_stream_default_create(0));
        if raw.0.is_null() {
            return None;
        }
        opj_stream_set_write_function(raw.0, Some(write_bytes));
        opj_stream_set_skip_function(raw.0, Some(skip));
        opj_stream_set_seek_function(raw.0, Some(seek));
        opj_stream_set_user_data(raw.0, ptr::from_mut(&mut sink).cast::<c_void>(), None);
        let written = encode(&mut *raw.0.cast::<openjp2::Stream>());
        drop(raw);
        written.then_some(sink.bytes)
    }
}

struct Destroyed(*mut openjp2::opj_stream_t);

impl Drop for Destroyed {
    fn drop(&mut self) {
        if !self.0.is_null() {
            // SAFETY: made by `opj_stream_default_create`, and destroyed here alone.
            unsafe { opj_stream_destroy(self.0) }
        }
    }
}

const FAILED: usize = usize::MAX;

unsafe extern "C" fn write_bytes(from: *mut c_void, count: usize, sink: *mut c_void) -> usize {
    // SAFETY: the library hands over `count` bytes and the user data, which is a `Sink`.
    let (bytes, sink) = unsafe {
        (std::slice::from_raw_parts(from.cast::<u8>(), count), &mut *sink.cast::<Sink>())
    };
    let end = sink.at.saturating_add(count);
    if sink.bytes.len() < end {
        if sink.bytes.try_reserve(end - sink.bytes.len()).is_err() {
            return FAILED;
        }
        sink.bytes.resize(end, 0);
    }
    sink.bytes[sink.at..end].copy_from_slice(bytes);
    sink.at = end;
    count
}

unsafe extern "C" fn skip(count: i64, sink: *mut c_void) -> i64 {
    // SAFETY: the user data is a `Sink`.
    let sink = unsafe { &mut *sink.cast::<Sink>() };
    match usize::try_from(count).ok().and_then(|count| sink.at.checked_add(count)) {
        Some(at) if at <= sink.bytes.len() => {
            sink.at = at;
            count
        }
        _ => -1,
    }
}

unsafe extern "C" fn seek(to: i64, sink: *mut c_void) -> i32 {
    // SAFETY: the user data is a `Sink`.
    let sink = unsafe { &mut *sink.cast::<Sink>() };
    match usize::try_from(to) {
        Ok(at) if at <= sink.bytes.len() => {
            sink.at = at;
            1
        }
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::deid::pixels::layout::tests::layout;
    use crate::deid::pixels::{jpeg2000, second_opinion};

    #[test]
    fn frames_of_every_depth_come_back_as_they_were() {
        for (precision, signed, colour) in [
            (1, false, false),
            (8, false, false),
            (8, true, false),
            (12, false, false),
            (12, true, false),
            (16, false, false),
            (16, true, false),
            (8, false, true),
            (16, false, true),
        ] {
            let bits = if precision > 8 { 16 } else { 8 };
            for (rows, columns) in [(1, 1), (1, 9), (7, 1), (37, 53)] {
                let mut layout =
                    layout(if colour { "RGB" } else { "MONOCHROME2" }, rows, columns, bits);
                (layout.bits_stored, layout.high_bit) = (precision, precision - 1);
                layout.signed = signed;
                let form = crate::deid::pixels::samples::SampleForm::of(&layout);
                let (low, high) = form.range();
                let value = |at: usize| match at % 5 {
                    0 => low,
                    1 => high,
                    _ => low + (at as i64 * 7919) % (high - low + 1),
                };
                let samples = layout.pixels() as usize * usize::from(layout.samples_per_pixel);
                let frame: Vec<u8> = (0..samples).flat_map(|at| form.bytes_of(value(at))).collect();
                let coding = SampleCoding { precision, signed, colour_transform: colour };
                let name = format!("{precision} {signed} {colour} {rows}x{columns}");
                let encoded = encode(&frame, &layout, coding).expect(&name);
                let again = second_opinion::jpeg2000(&encoded, &layout);
                assert_eq!(again.as_ref(), Ok(&frame), "{name}");
                assert_eq!(jpeg2000::decode(&encoded, &layout, &layout), Ok(frame), "{name}");
            }
        }
    }
}
