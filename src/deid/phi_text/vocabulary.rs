//! Which words describe an image, and not a person.
//!
//! The list is made by `vocabulary/build.py`, from the context groups and attributes of the Standard,
//! less common names of people, and from what is written by hand beside it.

use std::sync::LazyLock;

const WORDS: &str = include_str!("vocabulary/words.txt");

/// Sorted, as they are written.
static TECHNIQUE: LazyLock<Vec<&'static str>> =
    LazyLock::new(|| WORDS.lines().filter(|line| !line.starts_with('#')).collect());

/// Whether a folded word (upper case, no diacritics) is one of technique, anatomy or of how these
/// are described, so that alone it names nobody.
pub(super) fn is_technique(word: &str) -> bool {
    TECHNIQUE.binary_search(&word).is_ok()
}

#[cfg(test)]
mod tests {
    use super::super::fold::folded;
    use super::*;

    const NAMES: &str = include_str!("../../../testdata/descriptions/names.txt");

    /// So many of a thousand common names may be words of technique; `build.py` prints which.
    const MOST_FAMILY_NAMES: usize = 15;
    const MOST_GIVEN_NAMES: usize = 5;

    #[test]
    fn every_word_is_found_and_folded_as_text_is() {
        assert!(TECHNIQUE.len() > 8000);
        assert!(TECHNIQUE.is_sorted(), "the search takes the words for sorted");
        for word in TECHNIQUE.iter() {
            assert!(is_technique(word) && folded(word) == **word, "{word}");
        }
    }

    #[test]
    fn technique_is_known_in_seven_languages() {
        for text in [
            "CHEST contrast axial MPRAGE t2 FLAIR tomosynthesis",
            "Schädel Kontrastmittel Lendenwirbelsäule beidseits",
            "cérébrale injection genou gauche cœur",
            "rodilla izquierda tórax contraste",
            "ginocchio destro torace encefalo",
            "joelho esquerdo tórax ressonância",
            "hersenen wervelkolom zonder",
        ] {
            for word in text.split_whitespace() {
                let letters: String = folded(word).chars().filter(|c| c.is_alphabetic()).collect();
                assert!(letters.len() < 2 || is_technique(&letters), "{word}");
            }
        }
    }

    #[test]
    fn few_common_names_are_technique() {
        for (kind, most) in [("family", MOST_FAMILY_NAMES), ("given", MOST_GIVEN_NAMES)] {
            let title = format!("## {kind}");
            let names: Vec<&str> = NAMES
                .lines()
                .skip_while(|line| **line != *title)
                .skip(1)
                .take_while(|line| !line.starts_with("##"))
                .collect();
            assert_eq!(names.len(), 1000);
            let both: Vec<&&str> = names.iter().filter(|name| is_technique(name)).collect();
            println!("of 1000 {kind} names {} are technique: {both:?}", both.len());
            assert!(both.len() <= most, "{both:?}");
        }
        for name in ["MAY", "ROSE", "YOUNG", "BLACK", "WHITE", "FIELDS", "SMITH", "MUELLER"] {
            assert!(!is_technique(name), "{name}");
        }
    }
}
