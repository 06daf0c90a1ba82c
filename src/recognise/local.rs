//! Embedded reading: PP-OCRv6 small on `rten`, with nothing outside the binary.
//!
//! `detect` (every piece of a pass) -> `unite` (one box per line) -> `read` -> the keep rule: once
//! for the fine passes, then for what the coarse ones add. What was not read but has the form of a
//! line of text is a line too, without text: the dictionary lacks most scripts, the detection does
//! not. A united box never shrinks, a kept area covers all the ink of its line, and the result does
//! not depend on the number of threads.

mod detect;
mod line_box;
mod models;
mod onnx;
mod raster;
mod read;
mod tile;

use self::detect::Found;
use self::line_box::LineBox;
use self::models::{Engine, Network};
use self::raster::Raster;
use self::read::{Reader, Reading};
use self::tile::{coarse_passes, fine_passes};
use super::{DetectError, TextDetector};
use crate::deid::picture::{Picture, PixelRect, TextLine};
use crate::phi::Phi;

/// Readings below this are not text.
const CONFIDENCE_MIN: f32 = 0.5;
/// Boxes above this part of the picture are anatomy, unless they read well.
const LARGE: f32 = 0.03;
const LARGE_CONFIDENCE_MIN: f32 = 0.9;
/// A ring or a frame reads as one large letter.
const LARGE_LETTERS_MIN: usize = 3;

/// A box around several lines that were read is text of its own only if it reads well.
const BLOCK_CONFIDENCE_MIN: f32 = 0.9;

/// Candidates that were not read are lines of text from this mean probability on, if they are longer
/// than thick: `LENGTH_MIN` times if they are small, `LONG` times if they are `LARGE` or the picture is
/// enhanced. Measured
/// (docs/performance.md): anatomy reaches that probability in round and square boxes alone.
const UNREAD_SCORE_MIN: f32 = 0.65;
const LENGTH_MIN: f32 = 1.5;
const LONG: f32 = 2.5;
/// Fewest letters of a line in an enhanced picture, where noise has the form of single ones.
const ENHANCED_LETTERS_MIN: usize = 3;
/// Thickest unread line, as a part of the longer side of the picture.
const UNREAD_THICKNESS_MAX: f32 = 0.12;

/// The embedded detector. Loading takes a moment and some 150 MB: make one and share it.
pub struct LocalDetector {
    detection: Network,
    reader: Reader,
}

impl LocalDetector {
    /// Loads the models from the binary, to run on `threads` threads (at least one): by ONNX Runtime, if
    /// its library can be used, and else by `rten`.
    pub fn load(threads: usize, onnx_runtime: &str) -> Result<Self, DetectError> {
        let engine = Engine { threads: threads.max(1), onnx_runtime: onnx_runtime.to_owned() };
        Ok(Self {
            detection: Network::detection(&engine)?,
            reader: Reader::new(Network::recognition(&engine)?),
        })
    }

    /// The name of what runs the networks.
    pub fn runs_on(&self) -> &'static str {
        self.detection.runs_on()
    }

    /// What stands in some areas, as one line each.
    pub fn read_areas(
        &self,
        picture: &Picture,
        areas: &[PixelRect],
    ) -> Result<Vec<(Phi<String>, f32)>, DetectError> {
        let shapes: Vec<LineBox> = areas.iter().map(|area| LineBox::upright(*area)).collect();
        let readings = self.reader.read(&Raster::new(picture)?, &shapes)?;
        Ok(readings.into_iter().map(|r| (Phi::new(r.text), r.confidence)).collect())
    }

    /// The lines of the picture, with duplicates.
    fn lines(&self, raster: &Raster<'_>) -> Result<Lines, DetectError> {
        let (width, height) = (raster.width, raster.height);
        let fine = detect::candidates(&self.detection, raster, &fine_passes(width, height))?;
        let mut lines = self.read_lines(raster, &detect::unite(fine))?;
        let shapes = lines.shapes();

        let coarse = detect::candidates(&self.detection, raster, &coarse_passes(width, height))?;
        let mut coarse = detect::unite(coarse);
        coarse.retain(|found| !found.shape.is_covered(&shapes));
        let coarse = self.read_lines(raster, &coarse)?;
        lines.read.extend(coarse.read.into_iter().filter(|(shape, reading)| {
            reading.confidence >= BLOCK_CONFIDENCE_MIN || !shape.is_block_of(&shapes)
        }));
        // Coarse after fine: where both found a line, the fine box is the closer one.
        lines.unread.extend(coarse.unread);
        let mut known = lines.shapes();
        lines.unread.retain(|shape| {
            let is_new = !shape.is_covered(&known) && !shape.is_block_of(&known);
            if is_new {
                known.push(*shape);
            }
            is_new
        });
        Ok(lines)
    }

    /// The candidates that were read well enough, and those that look like text all the same.
    fn read_lines(&self, raster: &Raster<'_>, found: &[Found]) -> Result<Lines, DetectError> {
        let pixels = (raster.width * raster.height) as f32;
        let longest = raster.width.max(raster.height) as f32;
        let shapes: Vec<LineBox> = found.iter().map(|line| line.shape).collect();
        let mut lines = Lines::default();
        let mut again: Vec<LineBox> = Vec::new();
        for (line, reading) in found.iter().zip(self.reader.read(raster, &shapes)?) {
            if is_text(&line.shape, &reading, pixels) {
                lines.read.push((line.shape, reading));
                continue;
            }
            if is_line(line, pixels, longest) {
                lines.unread.push(line.shape);
            }
            // Perhaps it is upside down, or its parts should not have been united.
            if !line.shape.is_vertical() && line.shape.length > 2.0 * line.shape.thickness {
                again.push(line.shape.turned());
            }
            if line.parts.len() > 1 {
                again.extend(&line.parts);
            }
        }
        let readings = self.reader.read(raster, &again)?;
        let readings = again.into_iter().zip(readings);
        lines.read.extend(readings.filter(|(shape, reading)| is_text(shape, reading, pixels)));
        Ok(lines)
    }
}

/// The lines of a picture, or of some passes over it.
#[derive(Default)]
struct Lines {
    read: Vec<(LineBox, Reading)>,
    unread: Vec<LineBox>,
}

impl Lines {
    /// Where something was read.
    fn shapes(&self) -> Vec<LineBox> {
        self.read.iter().map(|(shape, _)| *shape).collect()
    }
}

impl TextDetector for LocalDetector {
    fn read(&self, picture: &Picture) -> Result<Vec<TextLine>, DetectError> {
        let mut lines = self.lines(&Raster::new(picture)?)?;
        if picture.enhanced {
            let is_word =
                |reading: &Reading| letters(&reading.text).chars().count() >= ENHANCED_LETTERS_MIN;
            lines.read.retain(|(_, reading)| is_word(reading));
            lines.unread.retain(|shape| shape.length >= LONG * shape.thickness);
        }
        let line = |shape: &LineBox, reading: Option<Reading>| {
            let pad = (0.1 * shape.thickness).max(2.0);
            let area = shape.cover(pad, picture.width, picture.height)?;
            let unread = reading.is_none();
            let Reading { text, confidence } = reading.unwrap_or_default();
            Some(TextLine {
                frame: picture.frame,
                area,
                text: Phi::new(text),
                confidence,
                unread,
                words: Vec::new(),
            })
        };
        let read =
            lines.read.into_iter().filter_map(|(shape, reading)| line(&shape, Some(reading)));
        let mut all = without_duplicates(read.collect());
        all.extend(lines.unread.iter().filter_map(|shape| line(shape, None)));
        all.sort_by_key(|line| (line.area.top, line.area.left, line.area));
        Ok(all)
    }
}

/// The keep rule, as measured on pictures without text: small boxes that read as something, and
/// large boxes that read well as more than a letter.
fn is_text(shape: &LineBox, reading: &Reading, pixels: f32) -> bool {
    if shape.length * shape.thickness < LARGE * pixels {
        return reading.confidence >= CONFIDENCE_MIN;
    }
    reading.confidence >= LARGE_CONFIDENCE_MIN
        && letters(&reading.text).chars().count() >= LARGE_LETTERS_MIN
}

/// Whether a candidate that was not read has the form of a line of text.
fn is_line(found: &Found, pixels: f32, longest: f32) -> bool {
    let LineBox { length, thickness, .. } = found.shape;
    let form = match length * thickness < LARGE * pixels {
        true => length >= LENGTH_MIN * thickness,
        // A spine or a row of ribs is as long and lies as it likes.
        false => length >= LONG * thickness && found.shape.is_straight(),
    };
    form && found.score >= UNREAD_SCORE_MIN && thickness <= UNREAD_THICKNESS_MAX * longest
}

/// Lines that lie mostly inside another that says the same become part of it.
fn without_duplicates(mut lines: Vec<TextLine>) -> Vec<TextLine> {
    let size =
        |area: PixelRect| u64::from(area.right - area.left) * u64::from(area.bottom - area.top);
    lines.sort_by_key(|line| std::cmp::Reverse(line.text.reveal().chars().count()));
    let mut kept: Vec<TextLine> = Vec::new();
    for line in lines {
        let same = kept.iter_mut().find(|other| {
            intersection(other.area, line.area)
                .is_some_and(|common| size(common) * 10 > size(line.area).min(size(other.area)) * 7)
                && letters(other.text.reveal()).contains(&letters(line.text.reveal()))
        });
        match same {
            Some(other) => other.area = union(other.area, line.area),
            None => kept.push(line),
        }
    }
    kept
}

/// Letters and digits, those alike folded: two readings of one line differ in no more than that.
fn letters(text: &str) -> String {
    let folded = |letter| match letter {
        'O' | 'Q' => '0',
        'I' | 'L' => '1',
        'S' => '5',
        'B' => '8',
        other => other,
    };
    let letters = text.chars().filter(|letter| letter.is_alphanumeric());
    letters.flat_map(char::to_uppercase).map(folded).collect()
}

fn intersection(a: PixelRect, b: PixelRect) -> Option<PixelRect> {
    PixelRect { left: a.left.max(b.left), top: a.top.max(b.top), ..a }
        .clipped(a.right.min(b.right), a.bottom.min(b.bottom))
}

fn union(a: PixelRect, b: PixelRect) -> PixelRect {
    PixelRect {
        left: a.left.min(b.left),
        top: a.top.min(b.top),
        right: a.right.max(b.right),
        bottom: a.bottom.max(b.bottom),
    }
}

#[cfg(test)]
mod tests;
