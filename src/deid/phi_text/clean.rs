//! A text without what identifies in it: the rest stays, and reads as if nothing had been there.

use super::known::Known;
use super::labels::{is_label, is_title, leads};
use super::reading::Reading;
use super::span::{Span, Why};
use std::fmt;

/// What is cut away may bring words together that identify again; after so many rounds the text
/// goes as a whole.
const ROUNDS: usize = 4;
/// Before a cut this many words are taken along that only led to it.
const LEADING_WORDS: usize = 4;

/// What became of a text.
#[derive(Clone, PartialEq, Eq)]
pub struct Cleaned {
    /// What is left; empty where nothing was worth keeping.
    pub text: String,
    /// Why parts are gone; empty if the text is as it was.
    pub removed: Vec<Why>,
}

impl Cleaned {
    /// Whether anything was taken out.
    pub fn is_changed(&self) -> bool {
        !self.removed.is_empty()
    }
}

impl fmt::Debug for Cleaned {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cleaned").field("removed", &self.removed).finish_non_exhaustive()
    }
}

impl Known {
    /// The text without the parts that identify. What comes out is found to identify nobody, and is
    /// never longer than what went in.
    pub fn clean(&self, text: &str) -> Cleaned {
        cleaned(text, |text| self.spans(text))
    }

    /// The same, of the identifiers of the object alone: for text that is no prose.
    pub fn clean_known(&self, text: &str) -> Cleaned {
        cleaned(text, |text| self.known_spans(text))
    }
}

fn cleaned(text: &str, spans: impl Fn(&str) -> Vec<Span>) -> Cleaned {
    let mut cleaned = Cleaned { text: text.to_string(), removed: Vec::new() };
    for _ in 0..ROUNDS {
        let found = spans(&cleaned.text);
        if found.is_empty() {
            return cleaned;
        }
        cleaned.removed.extend(found.iter().map(|span| span.why));
        cleaned.text = without(&cleaned.text, &found);
    }
    if !spans(&cleaned.text).is_empty() {
        cleaned.text.clear();
    }
    cleaned
}

/// The text without the spans, and without what led to them or held them together.
fn without(text: &str, spans: &[Span]) -> String {
    let reading = Reading::of(text);
    let mut left = Left::default();
    let mut end = 0;
    for span in spans {
        let start = led_to(&reading, span.range.start).max(end);
        left.push(&text[end..start]);
        end = span.range.end;
    }
    left.push(&text[end..]);
    let rest = left.text;
    if rest.chars().any(char::is_alphanumeric) { rest } else { String::new() }
}

/// Where the words begin that only lead to a place: `for Dr.`, `Patient name:`, `MRN`.
fn led_to(reading: &Reading, place: usize) -> usize {
    let mut run = reading.runs.partition_point(|run| run.range.start < place);
    let mut start = place;
    for _ in 0..LEADING_WORDS {
        let Some(before) = run.checked_sub(1) else { break };
        let Some(end) = reading.runs.get(before).map(|run| run.range.end) else { break };
        let gap = reading.text.get(end..start).unwrap_or_default();
        let word = reading.word(before);
        let leads = leads(word)
            || is_title(word, reading.original(before), gap)
            || (is_label(word) && (start < place || gap.contains([':', '='])));
        if !leads || gap.chars().count() > 4 || gap.contains('\n') {
            break;
        }
        (run, start) = (before, reading.range(before, before).start);
    }
    start
}

/// What is left of a text, in the making.
#[derive(Default)]
struct Left {
    text: String,
    cut: bool,
}

impl Left {
    /// Puts the next piece behind a cut, with one separator in place of those around the cut.
    fn push(&mut self, piece: &str) {
        if !std::mem::replace(&mut self.cut, true) {
            self.text.push_str(piece);
            return;
        }
        let kept = self.text.trim_end_matches(is_separator).len();
        let between = self.text[kept..].chars().next();
        let mut rest = piece.trim_start_matches(is_separator);
        // hopper's
        for possessive in ["'s", "’s", "'S"] {
            let after = rest.strip_prefix(possessive);
            if let Some(after) = after.filter(|after| !after.starts_with(char::is_alphanumeric)) {
                rest = after.trim_start_matches(is_separator);
            }
        }
        let newline = piece[..piece.len() - rest.len()].contains(['\r', '\n']);
        self.text.truncate(kept);
        // brackets around what is gone
        for (open, close) in [('(', ')'), ('[', ']'), ('<', '>'), ('"', '"'), ('{', '}')] {
            if let Some(after) = rest.strip_prefix(close).filter(|_| self.text.ends_with(open)) {
                self.text.pop();
                self.text.truncate(self.text.trim_end_matches(is_separator).len());
                rest = after.trim_start_matches(is_separator);
            }
        }
        // a bracket that was closed inside
        if self.text.ends_with(['(', '[']) && !rest.contains([')', ']']) {
            self.text.pop();
            self.text.truncate(self.text.trim_end_matches(is_separator).len());
        }
        if rest.is_empty() {
            return;
        }
        if !self.text.is_empty() {
            self.text.push(match between {
                _ if newline => '\n',
                Some(c) if "\n_^-/|".contains(c) => c,
                _ => ' ',
            });
        }
        self.text.push_str(rest);
    }
}

fn is_separator(c: char) -> bool {
    c.is_whitespace() || c.is_control() || ",;:-_^~*/|\\=#+&@.\u{3000}、，：".contains(c)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::deid::identifiers::{Identifier, IdentifierKind, Identifiers};
    use crate::phi::Phi;

    fn cleaned(text: &str) -> String {
        let of = |kind, value: &str| Identifier { kind, value: Phi::new(value.into()) };
        let known = Known::new(&Identifiers(vec![
            of(IdentifierKind::Name, "Doe^Jane"),
            of(IdentifierKind::Date, "19610302"),
            of(IdentifierKind::Id, "PT-90817"),
        ]));
        known.clean(text).text
    }

    #[test]
    fn the_rest_stays_and_reads_as_if_nothing_had_been_there() {
        for (text, rest) in [
            ("CT CHEST for Jane Doe 03/02/61", "CT CHEST"),
            ("Jane Doe, CT chest", "CT chest"),
            ("CT (Jane Doe) chest", "CT chest"),
            ("CT chest - Patient: Doe^Jane - supine", "CT chest supine"),
            ("scout_jane_doe_01", "scout_01"),
            ("T2 TSE 3.0 PT-90817", "T2 TSE 3.0"),
            ("MR knee\r\nMRN: PT90817\r\nleft", "MR knee\nleft"),
            ("Doe", ""),
            ("Doe's knee", "knee"),
            ("  CT chest ", "  CT chest "),
            ("Dr. Jane Doe", ""),
            ("dob 02.03.1961 head", "head"),
        ] {
            assert_eq!(cleaned(text), rest, "{text}");
        }
    }

    #[test]
    fn what_was_taken_out_is_not_shown() {
        let of = Identifier { kind: IdentifierKind::Name, value: Phi::new("Doe^Jane".into()) };
        let cleaned = Known::new(&Identifiers(vec![of])).clean("Jane Doe secret");
        assert!(cleaned.is_changed() && !format!("{cleaned:?}").contains("secret"));
    }
}
