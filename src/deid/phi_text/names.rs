//! Words of a name that alone say too little: what is short (`Li`), also a word of technique
//! (`Chest`, `Young`), or a letter. They need a second sign: another part of the name beside them, a
//! title or a label before them, the caret of a person name, or that they are the whole text.

use super::labels::{is_connector, is_label, is_title};
use super::needles::Weight;
use super::reading::{Reading, Signs};

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
    // person by person, so that the words of many others cost nothing
    words.retain(|word| word.weight != Weight::Letter || is_initial(reading, *word));
    words.sort_by_key(|o| (o.person, o.first, o.last, o.word));
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
    let near = move |i: &usize| {
        let other = words[*i];
        other.person == of.person && other.first + NEAR >= of.first && other.first <= of.last + NEAR
    };
    let before = (0..index).rev().take_while(near);
    let after = (index + 1..words.len()).take_while(near);
    before.chain(after).filter(move |i| {
        let other = words[*i];
        other.word != of.word && (other.last < of.first || of.last < other.first)
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
        // with an initial between
        (Weight::Technique, _) => {
            let initial = left.last + 2 == right.first
                && reading.word(left.last + 1).chars().count() == 1
                && is_light_gap(between)
                && is_light_gap(reading.before(left.last + 1));
            adjacent || initial
        }
        _ => true,
    }
}

/// Whether something other than another part of the name says that it is one.
fn signed(reading: &Reading, word: Occurrence) -> bool {
    let whole = word.first == 0 && word.last + 1 == reading.runs.len();
    let caret = [word.first, word.last + 1].iter().any(|run| is_caret(reading.before(*run)));
    let sign = said_before(reading, word.first);
    let colon = reading.before(word.first).contains([':', '=']);
    match word.weight {
        Weight::Short => whole || caret || sign.is_some() || stands_apart(reading, word),
        Weight::Technique => match sign {
            Some(Sign::Connector) => ends_phrase(reading, word.last + 1),
            sign => sign.is_some(),
        },
        Weight::Letter => sign == Some(Sign::Label) && colon,
        Weight::Telling => true,
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sign {
    Title,
    Label,
    Connector,
}

/// What right before a run says that a person follows.
fn said_before(reading: &Reading, run: usize) -> Option<Sign> {
    let before = run.checked_sub(1)?;
    let gap = reading.before(run);
    if gap.trim().chars().count() > 2 || gap.len() > 6 {
        return None;
    }
    let title = |run: usize, gap: &str| is_title(reading.word(run), reading.original(run), gap);
    // Sig.ra
    let longer =
        reading.before(before) == "." && before.checked_sub(1).is_some_and(|r| title(r, "."));
    let word = reading.word(before);
    match () {
        () if longer || title(before, gap) => Some(Sign::Title),
        () if is_label(word) => Some(Sign::Label),
        () if is_connector(word) => Some(Sign::Connector),
        () => None,
    }
}

/// Whether a sign of a script without spaces is a word by itself.
fn stands_apart(reading: &Reading, word: Occurrence) -> bool {
    let joins = |run: usize| reading.before(run).is_empty() && reading.is(run, Signs::Ideograph);
    reading.is(word.first, Signs::Ideograph)
        && !(word.first > 0 && joins(word.first) && reading.is(word.first - 1, Signs::Ideograph))
        && !joins(word.last + 1)
}

/// Whether a phrase ends before a run.
fn ends_phrase(reading: &Reading, run: usize) -> bool {
    run >= reading.runs.len()
        || reading.is(run, Signs::Digits)
        || reading.before(run).trim_start().starts_with([',', ';', '.', ')', '\r', '\n'])
}

/// Whether a letter may be an initial: not part of `t2`, `W/O` and the like.
fn is_initial(reading: &Reading, word: Occurrence) -> bool {
    let glued = |gap: &str| gap.is_empty() || gap.contains('/');
    (word.first == 0 || !glued(reading.before(word.first)))
        && (word.last + 1 >= reading.runs.len() || !glued(reading.before(word.last + 1)))
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
