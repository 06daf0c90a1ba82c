//! Coded entries (PS3.3 Section 8.8). Where the code itself names somebody, or nothing of it can be
//! read, it becomes a dummy with its meaning; where only the meaning does, the meaning is cleaned
//! like other text and the code stays.

use super::values::text;
use super::{declare, dummy};
use crate::deid::charset;
use crate::deid::phi_text::Known;
use dicom_core::DataElement;
use dicom_core::VR;
use dicom_core::header::{Header, Tag};
use dicom_core::value::PrimitiveValue;
use dicom_dictionary_std::tags;
use dicom_object::InMemDicomObject;

/// Where the code itself stands.
const CODES: [Tag; 3] = [tags::CODE_VALUE, tags::LONG_CODE_VALUE, tags::URN_CODE_VALUE];

/// Schemes that are maintained in public, whose codes therefore name nobody (PS3.16 Chapter 8).
const PUBLIC_SCHEMES: [&str; 32] = [
    "DCM",
    "SCT",
    "SRT",
    "SNM3",
    "99SDM",
    "LN",
    "UCUM",
    "RADLEX",
    "UMLS",
    "FMA",
    "NCIt",
    "MDC",
    "I10",
    "I9C",
    "I10P",
    "ICD11",
    "C4",
    "C5",
    "CD2",
    "RXNORM",
    "UNII",
    "NDC",
    "BARI",
    "BI",
    "ITIS_TSN",
    "SCPECG",
    "ACR",
    "NEU",
    "UBERON",
    "IBSI",
    "PUBCHEM_CID",
    "RADELEMENT",
];

/// Whether the data set is a coded entry.
pub(super) fn is_code(item: &InMemDicomObject) -> bool {
    CODES.iter().any(|tag| item.get(*tag).is_some())
}

/// Whether the attribute is a part of one.
pub(super) fn is_part_of_code(tag: Tag) -> bool {
    CODES.contains(&tag)
        || matches!(
            tag,
            tags::CODE_MEANING
                | tags::CODING_SCHEME_DESIGNATOR
                | tags::CODING_SCHEME_VERSION
                | tags::CODING_SCHEME_UID
        )
}

/// Whether the code names somebody, or it or its meaning cannot be read.
pub(super) fn is_telling(item: &InMemDicomObject, known: &Known) -> bool {
    item.iter().filter(|element| is_part_of_code(element.tag())).any(|element| {
        let Ok(value) = element.value().to_str() else { return true };
        let is_code = element.vr() != VR::UI && element.tag() != tags::CODE_MEANING;
        !charset::is_read(&value) || (is_code && known.find_known(&value).is_some())
    })
}

/// The codes themselves.
pub(super) fn values(item: &InMemDicomObject) -> impl Iterator<Item = String> {
    CODES.iter().map(|tag| text(item, *tag)).filter(|code| !code.is_empty())
}

/// Whether the scheme is public.
pub(super) fn is_public(item: &InMemDicomObject) -> bool {
    PUBLIC_SCHEMES.contains(&text(item, tags::CODING_SCHEME_DESIGNATOR).as_str())
}

/// A code that says nothing.
pub(super) fn dummy_code() -> InMemDicomObject {
    declare::code(dummy::TEXT, dummy::SCHEME, dummy::TEXT)
}

/// Whether these items say nothing: a dummy code, or no code at all.
pub(super) fn are_dummies(items: &[InMemDicomObject]) -> bool {
    items.iter().all(|item| {
        item.iter().all(|element| {
            let value = element.to_str().unwrap_or_default();
            is_part_of_code(element.tag())
                && [dummy::TEXT, dummy::SCHEME].contains(&value.trim_matches(['\0', ' ']))
        })
    })
}

/// Writes the scheme and the code where the meaning stood: the same, without free text.
pub(super) fn without_prose(item: &mut InMemDicomObject) {
    let code = values(item).next();
    let scheme = text(item, tags::CODING_SCHEME_DESIGNATOR);
    let mut meaning = format!("{scheme} {}", code.unwrap_or_default());
    // LO; a longer code is a URN or a LongCodeValue, and is there in full
    meaning.truncate(meaning.char_indices().nth(64).map_or(meaning.len(), |(at, _)| at));
    if item.get(tags::CODE_MEANING).is_some() {
        let meaning = PrimitiveValue::from(meaning.trim());
        item.put(DataElement::new(tags::CODE_MEANING, VR::LO, meaning));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::deid::identifiers::{Identifier, IdentifierKind, Identifiers};
    use crate::phi::Phi;

    #[test]
    fn a_code_is_telling_by_itself_and_not_by_a_meaning_that_can_be_cleaned() {
        let name = Identifier { kind: IdentifierKind::Name, value: Phi::new("Hopper^Jane".into()) };
        let known = Known::new(&Identifiers(vec![name]));
        assert!(!is_telling(&declare::code("X1", "99LOCAL", "CT for Hopper"), &known));
        assert!(is_telling(&declare::code("X1", "99LOCAL", "\u{1b}$B;3ED"), &known));
        assert!(is_telling(&declare::code("X1", "HOPPER", "CT"), &known));
        assert!(is_telling(&declare::code("HOPPER", "99LOCAL", "CT"), &known));
        assert!(!is_telling(&declare::code("T-D3000", "SRT", "Chest"), &known));
    }

    #[test]
    fn a_code_without_prose_still_says_the_same() {
        let mut item = declare::code("51185008", "SCT", "Chest of Ms. Hopper");
        without_prose(&mut item);
        assert_eq!(text(&item, tags::CODE_MEANING), "SCT 51185008");
        assert_eq!(text(&item, tags::CODE_VALUE), "51185008");
    }
}
