//! Words of a name that alone say too little: what is short (`Li`), also a word of technique
//! (`Chest`, `Young`), or a letter. They need a second sign: another part of the name beside them, a
//! title or a label before them, the caret of a person name, or that they are the whole text.

use super::labels::{is_connector, is_label, is_title};
use super::needles::Weight;
use super::reading::Reading;

/// Within how many runs another part of the name counts as near.
const NEAR: usize = 4;

/// Where a word of a name stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Occurrence {
    pub first: usize,
    pub last: usize,
    pub person: u32,
    pub word: u32,
    pub weight: Weight,
}

/// Those that are a name.
pub(super) fn accepted(reading: &Reading, mut words: Vec<Occurrence>) -> Vec<Occurrence> {
    words.sort_by_key(|o| (o.first, o.last, o.person, o.word));
    let mut sure: Vec<bool> = words.iter().map(|o| o.weight == Weight::Telling).collect();
    for index in 0..words.len() {
        sure[index] = sure[index]
            || signed(reading, words[index])
            || beside(&words, index).any(|other| together(reading, words[index], words[other]));
    }
    // initials lean on a word that is sure, one after the other, from either side
    for index in (0..words.len()).chain((0..words.len()).rev()) {
        sure[index] = sure[index]
            || (words[index].weight == Weight::Letter
                && beside(&words, index)
                    .any(|other| sure[other] && is_light(reading, words[index], words[other])));
    }
    words.into_iter().zip(sure).filter(|(_, sure)| *sure).map(|(word, _)| word).collect()
}

/// Other words of the same name near one.
fn beside(words: &[Occurrence], index: usize) -> impl Iterator<Item = usize> {
    let of = words[index];
    let before = (0..index).rev().take_while(move |i| words[*i].first + NEAR >= of.first);
    let after = (index + 1..words.len()).take_while(move |i| words[*i].first <= of.last + NEAR);
    before.chain(after).filter(move |i| {
        let other = words[*i];
        other.person == of.person
            && other.word != of.word
            && (other.last < of.first || of.last < other.first)
    })
}

/// Whether two words of a name, neither sure, are sure together.
fn together(reading: &Reading, one: Occurrence, other: Occurrence) -> bool {
    let (left, right) = if one.first < other.first { (one, other) } else { (other, one) };
    let adjacent = left.last + 1 == right.first;
    let between = reading.before(right.first);
    let caret = adjacent && is_caret(between);
    let dressed = adjacent && !between.trim().is_empty() && is_light_gap(between);
    match (one.weight.min(other.weight), one.weight.max(other.weight)) {
        (Weight::Letter, Weight::Letter) => caret,
        // an initial is not enough to take a word of technique for a name, unless it is written so
        (Weight::Letter, Weight::Technique) => caret || dressed,
        (Weight::Letter, Weight::Short) => adjacent && is_light_gap(between),
        // a letter leans on a sure word, not this way round
        (Weight::Letter, Weight::Telling) => false,
        (Weight::Technique, Weight::Technique) => caret,
        (Weight::Technique, _) => adjacent,
        _ => true,
    }
}

/// Whether something other than another part of the name says that it is one.
fn signed(reading: &Reading, word: Occurrence) -> bool {
    let whole = word.first == 0 && word.last + 1 == reading.runs.len();
    let caret = [word.first, word.last + 1].iter().any(|run| is_caret(reading.before(*run)));
    let Some(before) = word.first.checked_sub(1) else {
        return word.weight == Weight::Short && (whole || caret);
    };
    let gap = reading.before(word.first);
    let near = gap.trim().chars().count() <= 2 && gap.len() <= 6;
    let (label, colon) = (reading.word(before), gap.contains([':', '=']));
    let titled = near && is_title(label, reading.original(before), gap);
    let labelled = near && is_label(label);
    match word.weight {
        Weight::Short => whole || caret || titled || labelled || (near && is_connector(label)),
        Weight::Technique => titled || (labelled && colon),
        Weight::Letter => labelled && colon,
        Weight::Telling => true,
    }
}

/// The separator of person name components, also as it is misread.
fn is_caret(gap: &str) -> bool {
    let gap = gap.trim();
    gap.len() <= 2 && gap.contains(['^', '~', '*'])
}

fn is_light(reading: &Reading, one: Occurrence, other: Occurrence) -> bool {
    let (left, right) = if one.first < other.first { (one, other) } else { (other, one) };
    left.last + 1 == right.first && is_light_gap(reading.before(right.first))
}

/// What may stand between the words of one name.
fn is_light_gap(gap: &str) -> bool {
    gap.chars().count() <= 3 && gap.chars().all(|c| " .,^~*_-'\u{3000}\u{30fb}".contains(c))
}
