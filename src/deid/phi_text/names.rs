//! Words of a name that alone say too little: what is short (`Li`), also a word of technique
//! (`Chest`, `Young`), or a letter. They need a second sign: another part of the name beside them, a
//! title or a label before them, the caret of a person name, another identifier of the object right
//! beside, or that they are the whole text.
//!
//! A place is weighed once, for all persons whose names have its word: whether two words stand in one
//! name is asked of the words and remembered.

use super::labels::{is_connector, is_label, is_of_births, is_of_numbers, is_title};
use super::needles::{Weight, is_function_word};
use super::reading::{Reading, Signs};
use super::spelling::Bearers;
use std::collections::{HashMap, HashSet};

/// Within how many runs another part of the name counts as near.
const NEAR: usize = 4;

/// More words than this on one side are not looked at.
const MAX_BESIDE: usize = 24;
/// What stands between a word and an identifier right beside it has at most so many signs.
const MAX_GAP: usize = 4;
/// Between a name and a number so many words may say that it is one: `Li, patient ID 12`.
const LABELS: usize = 2;

/// Where a word of names stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Occurrence {
    pub first: usize,
    pub last: usize,
    /// Its place in [`Bearers`].
    pub word: usize,
    pub weight: Weight,
}

/// The first and the last runs of known identifiers.
#[derive(Default)]
pub(super) struct Edges {
    first: HashSet<usize>,
    last: HashSet<usize>,
}

impl Edges {
    pub fn add(&mut self, first: usize, last: usize) {
        self.first.insert(first);
        self.last.insert(last);
    }
}

/// Those that are a name.
pub(super) fn accepted(
    reading: &Reading,
    mut words: Vec<Occurrence>,
    bearers: &Bearers,
    edges: &Edges,
) -> Vec<Occurrence> {
    words.retain(|word| word.weight != Weight::Letter || is_initial(reading, *word));
    words.sort_by_key(|o| (o.first, o.last, o.word));
    let mut kin = Kin { bearers, known: HashMap::new() };
    // what is sure, by the word that made it so
    let mut sure: Vec<Option<usize>> = Vec::with_capacity(words.len());
    for (index, word) in words.iter().enumerate() {
        let alone = signed(reading, *word) || is_beside_known(reading, *word, edges);
        sure.push(alone.then_some(index).or_else(|| {
            beside(&words, index).find(|other| {
                let other = words[*other];
                together(reading, *word, other) && kin.share(word.word, other.word, true)
            })
        }));
    }
    // initials lean on a word that is sure, one after the other, from either side
    for index in (0..words.len()).chain((0..words.len()).rev()) {
        let word = words[index];
        if sure[index].is_none() && word.weight == Weight::Letter {
            sure[index] = beside(&words, index).find_map(|other| {
                let made_by = sure[other].filter(|_| is_light(reading, word, words[other]))?;
                let shares = kin.share(word.word, words[other].word, true)
                    && kin.share(word.word, words[made_by].word, false);
                shares.then_some(made_by)
            });
        }
    }
    words.into_iter().zip(sure).filter(|(_, sure)| sure.is_some()).map(|(word, _)| word).collect()
}

/// Which words stand in one name.
struct Kin<'a> {
    bearers: &'a Bearers,
    known: HashMap<(usize, usize, bool), bool>,
}

impl Kin<'_> {
    fn share(&mut self, one: usize, other: usize, apart: bool) -> bool {
        let key = (one.min(other), one.max(other), apart);
        *self.known.entry(key).or_insert_with(|| self.bearers.share(one, other, apart))
    }
}

/// Other words near one.
fn beside(words: &[Occurrence], index: usize) -> impl Iterator<Item = usize> {
    let of = words[index];
    let near = move |i: &usize| {
        let other = words[*i];
        other.first + NEAR >= of.first && other.first <= of.last + NEAR
    };
    let before = (0..index).rev().take(MAX_BESIDE).take_while(near);
    let after = (index + 1..words.len()).take(MAX_BESIDE).take_while(near);
    before.chain(after).filter(move |i| {
        let other = words[*i];
        other.last < of.first || of.last < other.first
    })
}

/// Whether a known identifier stands right beside a word that is no word of technique, with nothing
/// but separators or what the number is called between.
fn is_beside_known(reading: &Reading, word: Occurrence, edges: &Edges) -> bool {
    let weighs = match word.weight {
        Weight::Short => true,
        Weight::Technique => is_function_word(reading.folded(word.first, word.last)),
        Weight::Letter | Weight::Telling => false,
    };
    if !weighs || edges.first.is_empty() {
        return false;
    }
    let near = |run: usize| {
        let gap = reading.before(run);
        gap.chars().count() <= MAX_GAP && !gap.contains(['\r', '\n'])
    };
    let before = word.first.checked_sub(1).filter(|_| near(word.first));
    if before.is_some_and(|before| edges.last.contains(&before)) {
        return true;
    }
    (word.last + 1..reading.runs.len())
        .take(LABELS + 1)
        .take_while(|run| near(*run))
        .find(|run| {
            let word = reading.word(*run);
            edges.first.contains(run)
                || !(is_label(word) || is_of_numbers(word) || is_of_births(word))
        })
        .is_some_and(|run| edges.first.contains(&run))
}

/// Whether two words of a name, neither sure, are sure together.
fn together(reading: &Reading, one: Occurrence, other: Occurrence) -> bool {
    let (left, right) = if one.first < other.first { (one, other) } else { (other, one) };
    let adjacent = left.last + 1 == right.first;
    if !adjacent && one.weight.min(other.weight) == Weight::Letter {
        return false;
    }
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
    if word.weight == Weight::Telling {
        return true;
    }
    let colon = reading.before(word.first).contains([':', '=']);
    if word.weight == Weight::Letter && !colon {
        return false;
    }
    let whole = word.first == 0 && word.last + 1 == reading.runs.len();
    let caret = [word.first, word.last + 1].iter().any(|run| is_caret(reading.before(*run)));
    let sign = said_before(reading, word.first);
    match word.weight {
        Weight::Short => whole || caret || sign.is_some() || stands_apart(reading, word),
        Weight::Technique => match sign {
            Some(Sign::Connector) => ends_phrase(reading, word.last + 1),
            sign => sign.is_some(),
        },
        Weight::Letter => sign == Some(Sign::Label),
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
