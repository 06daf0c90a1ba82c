//! A picture like that of an abdominal ultrasound: a sector of speckle below a banner.

use super::canvas::{Canvas, Pen};
use super::noise::{Noise, SmoothNoise, bell, in_ellipse, smooth_step};
use super::patient;
use noto_sans_mono_bitmap::RasterHeight;

const WIDTH: u32 = 1024;
const HEIGHT: u32 = 768;
/// Rows of the banner; its lower edge is a line.
const BANNER: u32 = 84;
/// Where all beams would meet, above the probe.
const APEX: (f64, f64) = (540.0, 0.0);
/// Distance of the probe's surface and of the deepest echo from the apex.
const RANGE: (f64, f64) = (125.0, 715.0);
/// Half the opening of the sector, in radians.
const HALF_ANGLE: f64 = 0.63;
/// What is displayed between black and white.
const DYNAMIC_RANGE_DB: f64 = 60.0;

const BLACK: [u16; 3] = [0; 3];
const BANNER_SHADE: [u16; 3] = [20, 26, 36];
const WHITE: Pen<3> = Pen { size: RasterHeight::Size24, scale: 1, ink: [236, 236, 230] };
const YELLOW: Pen<3> = Pen { ink: [240, 220, 120], ..WHITE };

/// Draws it, with the banner of an imaginary vendor.
pub fn draw() -> Canvas<3> {
    let mut noise = Noise::new(7);
    let speckle = Speckle::new(&mut noise);
    let mut canvas = Canvas::shaded(WIDTH, HEIGHT, |x, y| match y {
        0..BANNER => BANNER_SHADE,
        BANNER => [90, 100, 120],
        _ => speckle.shade(x, y).or_else(|| scale(x, y)).unwrap_or(BLACK),
    });
    canvas.identifying((24, 12), &patient::banner_name(), WHITE);
    canvas.identifying((24, 46), patient::ID, WHITE);
    canvas.identifying((392, 12), patient::INSTITUTION, WHITE);
    canvas.identifying((392, 46), patient::BIRTH_DATE_SHOWN, WHITE);
    canvas.identifying((856, 12), patient::STUDY_DATE_SHOWN, WHITE);
    canvas.identifying((856, 46), patient::STUDY_TIME_SHOWN, WHITE);
    let technique = ["MI 0.9", "TIS 0.4", "GAIN 65%", "DEPTH 15 cm", "DR 60 dB", "MAP 3"];
    for (row, line) in (0..).zip(technique) {
        canvas.technical((24, 120 + 36 * row), line, YELLOW);
    }
    canvas.technical((24, 716), "RT SAG", YELLOW);
    canvas.technical((690, 104), "L", Pen { size: RasterHeight::Size32, ..YELLOW });
    canvas
}

/// The grey bar and the depth scale at the right.
fn scale(x: u32, y: u32) -> Option<[u16; 3]> {
    let depth = f64::from(y) - APEX.1;
    if (980..996).contains(&x) && (130..330).contains(&y) {
        return Some([((330 - y) * 255 / 200) as u16; 3]);
    }
    let tick = depth >= RANGE.0 && depth <= RANGE.1 && (depth - RANGE.0) % 39.3 < 2.0;
    ((1004..1014).contains(&x) && y > 340 && tick).then_some([150; 3])
}

/// Echoes of many small scatterers along each beam: the amplitude of two normal fields.
struct Speckle {
    real: SmoothNoise,
    imaginary: SmoothNoise,
    tissue: SmoothNoise,
}

impl Speckle {
    fn new(noise: &mut Noise) -> Self {
        let mut field = |columns, rows| SmoothNoise::new(columns, rows, noise);
        // A pulse is short along the beam and wide across it.
        Self { real: field(150, 260), imaginary: field(150, 260), tissue: field(9, 11) }
    }

    /// The shade of a pixel inside of the sector.
    fn shade(&self, x: u32, y: u32) -> Option<[u16; 3]> {
        let (x, y) = (f64::from(x) - APEX.0, f64::from(y) - APEX.1);
        let (distance, angle) = (x.hypot(y), x.atan2(y));
        if !(RANGE.0..=RANGE.1).contains(&distance) || angle.abs() > HALF_ANGLE {
            return None;
        }
        let depth = (distance - RANGE.0) / (RANGE.1 - RANGE.0);
        let across = (angle / HALF_ANGLE + 1.0) / 2.0;
        let amplitude = self.real.at(across, depth).hypot(self.imaginary.at(across, depth));
        let echo_db = 20.0 * (amplitude / 1.25).max(1e-3).log10();
        let level = reflectivity_db(across, depth) + 2.5 * self.tissue.at(across, depth) + echo_db;
        let shade = ((level / DYNAMIC_RANGE_DB + 1.0) * 255.0).clamp(0.0, 255.0);
        Some([shade as u16; 3])
    }
}

/// How strongly each place answers: skin, liver, a kidney, a gall bladder, vessels, the diaphragm.
fn reflectivity_db(across: f64, depth: f64) -> f64 {
    let place = (across, depth);
    let mut level = -30.0 - 10.0 * depth;
    level += 16.0 * bell(depth - 0.012, 0.012) + 9.0 * bell(depth - 0.055, 0.010);
    level += 7.0 * bell(depth - 0.10 - 0.01 * (across * 9.0).sin(), 0.008);
    let bladder = in_ellipse(place, (0.36, 0.36), (0.085, 0.10));
    level -= 34.0 * (1.0 - smooth_step(0.88, 1.0, bladder)) - 11.0 * bell(bladder - 1.06, 0.07);
    // Less is lost in fluid: brighter behind it.
    let behind = bell(across - 0.36, 0.06) * smooth_step(0.46, 0.50, depth);
    level += 6.0 * behind * (1.0 - smooth_step(0.6, 0.8, depth));
    let kidney = in_ellipse(place, (0.68, 0.55), (0.16, 0.14));
    level -= 9.0 * (1.0 - smooth_step(0.9, 1.0, kidney)) - 8.0 * bell(kidney - 1.03, 0.05);
    level += 21.0 * (1.0 - smooth_step(0.30, 0.55, kidney));
    for (centre, radius) in [((0.52, 0.22), (0.035, 0.022)), ((0.20, 0.60), (0.035, 0.025))] {
        let vessel = in_ellipse(place, centre, radius);
        level -= 24.0 * (1.0 - smooth_step(0.8, 1.1, vessel)) - 6.0 * bell(vessel - 1.2, 0.12);
    }
    let diaphragm = 0.80 + 0.10 * (across - 0.45).powi(2) * 4.0;
    level += 20.0 * bell(depth - diaphragm, 0.012);
    level - 12.0 * smooth_step(0.01, 0.06, depth - diaphragm)
}
