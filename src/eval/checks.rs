//! One item against its source and its result.
//!
//! Invariant: what a source does not have is an error of the key, so that no item passes because there
//! was nothing to do.

use super::data_set::{DataSet, values};
use super::finding::{Failure, Finding};
use super::key::{Check, Item, Place};
use super::path::AttributePath;
use super::pixels::{Raster, Region};
use super::words;
use crate::phi::Phi;
use chrono::NaiveDate;
use dicom_dictionary_std::tags;
use dicom_object::mem::InMemElement;

/// Judges an item. An error says what is wrong with the key.
pub fn judge(
    item: &Item,
    source: &DataSet,
    result: Option<&DataSet>,
) -> Result<Finding, &'static str> {
    let text = item.text.reveal();
    match &item.place {
        Place::Pixels(regions) => pixels(item.check, regions, source, result),
        Place::File => {
            if !source.has_anywhere(text) {
                return Err("text: its source does not have it");
            }
            Ok(of_result(result, |result| match result.has_anywhere(text) {
                true => Finding::Failed(Failure::TextLeft),
                false => Finding::Passed,
            }))
        }
        Place::Attribute(path) => attribute(item, path, source, result),
    }
}

fn of_result(result: Option<&DataSet>, judge: impl FnOnce(&DataSet) -> Finding) -> Finding {
    result.map_or(Finding::Failed(Failure::NoResult), judge)
}

fn pixels(
    check: Check,
    regions: &[Region],
    source: &DataSet,
    result: Option<&DataSet>,
) -> Result<Finding, &'static str> {
    let before = Raster::of(&source.object)
        .ok_or("its source has no Pixel Data of native samples, as the checks of pixels need")?;
    if !before.has(regions) {
        return Err("boxes: not inside of the picture");
    }
    if check == Check::PixelsHidden && regions.iter().any(|one| before.is_blank(&[one.clone()])) {
        return Err("boxes: the source is blank there");
    }
    Ok(of_result(result, |result| {
        let Some(after) = Raster::of(&result.object).filter(|after| after.has(regions)) else {
            return Finding::Failed(Failure::NoPixels);
        };
        match check {
            Check::PixelsHidden if after.is_blank(regions) => Finding::Passed,
            Check::PixelsHidden => Finding::Failed(Failure::NotBlank),
            _ if before.is_same(&after, regions) => Finding::Passed,
            _ => Finding::Failed(Failure::PixelsChanged),
        }
    }))
}

fn attribute(
    item: &Item,
    path: &AttributePath,
    source: &DataSet,
    result: Option<&DataSet>,
) -> Result<Finding, &'static str> {
    let before = source.find(path).ok_or("attribute: its source does not have it")?;
    let old = values(before);
    let text = item.text.reveal();
    let has_value = |values: &[String]| values.iter().any(|value| !value.is_empty());
    match item.check {
        Check::TagRetained => {}
        _ if !has_value(&old) => return Err("attribute: its source has no value there"),
        Check::TextRetained if !words::keeps(&joined(&old), text) => {
            return Err("text: its source does not have these words there");
        }
        Check::TextRemoved if !words::has(&joined(&old), text) => {
            return Err("text: its source does not have it there");
        }
        Check::DateShifted if old.iter().any(|value| date(value).is_none()) => {
            return Err("attribute: its source has no dates there");
        }
        Check::UidChanged | Check::UidConsistent if !old.iter().all(|value| is_uid(value)) => {
            return Err("attribute: its source has no UIDs there");
        }
        _ => {}
    }
    let finding = |result: &DataSet| {
        let after = result.find(path);
        match (after, item.check) {
            // what is gone has no text
            (None, Check::TextRemoved) => Finding::Passed,
            (None, _) => Finding::Failed(Failure::Gone),
            (Some(after), _) => compare(item, source, &old, after),
        }
    };
    Ok(of_result(result, finding))
}

fn compare(item: &Item, source: &DataSet, old: &[String], after: &InMemElement) -> Finding {
    let failed = Finding::Failed;
    let new = values(after);
    let text = item.text.reveal();
    match item.check {
        Check::TagRetained => return Finding::Passed,
        Check::TextRemoved if words::leaves(&joined(&new), text, &joined(old)) => {
            return failed(Failure::TextLeft);
        }
        Check::TextRemoved => return Finding::Passed,
        _ if new.iter().all(String::is_empty) => return failed(Failure::NoValue),
        Check::TextNotnull => return Finding::Passed,
        Check::TextRetained if words::keeps(&joined(&new), text) => return Finding::Passed,
        Check::TextRetained => return failed(Failure::TextLost),
        _ if new.len() != old.len() => return failed(Failure::NoValue),
        _ => {}
    }
    let pairs = || old.iter().zip(&new);
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
