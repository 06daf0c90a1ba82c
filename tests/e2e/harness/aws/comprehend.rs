//! DetectPHI by rules: names of a list, dates, ages, numbers of people.

use super::wire::Refused;
use super::{Shared, lock};
use axum::http::StatusCode;
use ciborium::Value;

/// The service takes so many bytes.
const TEXT_BYTES: usize = 20_000;
/// Names that these tests use; a real service knows more.
const NAMES: [&str; 18] = [
    "HOLLERBACH",
    "MCTAVISH",
    "OYELARAN",
    "PETROSYAN",
    "QUIROGA",
    "VANDERMEER",
    "WISNIEWSKI",
    "ADELHEID",
    "BRUNHILDE",
    "CASIMIR",
    "DESMOND",
    "EUSEBIO",
    "FREDERICA",
    "GWENDOLYN",
    "JÜRGEN",
    "OKONKWO",
    "TREVELYAN",
    "ANNEMARIE",
];
/// A float of 32 bits that no float of 16 bits is, so that it is written as the service writes it.
pub const SCORE_NAME: f32 = 0.93;
const SCORE_DATE: f32 = 0.71;
const SCORE_ID: f32 = 0.61;

pub fn detect_phi(record: &Shared, body: &[u8]) -> Result<Vec<u8>, Refused> {
    let invalid = |code| Refused(StatusCode::BAD_REQUEST, code);
    let request: Value =
        ciborium::from_reader(body).map_err(|_| invalid("SerializationException"))?;
    let fields = request.as_map().ok_or_else(|| invalid("SerializationException"))?;
    let text = fields.iter().find(|(key, _)| key.as_text() == Some("Text"));
    let text = text.and_then(|(_, value)| value.as_text()).unwrap_or_default();
    match text.len() {
        0 => return Err(invalid("InvalidRequestException")),
        1..=TEXT_BYTES => {}
        _ => return Err(invalid("TextSizeLimitExceededException")),
    }
    lock(record).texts.push(text.to_owned());
    let entities = words(text).filter_map(|(begin, word)| {
        let (kind, score) = kind(&word)?;
        Some((begin, word, kind, score))
    });
    let entity = |(id, (begin, word, kind, score)): (usize, (usize, String, &str, f32))| {
        let end = begin + word.chars().count();
        map(&[
            ("Id", (id as u64).into()),
            ("BeginOffset", (begin as u64).into()),
            ("EndOffset", (end as u64).into()),
            ("Score", f64::from(score).into()),
            ("Text", word.into()),
            ("Category", "PROTECTED_HEALTH_INFORMATION".into()),
            ("Type", kind.into()),
            ("Traits", Value::Array(Vec::new())),
        ])
    };
    let entities = Value::Array(entities.enumerate().map(entity).collect());
    Ok(cbor(&[("Entities", entities), ("ModelVersion", "1.0.0".into())]))
}

/// The words of a text with the code point at which each begins, without the signs around them.
fn words(text: &str) -> impl Iterator<Item = (usize, String)> {
    let mut words: Vec<(usize, String)> = Vec::new();
    let mut within = false;
    for (at, sign) in text.chars().enumerate() {
        let is_of_word = sign.is_alphanumeric() || matches!(sign, '.' | '-' | '/');
        match (within, is_of_word) {
            (true, true) => words.last_mut().expect("begun").1.push(sign),
            (false, true) => words.push((at, sign.into())),
            (_, false) => {}
        }
        within = is_of_word;
    }
    words.into_iter()
}

fn kind(word: &str) -> Option<(&'static str, f32)> {
    let digits = word.chars().filter(char::is_ascii_digit).count();
    let separators = word.chars().filter(|c| matches!(c, '.' | '-' | '/')).count();
    if NAMES.contains(&&*word.to_uppercase()) {
        return Some(("NAME", SCORE_NAME));
    }
    match (digits, separators) {
        (6..=8, 2) => Some(("DATE", SCORE_DATE)),
        (5.., _) => Some(("ID", SCORE_ID)),
        _ => None,
    }
}

fn map(fields: &[(&str, Value)]) -> Value {
    Value::Map(fields.iter().map(|(key, value)| ((*key).into(), value.clone())).collect())
}

pub fn cbor(fields: &[(&str, Value)]) -> Vec<u8> {
    let mut bytes = Vec::new();
    ciborium::into_writer(&map(fields), &mut bytes).expect("written");
    bytes
}
