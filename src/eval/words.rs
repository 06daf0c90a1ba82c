//! Texts as words: what is compared when a text has to be gone or to stay.
//!
//! Invariant: case, accents and all signs between words play no part.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// Words of this length are looked for inside of other words as well.
const LONG_WORD: usize = 4;
/// A text of this length is looked for without what stands between its words.
const LONG_TEXT: usize = 6;

/// The words of a text, without case, accents and signs.
pub fn of(text: &str) -> Vec<String> {
    let folded: String = text.nfkd().filter(|sign| !is_combining_mark(*sign)).collect();
    let lower = folded.to_lowercase();
    lower
        .split(|sign: char| !sign.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(str::to_owned)
        .collect()
}

/// Whether all words of `wanted` stand in `value`, in their order.
pub fn keeps(value: &str, wanted: &str) -> bool {
    if let (Ok(value), Ok(wanted)) = (value.trim().parse::<f64>(), wanted.trim().parse::<f64>()) {
        return value == wanted;
    }
    let value = of(value);
    let mut rest = value.iter();
    of(wanted).iter().all(|word| rest.any(|other| other == word))
}

/// Whether the words of `wanted` stand in `value` one behind the other, or as one.
pub fn has(value: &str, wanted: &str) -> bool {
    let (value, wanted) = (of(value), of(wanted));
    let together = wanted.concat();
    value.windows(wanted.len().max(1)).any(|words| words == wanted)
        || together.chars().count() >= LONG_TEXT && value.concat().contains(&together)
}

/// Whether anything of `removed` is left in `value`: the whole, or one of its words. A word that
/// `source` has outside of `removed` as well may stay.
pub fn leaves(value: &str, removed: &str, source: &str) -> bool {
    if has(value, removed) {
        return true;
    }
    let (value, removed) = (of(value), of(removed));
    let elsewhere = without(of(source), &removed);
    removed.iter().filter(|word| !elsewhere.contains(word)).any(|word| {
        let long = word.chars().count() >= LONG_WORD;
        value.iter().any(|other| other == word || long && other.contains(word.as_str()))
    })
}

/// The words without every occurrence of these.
fn without(words: Vec<String>, these: &[String]) -> Vec<String> {
    let (mut rest, mut at) = (Vec::new(), 0);
    while let Some(word) = words.get(at) {
        if words[at..].starts_with(these) && !these.is_empty() {
            at += these.len();
        } else {
            rest.push(word.clone());
            at += 1;
        }
    }
    rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_kept_in_their_order_and_whole() {
        assert!(keeps("ct  Thorax, mit KM", "CT THORAX KM"));
        assert!(!keeps("CT THORAXES", "CT THORAX"));
        assert!(!keeps("THORAX CT", "CT THORAX"));
        assert!(keeps("1.50", "1.5") && !keeps("1.51", "1.5"));
    }

    #[test]
    fn a_part_that_is_left_is_found_in_any_writing() {
        let source = "CT for Müller^Jörg of Doe Street";
        for left in ["mueller JORG", "MULLER", "xxMullerxx", "CT jörg"] {
            assert!(leaves(left, "Müller^Jörg", source), "{left}");
        }
        assert!(leaves("id 4471902", "447-1902", "ID 447-1902"));
        assert!(!leaves("CT for of Doe Street", "Müller^Jörg", source));
        // short words count as words alone
        assert!(!leaves("Liver", "Li Wu", "Liver of Li Wu"));
        assert!(leaves("Liver, Wu", "Li Wu", "Liver of Li Wu"));
    }

    #[test]
    fn a_word_that_the_source_has_elsewhere_may_stay() {
        let source = "Chest of Jane Chest";
        assert!(!leaves("Chest", "Jane Chest", source));
        assert!(leaves("Chest Jane", "Jane Chest", source));
        assert!(leaves("Chest", "Jane Chest", "CT of Jane Chest"));
    }
}
