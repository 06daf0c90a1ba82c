//! What an identifier is searched by: the ways in which it may be written, and how much each says.

use super::fold::{alike, folded, is_wordless};
use super::reading::{Reading, Signs};
use super::vocabulary::is_technique;
use crate::deid::identifiers::IdentifierKind;
use std::collections::{BTreeMap, BTreeSet};

/// The shortest text that says enough alone.
const MIN_CHARS: usize = 4;
/// The shortest word of a name that does, where it is no word of technique.
const MIN_NAME: usize = 3;
/// The shortest name of family and given name in one word, and the shortest number in one.
const MIN_JOINED: usize = 5;
/// Longer identifiers are searched by this beginning: no name or ID is as long.
const MAX_CHARS: usize = 256;

/// So many names have their words weighed by what stands beside them.
const MAX_PERSONS: u32 = 4096;

/// Parts of a name that are no name.
const TITLES: [&str; 14] = [
    "DR",
    "MD",
    "MR",
    "MRS",
    "MS",
    "PROF",
    "PHD",
    "JR",
    "SR",
    "MISS",
    "DIPL",
    "MED",
    "RTR",
    "PROFESSOR",
];

/// Short words that stand in sentences, so that they are weighed like words of technique.
const FUNCTION_WORDS: [&str; 48] = [
    "AN", "AM", "AS", "AT", "AND", "ALL", "ARE", "AU", "AUF", "AUS", "BY", "BEI", "DA", "DAS",
    "DE", "DEL", "DEN", "DER", "DES", "DI", "DIE", "DO", "DU", "EL", "EN", "FOR", "IM", "IN", "IS",
    "IST", "IT", "LA", "LE", "LES", "LOS", "MIT", "NO", "NOT", "OF", "ON", "OR", "SE", "THE", "TO",
    "UN", "UND", "VON", "WITH",
];

/// How much a word of a name says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Weight {
    /// The first letter of a word of a name, or a word that is one letter.
    Letter,
    /// A word that is also one of technique, or of any sentence.
    Technique,
    /// Too short to be sure.
    Short,
    Telling,
}

/// What a match means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Role {
    /// It is the identifier.
    Alone(IdentifierKind),
    /// It is a number, which may have zeros before it.
    Number(IdentifierKind),
    /// It is the identifier where it is the whole text, or is labelled.
    Whole(IdentifierKind),
    /// A word of the name of a person.
    Word { person: u32, word: u32, weight: Weight },
}

/// One way of writing.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Needle {
    pub folded: String,
    pub role: Role,
}

/// All ways of writing, by their likenesses.
#[derive(Default)]
pub(super) struct Needles {
    pub by_likeness: BTreeMap<String, BTreeSet<Needle>>,
    persons: u32,
}

impl Needles {
    pub fn add(&mut self, kind: IdentifierKind, value: &str) {
        let value = match value.char_indices().nth(MAX_CHARS) {
            Some((end, _)) => &value[..end],
            None => value,
        };
        match kind {
            IdentifierKind::Name => self.add_name(value),
            IdentifierKind::Id => self.add_phrase(value, kind),
            IdentifierKind::Text => {
                self.add_phrase(value, kind);
                for piece in value.split(['\r', '\n', '^', '=', ',', ';', '\\']) {
                    self.add_phrase(piece, kind);
                }
            }
            IdentifierKind::Date => {}
        }
    }

    fn push(&mut self, folded: String, role: Role) {
        if !folded.is_empty() {
            let needle = Needle { role, folded };
            self.by_likeness.entry(alike(&needle.folded)).or_default().insert(needle);
        }
    }

    fn add_name(&mut self, name: &str) {
        let mut groups: Vec<Vec<Vec<String>>> = Vec::new();
        // a group with an escape sequence is of a character set that was not decoded
        for group in name.split('=').filter(|group| !group.contains('\u{1b}')) {
            groups.push(group.split('^').take(3).map(words).collect());
            // as it is written where the letter cannot be
            let spelled = transliterated(group);
            if spelled != group {
                groups.push(spelled.split('^').take(3).map(words).collect());
            }
        }
        for components in groups {
            self.add_components(&components);
        }
        for component in name.split(['^', '=']).chain([name]) {
            let digits = folded(component);
            if digits.bytes().all(|byte| byte.is_ascii_digit()) {
                self.add_phrase(&digits, IdentifierKind::Id);
            }
        }
    }

    fn add_components(&mut self, components: &[Vec<String>]) {
        let person = self.persons;
        self.persons = (person + 1).min(MAX_PERSONS);
        let all: Vec<&String> = components.iter().flatten().collect();
        for (index, word) in (0..).zip(&all) {
            let role = |weight| Role::Word { person, word: index, weight };
            let weight = weight(word);
            // with so many names, what is short is not weighed any more
            let all = person == MAX_PERSONS && weight == Weight::Short;
            if weight == Weight::Telling || all {
                self.push((*word).clone(), Role::Alone(IdentifierKind::Name));
            }
            if person == MAX_PERSONS {
                continue;
            }
            self.push((*word).clone(), role(weight));
            let first = word.chars().next().filter(|_| word.chars().count() > 1);
            if let Some(first) = first.filter(|first| !is_wordless(*first)) {
                self.push(first.to_string(), role(Weight::Letter));
            }
        }
        for component in components.iter().filter(|component| component.len() > 1) {
            self.add_joined(component.iter().collect());
        }
        let all: Vec<&Vec<String>> = components.iter().take(2).filter(|c| !c.is_empty()).collect();
        if let [family, given] = all[..] {
            self.add_joined(family.iter().chain(given).collect());
            self.add_joined(given.iter().chain(family).collect());
            if let Some(first) = given.first().and_then(|word| word.chars().next()) {
                let family: Vec<&String> = family.iter().collect();
                let first = first.to_string();
                self.add_joined(family.iter().copied().chain([&first]).collect());
                self.add_joined([&first].into_iter().chain(family).collect());
            }
        }
    }

    /// Words of a name that are written as one.
    fn add_joined(&mut self, words: Vec<&String>) {
        let telling = words.iter().any(|word| weight(word) >= Weight::Short);
        let joined: String = words.iter().map(|word| word.as_str()).collect();
        let least = if joined.chars().any(is_wordless) { 2 } else { MIN_JOINED };
        if telling && joined.chars().count() >= least && !is_technique(&joined) {
            self.push(joined, Role::Alone(IdentifierKind::Name));
        }
    }

    fn add_phrase(&mut self, phrase: &str, kind: IdentifierKind) {
        let reading = Reading::of(phrase);
        let Some(last) = reading.runs.len().checked_sub(1) else { return };
        let joined = reading.folded(0, last).to_string();
        let number = |text: &str| text.trim_start_matches('0').to_string();
        if joined.bytes().all(|byte| byte.is_ascii_digit()) {
            let bare = number(&joined);
            if bare.len() >= MIN_JOINED && kind == IdentifierKind::Id {
                self.push(bare, Role::Number(kind));
            }
            let least = if kind == IdentifierKind::Id { MIN_CHARS } else { MIN_JOINED };
            if joined.len() >= least {
                self.push(joined, Role::Alone(kind));
            } else if kind == IdentifierKind::Id && joined.len() > 1 {
                self.push(joined, Role::Whole(kind));
            }
            return;
        }
        // the number of an ID is often written without its letters
        for run in (0..=last).filter(|_| kind == IdentifierKind::Id) {
            let bare = number(reading.word(run));
            if reading.is(run, Signs::Digits) && bare.len() > MIN_JOINED {
                self.push(bare, Role::Number(kind));
            }
        }
        if (0..=last).all(|run| is_technique(reading.word(run))) {
            return;
        }
        match joined.chars().count() {
            2.. if joined.chars().all(is_wordless) => self.push(joined, Role::Alone(kind)),
            MIN_CHARS.. => self.push(joined, Role::Alone(kind)),
            MIN_NAME if kind == IdentifierKind::Text => self.push(joined, Role::Alone(kind)),
            MIN_NAME => self.push(joined, Role::Whole(kind)),
            _ => {}
        }
    }
}

/// Whether a word stands in sentences and says nothing by itself.
pub(super) fn is_function_word(word: &str) -> bool {
    FUNCTION_WORDS.contains(&word)
}

fn weight(word: &str) -> Weight {
    let count = word.chars().count();
    let ideographic = word.chars().any(is_wordless);
    match count {
        0 | 1 if !ideographic => Weight::Letter,
        _ if is_technique(word) || is_function_word(word) => Weight::Technique,
        2.. if ideographic => Weight::Telling,
        1 if ideographic => Weight::Short,
        MIN_NAME.. => Weight::Telling,
        _ => Weight::Short,
    }
}

/// The words of a name component, without titles. `O'Brien` is one.
fn words(component: &str) -> Vec<String> {
    component
        .split(|c: char| c.is_whitespace() || "-.,/_()\\".contains(c))
        .map(folded)
        .map(|word| word.chars().filter(|c| !c.is_ascii_digit()).collect::<String>())
        .filter(|word| !word.is_empty() && !TITLES.contains(&word.as_str()))
        .collect()
}

/// Umlauts and the like by two letters, or two letters by the one that they stand for.
fn transliterated(name: &str) -> String {
    let upper = name.to_uppercase();
    let mut spelled = String::with_capacity(upper.len());
    for c in upper.chars() {
        match c {
            'Ä' => spelled.push_str("AE"),
            'Ö' | 'Ø' => spelled.push_str("OE"),
            'Ü' => spelled.push_str("UE"),
            'Å' => spelled.push_str("AA"),
            c => spelled.push(c),
        }
    }
    if spelled == upper {
        spelled = upper.replace("AE", "A").replace("OE", "O").replace("UE", "U");
    }
    if spelled == upper { name.to_string() } else { spelled }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_searched_by_its_words_and_their_joins() {
        let mut needles = Needles::default();
        needles.add(IdentifierKind::Name, "Müller-Li^Anna^Q^Dr");
        let alone: Vec<String> = needles
            .by_likeness
            .values()
            .flatten()
            .filter(|needle| matches!(needle.role, Role::Alone(_)))
            .map(|needle| needle.folded.clone())
            .collect();
        for word in ["MULLER", "MUELLER", "ANNA", "MULLERLI", "MULLERLIANNA", "ANNAMUELLERLI"] {
            assert!(alone.contains(&word.to_string()), "{word} in {alone:?}");
        }
        assert!(!alone.contains(&"LI".to_string()) && !alone.contains(&"DR".to_string()));
    }
}
