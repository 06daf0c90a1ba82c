//! JPEG-LS (PS3.5 8.2.3, ITU-T T.87), decoded here: what libraries there are need CMake, take one
//! component, or are wrong. Encoding is without loss.

mod bits;
mod decode;
mod encode;
mod model;

use super::attributes::mismatch;
use super::layout::{Photometric, PixelLayout, not_decodable};
use super::samples::extend_sign;
use super::source::guarded;
use crate::deid::hold::{Hold, HoldReason};
use bits::Damaged;
use decode::{Lines, ScanDecoder};
use encode::ScanEncoder;
use model::{Parameters, Presets};

/// What begins a codestream: SOI and the first byte of the next marker.
pub(super) const START: &[u8] = &[0xFF, 0xD8, 0xFF];
/// The segment in which HP's encoder states a colour transform.
const HP_TRANSFORM: &[u8] = b"mrfx";

/// How the components of a scan are mixed (T.87 C.2.3, ILV).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Interleave {
    None,
    Line,
    Sample,
}

/// What the markers of the first scan say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Codestream {
    rows: u16,
    columns: u16,
    components: u8,
    precision: u8,
    near: u8,
    pub interleave: Interleave,
    presets: Presets,
    /// Where the data of the scan begins.
    scan: usize,
}

impl Codestream {
    /// Walks the markers as far as the data of the first scan (T.87 C.1 and C.2).
    pub fn read(data: &[u8]) -> Result<Self, Hold> {
        if !data.starts_with(START) {
            return Err(bad());
        }
        Self::read_from(data, 2, None)
    }

    /// Reads the segments from `at`; `known` is what an earlier scan of this codestream said.
    fn read_from(data: &[u8], mut at: usize, known: Option<Self>) -> Result<Self, Hold> {
        let mut found = known;
        let mut presets = known.map_or_else(Presets::default, |known| known.presets);
        loop {
            let [0xFF, marker] = *data.get(at..at + 2).ok_or_else(bad)? else { return Err(bad()) };
            if marker == 0xFF {
                at += 1; // a fill byte
                continue;
            }
            let length = data.get(at + 2..at + 4).ok_or_else(bad)?;
            let length = usize::from(u16::from_be_bytes([length[0], length[1]]));
            let body = data.get(at + 4..at + 2 + length).ok_or_else(bad)?;
            at += 2 + length;
            match marker {
                0xF7 if found.is_some() => return Err(mismatch("two JPEG-LS frame headers")),
                0xF7 => found = Some(Self::read_frame_header(body)?),
                0xF8 => presets = read_presets(body)?,
                0xDA => {
                    let mut codestream = found.ok_or_else(bad)?;
                    codestream.read_scan_header(body)?;
                    return Ok(Self { presets, scan: at, ..codestream });
                }
                0xDD if body.iter().any(|byte| *byte != 0) => {
                    return Err(not_decodable("JPEG-LS with restart intervals"));
                }
                0xE8 if body.starts_with(HP_TRANSFORM) && body.get(4) != Some(&0) => {
                    return Err(not_decodable("JPEG-LS with a colour transform"));
                }
                0xC0..=0xC3 | 0xC5..=0xC7 | 0xC9..=0xCB | 0xCD..=0xCF | 0xD8 | 0xD9 => {
                    return Err(bad());
                }
                _ => {}
            }
        }
    }

    fn read_frame_header(body: &[u8]) -> Result<Self, Hold> {
        let [precision, y0, y1, x0, x1, components, specs @ ..] = body else { return Err(bad()) };
        if specs.len() != usize::from(*components) * 3 || specs.chunks(3).any(|s| s[1] != 0x11) {
            return Err(not_decodable("JPEG-LS components that differ in size"));
        }
        Ok(Self {
            rows: u16::from_be_bytes([*y0, *y1]),
            columns: u16::from_be_bytes([*x0, *x1]),
            components: *components,
            precision: *precision,
            near: 0,
            interleave: Interleave::None,
            presets: Presets::default(),
            scan: 0,
        })
    }

    fn read_scan_header(&mut self, body: &[u8]) -> Result<(), Hold> {
        let components = usize::from(*body.first().ok_or_else(bad)?);
        let [specs @ .., near, interleave, transform] = body.get(1..).ok_or_else(bad)? else {
            return Err(bad());
        };
        if specs.len() != components * 2 {
            return Err(bad());
        }
        if specs.chunks(2).any(|spec| spec[1] != 0) || *transform != 0 {
            return Err(not_decodable("JPEG-LS with mapping tables or a point transform"));
        }
        let all = components == usize::from(self.components);
        self.near = *near;
        self.interleave = match interleave {
            0 if components == 1 => Interleave::None,
            1 if all => Interleave::Line,
            2 if all => Interleave::Sample,
            _ => return Err(not_decodable("JPEG-LS scans of some components")),
        };
        Ok(())
    }

    /// Whether samples were lost when this was encoded.
    pub fn lossy(&self) -> bool {
        self.near > 0
    }

    /// Bits of a sample.
    pub fn precision(&self) -> u16 {
        self.precision.into()
    }

    /// Checks the codestream against the header and says what a decoded frame will be: its
    /// components are those of the header's colours.
    pub fn output(&self, source: &PixelLayout) -> Result<PixelLayout, Hold> {
        if (self.rows, self.columns) != (source.rows, source.columns) {
            return Err(mismatch("JPEG-LS dimensions contradict Rows or Columns"));
        }
        if u16::from(self.components) != source.samples_per_pixel {
            return Err(mismatch("JPEG-LS components contradict SamplesPerPixel"));
        }
        if !matches!(source.bits_allocated, 8 | 16) {
            return Err(not_decodable("JPEG-LS with BitsAllocated other than 8 or 16"));
        }
        let precision = self.precision();
        if precision > source.bits_allocated || (source.signed && precision < source.bits_stored) {
            return Err(mismatch("JPEG-LS precision contradicts BitsAllocated or BitsStored"));
        }
        let photometric = match source.photometric {
            // Components are not subsampled, whatever the label says.
            Photometric::YbrFull422 => Photometric::YbrFull,
            Photometric::YbrIct | Photometric::YbrRct | Photometric::Xyb => {
                return Err(mismatch("PhotometricInterpretation is one that JPEG-LS has not"));
            }
            stated => stated,
        };
        self.parameters()?;
        Ok(PixelLayout { photometric, planar: false, ..source.clone() })
    }

    fn parameters(&self) -> Result<Parameters, Hold> {
        Parameters::new(self.precision, self.near, self.presets)
            .ok_or_else(|| mismatch("JPEG-LS coding parameters that contradict each other"))
    }
}

fn bad() -> Hold {
    mismatch("a JPEG-LS codestream without a frame or scan header")
}

impl From<Damaged> for Hold {
    fn from(_: Damaged) -> Self {
        Hold::new(HoldReason::Truncated, "a JPEG-LS scan that ends early or is damaged")
    }
}

fn read_presets(body: &[u8]) -> Result<Presets, Hold> {
    let [1, rest @ ..] = body else {
        return Err(not_decodable("JPEG-LS with mapping tables or large dimensions"));
    };
    let words: Vec<u16> =
        rest.chunks(2).map(|w| u16::from_be_bytes([w[0], w[w.len() - 1]])).collect();
    let [maxval, t1, t2, t3, reset] = words[..] else { return Err(bad()) };
    Ok(Presets { maxval, thresholds: [t1, t2, t3], reset })
}

/// Decodes one frame to `output`, which came from [`Codestream::output`] of the first frame.
pub(super) fn decode(
    data: &[u8],
    source: &PixelLayout,
    output: &PixelLayout,
) -> Result<Vec<u8>, Hold> {
    let codestream = Codestream::read(data)?;
    if codestream.output(source)? != *output {
        return Err(mismatch("JPEG-LS frames that differ in form"));
    }
    let mut frame = guarded(|| decode_scans(data, codestream, output))?;
    with_sign(&mut frame, data, output)?;
    Ok(frame)
}

fn decode_scans(data: &[u8], first: Codestream, layout: &PixelLayout) -> Result<Vec<u8>, Hold> {
    let components = usize::from(first.components);
    let columns = usize::from(first.columns);
    let bytes = layout.sample_bytes();
    let mut frame = vec![0; layout.frame_bytes()];
    let row_bytes = columns * components * bytes;
    let put = |row: &mut [u8], component: usize, line: &[i32]| {
        let targets = row.chunks_exact_mut(bytes).skip(component).step_by(components);
        for (target, sample) in targets.zip(line) {
            target.copy_from_slice(&sample.to_le_bytes()[..bytes]);
        }
    };
    let mut codestream = first;
    let mut done = 0;
    loop {
        let scan = data.get(codestream.scan..).unwrap_or_default();
        let mut decoder = ScanDecoder::new(scan, codestream.parameters()?);
        let together = if codestream.interleave == Interleave::None { 1 } else { components };
        let mut parts: Vec<Lines> = (0..together).map(|_| Lines::new(columns)).collect();
        let mut runs = vec![0; together];
        for row in frame.chunks_exact_mut(row_bytes) {
            parts.iter_mut().for_each(Lines::begin);
            if codestream.interleave == Interleave::Sample {
                decoder.pixels(&mut parts, &mut runs[0])?;
            } else {
                for (lines, run) in parts.iter_mut().zip(&mut runs) {
                    decoder.line(lines, run)?;
                }
            }
            for (index, lines) in parts.iter().enumerate() {
                put(row, done + index, lines.line());
            }
        }
        done += together;
        if done == components {
            return Ok(frame);
        }
        let next = scan.windows(2).position(|pair| pair[0] == 0xFF && pair[1] >= 0x80);
        let next = codestream.scan + next.ok_or(Damaged)?;
        codestream = Codestream::read_from(data, next, Some(codestream))?;
        if codestream.interleave != Interleave::None {
            return Err(not_decodable("JPEG-LS scans of some components"));
        }
    }
}

/// The scans of a codestream of ours as codestreams of one component each; none where they are mixed.
pub(super) fn apart(data: &[u8], layout: &PixelLayout) -> Result<Option<Vec<Vec<u8>>>, Hold> {
    let mut codestream = Codestream::read(data)?;
    if codestream.interleave != Interleave::None {
        return Ok(None);
    }
    let mut components = Vec::new();
    loop {
        let scan = data.get(codestream.scan..).unwrap_or_default();
        let end = scan.windows(2).position(|pair| pair[0] == 0xFF && pair[1] >= 0x80);
        let end = end.ok_or(Damaged)?;
        let mut alone = frame_header(layout, codestream.precision, 1);
        alone.extend(scan_header(&[0], Interleave::None));
        alone.extend_from_slice(&scan[..end]);
        alone.extend([0xFF, 0xD9]);
        components.push(alone);
        if components.len() == usize::from(codestream.components) {
            return Ok(Some(components));
        }
        codestream = Codestream::read_from(data, codestream.scan + end, Some(codestream))?;
    }
}

/// Gives samples of this codestream's precision the sign that the layout states.
pub(super) fn with_sign(frame: &mut [u8], data: &[u8], layout: &PixelLayout) -> Result<(), Hold> {
    if layout.signed {
        extend_sign(frame, layout, Codestream::read(data)?.precision());
    }
    Ok(())
}

/// Encodes one frame without loss, its components mixed as `interleave` says; none for a precision that
/// JPEG-LS does not have.
pub(super) fn encode(
    frame: &[u8],
    layout: &PixelLayout,
    precision: u16,
    interleave: Interleave,
) -> Option<Vec<u8>> {
    let components = usize::from(layout.samples_per_pixel);
    let precision = u8::try_from(precision).ok()?.max(2);
    let parameters = Parameters::new(precision, 0, Presets::default())?;
    let scans: Vec<Vec<usize>> = match interleave {
        Interleave::None => (0..components).map(|component| vec![component]).collect(),
        _ => vec![(0..components).collect()],
    };
    let mut out = frame_header(layout, precision, components);
    for scan in &scans {
        let data = encode_scan(frame, layout, parameters, scan, interleave);
        out.extend(scan_header(scan, interleave));
        out.extend(data);
    }
    out.extend([0xFF, 0xD9]);
    Some(out)
}

fn frame_header(layout: &PixelLayout, precision: u8, components: usize) -> Vec<u8> {
    let mut out = vec![0xFF, 0xD8, 0xFF, 0xF7, 0, (8 + 3 * components) as u8, precision];
    out.extend(layout.rows.to_be_bytes());
    out.extend(layout.columns.to_be_bytes());
    out.push(components as u8);
    (1..=components as u8).for_each(|id| out.extend([id, 0x11, 0]));
    out
}

fn scan_header(components: &[usize], interleave: Interleave) -> Vec<u8> {
    let count = components.len() as u8;
    let mut out = vec![0xFF, 0xDA, 0, 6 + 2 * count, count];
    components.iter().for_each(|component| out.extend([*component as u8 + 1, 0]));
    out.extend([0, interleave as u8, 0]);
    out
}

/// The samples of one component of a row, as far as the precision goes.
fn samples<'a>(
    row: &'a [u8],
    layout: &PixelLayout,
    precision: u8,
    component: usize,
) -> impl Iterator<Item = i32> + 'a {
    let mask = (1 << precision) - 1;
    let components = usize::from(layout.samples_per_pixel);
    row.chunks_exact(layout.sample_bytes()).skip(component).step_by(components).map(move |sample| {
        let high = sample.get(1).copied().unwrap_or(0);
        i32::from(u16::from_le_bytes([sample[0], high])) & mask
    })
}

fn encode_scan(
    frame: &[u8],
    layout: &PixelLayout,
    parameters: Parameters,
    components: &[usize],
    interleave: Interleave,
) -> Vec<u8> {
    let precision = (parameters.maxval + 1).trailing_zeros() as u8;
    let mut encoder = ScanEncoder::new(parameters);
    let columns = usize::from(layout.columns);
    let mut parts: Vec<Lines> = components.iter().map(|_| Lines::new(columns)).collect();
    let mut runs = vec![0; components.len()];
    let row_bytes = columns * usize::from(layout.samples_per_pixel) * layout.sample_bytes();
    for row in frame.chunks_exact(row_bytes) {
        for (lines, component) in parts.iter_mut().zip(components) {
            lines.begin();
            let line = lines.line_mut().iter_mut();
            line.zip(samples(row, layout, precision, *component)).for_each(|(to, s)| *to = s);
        }
        if interleave == Interleave::Sample {
            encoder.pixels(&parts, &mut runs[0]);
        } else {
            parts.iter().zip(&mut runs).for_each(|(lines, run)| encoder.line(lines, run));
        }
    }
    encoder.finish()
}

#[cfg(test)]
mod tests;
