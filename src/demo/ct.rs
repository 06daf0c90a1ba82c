//! A picture like that of a slice through the head: no text at all.

use super::canvas::Canvas;
use super::noise::{Noise, SmoothNoise, bell, in_ellipse, smooth_step};

const SIDE: u32 = 512;
/// What is added to Hounsfield units for storing; the header's Rescale Intercept is its negative.
pub const OFFSET: f64 = 1024.0;

/// Draws it.
pub fn draw() -> Canvas<1> {
    let mut noise = Noise::new(23);
    let cloud = SmoothNoise::new(36, 36, &mut noise);
    Canvas::shaded(SIDE, SIDE, |x, y| {
        let place = (f64::from(x) / 256.0 - 1.0, f64::from(y) / 256.0 - 1.0);
        let texture = cloud.at(f64::from(x) / 512.0, f64::from(y) / 512.0);
        let value = hounsfield(place, texture) + 5.0 * noise.normal();
        [(value + OFFSET).clamp(0.0, 4095.0) as u16]
    })
}

/// The attenuation at a place; `place` goes from -1 to 1 in both directions.
fn hounsfield(place: (f64, f64), texture: f64) -> f64 {
    let (x, y) = place;
    let head = in_ellipse(place, (0.0, 0.0), (0.66, 0.80));
    if head > 1.07 {
        return -1000.0;
    }
    let folds = (x.atan2(y) * 34.0 + 4.0 * texture).sin();
    let cortex = smooth_step(0.72, 0.86, head + 0.03 * folds);
    let mut value = 28.0 + 10.0 * cortex + 2.0 * texture;
    for side in [-1.0, 1.0] {
        let horn = in_ellipse((x * side, y), (0.09 + 0.12 * (y + 0.1).abs(), -0.08), (0.055, 0.24));
        value -= 24.0 * (1.0 - smooth_step(0.8, 1.1, horn));
        let nucleus = in_ellipse((x * side, y), (0.22, 0.02), (0.08, 0.12));
        value += 8.0 * (1.0 - smooth_step(0.7, 1.1, nucleus));
    }
    value += 22.0 * bell(x, 0.008) * smooth_step(0.30, 0.36, y.abs());
    value -= 22.0 * smooth_step(0.885, 0.90, head);
    let skull = smooth_step(0.90, 0.915, head) * (1.0 - smooth_step(0.985, 1.0, head));
    let skin = smooth_step(0.99, 1.0, head);
    value * (1.0 - skull) * (1.0 - skin) + 1100.0 * skull + 20.0 * skin
}
