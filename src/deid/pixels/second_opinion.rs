//! Decoding what we encoded, by libraries that have no code in common with our encoders.
//!
//! JPEG 2000 by `hayro-jpeg2000`, JPEG-LS by `pure_jpegls` where each component has a scan of its own, which
//! is all that it reads. RLE and JPEG-LS with mixed components have our own decoders, which were written
//! against the codestreams of others; lossless JPEG is decoded by `jpeg-decoder` in any case.

use super::attributes::mismatch;
use super::layout::PixelLayout;
use super::source::guarded;
use super::{jpeg_ls, jpeg2000};
use crate::deid::hold::Hold;
use hayro_jpeg2000::{DecodeSettings, DecoderContext, Image};

/// Decodes a frame of JPEG 2000 without loss.
pub(super) fn jpeg2000(data: &[u8], output: &PixelLayout) -> Result<Vec<u8>, Hold> {
    let (precision, signed, _) = jpeg2000::Codestream::read(data)?.form();
    // It takes every component for an unsigned one.
    let offset = if signed { 1 << (precision - 1) } else { 0 };
    let settings = DecodeSettings { strict: true, ..DecodeSettings::default() };
    guarded(|| {
        let failed = || mismatch("a frame of ours that another library does not decode");
        let image = Image::new(data, &settings).map_err(|_| failed())?;
        let mut context = DecoderContext::default();
        let decoded = image.decode(&mut context).map_err(|_| failed())?;
        let samples: Vec<_> = decoded.components().iter().map(|one| one.samples()).collect();
        let as_stated = samples.len() == usize::from(output.samples_per_pixel)
            && samples.iter().all(|one| one.len() as u64 == output.pixels());
        if !as_stated {
            return Err(failed());
        }
        let mut frame = Vec::with_capacity(output.frame_bytes());
        for pixel in 0..output.pixels() as usize {
            for component in &samples {
                let sample = component[pixel] as i32 - offset;
                frame.extend_from_slice(&sample.to_le_bytes()[..output.sample_bytes()]);
            }
        }
        if signed != output.signed {
            jpeg2000::correct_sign(&mut frame, precision, output);
        }
        Ok(frame)
    })
}

/// Decodes a frame of JPEG-LS without loss.
pub(super) fn jpeg_ls(
    data: &[u8],
    source: &PixelLayout,
    output: &PixelLayout,
) -> Result<Vec<u8>, Hold> {
    match jpeg_ls::apart(data, output)? {
        Some(components) => guarded(|| by_component(&components, output)),
        None => jpeg_ls::decode(data, source, output),
    }
}

fn by_component(components: &[Vec<u8>], output: &PixelLayout) -> Result<Vec<u8>, Hold> {
    let (rows, columns) = (u32::from(output.rows), u32::from(output.columns));
    let bytes = output.sample_bytes();
    let mut frame = vec![0; output.frame_bytes()];
    for (index, component) in components.iter().enumerate() {
        let failed = |_| mismatch("a scan of ours that another library does not decode");
        let (samples, ..) = jpegls::decode(component, columns, rows).map_err(failed)?;
        if samples.len() as u64 != output.pixels() {
            return Err(mismatch("a scan of ours with another number of samples"));
        }
        let targets = frame.chunks_exact_mut(bytes).skip(index).step_by(components.len());
        for (target, sample) in targets.zip(samples) {
            target.copy_from_slice(&u32::from(sample).to_le_bytes()[..bytes]);
        }
    }
    jpeg_ls::with_sign(&mut frame, &components[0], output)?;
    Ok(frame)
}
