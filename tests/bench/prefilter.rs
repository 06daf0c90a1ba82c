//! What the pre-filter clears, loses and costs, over the frames that tests/bench/prefilter.py writes.
//!
//!     cargo bench --bench prefilter -- FRAMES
//!
//! A line is lost if no picture of its frame is in doubt and the full reading finds it.

use deid_gateway::config::Detection;
use deid_gateway::deid::picture::{PixelRect, TextLine};
use deid_gateway::deid::pixels::{Frame, PixelElement, PixelLayout, PixelLimits, Voi, render};
use deid_gateway::recognise::prefilter::Prefilter;
use deid_gateway::recognise::{Care, Recogniser};
use dicom_core::{DataElement, PrimitiveValue, VR};
use dicom_dictionary_std::tags;
use dicom_object::InMemDicomObject;
use std::fs::File;
use std::io::{BufReader, Read};
use std::time::{Duration, Instant};

/// Part of the box around a line that must be covered.
const COVERED: f64 = 0.8;

struct Drawn {
    has_line: bool,
    width: u32,
    height: u32,
    bits: i32,
    line: [u32; 4],
    note: String,
    samples: Vec<u8>,
}

fn next(file: &mut impl Read) -> Option<Drawn> {
    let mut number = || {
        let mut bytes = [0; 4];
        file.read_exact(&mut bytes).ok().map(|()| i32::from_le_bytes(bytes))
    };
    let head: Vec<i32> = (0..9).map_while(|_| number()).collect();
    let [kind, width, height, bits, left, top, right, bottom, note] = head[..] else { return None };
    let mut note = vec![0; note as usize];
    file.read_exact(&mut note).expect("a note");
    let mut samples = vec![0; (width * height * 2) as usize];
    file.read_exact(&mut samples).expect("samples");
    Some(Drawn {
        has_line: kind == 1,
        width: width as u32,
        height: height as u32,
        bits,
        line: [left, top, right, bottom].map(|value| value as u32),
        note: String::from_utf8_lossy(&note).into_owned(),
        samples,
    })
}

/// The frame and its layout: 8 bits where it has no more.
fn frame(drawn: &Drawn) -> (Frame, PixelLayout) {
    let deep = drawn.bits > 8;
    let number = |tag, value: u16| DataElement::new(tag, VR::US, PrimitiveValue::from(value));
    let header = InMemDicomObject::from_element_iter([
        DataElement::new(tags::PHOTOMETRIC_INTERPRETATION, VR::CS, "MONOCHROME2"),
        number(tags::SAMPLES_PER_PIXEL, 1),
        number(tags::ROWS, drawn.height as u16),
        number(tags::COLUMNS, drawn.width as u16),
        number(tags::BITS_ALLOCATED, if deep { 16 } else { 8 }),
        number(tags::BITS_STORED, if deep { 16 } else { 8 }),
        number(tags::HIGH_BIT, if deep { 15 } else { 7 }),
        number(tags::PIXEL_REPRESENTATION, 0),
    ]);
    let layout = PixelLayout::read(&header, PixelElement::Integer, &PixelLimits::default());
    let data = match deep {
        true => drawn.samples.clone(),
        false => drawn.samples.iter().step_by(2).copied().collect(),
    };
    (Frame { index: 0, data }, layout.expect("a layout"))
}

/// The part of the box around the line that is covered.
fn covered(lines: &[TextLine], [left, top, right, bottom]: [u32; 4]) -> f64 {
    let areas: Vec<PixelRect> = lines.iter().map(|line| line.area).collect();
    let inside = (top..bottom)
        .flat_map(|y| (left..right).map(move |x| (x, y)))
        .filter(|(x, y)| areas.iter().any(|area| area.contains(*x, *y)))
        .count();
    inside as f64 / f64::from((right - left) * (bottom - top)).max(1.0)
}

#[derive(Default)]
struct Sums {
    lines: u32,
    cleared: u32,
    lost: u32,
    free: u32,
    free_cleared: u32,
    pixels: u64,
    looking: Duration,
    rendering: Duration,
}

#[tokio::main]
async fn main() {
    let mut arguments = std::env::args().skip(1).filter(|argument| !argument.starts_with("--"));
    let path = arguments.next().expect("a file of frames");
    let mut file = BufReader::new(File::open(path).expect("readable"));
    let prefilter = Prefilter::load().expect("loads");
    let recogniser =
        Recogniser::new(&Detection { prefilter_check_every: 0, ..Detection::default() });
    let mut sums = Sums::default();
    while let Some(drawn) = next(&mut file) {
        let (frame, layout) = frame(&drawn);
        let begin = Instant::now();
        let pictures = render(&frame, &layout, &Voi::default()).expect("rendered");
        sums.rendering += begin.elapsed();
        let (mut cleared, mut highest) = (true, [f32::MIN; 4]);
        for picture in &pictures {
            let begin = Instant::now();
            let doubts = prefilter.has_doubts(picture);
            sums.looking += begin.elapsed();
            sums.pixels += u64::from(drawn.width * drawn.height);
            for (highest, score) in highest.iter_mut().zip(prefilter.highest(picture)) {
                *highest = highest.max(score);
            }
            cleared &= !doubts;
        }
        if !drawn.has_line {
            sums.free += 1;
            sums.free_cleared += u32::from(cleared);
            println!(
                "free {cleared} {highest:.1?} {}x{} {}",
                drawn.width, drawn.height, drawn.note
            );
            continue;
        }
        sums.lines += 1;
        sums.cleared += u32::from(cleared);
        if !cleared {
            continue;
        }
        let mut found = Vec::new();
        for picture in pictures {
            found.extend(recogniser.read(picture, Care::Whole).await.expect("read").lines);
        }
        if covered(&found, drawn.line) >= COVERED {
            sums.lost += 1;
            println!("lost {highest:.1?} {}", drawn.note);
        }
    }
    let Sums { lines, cleared, lost, free, free_cleared, .. } = sums;
    println!("{lines} lines: {cleared} cleared, {lost} lost");
    println!("{free} frames without text: {free_cleared} cleared");
    let per_picture = |time: Duration| time.as_secs_f64() * 1e3 * 262_144.0 / sums.pixels as f64;
    println!(
        "{:.2} ms to look, {:.2} ms to render, per picture of 512x512",
        per_picture(sums.looking),
        per_picture(sums.rendering)
    );
}
