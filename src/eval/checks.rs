//! One item against its source and its result.
//!
//! Invariant: what a source does not have is an error of the key, so that no item passes because there
//! was nothing to do.

use super::data_set::DataSet;
use super::finding::{Failure, Finding};
use super::key::{Check, Item, Place};
use super::pixels::{Raster, Region};
use super::words;
use crate::phi::Phi;
use chrono::NaiveDate;
use dicom_dictionary_std::tags;

/// Whether a source can prove anything by an item. An error says what is wrong with the key.
pub fn validate(item: &Item, source: &DataSet) -> Result<(), &'static str> {
    let text = item.text.reveal();
    match &item.place {
        Place::Pixels(regions) => {
            let picture = Raster::of(&source.object).ok_or(NO_PIXELS)?;
            if !picture.has(regions) {
                return Err("boxes: not inside of the picture");
            }
            let blank = |region: &Region| picture.is_blank(std::slice::from_ref(region));
            match item.check == Check::PixelsHidden && regions.iter().any(blank) {
                true => Err("boxes: the source is blank there"),
                false => Ok(()),
            }
        }
        Place::File if source.has_anywhere(text) => Ok(()),
        Place::File => Err("text: its source does not have it"),
        Place::Attribute(path) => {
            let element = source.find(path).ok_or("attribute: its source does not have it")?;
            attribute(item.check, &source.values(element), text)
        }
    }
}

const NO_PIXELS: &str =
    "its source has no Pixel Data that can be read, as the checks of pixels need";

fn attribute(check: Check, values: &[String], text: &str) -> Result<(), &'static str> {
    match check {
        Check::TagRetained => Ok(()),
        _ if values.iter().all(String::is_empty) => Err("attribute: its source has no value there"),
        Check::TextRetained if !words::keeps(&joined(values), text) => {
            Err("text: its source does not have these words there")
        }
        Check::TextRemoved if !words::has(&joined(values), text) => {
            Err("text: its source does not have it there")
        }
        Check::DateShifted if values.iter().any(|value| date(value).is_none()) => {
            Err("attribute: its source has no dates there")
        }
        Check::UidChanged | Check::UidConsistent if !values.iter().all(|uid| is_uid(uid)) => {
            Err("attribute: its source has no UIDs there")
        }
        _ => Ok(()),
    }
}

/// Judges an item that is valid.
pub fn judge(item: &Item, source: &DataSet, result: Option<&DataSet>) -> Finding {
    let Some(result) = result else { return Finding::Failed(Failure::NoResult) };
    match &item.place {
        Place::Pixels(regions) => pixels(item.check, regions, source, result),
        Place::File if result.has_anywhere(item.text.reveal()) => {
            Finding::Failed(Failure::TextLeft)
        }
        Place::File => Finding::Passed,
        Place::Attribute(path) => {
            let old = source.find(path).map(|element| source.values(element)).unwrap_or_default();
            match result.find(path).map(|element| result.values(element)) {
                // what is gone has no text
                None if item.check == Check::TextRemoved => Finding::Passed,
                None => Finding::Failed(Failure::Gone),
                Some(new) => compare(item, source, &old, &new),
            }
        }
    }
}

fn pixels(check: Check, regions: &[Region], source: &DataSet, result: &DataSet) -> Finding {
    let rasters = Raster::of(&source.object).zip(Raster::of(&result.object));
    let Some((before, after)) = rasters.filter(|(_, after)| after.has(regions)) else {
        return Finding::Failed(Failure::NoPixels);
    };
    match check {
        Check::PixelsHidden if after.is_blank(regions) => Finding::Passed,
        Check::PixelsHidden => Finding::Failed(Failure::NotBlank),
        _ if before.is_same(&after, regions) => Finding::Passed,
        _ => Finding::Failed(Failure::PixelsChanged),
    }
}

fn compare(item: &Item, source: &DataSet, old: &[String], new: &[String]) -> Finding {
    let failed = Finding::Failed;
    let text = item.text.reveal();
    match item.check {
        Check::TagRetained => return Finding::Passed,
        Check::TextRemoved if words::leaves(&joined(new), text, &joined(old)) => {
            return failed(Failure::TextLeft);
        }
        Check::TextRemoved => return Finding::Passed,
        _ if new.iter().all(String::is_empty) => return failed(Failure::NoValue),
        Check::TextNotnull => return Finding::Passed,
        Check::TextRetained if words::keeps(&joined(new), text) => return Finding::Passed,
        Check::TextRetained => return failed(Failure::TextLost),
        _ if new.len() != old.len() => return failed(Failure::NoValue),
        _ => {}
    }
    let pairs = || old.iter().zip(new);
    let unchanged = || pairs().any(|(old, new)| old == new);
    match item.check {
        Check::DateShifted => {
            let days = pairs().map(|(old, new)| Some((date(new)? - date(old)?).num_days()));
            match days.collect::<Option<Vec<_>>>() {
                None => failed(Failure::Unreadable),
                Some(days) if days.contains(&0) => failed(Failure::Unchanged),
                Some(days) => Finding::Moved { patient: patient(source), days },
            }
        }
        Check::UidChanged | Check::UidConsistent if !new.iter().all(|uid| is_uid(uid)) => {
            failed(Failure::Unreadable)
        }
        Check::UidChanged if unchanged() => failed(Failure::Unchanged),
        Check::UidChanged => Finding::Passed,
        Check::PatidConsistent if unchanged() => failed(Failure::Unchanged),
        Check::PatidConsistent => {
            let issuer = source.value(tags::ISSUER_OF_PATIENT_ID);
            let from = |old: &String| Phi::new(format!("{}\\{}", folded(old), folded(&issuer)));
            Finding::Replaced(pairs().map(|(old, new)| (from(old), new.clone())).collect())
        }
        _ => Finding::Replaced(pairs().map(|(o, n)| (Phi::new(o.clone()), n.clone())).collect()),
    }
}

fn joined(values: &[String]) -> String {
    values.join("\\")
}

/// Whose dates move together: PatientID and issuer, or the study of an object that has none.
fn patient(source: &DataSet) -> Phi<String> {
    let id = source.value(tags::PATIENT_ID);
    let issuer = source.value(tags::ISSUER_OF_PATIENT_ID);
    Phi::new(match id.is_empty() {
        true => source.value(tags::STUDY_INSTANCE_UID),
        false => format!("{}\\{}", folded(&id), folded(&issuer)),
    })
}

fn folded(text: &str) -> String {
    text.trim().to_uppercase()
}

/// The day of a DA or DT, and of the form of DA before DICOM 3 (`YYYY.MM.DD`).
fn date(value: &str) -> Option<NaiveDate> {
    let value = value.trim();
    let digits = match value.get(..10) {
        Some(old) if old.as_bytes()[4] == b'.' && old.as_bytes()[7] == b'.' => old.replace('.', ""),
        _ => value.get(..8)?.to_owned(),
    };
    if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    NaiveDate::from_ymd_opt(
        digits[..4].parse().ok()?,
        digits[4..6].parse().ok()?,
        digits[6..8].parse().ok()?,
    )
}

fn is_uid(value: &str) -> bool {
    (1..=64).contains(&value.len())
        && value.split('.').all(|part| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit()))
}
