//! The identifiers of one object, found in a text however they are written there: in any case, with
//! or without accents, in any order, with other separators, with signs that look alike.
//!
//! An identifier matches where whole runs spell it, whatever stands between them, so `O'Brien` is
//! found in `OBRIEN_1` and `12-345.678` in `ID12345678`, and never in the middle of a word. What is
//! short or also a word of technique needs a [second sign](super::names). One pass over the text.

use super::dates::{CalendarDate, KnownDates};
use super::fold::{alike, folded};
use super::forms;
use super::misspelled::Misspelled;
use super::names::{Occurrence, accepted};
use super::needles::{Needle, Needles, Role, Weight};
use super::reading::{Reading, Signs};
use super::span::{Span, Why, merged};
use super::vocabulary::is_technique;
use crate::deid::identifiers::{IdentifierKind, Identifiers};
use aho_corasick::{AhoCorasick, AhoCorasickKind};

/// The shortest coded string that is compared; shorter ones are terms such as `CHEST` or `M`.
const MIN_CODE_CHARS: usize = 6;

/// A shorter text has to stand apart from numbers.
const MIN_GLUED: usize = 4;
/// In longer runs nothing is looked for that does not begin and end with them.
const MAX_CUT_BYTES: usize = 256;

/// The identifiers of one object, and the forms of text that identify anybody.
pub struct Known {
    automaton: Option<AhoCorasick>,
    /// By the number of the pattern.
    needles: Vec<Vec<Needle>>,
    misspelled: Misspelled,
    dates: KnownDates,
    /// Whether ages up to 89 may be told.
    ages_stay: bool,
}

impl Known {
    /// Prepares the identifiers of an object.
    pub fn new(identifiers: &Identifiers) -> Self {
        let mut needles = Needles::default();
        let mut dates = KnownDates::default();
        for identifier in &identifiers.0 {
            let value = identifier.value.reveal();
            needles.add(identifier.kind, value);
            if identifier.kind == IdentifierKind::Date {
                CalendarDate::parse(value).into_iter().for_each(|date| dates.add(date));
            }
        }
        let (likenesses, needles): (Vec<_>, Vec<Vec<_>>) = needles
            .by_likeness
            .into_iter()
            .map(|(likeness, needles)| (likeness, needles.into_iter().collect()))
            .unzip();
        // a transducer that is quick to build: there is one for each object
        let kind = Some(AhoCorasickKind::NoncontiguousNFA);
        let automaton = AhoCorasick::builder().kind(kind).prefilter(false).build(likenesses).ok();
        let misspelled = Misspelled::of(needles.iter().flatten());
        Self { automaton, needles, misspelled, dates, ages_stay: true }
    }

    /// The same, with every age taken for an identifier.
    pub fn without_ages(self) -> Self {
        Self { ages_stay: false, ..self }
    }

    /// Every part of the text that identifies, sorted and without overlap.
    pub fn spans(&self, text: &str) -> Vec<Span> {
        let reading = Reading::of(text);
        let mut spans = self.known(&reading);
        forms::spans(&reading, self.ages_stay, &mut spans);
        merged(spans)
    }

    /// The parts of the text that an identifier of the object is.
    pub fn known_spans(&self, text: &str) -> Vec<Span> {
        let reading = Reading::of(text);
        merged(self.known(&reading).into_iter().filter(|span| is_known(span.why)).collect())
    }

    /// Why the text identifies, if it does.
    pub fn find(&self, text: &str) -> Option<Why> {
        self.spans(text).first().map(|span| span.why)
    }

    /// The kind of an identifier of the object that `text` contains.
    pub fn find_known(&self, text: &str) -> Option<IdentifierKind> {
        self.known_spans(text).iter().find_map(|span| match span.why {
            Why::Known(kind) => Some(kind),
            Why::Form(_) => None,
        })
    }

    /// Whether all that is looked for is spelled in Latin letters, without accents, and digits.
    pub fn is_latin(&self) -> bool {
        self.needles.iter().flatten().all(|needle| needle.folded.is_ascii())
    }

    /// The kind of an identifier that a coded string is as a whole, if it is long enough.
    pub fn find_code(&self, code: &str) -> Option<IdentifierKind> {
        let code = folded(code);
        if code.chars().count() < MIN_CODE_CHARS {
            return None;
        }
        let likeness = alike(&code);
        let found = self
            .automaton
            .as_ref()?
            .find_overlapping_iter(&likeness)
            .find(|found| found.start() == 0 && found.end() == likeness.len())?;
        self.needles.get(found.pattern().as_usize())?.iter().find_map(|needle| match needle.role {
            Role::Alone(kind) | Role::Number(kind) | Role::Whole(kind) => {
                is_alike(&needle.folded, &code).then_some(kind)
            }
            Role::Word { .. } => None,
        })
    }

    /// Whether the value of a DA or DT is one of the dates.
    pub fn is_date(&self, value: &str) -> bool {
        let digits: String = value.chars().filter(char::is_ascii_digit).take(8).collect();
        CalendarDate::parse(&digits).is_some_and(|date| self.dates.has(date))
    }

    fn known(&self, reading: &Reading) -> Vec<Span> {
        let mut spans = Vec::new();
        let mut words = Vec::new();
        let matches = self.automaton.iter().flat_map(|a| a.find_overlapping_iter(&reading.alike));
        for found in matches {
            let needles = self.needles.get(found.pattern().as_usize());
            for needle in needles.into_iter().flatten() {
                self.take(reading, needle, found.start()..found.end(), &mut spans, &mut words);
            }
        }
        self.misspelled.find(reading, &mut words);
        for occurrence in accepted(reading, words) {
            let range = reading.range(occurrence.first, occurrence.last);
            spans.push(Span { range, why: Why::Known(IdentifierKind::Name) });
        }
        self.written_dates(reading, &mut spans);
        spans
    }

    /// A match, if whole runs spell it.
    fn take(
        &self,
        reading: &Reading,
        needle: &Needle,
        at: std::ops::Range<usize>,
        spans: &mut Vec<Span>,
        words: &mut Vec<Occurrence>,
    ) {
        let Some((first, last)) = whole_runs(reading, needle, at) else { return };
        let mut push = |kind| {
            let range = reading.range(first, last);
            spans.push(Span { range, why: Why::Known(kind) });
        };
        match needle.role {
            Role::Alone(IdentifierKind::Text) if needle.folded.len() < MIN_GLUED => {
                // SGH is a hospital, SGH0101 the code of a procedure
                let apart = |run| run == 0 || !reading.before(run).is_empty();
                if apart(first) && (last + 1 == reading.runs.len() || apart(last + 1)) {
                    push(IdentifierKind::Text);
                }
            }
            Role::Alone(kind) | Role::Number(kind) => push(kind),
            Role::Whole(kind) => {
                let whole = first == 0 && last + 1 == reading.runs.len();
                // a number alone is a number
                let whole = whole && !reading.is(first, Signs::Digits);
                if whole || forms::is_labelled_number(reading, first) {
                    push(kind);
                }
            }
            Role::Word { person, word, weight } => {
                words.push(Occurrence { first, last, person, word, weight });
            }
        }
    }

    fn written_dates(&self, reading: &Reading, spans: &mut Vec<Span>) {
        let mut run = 0;
        while run < reading.runs.len() {
            let Some(written) = self.dates.at(reading, run) else {
                run += 1;
                continue;
            };
            let why = match written.known {
                true => Why::Known(IdentifierKind::Date),
                false => Why::Form(super::span::Form::Date),
            };
            spans.push(Span { range: reading.range(run, written.last), why });
            run = written.last + 1;
        }
    }
}

fn is_known(why: Why) -> bool {
    matches!(why, Why::Known(_))
}

/// The runs that a match consists of, if it begins and ends where runs do and its signs are alike.
fn whole_runs(
    reading: &Reading,
    needle: &Needle,
    at: std::ops::Range<usize>,
) -> Option<(usize, usize)> {
    let first = reading.run_at(at.start);
    let last = reading.run_at(at.end.checked_sub(1)?);
    let start = reading.runs.get(first)?.alike;
    let next = reading.runs.get(last + 1).map_or(reading.alike.len(), |run| run.alike);
    let cut = at.start > start || at.end < next;
    let number = matches!(needle.role, Role::Number(_));
    let kind = |c: Option<char>| c.is_some_and(|c| c.is_ascii_digit());
    let is_digits = |run| reading.is(run, Signs::Digits);
    // a letter that stands for a digit hides where the digits begin or end, as in MRNO12345
    let hides_start = is_digits(first) != kind(needle.folded.chars().next());
    let hides_end = is_digits(last) != kind(needle.folded.chars().next_back());
    let begins = at.start == start || number || hides_start;
    let ends = at.end == next || hides_end;
    if !begins || !ends || (cut && next - start > MAX_CUT_BYTES + needle.folded.len()) {
        return None;
    }
    let text = reading.folded(first, last);
    let skipped = reading.alike.get(start..at.start)?.chars().count();
    let spelled: String = text.chars().skip(skipped).take(needle.folded.chars().count()).collect();
    let zeros = skipped == 0 || hides_start || text.chars().take(skipped).all(|c| c == '0');
    // a sign is mistaken for another within a word, not across a space
    let joined = || (first + 1..=last).all(|run| reading.before(run).is_empty());
    let alike = needle.folded == spelled || (joined() && is_alike(&needle.folded, &spelled));
    (zeros && alike).then_some((first, last))
}

/// Whether a text spells a needle of the same likeness: at most a third of its signs are of another
/// kind, and it is no other word of technique.
fn is_alike(needle: &str, spelled: &str) -> bool {
    if needle == spelled {
        return true;
    }
    let others = needle
        .chars()
        .zip(spelled.chars())
        .filter(|(a, b)| a.is_ascii_digit() != b.is_ascii_digit())
        .count();
    let count = needle.chars().count();
    // two signs are not enough to be mistaken
    count > 2 && others * 3 <= count && !is_technique(spelled)
}

/// How much a word weighs that is found misspelled.
pub(super) const MISSPELLED: Weight = Weight::Telling;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::deid::identifiers::Identifier;
    use crate::phi::Phi;
    use proptest::prelude::*;

    fn known(kind: IdentifierKind, value: &str) -> Known {
        let value = Phi::new(value.to_string());
        Known::new(&Identifiers(vec![Identifier { kind, value }]))
    }

    fn finds(kind: IdentifierKind, value: &str, text: &str) -> bool {
        known(kind, value).find_known(text).is_some()
    }

    #[test]
    fn a_name_is_found_in_any_order_and_dress() {
        let name = IdentifierKind::Name;
        for text in [
            "Jane Hopper",
            "HOPPER^JANE",
            "scout_hopper_01",
            "JANEHOPPER",
            "hopper's ct",
            "HOP PER",
            "jhopper",
            "h0pper",
            "HОРPER",
            "Hоpper",
            "HOPPERJANE",
            "scoutHopper",
        ] {
            assert!(finds(name, "Hopper^Jane^Q^Dr", text), "{text}");
        }
        for (value, text) in [
            ("O'Brien^Pat", "OBRIEN head"),
            ("OBRIEN^PAT", "o'brien"),
            ("Müller^Jürgen", "MULLER"),
            ("Müller^Jürgen", "Mueller"),
            ("MUELLER^J", "Müller"),
            ("LEE^AN", "an lee, supine"),
            ("LEE^AN", "Lee"),
            ("YAMADA^TARO=山田^太郎", "患者山田様"),
            ("YAMADA^TARO=山田^太郎", "ﾔﾏﾀﾞ YAMADA"),
            ("van der Berg^Anna", "vanderberg"),
            ("Петрова^Анна", "снимок ПЕТРОВА"),
            ("Johansson^Eva", "Johanson"),
            ("Johansson^Eva", "Jonhansson"),
        ] {
            assert!(finds(name, value, text), "{value} in {text}");
        }
    }

    #[test]
    fn a_name_that_is_no_telling_word_does_no_damage() {
        let name = IdentifierKind::Name;
        for (value, text) in [
            ("CHEST^CT", "CT Chest with contrast"),
            ("Head^Left", "Left head"),
            ("LEE^AN", "an anterior view"),
            ("LEE^AN", "fleet"),
            ("Hopper^Jane", "Grasshopper phantom"),
            ("Q^A", "A Q phase"),
            ("Hopper^Jane^^Dr^MD", "Dr MD"),
            ("Chest^Lara", "CHEST L"),
            ("Lung^May", "CT lung for research"),
            ("Chest^Jane", "CT CHEST"),
            ("Rose^Lily", "T1 POST"),
        ] {
            assert!(!finds(name, value, text), "{value} in {text}");
        }
    }

    #[test]
    fn a_short_or_common_name_is_found_by_a_second_sign() {
        let name = IdentifierKind::Name;
        for (value, text) in [
            ("Li^Wei", "Li^Wei"),
            ("Li^Wei", "CT Wei Li"),
            ("Li^Wei", "Patient: Li, thorax"),
            ("Li^Wei", "scan for Li"),
            ("Li^Wei", "MR W. Li"),
            ("Li^Wei", "Li~Wei"),
            ("Chest^Jane", "Jane Chest"),
            ("Chest^Lung", "CHEST^LUNG"),
            ("Chest^Max", "Dr. Chest"),
            ("Chest^Max", "Name: Chest"),
            ("O'Brien-Smith^Jo", "O Brien Smith"),
            ("O'Brien-Smith^Jo", "obriensmith"),
            ("Q^A", "Q^A"),
            ("May^Tess", "CT HEAD May"),
            ("Lung^Karin", "PACIENTE LUNG"),
            ("Lung^Karin", "Sig.ra Lung"),
            ("Lung^Karin", "spine 3 FOR LUNG"),
            ("김^철수", "CT HEAD 김 axial"),
            ("Chest^Anna^B", "Anna B Chest"),
            ("4711^0815", "t2_4711"),
        ] {
            assert!(finds(name, value, text), "{value} in {text}");
        }
    }

    #[test]
    fn initials_go_with_the_name() {
        let known = known(IdentifierKind::Name, "Hopper^Jane^Quinn");
        assert_eq!(known.clean_known("CT J. Q. Hopper supine").text, "CT supine");
        assert_eq!(known.clean_known("Hopper, J.Q. 12 mm").text, "12 mm");
    }

    #[test]
    fn an_id_is_found_by_its_runs() {
        let id = IdentifierKind::Id;
        for (value, text) in [
            ("12-345-678", "id12345678"),
            ("0012345", "Pat 12345"),
            ("12345", "Pat 000012345"),
            ("MRN0012345", "mrn 0012345."),
            ("MRN0012345", "MRNOO12345"),
            ("MRN0012345", "x 12345 "),
            ("0012345", "MRNO012345"),
            ("A12", "a12"),
            ("123", "MRN 123"),
        ] {
            let value = if text == "x 12345 " { "MRN00123456" } else { value };
            let text = if text == "x 12345 " { "x 123456 " } else { text };
            assert!(finds(id, value, text), "{value} in {text}");
        }
        for (value, text) in [
            ("12", "12"),
            ("123", "123"),
            ("1234", "512345"),
            ("CT", "CT"),
            ("HEAD", "head"),
            ("A12", "A12 phase"),
            ("8055", "boss"),
        ] {
            assert!(!finds(id, value, text), "{value} in {text}");
        }
    }

    #[test]
    fn a_coded_string_matches_only_whole_and_long() {
        let known = known(IdentifierKind::Name, "HOPPER^JANE");
        assert!(known.find_code("HOPPER").is_some());
        assert!(known.find_code("HOPPER_VIEW").is_none() && known.find_code("JANE").is_none());
    }

    #[test]
    fn addresses_match_by_line_and_phones_by_digits() {
        let text = IdentifierKind::Text;
        assert!(finds(text, "17 Elm Grove\r\nSpringfield", "born in Springfield"));
        assert!(finds(text, "17 Elm Grove\r\nSpringfield", "17, Elm Grove"));
        assert!(finds(text, "+1 (555) 010-9999", "tel 1-555-0109999"));
        assert!(finds(text, "SGH", "CT at SGH") && !finds(text, "SGH", "SGH0101"));
        assert!(!finds(text, "General Hospital", "hospital"));
        assert!(!finds(text, "Radiology", "Radiology"));
    }

    fn any_identifiers() -> impl Strategy<Value = Identifiers> {
        let kind = prop::sample::select(vec![
            IdentifierKind::Name,
            IdentifierKind::Id,
            IdentifierKind::Text,
            IdentifierKind::Date,
        ]);
        let value = prop_oneof![
            ".{0,30}",
            "[A-Za-z]{0,9}\\^[A-Za-z]{0,9}",
            "[0-9A-Z]{0,10}",
            "(19|20)[0-9]{2}(0[1-9]|1[0-2])[0-3][0-9]",
            "\\PC{1,2}\\^\\PC{1,2}",
        ];
        let identifier =
            (kind, value).prop_map(|(kind, value)| Identifier { kind, value: Phi::new(value) });
        prop::collection::vec(identifier, 0..6).prop_map(Identifiers)
    }

    /// Text in which the identifiers stand, dressed and cut.
    fn any_text(identifiers: &Identifiers) -> impl Strategy<Value = String> + use<> {
        let values: Vec<String> =
            identifiers.0.iter().map(|identifier| identifier.value.reveal().clone()).collect();
        let values = if values.is_empty() { vec![String::new()] } else { values };
        let piece = prop_oneof![
            ".{0,12}".boxed(),
            prop::sample::select(values.clone()).boxed(),
            prop::sample::select(values).prop_map(|v| v.replace('^', " ").to_lowercase()).boxed(),
            "[ ,^:()\\\\@._-]{0,3}".boxed(),
            "(CT|Dr\\.|Patient:|for|Name|MRN|tel|[0-9]{1,5}|[0-9]{2}[./-][0-9]{2}[./-][0-9]{2,4}) "
                .boxed(),
            "[A-Z]\u{fffd}?\u{1b}?[0-9o]".boxed(),
        ];
        prop::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat())
    }

    proptest! {
        #[test]
        fn a_long_word_is_found_wherever_it_stands(
            word in "[B-Z]{5,12}", before in "[ 3479/_.-]{0,6}", after in "[ 3479/_.-]{0,6}",
        ) {
            prop_assume!(!is_technique(&word) && !word.starts_with("PROF"));
            let text = format!("{before}{}{after}", word.to_lowercase());
            prop_assert!(finds(IdentifierKind::Name, &word, &text));
            let hidden = format!("aaaa{}", word.to_lowercase());
            prop_assert!(!finds(IdentifierKind::Name, &word, &hidden));
        }

        #[test]
        fn what_is_cleaned_holds_nothing_and_stays_as_it_is(
            (identifiers, text) in any_identifiers().prop_flat_map(|identifiers| {
                let text = any_text(&identifiers);
                (Just(identifiers), text)
            }),
        ) {
            for known in [Known::new(&identifiers), Known::new(&identifiers).without_ages()] {
                let mut end = 0;
                for span in known.spans(&text) {
                    prop_assert!(span.range.start >= end && !span.range.is_empty());
                    prop_assert!(text.get(span.range.clone()).is_some(), "not on a boundary");
                    end = span.range.end;
                }
                let cleaned = known.clean(&text);
                prop_assert_eq!(known.find(&cleaned.text), None);
                prop_assert!(cleaned.text.len() <= text.len());
                prop_assert_eq!(&known.clean(&cleaned.text).text, &cleaned.text);
                prop_assert_eq!(cleaned.is_changed(), known.find(&text).is_some());
                let _ = (known.find_code(&text), known.is_date(&text), known.find_known(&text));
            }
        }
    }
}
