//! Where text is: the detection network over every piece of a picture at every scale.
//!
//! The network gives each pixel the probability that it is in the middle of a letter; lines are
//! the islands above a threshold, as rectangles grown back to the height of the letters.

use super::line_box::LineBox;
use super::models::Network;
use super::raster::{MARGIN, Raster};
use super::tile::{self, Pass};
use crate::recognise::DetectError;
use rten_imageproc::{
    BoundingRect, Point, PointF, RetrievalMode, RotatedRect, Vec2, find_contours, min_area_rect,
};
use rten_tensor::prelude::*;
use rten_tensor::{NdTensor, NdTensorView};

/// Probability from which a pixel belongs to a line.
const PIXEL_MIN: f32 = 0.2;
/// Mean probability from which an island is a line.
const BOX_MIN: f32 = 0.4;
/// How far an island is grown, times its area over its outline.
const GROWTH: f32 = 1.6;
/// Thinnest island, in pixels of the pass.
const THICKNESS_MIN: f32 = 3.0;
/// Longest box, in pixels of the picture, that is too small to be one readable letter.
const SPECK_MAX: f32 = 8.0;
/// Most candidates in one picture.
const CANDIDATES_MAX: usize = 3000;

/// One island: where it is, and its mean probability.
#[derive(Debug, Clone, Copy)]
pub(super) struct Candidate {
    pub(super) shape: LineBox,
    pub(super) score: f32,
}

/// The candidates of some passes, in the order found, with duplicates.
pub(super) fn candidates(
    network: &Network,
    picture: &Raster<'_>,
    passes: &[Pass],
) -> Result<Vec<Candidate>, DetectError> {
    let mut found = Vec::new();
    for pass in passes {
        let scaled = picture.scaled(pass.scale);
        let raster = if pass.turned { scaled.turned() } else { scaled };
        for (rect, score) in islands(network, &raster)? {
            let rect = if pass.turned { turned_back(&rect, raster.height as f32) } else { rect };
            let shape = LineBox::new(&rect, pass.scale);
            if shape.length > SPECK_MAX {
                found.push(Candidate { shape, score });
            }
        }
        if found.len() > CANDIDATES_MAX {
            return Err(DetectError::TooManyLines { limit: CANDIDATES_MAX });
        }
    }
    Ok(found)
}

/// The rectangles of one pass, grown to the letters, in pixels of the pass; with the mean
/// probability of each.
fn islands(network: &Network, raster: &Raster<'_>) -> Result<Vec<(RotatedRect, f32)>, DetectError> {
    let mut found = Vec::new();
    for y in tile::pieces(raster.height) {
        for x in tile::pieces(raster.width) {
            let input = raster.detection_input(x.clone(), y.clone());
            let (height, width) = (input.size(2), input.size(3));
            let output: NdTensor<f32, 4> = network.run(input)?;
            if output.shape() != [1, 1, height, width] {
                return Err(network.failure("unexpected shape of the answer".into()));
            }
            // The margin is not part of the picture.
            let rows = MARGIN..MARGIN + y.len();
            let map = output.slice((0, 0, rows, MARGIN..MARGIN + x.len()));
            islands_of(map, Point::from_yx(y.start as f32, x.start as f32), &mut found);
        }
    }
    Ok(found)
}

fn islands_of(map: NdTensorView<f32, 2>, origin: PointF, found: &mut Vec<(RotatedRect, f32)>) {
    let mask: NdTensor<bool, 2> = map.map(|probability| *probability > PIXEL_MIN);
    // Not only the outermost: a frame around a banner must not hide what is inside it.
    for contour in find_contours(mask.view(), RetrievalMode::List).iter() {
        // A rectangle through the middles of pixels is half a pixel too small on each side.
        let points: Vec<PointF> =
            contour.iter().map(|p| Point::from_yx(p.y as f32 + 0.5, p.x as f32 + 0.5)).collect();
        let Some(rect) = min_area_rect(&points) else { continue };
        let rect = rect.expanded(1.0, 1.0);
        let (width, height) = (rect.width(), rect.height());
        let score = mean_inside(&map, &rect);
        if width.min(height) < THICKNESS_MIN || score < BOX_MIN {
            continue;
        }
        let grow = GROWTH * width * height / (width + height);
        let centre = rect.center().translate(origin.y, origin.x);
        let grown = RotatedRect::new(centre, rect.up_axis(), width + grow, height + grow);
        found.push((grown, score));
    }
}

/// A rectangle of a pass turned to the left and `height` high, as it lies in the picture.
fn turned_back(rect: &RotatedRect, height: f32) -> RotatedRect {
    let (centre, up) = (rect.center(), rect.up_axis());
    RotatedRect::new(
        Point::from_yx(centre.x, height - centre.y),
        Vec2::from_yx(up.x, -up.y),
        rect.width(),
        rect.height(),
    )
}

fn mean_inside(map: &NdTensorView<f32, 2>, rect: &RotatedRect) -> f32 {
    let bounds = rect.bounding_rect();
    let clamp = |value: f32, end: usize| (value.max(0.0) as usize).min(end);
    let (top, bottom) =
        (clamp(bounds.top().floor(), map.size(0)), clamp(bounds.bottom().ceil(), map.size(0)));
    let (left, right) =
        (clamp(bounds.left().floor(), map.size(1)), clamp(bounds.right().ceil(), map.size(1)));
    let (up, centre) = (rect.up_axis(), rect.center());
    let (half_width, half_height) = (rect.width() / 2.0, rect.height() / 2.0);
    let (mut sum, mut count) = (0.0_f32, 0_u32);
    for y in top..bottom {
        for x in left..right {
            let (dx, dy) = (x as f32 + 0.5 - centre.x, y as f32 + 0.5 - centre.y);
            if (dx * up.x + dy * up.y).abs() <= half_height
                && (dx * up.y - dy * up.x).abs() <= half_width
            {
                sum += map[[y, x]];
                count += 1;
            }
        }
    }
    sum / count.max(1) as f32
}

/// The candidates without duplicates: what overlaps along one line becomes one, never smaller.
pub(super) fn unite(mut candidates: Vec<Candidate>) -> Vec<Found> {
    candidates.sort_by(|a, b| b.shape.length.total_cmp(&a.shape.length));
    let mut lines: Vec<Found> = Vec::new();
    for candidate in candidates {
        let Candidate { shape, score } = candidate;
        let mut line = Found { shape, score, parts: vec![shape] };
        // A line that has grown may touch others that it did not touch before.
        while let Some(index) = lines.iter().position(|other| same_line(&other.shape, &line.shape))
        {
            let other = lines.remove(index);
            let (long, short) = longest_first(&other.shape, &line.shape);
            line.shape = long.join(short);
            line.score = line.score.max(other.score);
            line.parts.extend(other.parts);
        }
        lines.push(line);
    }
    lines
}

/// A line, and the candidates that were united in it.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) shape: LineBox,
    /// The best of its parts.
    pub(super) score: f32,
    pub(super) parts: Vec<LineBox>,
}

fn longest_first<'a>(a: &'a LineBox, b: &'a LineBox) -> (&'a LineBox, &'a LineBox) {
    if a.length >= b.length { (a, b) } else { (b, a) }
}

fn same_line(a: &LineBox, b: &LineBox) -> bool {
    let (long, short) = longest_first(a, b);
    long.is_same_line(short)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_island_becomes_a_box_grown_to_the_letters_even_inside_a_frame() {
        let mut map = NdTensor::<f32, 2>::zeros([64, 96]);
        for y in 0..64 {
            for x in 0..96 {
                let frame = y == 2 || y == 61 || x == 2 || x == 93;
                let island = (30..38).contains(&y) && (20..60).contains(&x);
                map[[y, x]] = if frame || island { 0.9 } else { 0.0 };
            }
        }
        let mut found = Vec::new();
        islands_of(map.view(), Point::from_yx(5.0, 7.0), &mut found);
        assert_eq!(found.len(), 1);
        let grow = 1.6 * 320.0 / 96.0;
        let shape = LineBox::new(&found[0].0, 1.0);
        assert!((shape.length - (40.0 + 2.0 * grow)).abs() < 0.1);
        assert!((shape.thickness - (8.0 + 2.0 * grow)).abs() < 0.1);
        let [x, y] = shape.point(0.5, 0.5);
        assert!((x - 47.0).abs() < 0.1 && (y - 39.0).abs() < 0.1);
    }

    #[test]
    fn a_rectangle_of_a_turned_pass_returns_to_its_place() {
        // A line down the right edge of a picture of 100x60 lies flat at the top once turned.
        let flat = RotatedRect::new(Point::from_yx(5.0, 30.0), Vec2::from_yx(1.0, 0.0), 50.0, 8.0);
        let shape = LineBox::new(&turned_back(&flat, 100.0), 1.0);
        assert!(shape.is_vertical());
        assert_eq!(shape.point(0.5, 0.5), [95.0, 30.0]);
        assert_eq!((shape.length, shape.thickness), (50.0, 8.0));
    }
}
