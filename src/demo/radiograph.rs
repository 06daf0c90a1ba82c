//! A picture like that of a chest radiograph, stored as MONOCHROME1: high values are dark.

use super::canvas::{Canvas, Pen};
use super::noise::{Noise, SmoothNoise, bell, in_ellipse, smooth_step};
use super::patient;
use noto_sans_mono_bitmap::RasterHeight;

const WIDTH: u32 = 1000;
const HEIGHT: u32 = 1200;
/// The highest value of 12 bits.
const DARKEST: f64 = 4095.0;
/// Burned-in text is as bright as can be: the lowest value.
const BURNED_IN: Pen<1> = Pen { size: RasterHeight::Size32, scale: 1, ink: [0] };

/// Draws it, with text burned in by the workstation that made it.
pub fn draw() -> Canvas<1> {
    let mut noise = Noise::new(11);
    let cloud = SmoothNoise::new(40, 48, &mut noise);
    let mut canvas = Canvas::shaded(WIDTH, HEIGHT, |x, y| {
        let place = (f64::from(x) / 500.0 - 1.0, f64::from(y) / 600.0 - 1.0);
        let texture = cloud.at(f64::from(x) / 1000.0, f64::from(y) / 1200.0);
        let light = brightness(place, texture) + 0.008 * noise.normal();
        [((1.0 - light.clamp(0.02, 0.94)) * DARKEST) as u16]
    });
    canvas.identifying((30, 24), &patient::banner_name(), BURNED_IN);
    canvas.identifying((30, 66), patient::ID, BURNED_IN);
    canvas.identifying((30, 108), patient::BIRTH_DATE_SHOWN, BURNED_IN);
    canvas.technical((880, 40), "L", Pen { scale: 2, ..BURNED_IN });
    canvas.identifying((30, 1144), patient::STUDY_DATE_SHOWN, BURNED_IN);
    canvas.technical((800, 1144), "PA ERECT", BURNED_IN);
    canvas
}

/// What a reader sees at a place, from 0 to 1; `place` goes from -1 to 1 in both directions.
fn brightness(place: (f64, f64), texture: f64) -> f64 {
    let (x, y) = place;
    let side = x.abs();
    let shoulders = 0.34 + 0.60 * smooth_step(-0.92, -0.62, y) - 0.10 * smooth_step(-0.3, 0.5, y);
    let body = 1.0 - smooth_step(shoulders - 0.05, shoulders + 0.05, side);
    let dome = 0.44 + 0.9 * (side - 0.38).powi(2) - 0.05 * smooth_step(-0.1, 0.1, -x);
    // A lung is narrow at its top and cut off by the diaphragm.
    let width = 0.17 + 0.17 * smooth_step(-0.72, 0.05, y);
    let centre = 0.34 + 0.10 * smooth_step(-0.72, 0.05, y);
    let lung = ((side - centre) / width).abs().powf(2.6) + ((y + 0.02) / 0.70).abs().powf(3.0);
    let air = (1.0 - smooth_step(0.72, 1.02, lung)) * (1.0 - smooth_step(0.0, 0.05, y - dome));
    let mut light = 0.60 + 0.10 * bell(x, 0.5);
    light -= air * (0.42 - 0.035 * texture);
    light += air * bones(side, y);
    // The vessels of the lung start beside the heart.
    light += 0.10 * air * bell(side - 0.17, 0.09) * bell(y - 0.02, 0.22) * (1.0 + 0.5 * texture);
    let heart = in_ellipse(place, (0.14, 0.22), (0.30, 0.30));
    light += 0.30 * air * (1.0 - smooth_step(0.82, 1.05, heart));
    light += 0.16 * bell(x, 0.10) * (0.8 + 0.2 * (y * 42.0).sin());
    light -= 0.10 * bell(x + 0.01, 0.035) * (1.0 - smooth_step(-0.35, -0.2, y));
    let collar_bone = -0.60 + 0.16 * side;
    light += 0.13 * bell(y - collar_bone, 0.026) * smooth_step(0.06, 0.12, side);
    light += 0.10 * smooth_step(0.0, 0.1, y - dome);
    0.04 + body * light * (1.0 - 0.25 * smooth_step(0.5, 0.95, side))
}

/// The ribs: behind they fall a little, in front steeply.
fn bones(side: f64, y: f64) -> f64 {
    let rib = |k: u32| {
        let start = -0.62 + 0.125 * f64::from(k);
        let behind = start + 0.55 * (side - 0.30).powi(2) + 0.10 * side;
        let front = start + 0.18 - 0.42 * (side - 0.62).powi(2) * 2.0;
        0.085 * bell(y - behind, 0.020) + 0.035 * bell(y - front, 0.022)
    };
    (0..9).map(rib).sum()
}
