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
use super::names::{Edges, Occurrence, accepted};
use super::needles::{Needles, Role, Weight};
use super::reading::{Reading, Signs};
use super::span::{Form, Span, Why, merged};
use super::spelling::{Bearers, Spelling, Spellings};
use super::vocabulary::is_technique;
use crate::deid::identifiers::{IdentifierKind, Identifiers};
use aho_corasick::{AhoCorasick, AhoCorasickKind};

/// The shortest coded string that is compared; shorter ones are terms such as `CHEST` or `M`.
const MIN_CODE_CHARS: usize = 6;

/// A shorter text has to stand apart from numbers.
const MIN_GLUED: usize = 4;
/// In longer runs nothing is looked for that does not begin and end with them.
const MAX_CUT_BYTES: usize = 256;
/// So many telling words that end at one place are weighed as neighbours.
const MAX_AT_ONCE: usize = 8;

/// The identifiers of one object, and the forms of text that identify anybody.
pub struct Known {
    /// None if there is more to look for than one can hold: then every text counts as identifying.
    automaton: Option<AhoCorasick>,
    /// By the number of the pattern.
    spellings: Vec<Spellings>,
    bearers: Bearers,
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
        let mut bearers = Bearers::default();
        let (likenesses, spellings): (Vec<_>, Vec<_>) = needles
            .by_likeness
            .into_iter()
            .map(|(likeness, needles)| (likeness, Spellings::of(needles, &mut bearers)))
            .unzip();
        // a transducer that is quick to build: there is one for each object
        let kind = Some(AhoCorasickKind::NoncontiguousNFA);
        let automaton = AhoCorasick::builder().kind(kind).prefilter(false).build(likenesses).ok();
        let misspelled = Misspelled::of(spellings.iter().flat_map(Spellings::iter));
        Self { automaton, spellings, bearers, misspelled, dates, ages_stay: true }
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
        self.spellings.iter().flat_map(Spellings::iter).all(|one| one.folded.is_ascii())
    }

    /// The kind of an identifier that a coded string is as a whole, if it is long enough.
    pub fn find_code(&self, code: &str) -> Option<IdentifierKind> {
        let code = folded(code);
        if code.chars().count() < MIN_CODE_CHARS {
            return None;
        }
        let likeness = alike(&code);
        let Some(automaton) = &self.automaton else { return Some(IdentifierKind::Text) };
        let found = automaton
            .find_overlapping_iter(&likeness)
            .find(|found| found.start() == 0 && found.end() == likeness.len())?;
        let spellings = self.spellings.get(found.pattern().as_usize())?;
        let alike = spellings.possible(&code).filter(|spelling| is_alike(&spelling.folded, &code));
        alike.flat_map(|spelling| &spelling.roles).find_map(|role| match *role {
            Role::Alone(kind) | Role::Number(kind) | Role::Whole(kind) => Some(kind),
            Role::Word { .. } => None,
        })
    }

    /// Whether the value of a DA or DT is one of the dates.
    pub fn is_date(&self, value: &str) -> bool {
        let digits: String = value.chars().filter(char::is_ascii_digit).take(8).collect();
        CalendarDate::parse(&digits).is_some_and(|date| self.dates.has(date))
    }

    pub(super) fn known(&self, reading: &Reading) -> Vec<Span> {
        let Found { mut spans, words, edges } = self.search(reading);
        for occurrence in accepted(reading, words, &self.bearers, &edges) {
            let range = reading.range(occurrence.first, occurrence.last);
            spans.push(Span { range, why: Why::Known(IdentifierKind::Name) });
        }
        spans
    }

    /// What is an identifier by itself, and where words of names stand.
    fn search(&self, reading: &Reading) -> Found {
        let mut found = Found::default();
        let Some(automaton) = &self.automaton else {
            if let Some(last) = reading.runs.len().checked_sub(1) {
                found.push(reading, 0, last, IdentifierKind::Text);
            }
            return found;
        };
        for at in automaton.find_overlapping_iter(&reading.alike) {
            let spellings = self.spellings.get(at.pattern().as_usize());
            let Some((spellings, place)) = spellings.zip(Place::of(reading, at.range())) else {
                continue;
            };
            for spelling in spellings.possible(place.spelled) {
                if place.is_of(reading, spelling) {
                    found.take(reading, spelling, place.first, place.last);
                }
            }
        }
        self.misspelled.find(reading, &mut found.words);
        self.written_dates(reading, &mut found);
        found
    }

    fn written_dates(&self, reading: &Reading, found: &mut Found) {
        let mut run = 0;
        while run < reading.runs.len() {
            let Some(written) = self.dates.at(reading, run) else {
                run += 1;
                continue;
            };
            let range = reading.range(run, written.last);
            if written.known {
                found.push(reading, run, written.last, IdentifierKind::Date);
            } else {
                found.spans.push(Span { range, why: Why::Form(Form::Date) });
            }
            run = written.last + 1;
        }
    }
}

/// What a search gives.
#[derive(Default)]
struct Found {
    spans: Vec<Span>,
    words: Vec<Occurrence>,
    /// Where known identifiers begin and end.
    edges: Edges,
}

impl Found {
    /// One that ends with the one before and lies in it is no news: of all that may end at a place,
    /// the longest comes first.
    fn push(&mut self, reading: &Reading, first: usize, last: usize, kind: IdentifierKind) {
        let span = Span { range: reading.range(first, last), why: Why::Known(kind) };
        let is_news = self.spans.last().is_none_or(|before| {
            before.why != span.why
                || before.range.end != span.range.end
                || before.range.start > span.range.start
        });
        if is_news {
            self.edges.add(first, last);
            self.spans.push(span);
        }
    }

    /// Takes up what a spelling means from one run to another.
    fn take(&mut self, reading: &Reading, spelling: &Spelling, first: usize, last: usize) {
        for role in &spelling.roles {
            match *role {
                Role::Alone(IdentifierKind::Text) if spelling.folded.len() < MIN_GLUED => {
                    // SGH is a hospital, SGH0101 the code of a procedure
                    let apart = |run| run == 0 || !reading.before(run).is_empty();
                    if apart(first) && (last + 1 == reading.runs.len() || apart(last + 1)) {
                        self.push(reading, first, last, IdentifierKind::Text);
                    }
                }
                Role::Alone(kind) | Role::Number(kind) => self.push(reading, first, last, kind),
                Role::Whole(kind) => {
                    let whole = first == 0 && last + 1 == reading.runs.len();
                    // a number alone is a number
                    let whole = whole && !reading.is(first, Signs::Digits);
                    if whole || forms::is_labelled_number(reading, first) {
                        self.push(reading, first, last, kind);
                    }
                }
                Role::Word { .. } => {}
            }
        }
        if let Some((word, weight)) = spelling.word {
            // what is telling is found by itself as well
            let crowd = self.words.iter().rev().take(MAX_AT_ONCE);
            let crowded = crowd.filter(|other| other.last == last).count() == MAX_AT_ONCE;
            if weight != Weight::Telling || !crowded {
                self.words.push(Occurrence { first, last, word, weight });
            }
        }
    }
}

fn is_known(why: Why) -> bool {
    matches!(why, Why::Known(_))
}

/// Where signs of the same likeness as a needle stand.
struct Place<'a> {
    first: usize,
    last: usize,
    /// Whether it begins and ends with runs.
    begins: bool,
    ends: bool,
    /// What is before it in its first run.
    skipped: &'a str,
    spelled: &'a str,
}

impl<'a> Place<'a> {
    fn of(reading: &'a Reading, at: std::ops::Range<usize>) -> Option<Self> {
        let first = reading.run_at(at.start);
        let last = reading.run_at(at.end.checked_sub(1)?);
        let start = reading.runs.get(first)?.alike;
        let next = reading.runs.get(last + 1).map_or(reading.alike.len(), |run| run.alike);
        let (begins, ends) = (at.start == start, at.end == next);
        if !(begins && ends) && next - start > MAX_CUT_BYTES + at.len() {
            return None;
        }
        let text = reading.folded(first, last);
        let alike = reading.alike.get(start..next)?;
        let (from, to) = (at.start - start, at.end - start);
        let (from, to) = if alike.len() == text.len() {
            (from, to)
        } else {
            // a sign may be longer than its likeness
            let byte = |at: usize| {
                let chars = alike.get(..at)?.chars().count();
                Some(text.char_indices().nth(chars).map_or(text.len(), |(at, _)| at))
            };
            (byte(from)?, byte(to)?)
        };
        let (skipped, spelled) = (text.get(..from)?, text.get(from..to)?);
        Some(Self { first, last, begins, ends, skipped, spelled })
    }

    /// Whether whole runs spell it there, and its signs are alike.
    fn is_of(&self, reading: &Reading, spelling: &Spelling) -> bool {
        let kind = |c: Option<char>| c.is_some_and(|c| c.is_ascii_digit());
        let is_digits = |run| reading.is(run, Signs::Digits);
        // a letter that stands for a digit hides where the digits begin or end, as in MRNO12345
        let hides_start = is_digits(self.first) != kind(spelling.folded.chars().next());
        let hides_end = is_digits(self.last) != kind(spelling.folded.chars().next_back());
        let begins = self.begins || spelling.number || hides_start;
        if !begins || !(self.ends || hides_end) {
            return false;
        }
        let zeros = hides_start || self.skipped.bytes().all(|byte| byte == b'0');
        // a sign is mistaken for another within a word, not across a space
        let joined = || (self.first + 1..=self.last).all(|run| reading.before(run).is_empty());
        let own = spelling.folded == self.spelled;
        zeros && (own || (joined() && is_alike(&spelling.folded, self.spelled)))
    }
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
    fn where_there_is_too_much_to_look_for_every_text_identifies() {
        let known = Known { automaton: None, ..known(IdentifierKind::Name, "Hopper^Jane") };
        assert!(known.find_known("CT CHEST").is_some() && known.find_code("CHEST").is_none());
        assert!(known.find_code("CHESTABDOMEN").is_some() && known.find_known(" - ").is_none());
        assert_eq!(known.clean("CT CHEST").text, "");
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

    /// As many names as `count`, all with the same initials, each with a common short word.
    fn crowd(count: usize) -> Known {
        let letter = |n: usize| char::from(b'A' + (n % 26) as u8);
        let name = |n: usize| {
            let [a, b, c] = [letter(n), letter(n / 26), letter(n / 676)];
            format!("N{a}{b}{c}X Li N^Vo{a}{b}{c} Chest May N{a}L")
        };
        let of = |n| Identifier { kind: IdentifierKind::Name, value: Phi::new(name(n)) };
        Known::new(&Identifiers((0..count).map(of).collect()))
    }

    #[test]
    fn what_is_found_in_a_text_does_not_grow_with_the_names_that_are_like() {
        let crowds = [4, 2000].map(crowd);
        for text in
            ["n v n v ", "li may ", "chest n li ", "nabax ", "N^V ", "nll nil n1l ", "n. li, "]
        {
            let text = text.repeat(500);
            let reading = Reading::of(&text);
            let runs = reading.runs.len();
            let found = crowds.each_ref().map(|known| {
                let found = known.search(&reading);
                found.words.len() + found.spans.len()
            });
            assert!(found.iter().all(|found| *found <= 3 * runs), "{found:?} in {runs}: {text:.8}");
        }
    }

    #[test]
    fn what_is_found_at_one_place_has_a_limit() {
        let many = (1..250).map(|count| "A".repeat(count));
        let of = |value| Identifier { kind: IdentifierKind::Name, value: Phi::new(value) };
        let known = Known::new(&Identifiers(many.map(of).collect()));
        let text = "a ".repeat(2000);
        let found = known.search(&Reading::of(&text));
        let (spans, words) = (found.spans.len(), found.words.len());
        assert!(spans <= 2000 && words <= (MAX_AT_ONCE + 3) * 2000, "{spans}, {words}");
        assert_eq!(known.clean(&text).text, "");
    }

    #[test]
    fn an_initial_of_one_of_two_thousand_is_found() {
        let mut names: Vec<_> = (0..2000).map(|n| format!("AAA{}^A", n % 97)).collect();
        names.push("Zurbriggen^Kim^Quinn".into());
        let of = |value| Identifier { kind: IdentifierKind::Name, value: Phi::new(value) };
        let known = Known::new(&Identifiers(names.into_iter().map(of).collect()));
        assert_eq!(known.clean_known("CT K. Q. Zurbriggen supine").text, "CT supine");
    }

    #[test]
    fn a_short_name_beside_another_identifier_goes_with_it() {
        let of = |kind, value: &str| Identifier { kind, value: Phi::new(value.into()) };
        let known = Known::new(&Identifiers(vec![
            of(IdentifierKind::Name, "Li^Wei"),
            of(IdentifierKind::Name, "Le^Chest"),
            of(IdentifierKind::Id, "PT-90817"),
            of(IdentifierKind::Id, "48151623"),
            of(IdentifierKind::Date, "19610302"),
        ]));
        for (text, rest) in [
            ("LI PT-90817: MRT Kniegelenk links", "MRT Kniegelenk links"),
            ("MRT Knie PT90817 / li", "MRT Knie"),
            ("Knie Li (02.03.1961) nativ", "Knie nativ"),
            ("Knie 48151623_LI", "Knie"),
            ("Knie Li, MRN 48151623", "Knie"),
            ("Knie Li, DOB: 1961-03-02", "Knie"),
            ("le 48151623 Knie", "Knie"),
            // no other identifier beside it, or a word of technique
            ("Knie li nativ", "Knie li nativ"),
            ("Knie li nativ 48151623", "Knie li nativ"),
            ("Knie li\n48151623", "Knie li"),
            ("CT chest 48151623", "CT chest"),
            ("MR knee L 48151623", "MR knee L"),
        ] {
            assert_eq!(known.clean(text).text, rest, "{text}");
        }
    }

    #[test]
    fn a_view_of_the_breast_before_a_name_is_no_label() {
        let known = known(IdentifierKind::Name, "Müllner^Jörg");
        for (text, rest) in [
            ("Breast tomosynthesis left CC - for Jörg Müllner", "Breast tomosynthesis left CC"),
            ("Breast left CC @ Müllner", "Breast left CC"),
            ("LMLO Müllner, RCC", "LMLO RCC"),
        ] {
            assert_eq!(known.clean(text).text, rest, "{text}");
        }
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
