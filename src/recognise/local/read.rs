//! What a line says: the recognition network over strips of 48 pixels high.
//!
//! The network gives each column of a strip a class; the text is the classes without repeats and
//! blanks, and the confidence is the mean of those that stay.

use super::line_box::LineBox;
use super::models::{Network, classes};
use super::raster::Raster;
use crate::recognise::DetectError;
use rten_tensor::NdTensor;
use rten_tensor::prelude::*;

const HEIGHT: usize = 48;
/// Longer strips are squeezed.
const WIDTH_MAX: usize = 3200;
/// Narrower strips are padded: the network was trained on wider ones.
const WIDTH_MIN: usize = 96;
/// Pixels in a row of one batch. An answer has 18,710 classes for every eight.
const BATCH_WIDTH: usize = 2560;
/// Vertical boxes up to this many times as high as wide may be one upright letter.
const UPRIGHT_LETTER: f32 = 3.0;

/// What was read in a box.
#[derive(Debug, Clone, Default)]
pub(super) struct Reading {
    pub(super) text: String,
    pub(super) confidence: f32,
}

/// The recognition network and its classes.
pub(super) struct Reader {
    network: Network,
    classes: Vec<&'static str>,
}

impl Reader {
    pub(super) fn new(network: Network) -> Self {
        Self { network, classes: classes() }
    }

    /// The best reading of each box, upright or along its length.
    pub(super) fn read(
        &self,
        picture: &Raster<'_>,
        boxes: &[LineBox],
    ) -> Result<Vec<Reading>, DetectError> {
        let mut tries: Vec<(usize, LineBox)> = Vec::new();
        for (index, shape) in boxes.iter().enumerate() {
            tries.push((index, *shape));
            if shape.is_vertical() {
                tries.push((index, shape.turned()));
                if shape.length < UPRIGHT_LETTER * shape.thickness {
                    tries.push((index, shape.crosswise()));
                }
            }
        }
        // Strips of like width share a batch; the sort is stable, so the order is fixed.
        tries.sort_by_key(|(_, shape)| strip_width(shape));
        let mut best = vec![Reading::default(); boxes.len()];
        let mut rest = tries.as_slice();
        while !rest.is_empty() {
            let (batch, later) = rest.split_at(batch_len(rest));
            let shapes: Vec<LineBox> = batch.iter().map(|(_, shape)| *shape).collect();
            for ((index, _), reading) in batch.iter().zip(self.read_batch(picture, &shapes)?) {
                if reading.confidence > best[*index].confidence {
                    best[*index] = reading;
                }
            }
            rest = later;
        }
        Ok(best)
    }

    fn read_batch(
        &self,
        picture: &Raster<'_>,
        shapes: &[LineBox],
    ) -> Result<Vec<Reading>, DetectError> {
        let width = shapes.iter().map(strip_width).max().unwrap_or(0);
        let width = width.next_multiple_of(32).max(WIDTH_MIN);
        let mut input = NdTensor::<f32, 4>::zeros([shapes.len(), 3, HEIGHT, width]);
        if let Some(data) = input.data_mut() {
            for (shape, strip) in shapes.iter().zip(data.chunks_mut(3 * HEIGHT * width)) {
                fill_strip(picture, shape, strip, width);
            }
        }
        let output: NdTensor<f32, 3> = self.network.run(input)?;
        if output.size(0) != shapes.len() || output.size(2) != self.classes.len() {
            return Err(self.network.failure("unexpected shape of the answer".into()));
        }
        let steps = output.to_vec();
        let per_strip = output.size(1) * output.size(2);
        Ok(steps.chunks(per_strip).map(|strip| self.decode(strip)).collect())
    }

    fn decode(&self, steps: &[f32]) -> Reading {
        let (mut text, mut sum, mut kept, mut previous) = (String::new(), 0.0, 0_u32, 0);
        for step in steps.chunks(self.classes.len()) {
            let (mut class, mut probability) = (0, f32::MIN);
            for (index, value) in step.iter().enumerate() {
                if *value > probability {
                    (class, probability) = (index, *value);
                }
            }
            if class != 0 && class != previous {
                text.push_str(self.classes[class]);
                sum += probability;
                kept += 1;
            }
            previous = class;
        }
        let text = text.trim().to_owned();
        let confidence = if text.is_empty() { 0.0 } else { sum / kept as f32 };
        Reading { text, confidence }
    }
}

fn strip_width(shape: &LineBox) -> usize {
    let ratio = shape.length / shape.thickness.max(1.0);
    ((HEIGHT as f32 * ratio).ceil() as usize).clamp(8, WIDTH_MAX)
}

/// How many of the tries, sorted by width, make the next batch.
fn batch_len(tries: &[(usize, LineBox)]) -> usize {
    let narrowest = strip_width(&tries[0].1).max(WIDTH_MIN);
    tries
        .iter()
        .enumerate()
        .take_while(|(before, (_, shape))| {
            let width = strip_width(shape).max(WIDTH_MIN);
            *before == 0 || (width * 4 <= narrowest * 5 && width * (before + 1) <= BATCH_WIDTH)
        })
        .count()
}

/// Resamples a box to 48 pixels high, into the three planes of `strip`, which are `stride` wide.
fn fill_strip(picture: &Raster<'_>, shape: &LineBox, strip: &mut [f32], stride: usize) {
    let width = strip_width(shape);
    // Large letters are averaged, or their thin strokes would fall between the samples.
    let fine = ((shape.thickness / HEIGHT as f32).round() as usize).clamp(1, 4);
    let part = 1.0 / (fine * fine) as f32;
    for row in 0..HEIGHT {
        for column in 0..width {
            let mut sum = [0.0_f32; 3];
            for step in 0..fine * fine {
                let u = column as f32 + ((step % fine) as f32 + 0.5) / fine as f32;
                let v = row as f32 + ((step / fine) as f32 + 0.5) / fine as f32;
                let [x, y] = shape.point(u / width as f32, v / HEIGHT as f32);
                let levels = picture.at(x, y);
                (0..3).for_each(|channel| sum[channel] += levels[channel]);
            }
            for (channel, level) in sum.iter().enumerate() {
                strip[(channel * HEIGHT + row) * stride + column] = level * part / 127.5 - 1.0;
            }
        }
    }
}
