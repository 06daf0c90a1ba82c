//! What of a text in the picture has to go where not every line goes (`hide = "phi"`).
//!
//! Stricter than in a header, where an attribute says what it holds: every age goes, times of day go, and
//! so does every word that is none of technique and every number longer than technique has them.

use super::forms;
use super::keep::KeepWords;
use super::known::Known;
use super::reading::{Reading, Signs};
use super::span::{Form, Span, Why, merged};

/// A run of so many digits is hidden whatever stands beside it.
const LONG_NUMBER: usize = 5;
/// So many numbers with points between them are a UID; versions have fewer.
const CHAIN: usize = 5;
/// A run of so many letters that is no word of technique may be a name.
const SHORTEST_NAME: usize = 2;

impl Known {
    /// Every part of a burned-in text that identifies, or may; sorted and without overlap.
    pub fn burned_in(&self, text: &str, keep: &KeepWords) -> Vec<Span> {
        let reading = Reading::of(text);
        let mut spans = self.known(&reading);
        forms::spans(&reading, false, &mut spans);
        for run in 0..reading.runs.len() {
            if let Some((last, form)) = at(&reading, run, keep) {
                spans.push(Span { range: reading.range(run, last), why: Why::Form(form) });
            }
        }
        merged(spans)
    }
}

/// The last run of what begins at a run, and its form.
fn at(reading: &Reading, run: usize, keep: &KeepWords) -> Option<(usize, Form)> {
    if reading.is(run, Signs::Ideograph) {
        return Some((run, Form::Word));
    }
    if !reading.is(run, Signs::Digits) {
        let word = reading.word(run);
        let named = word.chars().count() >= SHORTEST_NAME && !keep.has(word);
        return (named && !super::vocabulary::is_technique(word)).then_some((run, Form::Word));
    }
    let below = |run: usize, most: u32| {
        reading.word(run).len() <= 2 && reading.word(run).parse().is_ok_and(|n: u32| n < most)
    };
    let minutes = run + 1;
    let is_time = below(run, 24)
        && reading.before(minutes) == ":"
        && reading.word(minutes).len() == 2
        && below(minutes, 60);
    if is_time {
        let seconds = run + 2;
        let has_seconds = reading.before(seconds) == ":" && below(seconds, 60);
        return Some((if has_seconds { seconds } else { minutes }, Form::Time));
    }
    let follows = |run: usize| {
        run > 0
            && reading.before(run) == "."
            && reading.is(run, Signs::Digits)
            && reading.is(run - 1, Signs::Digits)
    };
    if follows(run) {
        return None; // a fraction, or the middle of what began before
    }
    let last = (run + 1..reading.runs.len()).take_while(|next| follows(*next)).last();
    let last = last.unwrap_or(run);
    let is_long = reading.word(run).len() >= LONG_NUMBER;
    (is_long || last - run + 1 >= CHAIN).then_some((last, Form::Number))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::deid::identifiers::{Identifier, IdentifierKind, Identifiers};
    use crate::phi::Phi;

    fn hidden(text: &str) -> Vec<String> {
        let one = |kind, value: &str| Identifier { kind, value: Phi::new(value.into()) };
        let known = Known::new(&Identifiers(vec![
            one(IdentifierKind::Name, "ROSE^AMBER"),
            one(IdentifierKind::Id, "AB0815"),
        ]));
        let keep = KeepWords::new(&["Zoom".to_owned()]);
        known.burned_in(text, &keep).into_iter().map(|span| text[span.range].to_owned()).collect()
    }

    #[test]
    fn technique_stays_word_by_word() {
        for text in ["GAIN 65%", "T2 TSE 3.0", "120 kV 85 mAs", "FOV 25.0 cm", "Zoom 1.25", "L"] {
            assert_eq!(hidden(text), [""; 0], "{text}");
        }
    }

    #[test]
    fn times_long_numbers_ages_and_words_of_no_technique_go() {
        assert_eq!(hidden("GAIN 65 08:15:32"), ["08:15:32"]);
        assert_eq!(hidden("8:05 chest"), ["8:05"]);
        assert_eq!(hidden("chest 48213"), ["48213"]);
        assert_eq!(hidden("K.48213 chest"), ["48213"]);
        assert_eq!(hidden("chest 1.2.840.113619.2.55"), ["1.2.840.113619.2.55"]);
        assert_eq!(hidden("pixel 0.48828 mm, version 10.2.1.0"), [""; 0]);
        assert_eq!(hidden("chest 45Y"), ["45Y"]);
        assert_eq!(hidden("left Okonkwo"), ["Okonkwo"]);
        assert_eq!(hidden("12.03.1961 knee"), ["12.03.1961"]);
    }

    #[test]
    fn what_the_object_tells_goes_also_where_it_is_a_word_of_technique_or_misread() {
        assert_eq!(hidden("ROSE AMBER left"), ["ROSE AMBER"]);
        assert_eq!(hidden("AMBER\nROSE left"), ["AMBER\nROSE"]);
        assert_eq!(hidden("ABO8I5 left"), ["ABO8I5"]);
    }
}
