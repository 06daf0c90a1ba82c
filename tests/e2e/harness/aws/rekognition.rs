//! DetectText by the embedded reader: the picture that came is decoded and read.

use super::wire::Refused;
use super::{Shared, lock};
use axum::http::StatusCode;
use base64::Engine;
use deid_gateway::deid::picture::{Picture, PixelRect, TextLine};
use deid_gateway::recognise::{LocalDetector, TextDetector};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

const PICTURE_BYTES: usize = 5_242_880;
const SIDE_MIN: u32 = 80;
/// No more words are told of a picture.
const WORDS: usize = 100;
/// Columns of letters differ by this much from top to bottom.
const INK: u8 = 48;

type Lines = Arc<Vec<TextLine>>;

pub async fn detect_text(record: &Shared, body: &[u8]) -> Result<Vec<u8>, Refused> {
    let invalid = |code| Refused(StatusCode::BAD_REQUEST, code);
    let request: Value =
        serde_json::from_slice(body).map_err(|_| invalid("SerializationException"))?;
    // Its default is documented twice, and not alike: whoever sets none does not know what is told.
    let least = request["Filters"]["WordFilter"]["MinConfidence"].as_f64();
    let least = least.ok_or_else(|| invalid("InvalidParameterException"))?;
    let bytes = request["Image"]["Bytes"].as_str().unwrap_or_default();
    let png = base64::engine::general_purpose::STANDARD.decode(bytes);
    let png = png.map_err(|_| invalid("SerializationException"))?;
    if png.len() > PICTURE_BYTES {
        return Err(invalid("ImageTooLargeException"));
    }
    let image = image::load_from_memory_with_format(&png, image::ImageFormat::Png);
    let Ok(image::DynamicImage::ImageRgb8(image)) = image else {
        return Err(invalid("InvalidImageFormatException"));
    };
    if image.width() < SIDE_MIN || image.height() < SIDE_MIN {
        return Err(invalid("InvalidParameterException"));
    }
    lock(record).pictures.push(image.dimensions());
    let read = tokio::task::spawn_blocking(move || (read(&image), image)).await;
    let (lines, image) = read.expect("it was read");
    let (detections, untold) = detections(&lines, &image, least as f32 / 100.0);
    lock(record).untold_words += untold;
    Ok(json!({ "TextDetections": detections, "TextModelVersion": "3.0" }).to_string().into_bytes())
}

/// One reader for all tests, one picture at a time; the same picture is read once.
fn read(image: &image::RgbImage) -> Lines {
    static READER: OnceLock<LocalDetector> = OnceLock::new();
    static READ: Mutex<Option<HashMap<[u8; 32], Lines>>> = Mutex::new(None);
    let reader = READER.get_or_init(|| LocalDetector::load(2, "").expect("the models load"));
    let mut read = READ.lock().unwrap_or_else(PoisonError::into_inner);
    let read = read.get_or_insert_default();
    let lines = read.entry(Sha256::digest(image.as_raw()).into()).or_insert_with(|| {
        let picture = Picture {
            frame: 0,
            width: image.width(),
            height: image.height(),
            samples: 3,
            enhanced: false,
            data: image.as_raw().clone(),
        };
        Arc::new(reader.read(&picture).expect("a picture"))
    });
    Arc::clone(lines)
}

/// What is told, and how many words are not.
fn detections(lines: &[TextLine], image: &image::RgbImage, least: f32) -> (Vec<Value>, usize) {
    let (mut told, mut words, mut untold) = (Vec::new(), 0, 0);
    for line in lines.iter().filter(|line| !line.unread && line.confidence >= least) {
        let text: Vec<_> = line.text.reveal().split_whitespace().collect();
        let room = text.len().min(WORDS - words);
        untold += text.len() - room;
        if room == 0 {
            continue;
        }
        words += room;
        let id = told.len();
        let one = |text: &str, kind: &str, area: PixelRect| {
            let (width, height) = (image.width() as f32, image.height() as f32);
            json!({
                "DetectedText": text, "Type": kind, "Confidence": 100.0 * line.confidence,
                "Geometry": { "BoundingBox": {
                    "Left": area.left as f32 / width, "Top": area.top as f32 / height,
                    "Width": (area.right - area.left) as f32 / width,
                    "Height": (area.bottom - area.top) as f32 / height,
                }, "Polygon": [] },
            })
        };
        let mut whole = one(line.text.reveal(), "LINE", line.area);
        whole["Id"] = id.into();
        told.push(whole);
        for (text, area) in text.iter().zip(words_of(line.area, &text, image)).take(room) {
            let mut word = one(text, "WORD", area);
            word["Id"] = told.len().into();
            word["ParentId"] = id.into();
            told.push(word);
        }
    }
    (told, untold)
}

/// Where the words of a line stand: between its widest gaps.
fn words_of(area: PixelRect, words: &[&str], image: &image::RgbImage) -> Vec<PixelRect> {
    let has_ink = |x: &u32| {
        let column = || (area.top..area.bottom).map(|y| image.get_pixel(*x, y).0[1]);
        column().max() > column().min().map(|low| low.saturating_add(INK))
    };
    let ink: Vec<u32> = (area.left..area.right).filter(has_ink).collect();
    let mut gaps: Vec<(u32, u32)> =
        ink.windows(2).map(|pair| (pair[0], pair[1])).filter(|(a, b)| b - a > 1).collect();
    gaps.sort_by_key(|(end, next)| std::cmp::Reverse(next - end));
    gaps.truncate(words.len() - 1);
    gaps.sort();
    if gaps.len() + 1 < words.len() || ink.is_empty() {
        return vec![area; words.len()];
    }
    let begins = std::iter::once(ink[0]).chain(gaps.iter().map(|(_, next)| *next));
    let ends = gaps.iter().map(|(end, _)| *end).chain(std::iter::once(ink[ink.len() - 1]));
    begins.zip(ends).map(|(left, end)| PixelRect { left, right: end + 1, ..area }).collect()
}
