//! Whether a text contains an identifier. One matcher for the cleaning of kept text and for the
//! search of what remains.
//!
//! Both sides are folded (NFKC, no diacritics, upper case) and cut into runs of letters or of
//! digits. An identifier matches where consecutive runs spell it, whatever stands between them,
//! so `O'Brien` is found in `OBRIEN_1` and `12-345.678` in `ID12345678`, and never in the middle
//! of a word. Words of [`vocabulary.txt`](self) alone, and short ones, do not match.

use super::matching_dates::{CalendarDate, contains_date};
use crate::deid::identifiers::{IdentifierKind, Identifiers};
use std::collections::{HashMap, HashSet};
use std::sync::LazyLock;
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// The shortest text that is searched for inside another.
const MIN_CHARS: usize = 4;
/// The shortest coded string that is compared; shorter ones are terms such as `CHEST` or `M`.
const MIN_CODE_CHARS: usize = 6;
/// The shortest number without its leading zeros.
const MIN_BARE_DIGITS: usize = 5;

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

static VOCABULARY: LazyLock<HashSet<&'static str>> = LazyLock::new(|| {
    include_str!("vocabulary.txt")
        .lines()
        .filter(|line| !line.starts_with('#'))
        .flat_map(str::split_whitespace)
        .collect()
});

/// A run of letters or of digits, and what stands before it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Run {
    pub gap: String,
    pub text: String,
    pub digits: bool,
}

/// The identifiers of one object, made ready for searching.
#[derive(Default)]
pub struct Matcher {
    /// Spelled by consecutive runs.
    spelled: Vec<(String, IdentifierKind)>,
    /// Spelled anywhere: scripts without spaces between words.
    anywhere: Vec<(String, IdentifierKind)>,
    /// Numbers without leading zeros, compared with one run.
    bare_numbers: Vec<(String, IdentifierKind)>,
    /// All of these words, in any order.
    together: Vec<Vec<String>>,
    /// The whole value, compacted.
    whole: HashMap<String, IdentifierKind>,
    dates: Vec<CalendarDate>,
}

impl Matcher {
    /// Prepares the identifiers.
    pub fn new(identifiers: &Identifiers) -> Self {
        let mut matcher = Self::default();
        for identifier in &identifiers.0 {
            let value = identifier.value.reveal();
            match identifier.kind {
                IdentifierKind::Name => matcher.add_name(value),
                IdentifierKind::Id => matcher.add_phrase(value, identifier.kind),
                IdentifierKind::Text => matcher.add_text(value),
                IdentifierKind::Date => matcher.dates.extend(CalendarDate::parse(value)),
            }
        }
        for needles in [&mut matcher.spelled, &mut matcher.anywhere, &mut matcher.bare_numbers] {
            needles.sort();
            needles.dedup();
        }
        matcher
    }

    /// The kind of an identifier that `text` contains.
    pub fn find(&self, text: &str) -> Option<IdentifierKind> {
        let runs = runs(text);
        let compact = compact(&runs);
        if let Some(kind) = self.whole.get(&compact) {
            return Some(*kind);
        }
        let spelled = self.spelled.iter().find(|(needle, _)| spells(&runs, needle));
        let anywhere = || self.anywhere.iter().find(|(needle, _)| compact.contains(needle));
        let bare = || {
            self.bare_numbers.iter().find(|(needle, _)| {
                runs.iter().any(|run| run.digits && run.text.trim_start_matches('0') == needle)
            })
        };
        if let Some((_, kind)) = spelled.or_else(anywhere).or_else(bare) {
            return Some(*kind);
        }
        let present = |word: &String| {
            if is_wordless(word) {
                compact.contains(word)
            } else {
                runs.iter().any(|run| run.text == *word)
            }
        };
        if self.together.iter().any(|words| words.iter().all(present)) {
            return Some(IdentifierKind::Name);
        }
        contains_date(&runs, &self.dates).then_some(IdentifierKind::Date)
    }

    /// The kind of an identifier that a coded string is as a whole, if it is long enough.
    pub fn find_code(&self, code: &str) -> Option<IdentifierKind> {
        let compact = compact(&runs(code));
        if compact.chars().count() < MIN_CODE_CHARS {
            return None;
        }
        self.spelled
            .iter()
            .find(|(needle, _)| *needle == compact)
            .map(|(_, kind)| *kind)
            .or_else(|| self.whole.get(&compact).copied())
    }

    /// Whether the value of a DA or DT is one of the dates.
    pub fn is_date(&self, value: &str) -> bool {
        let digits: String = value.chars().filter(char::is_ascii_digit).take(8).collect();
        CalendarDate::parse(&digits).is_some_and(|date| self.dates.contains(&date))
    }

    fn add_name(&mut self, name: &str) {
        // a group with an escape sequence is of a character set that was not decoded
        for group in name.split('=').filter(|group| !group.contains('\u{1b}')) {
            let components: Vec<Vec<String>> = group.split('^').take(3).map(words).collect();
            for component in &components {
                for word in component {
                    self.add_word(word, IdentifierKind::Name);
                }
                if component.len() > 1 {
                    self.add_compact(component.concat(), component, IdentifierKind::Name);
                }
            }
            self.add_full_name(&components);
        }
    }

    /// Family and given name together say more than either, so here short words count.
    fn add_full_name(&mut self, components: &[Vec<String>]) {
        let all: Vec<String> = components.iter().take(2).flatten().cloned().collect();
        let letters: usize = all.iter().map(|word| word.chars().count()).sum();
        let ideographic = all.iter().any(|word| is_wordless(word));
        let telling = all.iter().any(|word| !VOCABULARY.contains(word.as_str()));
        if all.len() < 2 || !telling || letters < if ideographic { 2 } else { MIN_CHARS } {
            return;
        }
        if let [family, given, ..] = components
            && letters >= MIN_CODE_CHARS
        {
            for pair in [[family, given], [given, family]] {
                let joined: String = pair.into_iter().flatten().map(String::as_str).collect();
                self.spelled.push((joined, IdentifierKind::Name));
            }
        }
        self.together.push(all);
    }

    fn add_text(&mut self, text: &str) {
        self.add_phrase(text, IdentifierKind::Text);
        for piece in text.split(['\r', '\n', '^', '=', ',', ';', '\\']) {
            self.add_phrase(piece, IdentifierKind::Text);
        }
    }

    fn add_phrase(&mut self, phrase: &str, kind: IdentifierKind) {
        let runs: Vec<String> = runs(phrase).into_iter().map(|run| run.text).collect();
        let joined = runs.concat();
        if joined.bytes().all(|byte| byte.is_ascii_digit()) {
            let bare = joined.trim_start_matches('0');
            if bare.len() >= MIN_BARE_DIGITS && kind == IdentifierKind::Id {
                self.bare_numbers.push((bare.to_string(), kind));
            }
            let least = if kind == IdentifierKind::Id { MIN_CHARS } else { MIN_BARE_DIGITS };
            if joined.len() >= least {
                self.spelled.push((joined, kind));
            }
            return;
        }
        self.add_compact(joined, &runs, kind);
    }

    fn add_word(&mut self, word: &str, kind: IdentifierKind) {
        self.add_compact(word.to_string(), &[word.to_string()], kind);
    }

    fn add_compact(&mut self, joined: String, runs: &[String], kind: IdentifierKind) {
        if runs.iter().all(|run| VOCABULARY.contains(run.as_str())) {
            return;
        }
        match joined.chars().count() {
            2.. if is_wordless(&joined) => self.anywhere.push((joined, kind)),
            MIN_CHARS.. => self.spelled.push((joined, kind)),
            3 => {
                self.whole.insert(joined, kind);
            }
            _ => {}
        }
    }
}

/// The words of a name component, without titles.
fn words(component: &str) -> Vec<String> {
    runs(component)
        .into_iter()
        .filter(|run| !run.digits && !TITLES.contains(&run.text.as_str()))
        .map(|run| run.text)
        .collect()
}

/// Whether consecutive runs spell the needle from end to end.
fn spells(runs: &[Run], needle: &str) -> bool {
    (0..runs.len()).any(|start| {
        let mut rest = needle;
        for run in &runs[start..] {
            match rest.strip_prefix(run.text.as_str()) {
                Some("") => return true,
                Some(shorter) => rest = shorter,
                None => return false,
            }
        }
        false
    })
}

/// Cuts a text into runs of letters and runs of digits, folded.
pub(super) fn runs(text: &str) -> Vec<Run> {
    let mut runs: Vec<Run> = Vec::new();
    let mut gap = String::new();
    for c in fold(text).chars() {
        if !c.is_alphanumeric() {
            gap.push(c);
            continue;
        }
        let digits = c.is_ascii_digit();
        match runs.last_mut() {
            Some(run) if gap.is_empty() && run.digits == digits => run.text.push(c),
            _ => runs.push(Run { gap: std::mem::take(&mut gap), text: c.to_string(), digits }),
        }
    }
    runs
}

fn compact(runs: &[Run]) -> String {
    runs.iter().map(|run| run.text.as_str()).collect()
}

/// Compatibility forms, without diacritics, upper case.
fn fold(text: &str) -> String {
    text.nfkd().filter(|c| !is_combining_mark(*c)).nfc().collect::<String>().to_uppercase()
}

/// Whether the text is of a script that puts no space between words.
fn is_wordless(text: &str) -> bool {
    text.chars().any(|c| {
        matches!(c, '\u{e00}'..='\u{e7f}' | '\u{3040}'..='\u{30ff}' | '\u{3400}'..='\u{9fff}'
            | '\u{ac00}'..='\u{d7af}' | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{3ffff}')
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::deid::identifiers::Identifier;
    use crate::phi::Phi;
    use proptest::prelude::*;

    fn matcher(kind: IdentifierKind, value: &str) -> Matcher {
        let value = Phi::new(value.to_string());
        Matcher::new(&Identifiers(vec![Identifier { kind, value }]))
    }

    fn finds(kind: IdentifierKind, value: &str, text: &str) -> bool {
        matcher(kind, value).find(text).is_some()
    }

    #[test]
    fn a_name_is_found_in_any_order_and_dress() {
        let name = IdentifierKind::Name;
        for text in ["Jane Hopper", "HOPPER^JANE", "scout_hopper_01", "JANEHOPPER", "hopper's ct"] {
            assert!(finds(name, "Hopper^Jane^Q^Dr", text), "{text}");
        }
        assert!(finds(name, "O'Brien^Pat", "OBRIEN head") && finds(name, "OBRIEN^PAT", "o'brien"));
        assert!(finds(name, "Müller^Jürgen", "MULLER") && finds(name, "MULLER^J", "müller"));
        assert!(finds(name, "LEE^AN", "an lee, supine") && finds(name, "LEE^AN", "Lee"));
        assert!(finds(name, "YAMADA^TARO=山田^太郎", "患者山田様"));
        assert!(finds(name, "van der Berg^Anna", "vanderberg"));
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
        ] {
            assert!(!finds(name, value, text), "{value} in {text}");
        }
    }

    #[test]
    fn an_id_is_found_by_its_runs() {
        let id = IdentifierKind::Id;
        assert!(finds(id, "12-345-678", "id12345678"));
        assert!(finds(id, "0012345", "Pat 12345"));
        assert!(finds(id, "MRN0012345", "mrn 0012345."));
        assert!(finds(id, "A12", "a12") && !finds(id, "A12", "A12 phase"));
        for (value, text) in
            [("12", "12"), ("123", "123"), ("1234", "512345"), ("CT", "CT"), ("HEAD", "head")]
        {
            assert!(!finds(id, value, text), "{value} in {text}");
        }
    }

    #[test]
    fn a_coded_string_matches_only_whole_and_long() {
        let matcher = matcher(IdentifierKind::Name, "HOPPER^JANE");
        assert!(matcher.find_code("HOPPER").is_some());
        assert!(matcher.find_code("HOPPER_VIEW").is_none() && matcher.find_code("JANE").is_none());
    }

    #[test]
    fn addresses_match_by_line_and_phones_by_digits() {
        let text = IdentifierKind::Text;
        assert!(finds(text, "17 Elm Grove\r\nSpringfield", "born in Springfield"));
        assert!(finds(text, "17 Elm Grove\r\nSpringfield", "17, Elm Grove"));
        assert!(finds(text, "+1 (555) 010-9999", "tel 1-555-0109999"));
        assert!(!finds(text, "General Hospital", "hospital"));
        assert!(!finds(text, "Radiology", "Radiology"));
    }

    proptest! {
        #[test]
        fn a_long_word_is_found_wherever_it_stands(
            word in "[B-Z]{5,12}", before in "[ 0-9/_.-]{0,6}", after in "[ 0-9/_.-]{0,6}",
        ) {
            prop_assume!(!VOCABULARY.contains(word.as_str()) && !TITLES.contains(&word.as_str()));
            let text = format!("{before}{}{after}", word.to_lowercase());
            prop_assert!(finds(IdentifierKind::Name, &word, &text));
            let hidden = format!("a{word}");
            prop_assert!(!finds(IdentifierKind::Name, &word, &hidden));
        }

        #[test]
        fn any_text_can_be_searched(value in ".{0,40}", text in ".{0,200}") {
            for kind in [IdentifierKind::Name, IdentifierKind::Id, IdentifierKind::Text] {
                let matcher = matcher(kind, &value);
                let _ = (matcher.find(&text), matcher.find_code(&text), matcher.is_date(&text));
            }
        }
    }
}
