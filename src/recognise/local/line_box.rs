//! The place of one line of text: a rectangle at any angle, in pixels of the picture.
//!
//! `join` never shrinks: the result holds every corner of both.

use crate::deid::picture::PixelRect;
use rten_imageproc::{Point, RotatedRect, Vec2};

/// Boxes less than this many times as long as thick have no direction of their own.
const SQUARISH: f32 = 1.5;

/// A rectangle at any angle. Text runs along its length, to the right or downwards.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct LineBox {
    centre: [f32; 2],
    /// Unit vector in which the text runs.
    along: [f32; 2],
    pub(super) length: f32,
    pub(super) thickness: f32,
}

impl LineBox {
    /// From a rectangle in a picture `scale` times as large.
    pub(super) fn new(rect: &RotatedRect, scale: f32) -> Self {
        let up = rect.up_axis();
        // `up` is the axis of the height, so the width runs at a right angle to it.
        let (mut along, mut length, mut thickness) = ([up.y, -up.x], rect.width(), rect.height());
        let upright_text = along[0].abs() >= along[1].abs();
        let swap = if length.max(thickness) < SQUARISH * length.min(thickness) {
            !upright_text
        } else {
            thickness > length
        };
        if swap {
            along = [up.x, up.y];
            (length, thickness) = (thickness, length);
        }
        let horizontal = along[0].abs() >= along[1].abs();
        if (horizontal && along[0] < 0.0) || (!horizontal && along[1] < 0.0) {
            along = along.map(|part| -part);
        }
        Self {
            centre: [rect.center().x / scale, rect.center().y / scale],
            along,
            length: length / scale,
            thickness: thickness / scale,
        }
    }

    /// From pixels of the picture.
    pub(super) fn upright(area: PixelRect) -> Self {
        let [left, top, right, bottom] =
            [area.left, area.top, area.right, area.bottom].map(|side| side as f32);
        let centre = Point::from_yx((top + bottom) / 2.0, (left + right) / 2.0);
        let up = Vec2::from_yx(1.0, 0.0);
        Self::new(&RotatedRect::new(centre, up, right - left, bottom - top), 1.0)
    }

    /// Whether the text runs downwards rather than to the right.
    pub(super) fn is_vertical(&self) -> bool {
        self.along[0].abs() < self.along[1].abs()
    }

    /// Whether the text runs straight to the right or downwards, within 5 degrees.
    pub(super) fn is_straight(&self) -> bool {
        self.along[0].abs().min(self.along[1].abs()) < 0.09
    }

    /// The same rectangle, read upside down.
    pub(super) fn turned(self) -> Self {
        Self { along: self.along.map(|part| -part), ..self }
    }

    /// The same rectangle, read along its short side.
    pub(super) fn crosswise(self) -> Self {
        let along = [self.along[1], -self.along[0]];
        Self { along, length: self.thickness, thickness: self.length, ..self }
    }

    /// The point a part `u` of the length and a part `v` of the thickness from the start.
    pub(super) fn point(&self, u: f32, v: f32) -> [f32; 2] {
        let (u, v) = ((u - 0.5) * self.length, (v - 0.5) * self.thickness);
        [
            self.centre[0] + u * self.along[0] - v * self.along[1],
            self.centre[1] + u * self.along[1] + v * self.along[0],
        ]
    }

    fn contains(&self, [x, y]: [f32; 2]) -> bool {
        let (x, y) = (x - self.centre[0], y - self.centre[1]);
        (x * self.along[0] + y * self.along[1]).abs() * 2.0 <= self.length
            && (y * self.along[0] - x * self.along[1]).abs() * 2.0 <= self.thickness
    }

    /// Whether `others` together hold the middle of this box from end to end.
    pub(super) fn is_covered(&self, others: &[Self]) -> bool {
        let steps = (self.length / self.thickness.max(1.0) * 8.0).clamp(8.0, 200.0) as u32;
        (0..=steps).all(|step| {
            let u = 0.04 + 0.92 * step as f32 / steps as f32;
            [0.35, 0.5, 0.65].iter().all(|v| {
                let point = self.point(u, *v);
                others.iter().any(|other| other.contains(point))
            })
        })
    }

    /// Whether this box is around more than one line of `others`.
    pub(super) fn is_block_of(&self, others: &[Self]) -> bool {
        let inside =
            |other: &&Self| other.thickness * 1.4 < self.thickness && self.contains(other.centre);
        others.iter().filter(inside).count() > 1
    }

    fn corners(&self) -> [[f32; 2]; 4] {
        [(0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0)].map(|(u, v)| self.point(u, v))
    }

    /// The range of `other` along this box (0) or across it (1), from the centre of this box.
    fn extent(&self, other: &Self, axis: usize) -> [f32; 2] {
        let direction = if axis == 0 { self.along } else { [-self.along[1], self.along[0]] };
        other.corners().iter().fold([f32::MAX, f32::MIN], |range, corner| {
            let at = (corner[0] - self.centre[0]) * direction[0]
                + (corner[1] - self.centre[1]) * direction[1];
            [range[0].min(at), range[1].max(at)]
        })
    }

    /// Whether `other`, which is no longer than this box, is the same line or a part of it.
    pub(super) fn is_same_line(&self, other: &Self) -> bool {
        let (along, across) = (self.extent(other, 0), self.extent(other, 1));
        let overlap =
            |range: [f32; 2], size: f32| range[1].min(size / 2.0) - range[0].max(-size / 2.0);
        let thickness = across[1] - across[0];
        let (thin, thick) = (thickness.min(self.thickness), thickness.max(self.thickness));
        let needed = (0.5 * thin).min(0.5 * (along[1] - along[0]));
        thick < 1.6 * thin
            && overlap(across, self.thickness) > 0.6 * thin
            && overlap(along, self.length) > needed
    }

    /// The rectangle in the direction of this box that holds both.
    pub(super) fn join(&self, other: &Self) -> Self {
        let grown =
            |range: [f32; 2], size: f32| [range[0].min(-size / 2.0), range[1].max(size / 2.0)];
        let along = grown(self.extent(other, 0), self.length);
        let across = grown(self.extent(other, 1), self.thickness);
        let (u, v) = ((along[0] + along[1]) / 2.0, (across[0] + across[1]) / 2.0);
        Self {
            centre: [
                self.centre[0] + u * self.along[0] - v * self.along[1],
                self.centre[1] + u * self.along[1] + v * self.along[0],
            ],
            along: self.along,
            length: along[1] - along[0],
            thickness: across[1] - across[0],
        }
    }

    /// The upright pixels around the box with `pad` on every side, inside the picture.
    pub(super) fn cover(&self, pad: f32, width: u32, height: u32) -> Option<PixelRect> {
        let corners = self.corners();
        let range = |axis: usize| {
            let (low, high) = corners.iter().fold((f32::MAX, f32::MIN), |(low, high), corner| {
                (low.min(corner[axis]), high.max(corner[axis]))
            });
            ((low - pad).floor().max(0.0) as u32, (high + pad).ceil().max(0.0) as u32)
        };
        let ((left, right), (top, bottom)) = (range(0), range(1));
        PixelRect { left, top, right, bottom }.clipped(width, height)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(x: f32, y: f32, width: f32, height: f32) -> LineBox {
        let rect = RotatedRect::new(Point::from_yx(y, x), Vec2::from_yx(1.0, 0.0), width, height);
        LineBox::new(&rect, 1.0)
    }

    #[test]
    fn a_box_runs_to_the_right_or_downwards_whatever_its_axes() {
        for (y, x) in [(1.0, 0.0), (-1.0, 0.0), (0.0, 1.0), (0.0, -1.0)] {
            let up = Vec2::from_yx(y, x);
            let (width, height) = if x == 0.0 { (40.0, 10.0) } else { (10.0, 40.0) };
            let rect = RotatedRect::new(Point::from_yx(50.0, 60.0), up, width, height);
            let text = LineBox::new(&rect, 2.0);
            assert!(!text.is_vertical());
            assert_eq!((text.length, text.thickness), (20.0, 5.0));
            assert_eq!(text.point(0.0, 0.0), [30.0 - 10.0, 25.0 - 2.5]);
            let rect = RotatedRect::new(Point::from_yx(50.0, 60.0), up, height, width);
            let text = LineBox::new(&rect, 1.0);
            assert!(text.is_vertical());
            assert_eq!(text.point(0.0, 0.0), [65.0, 30.0]);
            assert_eq!(text.turned().point(0.0, 0.0), [55.0, 70.0]);
            assert_eq!(text.crosswise().point(0.0, 0.0), [55.0, 30.0]);
        }
    }

    #[test]
    fn pieces_of_one_line_are_joined_and_neighbours_are_not() {
        let left = line(100.0, 50.0, 200.0, 20.0);
        let right = line(220.0, 52.0, 150.0, 18.0);
        assert!(left.is_same_line(&right));
        let both = left.join(&right);
        assert_eq!(both.cover(0.0, 999, 999), line(147.5, 50.5, 295.0, 21.0).cover(0.0, 999, 999));
        assert!(!left.is_same_line(&line(100.0, 68.0, 200.0, 20.0)), "the next line");
        assert!(!left.is_same_line(&line(100.0, 60.0, 90.0, 60.0)), "a block around it");
        assert!(!left.is_same_line(&line(203.0, 50.0, 8.0, 20.0)), "touching only");
    }

    #[test]
    fn a_box_is_covered_only_from_end_to_end() {
        let whole = line(100.0, 50.0, 200.0, 20.0);
        let (left, right) = (line(50.0, 50.0, 104.0, 16.0), line(150.0, 50.0, 104.0, 16.0));
        assert!(whole.is_covered(&[left, right]));
        assert!(!whole.is_covered(&[left]));
        assert!(!whole.is_covered(&[left, line(138.0, 50.0, 80.0, 16.0)]), "the last letters");
    }

    #[test]
    fn a_block_is_around_several_thinner_lines() {
        let block = line(100.0, 50.0, 200.0, 60.0);
        let lines = [line(90.0, 35.0, 150.0, 20.0), line(90.0, 55.0, 150.0, 20.0)];
        assert!(block.is_block_of(&lines));
        assert!(!block.is_block_of(&lines[..1]));
        assert!(!lines[0].is_block_of(&lines));
    }

    #[test]
    fn a_tilted_box_is_not_straight() {
        let tilted = |x: f32| {
            let up = Vec2::from_yx((1.0 - x * x).sqrt(), x);
            LineBox::new(&RotatedRect::new(Point::from_yx(50.0, 60.0), up, 40.0, 10.0), 1.0)
        };
        assert!(tilted(0.0).is_straight() && tilted(-0.05).is_straight());
        assert!(tilted(1.0).is_straight(), "downwards");
        assert!(!tilted(0.18).is_straight() && !tilted(-0.18).is_straight());
    }

    #[test]
    fn a_cover_stays_inside_the_picture() {
        let cover = line(5.0, 5.0, 40.0, 10.0).cover(2.0, 20, 8);
        assert_eq!(cover, Some(PixelRect { left: 0, top: 0, right: 20, bottom: 8 }));
        assert_eq!(line(90.0, 5.0, 40.0, 10.0).cover(2.0, 20, 8), None);
    }
}
