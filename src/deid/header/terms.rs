//! Terms of the Standard in attributes of free text.

use dicom_core::header::Tag;
use std::collections::HashMap;
use std::sync::LazyLock;

const TERMS: &str = include_str!("terms.csv");

/// Whether the value is a term that the Standard defines for this attribute.
pub fn is_term(tag: Tag, value: &str) -> bool {
    static READ: LazyLock<HashMap<Tag, Vec<&'static str>>> =
        LazyLock::new(|| read(TERMS).unwrap_or_default());
    READ.get(&tag).is_some_and(|terms| terms.contains(&value.trim_matches(['\0', ' '])))
}

fn read(source: &'static str) -> Option<HashMap<Tag, Vec<&'static str>>> {
    let lines = source.lines().filter(|line| !line.starts_with('#')).skip(1);
    lines
        .map(|line| {
            let (head, terms) = line.rsplit_once(',')?;
            let (tag, _keyword) = head.rsplit_once(',')?;
            Some((tag.trim_matches('"').parse().ok()?, terms.split('|').collect()))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use dicom_dictionary_std::tags;

    #[test]
    fn only_the_terms_of_an_attribute_are_terms() {
        assert_eq!(read(TERMS).expect("it reads").len(), 3);
        assert!(is_term(tags::RESCALE_TYPE, "HU"));
        assert!(!is_term(tags::RESCALE_TYPE, "HOPPER") && !is_term(tags::VIEW_NAME, "HU"));
    }
}
