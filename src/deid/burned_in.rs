//! What was read in an object's pictures, what a classifier marked in it, and which of it has to go.
//!
//! Invariants: the identifiers of the object go in every mode; under `hide = "all-text"` a line goes whole
//! unless the allow-list keeps it; under `hide = "phi"` what is not read with confidence goes, and what
//! goes takes whole words with it, or the whole line where words have no places. A classifier only adds,
//! but for lines that the allow-list keeps.

use super::identifiers::Identifiers;
use super::pages::{Marked, Page, areas};
use super::phi_text::{KeepWords, Known, Why};
use super::picture::{PixelRect, TextLine};
use super::redaction::BoxReason;
use crate::config::{Hide, Profile};
use crate::phi::Phi;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

/// One sign by itself is noise or the edge of a box more often than text, unless it reads well. It
/// identifies nobody.
const SINGLE_SIGN_CONFIDENCE_MIN: f32 = 0.8;
/// Below this, what a line says is not known well enough to let some of it stay.
const CONFIDENCE_MIN: f32 = 0.8;

/// A part of a passage that tells of a person, as a classifier marks it.
#[derive(Debug, Clone, PartialEq)]
pub struct PhiEntity {
    /// The code points of the passage that it covers, half open, from 0.
    pub chars: Range<usize>,
    /// What it is.
    pub kind: PhiKind,
    /// How sure the classifier is, 0 to 1.
    pub score: f32,
}

/// What an entity is, by the types of Comprehend Medical.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PhiKind {
    Name,
    Age,
    Date,
    Address,
    Id,
    PhoneOrFax,
    Email,
    Url,
    Profession,
    /// A type that this program does not know: it identifies all the same.
    Other,
}

/// The lines of text of an object's pictures.
#[derive(Debug, Default)]
pub struct BurnedInText {
    lines: Vec<TextLine>,
    pages: Vec<Page>,
    marked: Vec<Marked<PhiKind>>,
}

/// What becomes of a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fate {
    /// It stays whole.
    Stays,
    /// These parts of it go; `some_stays` says that it has others.
    Goes { parts: Vec<(PixelRect, BoxReason)>, some_stays: bool },
}

impl BurnedInText {
    /// Takes what was read, but what is too little to be text.
    pub fn of(mut lines: Vec<TextLine>) -> Self {
        lines.retain(is_text);
        let pages = Page::of(&lines.iter().collect::<Vec<_>>());
        Self { lines, pages, marked: Vec::new() }
    }

    /// The lines, in the order in which they were read.
    pub fn lines(&self) -> &[TextLine] {
        &self.lines
    }

    /// The passages for a classifier, each once: blocks of lines, which are read by themselves.
    pub fn passages(&self) -> BTreeSet<Phi<String>> {
        self.blocks().map(|(_, _, text)| Phi::new(text.to_owned())).collect()
    }

    /// Marks what a classifier found in each passage, wherever that stands.
    pub fn mark(&mut self, told: &BTreeMap<&str, Vec<PhiEntity>>) {
        let mut marked = Vec::new();
        for (page, block, text) in self.blocks() {
            for entity in told.get(text).into_iter().flatten() {
                let parts = page.parts(page.bytes(block, entity.chars.clone()));
                marked.extend(parts.map(|part| Marked { part, why: entity.kind }));
            }
        }
        self.marked.extend(marked);
    }

    fn blocks(&self) -> impl Iterator<Item = (&Page, usize, &str)> {
        self.pages.iter().flat_map(|page| {
            let blocks = page.blocks.iter().enumerate();
            blocks.map(move |(number, bytes)| (page, number, &page.text.reveal()[bytes.clone()]))
        })
    }

    /// What becomes of each line.
    pub fn fates(&self, identifiers: &Identifiers, profile: &Profile) -> Vec<Fate> {
        let keep = KeepWords::new(&profile.keep_words);
        let known = Known::new(identifiers);
        match profile.hide {
            Hide::AllText => self.lines.iter().map(|line| all_text(line, &known, &keep)).collect(),
            Hide::Phi => self.phi(&known, &keep),
        }
    }

    fn phi(&self, known: &Known, keep: &KeepWords) -> Vec<Fate> {
        let mut marked: Vec<Vec<(Range<usize>, BoxReason)>> = vec![Vec::new(); self.lines.len()];
        for page in &self.pages {
            let text = page.text.reveal();
            for span in known.burned_in(text, keep) {
                for part in page.parts(span.range) {
                    marked[part.line].push((part.bytes, span.why.into()));
                }
            }
        }
        for Marked { part, why } in &self.marked {
            if !keep.keeps(self.lines[part.line].text.reveal()) {
                marked[part.line].push((part.bytes.clone(), BoxReason::Classifier(*why)));
            }
        }
        self.lines.iter().zip(marked).map(|(line, marked)| fate(line, marked)).collect()
    }
}

fn fate(line: &TextLine, marked: Vec<(Range<usize>, BoxReason)>) -> Fate {
    let whole = |reason| Fate::Goes { parts: vec![(line.area, reason)], some_stays: false };
    match marked.iter().find(|(_, reason)| *reason == BoxReason::KnownIdentifier) {
        _ if line.unread => return whole(BoxReason::UnreadText),
        // Misread, it may go on where the words end.
        Some(_) if line.confidence < CONFIDENCE_MIN => return whole(BoxReason::KnownIdentifier),
        None if line.confidence < CONFIDENCE_MIN => return whole(BoxReason::UncertainText),
        _ => {}
    }
    let mut parts: Vec<(PixelRect, BoxReason)> = Vec::new();
    for (bytes, reason) in marked {
        for area in areas(line, &bytes) {
            match parts.iter_mut().find(|(other, _)| *other == area) {
                Some((_, before)) if reason == BoxReason::KnownIdentifier => *before = reason,
                Some(_) => {}
                None => parts.push((area, reason)),
            }
        }
    }
    if parts.is_empty() {
        return Fate::Stays;
    }
    let some_stays = !line.words.is_empty() && parts.len() < line.words.len();
    Fate::Goes { parts, some_stays }
}

fn all_text(line: &TextLine, known: &Known, keep: &KeepWords) -> Fate {
    let is_known = known.find_known(line.text.reveal()).is_some();
    if !is_known && keep.keeps(line.text.reveal()) {
        return Fate::Stays;
    }
    let reason = match (is_known, line.unread) {
        (true, _) => BoxReason::KnownIdentifier,
        (false, true) => BoxReason::UnreadText,
        (false, false) => BoxReason::Text,
    };
    Fate::Goes { parts: vec![(line.area, reason)], some_stays: false }
}

impl From<Why> for BoxReason {
    fn from(why: Why) -> Self {
        match why {
            Why::Known(_) => Self::KnownIdentifier,
            Why::Form(form) => Self::Form(form),
        }
    }
}

/// Whether a line is enough to be text: one sign by itself may be noise.
pub fn is_text(line: &TextLine) -> bool {
    match signs(line) {
        _ if line.unread => true,
        0 => false,
        1 => line.confidence >= SINGLE_SIGN_CONFIDENCE_MIN,
        _ => true,
    }
}

/// Letters and digits, in any script.
pub(super) fn signs(line: &TextLine) -> usize {
    line.text.reveal().chars().filter(|c| c.is_alphanumeric()).count()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::deid::identifiers::{Identifier, IdentifierKind};
    use crate::deid::phi_text::Form;
    use crate::deid::picture::TextWord;

    fn line(text: &str, top: u32) -> TextLine {
        let width = 10 * text.len() as u32;
        TextLine {
            frame: 0,
            area: PixelRect { left: 10, top, right: 10 + width, bottom: top + 20 },
            text: Phi::new(text.into()),
            confidence: 0.95,
            unread: false,
            words: Vec::new(),
        }
    }

    /// Each word of a line with a place, as a service tells them.
    fn in_words(mut line: TextLine) -> TextLine {
        let text = line.text.reveal().clone();
        let mut at = 0;
        for word in text.split(' ') {
            let bytes = at..at + word.len();
            let (left, right) = (10 + 10 * bytes.start as u32, 10 + 10 * bytes.end as u32);
            let area = PixelRect { left, right, ..line.area };
            line.words.push(TextWord { area, bytes });
            at += word.len() + 1;
        }
        line
    }

    fn identifiers() -> Identifiers {
        let one = |kind, value: &str| Identifier { kind, value: Phi::new(value.into()) };
        Identifiers(vec![
            one(IdentifierKind::Name, "FLAIR^GWENDOLYN"),
            one(IdentifierKind::Id, "MX40012"),
        ])
    }

    fn phi() -> Profile {
        let mut profile = Profile::named("basic").expect("shipped");
        profile.hide = Hide::Phi;
        profile
    }

    fn reasons(text: &BurnedInText) -> Vec<Option<BoxReason>> {
        let fates = text.fates(&identifiers(), &phi());
        let first = |fate: &Fate| match fate {
            Fate::Stays => None,
            Fate::Goes { parts, .. } => Some(parts[0].1),
        };
        fates.iter().map(first).collect()
    }

    #[test]
    fn identifiers_go_and_technique_stays() {
        let lines = ["FLAIR GWENDOLYN", "MX4OO12", "GAIN 65%", "T2 FLAIR", "12.05.1961", "Okonkwo"];
        let lines = (0..).zip(lines).map(|(at, text)| line(text, 100 * at)).collect();
        let found = reasons(&BurnedInText::of(lines));
        assert_eq!(
            found[..4],
            [Some(BoxReason::KnownIdentifier); 2].into_iter().chain([None; 2]).collect::<Vec<_>>()
        );
        assert_eq!(found[4], Some(BoxReason::Form(Form::Date)));
        assert_eq!(found[5], Some(BoxReason::Form(Form::Word)));
    }

    #[test]
    fn a_name_that_goes_on_in_the_next_line_goes_in_both() {
        let text = BurnedInText::of(vec![line("GAIN FLAIR", 10), line("GWENDOLYN 65%", 34)]);
        assert_eq!(reasons(&text), [Some(BoxReason::KnownIdentifier); 2]);
    }

    #[test]
    fn what_is_not_read_with_confidence_goes() {
        let unsure = TextLine { confidence: 0.6, ..line("GAIN 65%", 10) };
        let unread = TextLine { unread: true, ..line("", 50) };
        let text = BurnedInText::of(vec![unsure, unread]);
        assert_eq!(reasons(&text), [Some(BoxReason::UncertainText), Some(BoxReason::UnreadText)]);
    }

    #[test]
    fn where_words_have_places_the_others_of_the_line_stay() {
        let text = BurnedInText::of(vec![in_words(line("GAIN 65% GWENDOLYN FLAIR LEFT", 10))]);
        let fates = text.fates(&identifiers(), &phi());
        let words = &text.lines()[0].words;
        let Fate::Goes { parts, some_stays: true } = &fates[0] else { panic!("{fates:?}") };
        let gone: Vec<_> = parts.iter().map(|(area, _)| *area).collect();
        assert_eq!(gone, [words[2].area, words[3].area]);
    }

    #[test]
    fn an_entity_marks_every_word_that_it_overlaps_and_the_allow_list_beats_it() {
        let lines = vec![in_words(line("CHEST PAIN", 10)), in_words(line("KNEE LEFT", 34))];
        let mut text = BurnedInText::of(lines);
        let passages = text.passages();
        let passage = passages.first().expect("a block");
        assert_eq!(passage.reveal(), "CHEST PAIN\nKNEE LEFT");
        let entity = PhiEntity { chars: 8..13, kind: PhiKind::Address, score: 0.1 };
        text.mark(&BTreeMap::from([(&**passage.reveal(), vec![entity])]));
        let (kept, words) =
            (Profile { keep_words: vec!["KNEE".into()], ..phi() }, |fates: &[Fate]| {
                fates.iter().filter(|fate| **fate != Fate::Stays).count()
            });
        assert_eq!(words(&text.fates(&identifiers(), &kept)), 2);
        let listed = Profile { keep_words: vec!["KNEE".into(), "LEFT".into()], ..phi() };
        let fates = text.fates(&identifiers(), &listed);
        let reason = BoxReason::Classifier(PhiKind::Address);
        let parts = vec![(text.lines()[0].words[1].area, reason)];
        assert_eq!(fates, [Fate::Goes { parts, some_stays: true }, Fate::Stays]);
    }

    #[test]
    fn under_all_text_a_line_goes_whole_whatever_is_marked() {
        let basic = Profile::named("basic").expect("shipped");
        let text = BurnedInText::of(vec![line("GAIN 65% SOMETHING", 10), line("LEFT", 50)]);
        let fates = text.fates(&identifiers(), &basic);
        assert!(matches!(&fates[0], Fate::Goes { some_stays: false, .. }));
        assert_eq!(fates[1], Fate::Stays);
    }
}
