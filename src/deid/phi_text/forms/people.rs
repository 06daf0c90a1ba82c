//! Names after a title or a label: `Dr. X`, `Patient: X Y`, `for X Y`.

use crate::deid::phi_text::labels::{
    is_connector, is_label, is_particle, is_title, says_something,
};
use crate::deid::phi_text::reading::{Reading, Signs};
use crate::deid::phi_text::vocabulary::is_technique;

/// The most words of a name.
const WORDS: usize = 4;
/// The most signs of a name without spaces.
const IDEOGRAPHS: usize = 8;
/// The most signs of a family name.
const FAMILY: usize = 3;
/// Labels of a person in writing without spaces.
const IDEOGRAPHIC: [&str; 6] = ["患者", "氏名", "姓名", "名前", "환자", "성명"];

/// The runs of a name that this run says follows.
pub(super) fn after(reading: &Reading, run: usize) -> Option<(usize, usize)> {
    if reading.is(run, Signs::Ideograph) {
        return ideographs_after(reading, run);
    }
    let (word, gap) = (reading.word(run), reading.before(run + 1));
    if !says_something(word) {
        return None;
    }
    let near = gap.trim().chars().count() <= 2 && gap.len() <= 6;
    let colon = gap.contains([':', '=']);
    let count = |least: usize| {
        let last = names_from(reading, run + 1)?;
        (last - run >= least).then_some((run + 1, last))
    };
    if near && is_title(word, reading.original(run), gap) {
        return count(1);
    }
    if near && colon && is_label(word) {
        return count(1);
    }
    // `for` is said of much: two words as names are written, and then the text or the phrase ends
    let small = reading.original(run).chars().all(char::is_lowercase);
    if gap == " " && small && is_connector(word) {
        let (first, last) = count(2)?;
        let ends = reading.before(last + 1).starts_with([',', ';', '\n', '\r', '.'])
            || last + 1 >= reading.runs.len()
            || reading.is(last + 1, Signs::Digits);
        return ends.then_some((first, last));
    }
    None
}

/// The last of the words of a name.
fn names_from(reading: &Reading, first: usize) -> Option<usize> {
    let mut last = None;
    for run in first..first + WORDS {
        let gap = reading.before(run);
        let light = run == first
            || (gap.chars().count() <= 2 && gap.chars().all(|c| " .,^-'’".contains(c)));
        let word = reading.word(run);
        // a full stop after a whole word ends the sentence
        let ended = run > first && gap.starts_with('.') && reading.word(run - 1).len() > 3;
        if !reading.is(run, Signs::Letters) || !light || ended || is_technique(word) {
            break;
        }
        if is_particle(word) && run > first {
            continue;
        }
        let capital = reading.original(run).chars().next().is_some_and(|c| !c.is_lowercase());
        if !capital && !is_particle(word) {
            break;
        }
        let said = is_label(word) || is_title(word, reading.original(run), reading.before(run + 1));
        if !said && (word.chars().count() > 1 || last.is_some()) {
            last = Some(run);
        }
    }
    last
}

fn ideographs_after(reading: &Reading, run: usize) -> Option<(usize, usize)> {
    let label = IDEOGRAPHIC.contains(&reading.folded(run, run + 1));
    let gap = reading.before(run + 2);
    if !label || !gap.trim().starts_with([':', '：', '=']) {
        return None;
    }
    let first = run + 2;
    let is_name = |run: &usize| {
        let gap = reading.before(*run);
        // one space, between family and given name
        let joined = gap.is_empty() || (gap.chars().count() == 1 && *run <= first + FAMILY);
        reading.is(*run, Signs::Ideograph) && (*run == first || joined)
    };
    let last = (first..first + IDEOGRAPHS).take_while(is_name).last()?;
    Some((first, last))
}
