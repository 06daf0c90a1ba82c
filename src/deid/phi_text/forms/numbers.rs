//! Numbers of persons: what is labelled as one, and what is longer than any measurement.

use crate::deid::phi_text::dates::is_in_chain;
use crate::deid::phi_text::labels::{is_label, is_of_numbers};
use crate::deid::phi_text::reading::{Reading, Signs};

/// A run of digits of this length is no measurement.
const LONG: usize = 7;
/// The same with letters in front of it, as an accession number has them, and the most letters.
const LONG_WITH_LETTERS: usize = 6;
const LETTERS: usize = 4;
/// The least digits of a number that is labelled as one of a person.
const LABELLED: usize = 4;
/// The most runs that one number is written in.
const RUNS: usize = 8;

/// The last run of a number that begins with these digits.
pub(in crate::deid::phi_text) fn at(reading: &Reading, run: usize) -> Option<usize> {
    if is_in_chain(reading, run, run) {
        return None;
    }
    let digits = reading.word(run).len();
    if digits >= LONG || is_social_security(reading, run) {
        return Some(if digits >= LONG { run } else { run + 2 });
    }
    labelled(reading, run, run)
}

/// The last run of a number that begins with letters: `RAD1234567`, or any after a label.
pub(in crate::deid::phi_text) fn with_letters(reading: &Reading, run: usize) -> Option<usize> {
    let gap = reading.before(run + 1);
    let joined = ["", "-"].contains(&gap) && reading.is(run + 1, Signs::Digits);
    if !joined || reading.word(run).len() > LETTERS || is_in_chain(reading, run + 1, run + 1) {
        return None;
    }
    let begins = run == 0 || !reading.before(run).is_empty();
    if begins && gap.is_empty() && reading.word(run + 1).len() >= LONG_WITH_LETTERS {
        return Some(run + 1);
    }
    labelled(reading, run, run + 1)
}

/// The end of a number that a label is before, and that has digits enough; `digits`: its first.
fn labelled(reading: &Reading, run: usize, digits: usize) -> Option<usize> {
    let patient = || is_patients(reading, run) && reading.word(digits).len() > LABELLED;
    if !is_labelled(reading, run) && !patient() {
        return None;
    }
    let mut last = digits;
    let mut count = reading.word(digits).len();
    while last + 1 < reading.runs.len()
        && last < run + RUNS
        && ["", "-", ".", "/"].contains(&reading.before(last + 1))
    {
        last += 1;
        count += if reading.is(last, Signs::Digits) { reading.word(last).len() } else { 0 };
    }
    (count >= LABELLED).then_some(last)
}

/// Whether a label of numbers stands right before a run, with at most `no.` between.
pub(in crate::deid::phi_text) fn is_labelled(reading: &Reading, run: usize) -> bool {
    let light = |run: usize| {
        let gap = reading.before(run);
        gap.chars().count() <= 3 && gap.chars().all(|c| " :#.=-_".contains(c))
    };
    let Some(before) = run.checked_sub(1) else { return false };
    if !light(run) {
        return false;
    }
    let word = reading.word(before);
    let number = ["NO", "NR", "NUM", "NUMBER", "NUMMER", "NUMERO"].contains(&word);
    is_of_numbers(word)
        || (number
            && before.checked_sub(1).is_some_and(|first| {
                light(before)
                    && (is_of_numbers(reading.word(first)) || is_label(reading.word(first)))
            }))
}

/// Whether the number stands after `patient`.
fn is_patients(reading: &Reading, run: usize) -> bool {
    let before = run.checked_sub(1).map(|before| reading.word(before));
    before.is_some_and(is_label) && reading.before(run).trim().chars().count() <= 1
}

/// `123-45-6789`.
fn is_social_security(reading: &Reading, run: usize) -> bool {
    let parts = [run, run + 1, run + 2];
    parts
        .iter()
        .zip([3, 2, 4])
        .all(|(run, length)| reading.is(*run, Signs::Digits) && reading.word(*run).len() == length)
        && parts[1..].iter().all(|run| reading.before(*run) == "-")
        && reading.before(run + 3) != "-"
}
