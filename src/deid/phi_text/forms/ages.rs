//! Ages: those over 89 tell of few (HIPAA Safe Harbor), others where the profile keeps none.

use crate::deid::phi_text::labels::is_of_ages;
use crate::deid::phi_text::reading::{Reading, Signs};

/// The last age that many have, and the last that anybody has.
const COMMON: u16 = 89;
const OLDEST: u16 = 130;

const YEARS: [&str; 20] = [
    "YO", "YOA", "YRS", "YR", "YEARS", "YEAR", "JAHRE", "JAHR", "JAHRIG", "JAHRIGE", "JAHRIGER",
    "ANS", "ANOS", "ANNI", "JAAR", "ЛЕТ", "LAT", "歳", "才", "岁",
];

/// The last run of an age that begins with this number, if it may not be told.
pub(super) fn at(reading: &Reading, run: usize, ages_stay: bool) -> Option<usize> {
    let number = reading.word(run);
    let age = number.parse::<u16>().ok().filter(|age| number.len() <= 3 && *age <= OLDEST)?;
    if (ages_stay && age <= COMMON) || reading.before(run).ends_with('.') {
        return None;
    }
    let near = |run: usize| {
        let gap = reading.before(run);
        gap.len() <= 2 && gap.chars().all(|c| " -./".contains(c))
    };
    let unit = reading.word(run + 1);
    if near(run + 1) && YEARS.contains(&unit) {
        let old = ["OLD", "ALT"].contains(&reading.word(run + 2)) && near(run + 2);
        return Some(run + if old { 2 } else { 1 });
    }
    if unit == "Y" {
        let of =
            reading.word(run + 2) == "O" && ["/", ".", ". "].contains(&reading.before(run + 2));
        if near(run + 1) && of {
            return Some(run + 2);
        }
        let alone = !reading.before(run + 2).is_empty() || run + 2 >= reading.runs.len();
        if reading.before(run + 1).is_empty() && alone {
            return Some(run + 1);
        }
    }
    let before = run.checked_sub(1)?;
    let labelled = is_of_ages(reading.word(before)) && reading.before(run).len() <= 3;
    (labelled && !reading.is(before, Signs::Digits)).then_some(run)
}
