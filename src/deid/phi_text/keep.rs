//! The allow-list: which lines of burned-in text may stay.

use std::collections::HashSet;
use unicode_normalization::UnicodeNormalization;

/// The words of a profile, ready for comparison.
pub struct KeepWords(HashSet<String>);

impl KeepWords {
    /// Prepares the words of a profile.
    pub fn new(words: &[String]) -> Self {
        Self(words.iter().map(|word| normalised(word)).collect())
    }

    /// Whether a word in upper case is one of them.
    pub(super) fn has(&self, word: &str) -> bool {
        self.0.contains(word)
    }

    /// Whether a line consists of kept words alone, with at most short numbers between them. A
    /// number by itself never stays, nor do numbers side by side or in excess of the words: they may
    /// be an ID, a date or a time, written in groups.
    pub fn keeps(&self, line: &str) -> bool {
        let line = normalised(line);
        let (mut words, mut numbers, mut after_number) = (0, 0, false);
        for token in line.split(|c: char| c.is_whitespace() || ":;,=|[]()".contains(c)) {
            let token = token.trim_matches(['.', '*', '-', '_', '/']);
            if token.is_empty() {
                continue;
            }
            if is_short_number(token) {
                if after_number {
                    return false;
                }
                (numbers, after_number) = (numbers + 1, true);
                continue;
            }
            after_number = false;
            if !self.0.contains(token) && !self.is_number_with_unit(token) {
                return false;
            }
            words += 1;
        }
        words > 0 && numbers <= words
    }

    /// "0.9CM", "65%", "3.5MHZ": a short number and a kept word without a space.
    fn is_number_with_unit(&self, token: &str) -> bool {
        let unit_at = token.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(0);
        let (number, unit) = token.split_at(unit_at);
        is_short_number(number) && unit.len() > 1 && self.0.contains(unit)
            || is_short_number(number) && unit == "%"
    }
}

/// At most three digits before and two after the point, and no zero in front as days and hours have
/// it: no year, no ID.
fn is_short_number(token: &str) -> bool {
    let token = token.strip_prefix(['+', '-']).unwrap_or(token);
    let (whole, part) = token.split_once('.').unwrap_or((token, ""));
    let digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    let padded = whole.len() > 1 && whole.starts_with('0');
    (1..=3).contains(&whole.len()) && !padded && part.len() <= 2 && digits(whole) && digits(part)
}

fn normalised(text: &str) -> String {
    text.nfkc().collect::<String>().to_uppercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keep() -> KeepWords {
        KeepWords::new(&["L", "Left", "AP", "Gain", "cm", "MI", "MHz"].map(String::from))
    }

    #[test]
    fn technique_and_laterality_stay() {
        for line in ["L", "left ap", "GAIN 65%", "MI 0.9", "12.5cm", "3.5MHz", "Left: 3 cm"] {
            assert!(keep().keeps(line), "{line}");
        }
    }

    #[test]
    fn dates_times_and_ids_in_groups_do_not_stay() {
        for line in ["L 12 08 61", "AP 943 476 591", "L 08:15:32", "L 8:15", "12 AP 8 L 61", "L 08"]
        {
            assert!(!keep().keeps(line), "{line}");
        }
        assert!(keep().keeps("MI 0.9 Gain 65 L"));
    }

    #[test]
    fn what_may_identify_does_not_stay() {
        for line in ["DOE", "L DOE", "123", "1961", "03/02/61", "GAIN 1961", "12 345", "", "MRN 12"]
        {
            assert!(!keep().keeps(line), "{line}");
        }
    }
}
