//! Long words of names with one sign wrong, missing, too much, or two exchanged. A text is searched
//! by what is left of a word without one of its letters, so that it costs the same for any number of
//! names.

use super::known::MISSPELLED;
use super::names::Occurrence;
use super::needles::Weight;
use super::reading::{Reading, Signs};
use super::spelling::Spelling;
use super::vocabulary::is_technique;
use std::collections::HashMap;
use std::ops::RangeInclusive;

/// Shorter words differ by one letter from too many others; longer ones are no words.
const CHARS: RangeInclusive<usize> = 7..=40;

/// The words of names, by what is left without one letter.
#[derive(Default)]
pub(super) struct Misspelled(HashMap<String, usize>);

impl Misspelled {
    pub fn of<'a>(spellings: impl Iterator<Item = &'a Spelling>) -> Self {
        let mut left = HashMap::new();
        for spelling in spellings {
            let Some((word, Weight::Telling)) = spelling.word else { continue };
            if CHARS.contains(&spelling.folded.chars().count()) {
                left.insert(spelling.folded.clone(), word);
                shortened(&spelling.folded, |short| {
                    left.entry(short.to_string()).or_insert(word);
                    None::<()>
                });
            }
        }
        Self(left)
    }

    pub fn find(&self, reading: &Reading, words: &mut Vec<Occurrence>) {
        if self.0.is_empty() {
            return;
        }
        for run in 0..reading.runs.len() {
            let text = reading.word(run);
            let fits = reading.is(run, Signs::Letters) && text.len() >= *CHARS.start();
            if !fits || !CHARS.contains(&text.chars().count()) || is_technique(text) {
                continue;
            }
            let whole = self.0.get(text).copied();
            let found = whole.or_else(|| shortened(text, |short| self.0.get(short).copied()));
            if let Some(word) = found {
                words.push(Occurrence { first: run, last: run, word, weight: MISSPELLED });
            }
        }
    }
}

/// Gives the word without each of its letters, until something comes of it.
fn shortened<T>(word: &str, mut each: impl FnMut(&str) -> Option<T>) -> Option<T> {
    let mut short = String::with_capacity(word.len());
    word.char_indices().find_map(|(at, c)| {
        short.clear();
        short.push_str(&word[..at]);
        short.push_str(&word[at + c.len_utf8()..]);
        each(&short)
    })
}
