//! Samples as a PNG packs them, and as an object has them.

use super::raster::Raster;
use crate::deid::pixels::{Frame, PixelLayout};
use png::{ColorType, Info};

/// Samples as an object has them: each in bytes of its own, little-endian, transparency apart.
pub(super) fn unpacked(packed: Vec<u8>, layout: &PixelLayout, info: &Info<'_>) -> Raster {
    let bits = usize::from(layout.bits_stored);
    let (width, samples) = (usize::from(layout.columns), info.color_type.samples());
    let mut all = match bits {
        16 => {
            let mut packed = packed;
            packed.chunks_exact_mut(2).for_each(|sample| sample.swap(0, 1));
            packed
        }
        8 => packed,
        _ => {
            let row = (width * samples * bits).div_ceil(8);
            let rows = packed.chunks_exact(row.max(1));
            rows.flat_map(|row| (0..width * samples).map(move |at| bits_at(row, at, bits)))
                .collect()
        }
    };
    let mut alpha = None;
    if matches!(info.color_type, ColorType::GrayscaleAlpha | ColorType::Rgba) {
        let (bytes, whole) = (bits / 8, samples * bits / 8);
        let pixels = all.chunks_exact(whole);
        alpha = Some(pixels.clone().flat_map(|pixel| pixel[whole - bytes..].to_vec()).collect());
        all = pixels.flat_map(|pixel| pixel[..whole - bytes].to_vec()).collect();
    }
    let palette_alpha = match (info.color_type, &info.trns) {
        (ColorType::Indexed, Some(trns)) => trns.to_vec(),
        _ => Vec::new(),
    };
    let frame = Frame { index: 0, data: all };
    Raster { layout: layout.clone(), frame, alpha, palette_alpha }
}

fn bits_at(row: &[u8], at: usize, bits: usize) -> u8 {
    let shift = 8 - bits - at * bits % 8;
    row.get(at * bits / 8).map_or(0, |byte| byte >> shift & ((1 << bits) - 1))
}

/// The samples as the file has them.
pub(super) fn packed(raster: &Raster) -> Vec<u8> {
    let bits = usize::from(raster.layout.bits_stored);
    let (bytes, samples) = (raster.sample_bytes(), raster.samples());
    let mut all = match &raster.alpha {
        None => raster.frame.data.clone(),
        Some(alpha) => {
            let pixels = raster.frame.data.chunks_exact(bytes * samples);
            let pixels = pixels.zip(alpha.chunks_exact(bytes));
            pixels.flat_map(|(pixel, alpha)| [pixel, alpha].concat()).collect()
        }
    };
    match bits {
        16 => all.chunks_exact_mut(2).for_each(|sample| sample.swap(0, 1)),
        8 => {}
        _ => {
            let row = usize::from(raster.layout.columns);
            let pack = |part: &[u8]| {
                let samples = part.iter().enumerate();
                samples.fold(0, |byte, (at, sample)| byte | sample << (8 - bits - at * bits))
            };
            all = all
                .chunks_exact(row.max(1))
                .flat_map(|row| row.chunks(8 / bits).map(pack))
                .collect();
        }
    }
    all
}
