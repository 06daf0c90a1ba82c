//! A picture at one scale, its pieces as network input, and resampling.
//!
//! Rasters hold 8-bit samples, grey or RGB, row by row; the networks want BGR, so that is the
//! order of their channels, and grey is repeated.

use crate::deid::picture::Picture;
use crate::recognise::DetectError;
use rten_tensor::NdTensor;
use std::borrow::Cow;
use std::ops::Range;

/// Pixels around a piece, like the nearest edge: a letter that touches the edge of the input is
/// seen less well.
pub(super) const MARGIN: usize = 16;

/// The pixels of a picture at one scale.
pub(super) struct Raster<'a> {
    pub(super) width: usize,
    pub(super) height: usize,
    samples: usize,
    data: Cow<'a, [u8]>,
}

impl<'a> Raster<'a> {
    /// The pixels of `picture`, if it has as many as it claims and at least one.
    pub(super) fn new(picture: &'a Picture) -> Result<Self, DetectError> {
        let (width, height) = (picture.width as usize, picture.height as usize);
        let samples = usize::from(picture.samples);
        let bytes = width.checked_mul(height).and_then(|pixels| pixels.checked_mul(samples));
        if !matches!(samples, 1 | 3) || bytes.is_none_or(|n| n == 0 || n != picture.data.len()) {
            return Err(DetectError::BadPicture {
                width: picture.width,
                height: picture.height,
                samples: picture.samples,
                bytes: picture.data.len(),
            });
        }
        Ok(Self { width, height, samples, data: Cow::Borrowed(&picture.data) })
    }

    /// The picture `scale` times as wide and high.
    pub(super) fn scaled(&self, scale: f32) -> Raster<'_> {
        if scale == 1.0 {
            let data = Cow::Borrowed(&*self.data);
            return Raster { data, ..*self };
        }
        let side = |length: usize| ((length as f32 * scale).round() as usize).max(1);
        let (width, height) = (side(self.width), side(self.height));
        let across = taps(self.width, width);
        let down = taps(self.height, height);
        let mut data = Vec::with_capacity(width * height * self.samples);
        let stride = self.width * self.samples;
        let mut row = vec![0.0_f32; stride];
        for tap in &down {
            row.fill(0.0);
            for (offset, weight) in tap.weights.iter().enumerate() {
                let start = (tap.first + offset) * stride;
                for (sum, value) in row.iter_mut().zip(&self.data[start..start + stride]) {
                    *sum += weight * f32::from(*value);
                }
            }
            for tap in &across {
                for sample in 0..self.samples {
                    let from = row[tap.first * self.samples + sample..].iter();
                    let sum: f32 =
                        from.step_by(self.samples).zip(&tap.weights).map(|(v, w)| v * w).sum();
                    data.push((sum + 0.5) as u8);
                }
            }
        }
        Raster { width, height, samples: self.samples, data: Cow::Owned(data) }
    }

    /// The picture turned by a quarter to the left: what ran downwards runs to the right.
    pub(super) fn turned(&self) -> Raster<'static> {
        let mut data = Vec::with_capacity(self.data.len());
        for x in (0..self.width).rev() {
            for y in 0..self.height {
                let start = (y * self.width + x) * self.samples;
                data.extend_from_slice(&self.data[start..start + self.samples]);
            }
        }
        let data = Cow::Owned(data);
        Raster { width: self.height, height: self.width, samples: self.samples, data }
    }

    /// A piece as the input of the detection network: ImageNet normalisation, `MARGIN` on
    /// every side, and more to the right and below up to multiples of 32.
    pub(super) fn detection_input(&self, x: Range<usize>, y: Range<usize>) -> NdTensor<f32, 4> {
        // In the order of the channels, B G R, as the network was trained.
        const MEAN: [f32; 3] = [0.485, 0.456, 0.406];
        const DEVIATION: [f32; 3] = [0.229, 0.224, 0.225];
        let side = |length: usize| (length + 2 * MARGIN).next_multiple_of(32);
        let (height, width) = (side(y.len()), side(x.len()));
        let nearest = |at: usize, piece: &Range<usize>| {
            (at.max(MARGIN) - MARGIN).min(piece.len() - 1) + piece.start
        };
        let columns: Vec<usize> = (0..width).map(|at| nearest(at, &x) * self.samples).collect();
        let mut data = Vec::with_capacity(3 * height * width);
        for channel in 0..3 {
            let level = |value: u8| (f32::from(value) / 255.0 - MEAN[channel]) / DEVIATION[channel];
            let levels: [f32; 256] = std::array::from_fn(|value| level(value as u8));
            let sample = if self.samples == 3 { 2 - channel } else { 0 };
            for row in 0..height {
                let start = nearest(row, &y) * self.width * self.samples + sample;
                let pixels = &self.data[start..];
                data.extend(columns.iter().map(|column| levels[usize::from(pixels[*column])]));
            }
        }
        NdTensor::from_data([1, 3, height, width], data)
    }

    /// The levels B, G, R (0 to 255) at a point between pixels; outside, those of the nearest edge.
    pub(super) fn at(&self, x: f32, y: f32) -> [f32; 3] {
        let (x, y) = (x - 0.5, y - 0.5);
        let (left, top) = (x.floor(), y.floor());
        let (right_part, bottom_part) = (x - left, y - top);
        let column = |x: f32| (x.max(0.0) as usize).min(self.width - 1) * self.samples;
        let line = |y: f32| (y.max(0.0) as usize).min(self.height - 1) * self.width * self.samples;
        let (columns, lines) = ([column(left), column(left + 1.0)], [line(top), line(top + 1.0)]);
        let level = |sample: usize| {
            let value = |i: usize, j: usize| f32::from(self.data[lines[i] + columns[j] + sample]);
            let above = value(0, 0) + (value(0, 1) - value(0, 0)) * right_part;
            let below = value(1, 0) + (value(1, 1) - value(1, 0)) * right_part;
            above + (below - above) * bottom_part
        };
        if self.samples == 3 { [level(2), level(1), level(0)] } else { [level(0); 3] }
    }
}

/// The source pixels of one resampled pixel, and their weights, which add up to 1.
struct Tap {
    first: usize,
    weights: Vec<f32>,
}

/// Triangle filter: linear when enlarging, and as wide as the new pixels when reducing.
fn taps(from: usize, to: usize) -> Vec<Tap> {
    let step = from as f32 / to as f32;
    let reach = step.max(1.0);
    (0..to)
        .map(|index| {
            let centre = (index as f32 + 0.5) * step - 0.5;
            let first = ((centre - reach).ceil().max(0.0) as usize).min(from - 1);
            let last = ((centre + reach).floor().max(0.0) as usize).clamp(first, from - 1);
            let mut weights: Vec<f32> = (first..=last)
                .map(|at| (1.0 - (at as f32 - centre).abs() / reach).max(1e-6))
                .collect();
            let total: f32 = weights.iter().sum();
            weights.iter_mut().for_each(|weight| *weight /= total);
            Tap { first, weights }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use rten_tensor::prelude::*;

    fn picture(width: u32, height: u32, samples: u8, data: Vec<u8>) -> Picture {
        Picture { frame: 0, width, height, samples, enhanced: false, data }
    }

    #[test]
    fn a_picture_without_its_pixels_is_refused() {
        for (width, height, samples, bytes) in [(2, 2, 1, 3), (2, 2, 2, 8), (0, 2, 1, 0)] {
            let picture = picture(width, height, samples, vec![0; bytes]);
            assert!(matches!(Raster::new(&picture), Err(DetectError::BadPicture { .. })));
        }
    }

    #[test]
    fn scaling_keeps_flat_pictures_flat_and_means() {
        let flat = picture(7, 3, 3, [10, 20, 30].repeat(21));
        let raster = Raster::new(&flat).unwrap();
        for scale in [0.3, 0.5, 1.5] {
            assert!(raster.scaled(scale).data.chunks(3).all(|pixel| pixel == [10, 20, 30]));
        }
        let checks = picture(8, 8, 1, [0, 200].repeat(32));
        let half = Raster::new(&checks).unwrap();
        assert!(half.scaled(0.5).data.iter().all(|value| (70..=130).contains(value)));
    }

    #[test]
    fn turning_moves_the_right_edge_to_the_top() {
        let numbered = picture(3, 2, 1, vec![1, 2, 3, 4, 5, 6]);
        let turned = Raster::new(&numbered).unwrap().turned();
        assert_eq!((turned.width, turned.height), (2, 3));
        assert_eq!(*turned.data, [3, 6, 2, 5, 1, 4]);
    }

    #[test]
    fn the_network_sees_blue_first_and_a_margin_like_the_edge() {
        let red = picture(3, 2, 3, [255, 0, 0].repeat(6));
        let input = Raster::new(&red).unwrap().detection_input(0..3, 0..2);
        assert_eq!(input.shape(), [1, 3, 64, 64]);
        let levels = [(0, 0.485, 0.229, 0.0), (1, 0.456, 0.224, 0.0), (2, 0.406, 0.225, 1.0)];
        for (channel, mean, deviation, level) in levels {
            for (y, x) in [(MARGIN, MARGIN), (0, 0), (63, 63)] {
                let wanted: f32 = (level - mean) / deviation;
                assert!((input[[0, channel, y, x]] - wanted).abs() < 1e-5);
            }
        }
        assert_eq!(Raster::new(&red).unwrap().at(-5.0, 9.0), [0.0, 0.0, 255.0]);
    }
}
