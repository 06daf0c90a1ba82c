//! Over which values a frame is spread from black to white: those that the object asks for, all
//! of them, and the bulk of them.

use super::layout::{PixelLayout, limit};
use super::samples::SampleForm;
use super::source::Frame;
use super::voi::{Look, Voi, Window};
use crate::deid::hold::Hold;

/// Steps between the lowest and the highest value, to find percentiles by.
const BINS: usize = 4096;
/// Ranges whose ends differ by less than this part of their length look the same.
const SAME: f64 = 0.04;
/// Most windows and tables of one frame that are not alike. Each costs a picture to be read.
const LOOKS_MAX: usize = 8;

/// The ways to display the frame, without ranges that are alike; none if no two values are
/// different numbers.
pub(super) fn looks(frame: &Frame, layout: &PixelLayout, voi: &Voi) -> Result<Vec<Look>, Hold> {
    let Some(full) = extremes(frame, layout) else { return Ok(vec![]) };
    let mut looks: Vec<Look> = Vec::new();
    for look in voi.of_frame(frame.index) {
        let is_new = match look {
            Look::Window(window) => {
                is_part(*window, full) && !alike(*window, full) && !has(&looks, *window)
            }
            Look::Table(_) => !looks.contains(look),
        };
        if is_new {
            looks.push(look.clone());
        }
        if looks.len() > LOOKS_MAX {
            let detail = format!("more than {LOOKS_MAX} windows and tables that are not alike");
            return Err(limit(detail));
        }
    }
    looks.push(Look::Window(full));
    if let Some(bulk) = bulk(frame, layout, full) {
        let dull = bulk.white - bulk.black < (full.white - full.black) / 2.0;
        if dull && !has(&looks, bulk) {
            looks.push(Look::Window(bulk));
        }
    }
    Ok(looks)
}

/// Whether a window shows something and cuts something off. One around everything shows what the
/// full range shows, only paler.
fn is_part(window: Window, full: Window) -> bool {
    let (low, high) = (window.black.min(window.white), window.black.max(window.white));
    low < full.white && high > full.black && (low > full.black || high < full.white)
}

fn has(looks: &[Look], range: Window) -> bool {
    looks.iter().any(|look| matches!(look, Look::Window(window) if alike(*window, range)))
}

fn alike(one: Window, other: Window) -> bool {
    let tolerance = SAME * (one.white - one.black).abs().min((other.white - other.black).abs());
    let near = |a: f64, b: f64| (a - b).abs() <= tolerance;
    // Text is read just as well in a negative.
    near(one.black, other.black) && near(one.white, other.white)
        || near(one.black, other.white) && near(one.white, other.black)
}

/// The lowest and the highest value, if they differ; bits need no range.
pub(super) fn extremes(frame: &Frame, layout: &PixelLayout) -> Option<Window> {
    if layout.bits_allocated == 1 {
        return None;
    }
    let form = SampleForm::of(layout);
    let (mut black, mut white) = (f64::INFINITY, f64::NEG_INFINITY);
    for sample in frame.data.chunks_exact(layout.sample_bytes()) {
        let value = form.shown(sample);
        if value.is_finite() {
            black = black.min(value);
            white = white.max(value);
        }
    }
    (black < white).then_some(Window { black, white })
}

/// From the 1st to the 99.5th percentile of the values between the extremes. The extremes
/// themselves are left out, as they are often padding around the image.
fn bulk(frame: &Frame, layout: &PixelLayout, full: Window) -> Option<Window> {
    let form = SampleForm::of(layout);
    // Not the difference: between the ends of what a float can be, that is infinite.
    let width = full.white / BINS as f64 - full.black / BINS as f64;
    let mut histogram = vec![0_u64; BINS];
    let (mut lowest, mut highest) = (full.white, full.black);
    for sample in frame.data.chunks_exact(layout.sample_bytes()) {
        let value = form.shown(sample);
        if value > full.black && value < full.white {
            let bin = (value / width - full.black / width) as usize;
            histogram[bin.min(BINS - 1)] += 1;
            lowest = lowest.min(value);
            highest = highest.max(value);
        }
    }
    let total: u64 = histogram.iter().sum();
    let bin_at = |wanted: f64| {
        let mut seen = 0;
        histogram.iter().position(|count| {
            seen += count;
            seen as f64 >= wanted * total as f64 && seen > 0
        })
    };
    let black = (full.black + bin_at(0.01)? as f64 * width).max(lowest);
    let white = (full.black + (bin_at(0.995)? + 1) as f64 * width).min(highest);
    (black < white).then_some(Window { black, white })
}
