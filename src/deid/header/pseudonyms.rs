//! Which attributes get a keyed pseudonym where the table asks for a dummy or nothing.

use dicom_core::header::Tag;
use dicom_dictionary_std::tags;
use std::collections::HashMap;
use std::sync::LazyLock;

const LISTED: &str = include_str!("pseudonyms.csv");

/// A pseudonym is no longer, so that it fits SH and AE too.
pub const CHARS: usize = 16;

/// What keeps equal values of unlike attributes apart: the keyword. `None`: a dummy will do.
pub fn kind(tag: Tag) -> Option<&'static str> {
    static KINDS: LazyLock<HashMap<Tag, &'static str>> =
        LazyLock::new(|| read(LISTED).unwrap_or_default());
    match tag {
        tags::PATIENT_ID => Some("PatientID"),
        tags::PATIENT_NAME => Some("PatientName"),
        tag => KINDS.get(&tag).copied(),
    }
}

fn read(source: &'static str) -> Option<HashMap<Tag, &'static str>> {
    let lines = source.lines().filter(|line| !line.starts_with('#')).skip(1);
    lines
        .map(|line| {
            let (tag, keyword) = line.rsplit_once(',')?;
            Some((tag.trim_matches('"').parse().ok()?, keyword))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use dicom_core::dictionary::{DataDictionary, DataDictionaryEntry};
    use dicom_dictionary_std::StandardDataDictionary;

    #[test]
    fn every_listed_attribute_is_what_its_keyword_says() {
        let kinds = read(LISTED).expect("it reads");
        assert_eq!(kinds.len(), 17);
        for (tag, keyword) in kinds {
            let entry = StandardDataDictionary.by_tag(tag).expect("known");
            assert_eq!(entry.alias(), keyword);
        }
    }
}
