//! Which attributes and which concepts of content items hold a value that identifies, as data.

use super::values::text;
use dicom_core::header::Tag;
use dicom_dictionary_std::tags;
use dicom_object::InMemDicomObject;
use std::collections::HashMap;
use std::sync::LazyLock;

const ATTRIBUTES: &str = include_str!("identifying.csv");
const CONCEPTS: &str = include_str!("identifying_concepts.csv");

/// How a value identifies, which decides what of it is searched for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Identifying {
    Name,
    Id,
    Date,
    Text,
    /// A postal address: whole, and by its parts.
    Address,
    /// Telephone numbers and e-mail addresses.
    Telecom,
    /// A name in the network, which may only be that of the model.
    Network,
    /// A sequence of coded entries that name a person.
    CodeOfPerson,
    /// A sequence of coded entries that name a place.
    CodeOfPlace,
}

impl Identifying {
    fn parse(kind: &str) -> Option<Self> {
        Some(match kind {
            "name" => Self::Name,
            "id" => Self::Id,
            "text" => Self::Text,
            "address" => Self::Address,
            "telecom" => Self::Telecom,
            "network" => Self::Network,
            "code-of-person" => Self::CodeOfPerson,
            "code-of-place" => Self::CodeOfPlace,
            _ => return None,
        })
    }
}

/// How the value of a public attribute identifies, if not by its VR.
pub(super) fn attribute(tag: Tag) -> Option<Identifying> {
    static READ: LazyLock<HashMap<Tag, Identifying>> =
        LazyLock::new(|| attributes(ATTRIBUTES).unwrap_or_default());
    READ.get(&tag).copied()
}

/// How the text of a content item identifies, by its concept.
pub(super) fn concept(item: &InMemDicomObject) -> Option<Identifying> {
    static READ: LazyLock<HashMap<(&str, &str), Identifying>> =
        LazyLock::new(|| concepts(CONCEPTS).unwrap_or_default());
    let names = item.get(tags::CONCEPT_NAME_CODE_SEQUENCE)?.items()?;
    names.iter().find_map(|name| {
        let scheme = text(name, tags::CODING_SCHEME_DESIGNATOR);
        READ.get(&(&*scheme, &*text(name, tags::CODE_VALUE))).copied()
    })
}

fn attributes(source: &str) -> Option<HashMap<Tag, Identifying>> {
    let rows = csv::ReaderBuilder::new().comment(Some(b'#')).from_reader(source.as_bytes());
    rows.into_records()
        .map(|row| {
            let row = row.ok()?;
            Some((row.get(0)?.parse().ok()?, Identifying::parse(row.get(2)?)?))
        })
        .collect()
}

fn concepts(source: &'static str) -> Option<HashMap<(&'static str, &'static str), Identifying>> {
    let lines = source.lines().filter(|line| !line.starts_with('#')).skip(1);
    lines
        .map(|line| {
            let (scheme, rest) = line.split_once(',')?;
            let (code, rest) = rest.split_once(',')?;
            let (_meaning, kind) = rest.rsplit_once(',')?;
            Some(((scheme, code), Identifying::parse(kind)?))
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
        assert!(attributes(ATTRIBUTES).expect("it reads").len() > 100);
        let mut rows =
            csv::ReaderBuilder::new().comment(Some(b'#')).from_reader(ATTRIBUTES.as_bytes());
        for row in rows.records() {
            let row = row.expect("a row");
            let tag: Tag = row[0].parse().expect("a tag");
            let entry = StandardDataDictionary.by_tag(tag).expect("known");
            assert_eq!(entry.alias(), &row[1]);
        }
    }

    #[test]
    fn every_listed_concept_reads() {
        let concepts = concepts(CONCEPTS).expect("it reads");
        assert_eq!(concepts.len(), CONCEPTS.lines().count() - 3);
        assert_eq!(concepts.get(&("DCM", "121030")), Some(&Identifying::Id));
    }
}
