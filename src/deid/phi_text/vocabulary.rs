//! Which words describe an image, and not a person.

use std::collections::HashSet;
use std::sync::LazyLock;

static TECHNIQUE: LazyLock<HashSet<&'static str>> = LazyLock::new(|| {
    include_str!("vocabulary.txt")
        .lines()
        .filter(|line| !line.starts_with('#'))
        .flat_map(str::split_whitespace)
        .collect()
});

/// Whether a folded word (upper case, no diacritics) is one of technique, anatomy or of how these
/// are described, so that alone it names nobody.
pub(super) fn is_technique(word: &str) -> bool {
    TECHNIQUE.contains(word)
}
