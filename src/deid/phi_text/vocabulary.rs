//! Which words describe an image, and not a person. `vocabulary/build.py` says where they are from.

use std::collections::HashSet;
use std::sync::LazyLock;

static TECHNIQUE: LazyLock<HashSet<&'static str>> = LazyLock::new(|| {
    include_str!("vocabulary/words.txt").lines().filter(|line| !line.starts_with('#')).collect()
});

/// Whether a folded word (upper case, no diacritics) is one of technique, anatomy or of how these
/// are described, so that alone it names nobody.
pub(super) fn is_technique(word: &str) -> bool {
    TECHNIQUE.contains(word)
}

#[cfg(test)]
mod tests {
    use super::super::fold::folded;
    use super::*;

    #[test]
    fn every_word_is_written_as_text_is_folded() {
        assert!(TECHNIQUE.len() > 1000);
        for word in TECHNIQUE.iter() {
            assert_eq!(&folded(word), word);
        }
        assert!(is_technique("CHEST") && !is_technique("HOPPER"));
    }
}
