//! How a rule names attributes: by tag, keyword, group mask, or path into a sequence.

use dicom_core::dictionary::{DataDictionary, DataDictionaryEntry};
use dicom_core::header::Tag;
use dicom_dictionary_std::StandardDataDictionary;
use serde::{Deserialize, Serialize};
use std::fmt;

/// Private blocks are numbered from here (PS3.5 Section 7.8.1).
const FIRST_BLOCK: u16 = 0x10;

/// What a rule may select.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct AttributePattern {
    /// As it was written.
    text: String,
    /// From the outermost sequence that is named to the attribute itself.
    steps: Vec<TagMask>,
}

/// A tag of which some digits are open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct TagMask {
    group: (u16, u16),
    element: (u16, u16),
}

impl AttributePattern {
    /// Whether the pattern selects the attribute `tag` below the sequences `path`, outermost first.
    /// A path of a pattern fits anywhere: what it names must be the innermost of `path`.
    pub fn selects(&self, path: &[Tag], tag: Tag) -> bool {
        let Some((last, sequences)) = self.steps.split_last() else { return false };
        if !last.fits(tag) || path.len() < sequences.len() {
            return false;
        }
        let innermost = &path[path.len() - sequences.len()..];
        sequences.iter().zip(innermost).all(|(mask, tag)| mask.fits(*tag))
    }

    /// The one tag of the attribute itself, if the pattern names no more than one.
    pub fn exact(&self) -> Option<Tag> {
        let last = self.steps.last()?;
        (last.group.1 == 0xFFFF && last.element.1 == 0xFFFF)
            .then_some(Tag(last.group.0, last.element.0))
    }

    /// Every tag of its path, if the pattern names no more than one attribute.
    pub fn exact_path(&self) -> Option<Vec<Tag>> {
        let exact = |mask: &TagMask| {
            let is_exact = mask.group.1 == 0xFFFF && mask.element.1 == 0xFFFF;
            is_exact.then_some(Tag(mask.group.0, mask.element.0))
        };
        self.steps.iter().map(exact).collect()
    }

    /// The attribute that the pattern names, if all that is left open is the number of a repeating
    /// group (`60xx`) or of a private block: then the first one.
    pub fn first(&self) -> Option<Tag> {
        let TagMask { group, element } = *self.steps.last()?;
        let is_repeating = group.1 == 0xFF00 && matches!(group.0 >> 8, 0x50 | 0x60);
        let is_private = group.0 % 2 == 1;
        match element.1 {
            _ if group.1 != 0xFFFF && !is_repeating => None,
            0xFFFF => Some(Tag(group.0, element.0)),
            0x00FF if is_private => Some(Tag(group.0, FIRST_BLOCK << 8 | element.0)),
            _ => None,
        }
    }

    /// Whether each attribute that `other` selects is selected by this pattern too.
    pub fn covers(&self, other: &Self) -> bool {
        self.steps.len() <= other.steps.len()
            && self.steps.iter().rev().zip(other.steps.iter().rev()).all(|(a, b)| a.covers(*b))
    }

    /// The sequences that a path names, outermost first; those of a mask have no one tag.
    pub fn sequences(&self) -> impl Iterator<Item = Tag> {
        let steps = &self.steps[..self.steps.len().saturating_sub(1)];
        steps.iter().map(|mask| Tag(mask.group.0, mask.element.0))
    }
}

impl TagMask {
    fn fits(self, tag: Tag) -> bool {
        tag.group() & self.group.1 == self.group.0
            && tag.element() & self.element.1 == self.element.0
    }

    fn covers(self, other: Self) -> bool {
        let covers = |a: (u16, u16), b: (u16, u16)| a.1 & b.1 == a.1 && b.0 & a.1 == a.0;
        covers(self.group, other.group) && covers(self.element, other.element)
    }

    /// `(60xx,3000)`, `60xx3000` or `60xx`, with `x` for any digit.
    fn parse(text: &str) -> Option<Self> {
        let inner = text.strip_prefix('(').and_then(|t| t.strip_suffix(')')).unwrap_or(text);
        let digits: Vec<u8> = inner.bytes().filter(|byte| *byte != b',').collect();
        let masked = |digits: &[u8]| {
            digits.iter().try_fold((0u16, 0u16), |(value, mask), digit| match digit {
                b'x' | b'X' => Some((value << 4, mask << 4)),
                digit => {
                    let digit = u16::try_from(char::from(*digit).to_digit(16)?).ok()?;
                    Some((value << 4 | digit, mask << 4 | 0xF))
                }
            })
        };
        match digits.len() {
            4 => Some(Self { group: masked(&digits)?, element: (0, 0) }),
            8 => Some(Self { group: masked(&digits[..4])?, element: masked(&digits[4..])? }),
            _ => None,
        }
    }

    fn of_keyword(keyword: &str) -> Option<Self> {
        let tag = StandardDataDictionary.by_name(keyword)?.tag();
        Some(Self { group: (tag.group(), 0xFFFF), element: (tag.element(), 0xFFFF) })
    }
}

impl TryFrom<String> for AttributePattern {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let step = |step: &str| {
            let step = step.trim();
            TagMask::of_keyword(step).or_else(|| TagMask::parse(step)).ok_or_else(|| {
                format!(
                    "{step:?} is no attribute: write a keyword of PS3.6 (StudyDescription), a tag \
                     ((0008,1030)), a mask (60xx or (60xx,3000)), or a path of them joined by \">\""
                )
            })
        };
        let steps = text.split('>').map(step).collect::<Result<_, _>>()?;
        Ok(Self { text, steps })
    }
}

impl From<AttributePattern> for String {
    fn from(pattern: AttributePattern) -> Self {
        pattern.text
    }
}

impl fmt::Display for AttributePattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use dicom_dictionary_std::tags;

    fn pattern(text: &str) -> AttributePattern {
        text.to_owned().try_into().expect("a pattern")
    }

    #[test]
    fn each_form_selects_what_it_names() {
        for text in ["StudyDescription", "(0008,1030)", "00081030"] {
            assert!(pattern(text).selects(&[], tags::STUDY_DESCRIPTION), "{text}");
            assert!(pattern(text).selects(&[tags::SOURCE_IMAGE_SEQUENCE], tags::STUDY_DESCRIPTION));
            assert!(!pattern(text).selects(&[], tags::SERIES_DESCRIPTION), "{text}");
        }
        assert!(pattern("60xx").selects(&[], Tag(0x6002, 0x3000)));
        assert!(!pattern("(60xx,3000)").selects(&[], Tag(0x6002, 0x0010)));
        let path = pattern("RequestAttributesSequence > RequestedProcedureID");
        let requests = tags::REQUEST_ATTRIBUTES_SEQUENCE;
        assert!(path.selects(&[requests], tags::REQUESTED_PROCEDURE_ID));
        assert!(
            path.selects(&[tags::SOURCE_IMAGE_SEQUENCE, requests], tags::REQUESTED_PROCEDURE_ID)
        );
        assert!(!path.selects(&[], tags::REQUESTED_PROCEDURE_ID));
    }

    #[test]
    fn what_covers_what() {
        assert!(pattern("60xx").covers(&pattern("(6002,3000)")));
        assert!(!pattern("(6002,3000)").covers(&pattern("60xx")));
        assert!(pattern("StudyID").covers(&pattern("ReferencedStudySequence > StudyID")));
    }

    #[test]
    fn one_attribute_may_leave_its_repeating_group_or_its_block_open() {
        let first = |text: &str| pattern(text).first();
        assert_eq!(first("PatientID"), Some(tags::PATIENT_ID));
        assert_eq!(first("(60xx,3000)"), Some(Tag(0x6000, 0x3000)));
        assert_eq!(first("(0029,xx10)"), Some(Tag(0x0029, 0x1010)));
        assert_eq!(first("(0029,1110)"), Some(Tag(0x0029, 0x1110)));
        for many in ["60xx", "(0010,00xx)", "(0010,xx10)", "00xx0010", "(0029,xx1x)"] {
            assert_eq!(first(many), None, "{many}");
        }
    }

    #[test]
    fn a_wrong_name_is_an_error_that_says_what_may_stand_there() {
        for text in ["StudyDesc", "", "(0008,10)", "StudyID >"] {
            let error = AttributePattern::try_from(text.to_owned()).expect_err(text);
            assert!(error.contains("keyword of PS3.6"), "{error}");
        }
    }
}
