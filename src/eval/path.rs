//! The path of one attribute: steps apart by `.` or `>`, from the outermost sequence.
//!
//! A step is a keyword of PS3.6, a tag `(0008,1030)`, or a private attribute by its creator,
//! `(0009,"VENDOR 1.0",10)`, whose block is looked for in each data set anew. `[N]` after a step is an
//! item, from 0; a sequence without it means its first.

use dicom_core::Tag;
use dicom_core::dictionary::{DataDictionary, DataDictionaryEntry};
use dicom_dictionary_std::StandardDataDictionary;
use dicom_object::InMemDicomObject;
use dicom_object::mem::InMemElement;

/// No data set that is scored is deeper.
const MAX_STEPS: usize = 32;

/// From the outermost sequence to the attribute.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AttributePath(Vec<Step>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Step {
    name: Name,
    item: usize,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Name {
    Tag(Tag),
    Private { group: u16, creator: String, element: u8 },
}

impl AttributePath {
    /// Reads a path; the error quotes nothing.
    pub fn parse(text: &str) -> Result<Self, String> {
        let parts = split(text);
        if text.trim().is_empty() {
            return Err("attribute: this check needs one".into());
        }
        if parts.len() > MAX_STEPS {
            return Err("attribute: a path of too many steps".into());
        }
        let steps: Option<Vec<_>> =
            parts.into_iter().map(|part| Step::parse(part.trim())).collect();
        steps.map(Self).ok_or_else(|| {
            "attribute: not a keyword of PS3.6, a tag as (0008,1030), a private attribute as \
             (0009,\"VENDOR\",10), or a path of them as ContentSequence[1].TextValue"
                .into()
        })
    }

    /// The element in this data set, if it is there.
    pub fn find<'a>(&self, data_set: &'a InMemDicomObject) -> Option<&'a InMemElement> {
        let (last, sequences) = self.0.split_last()?;
        let mut at = data_set;
        for step in sequences {
            at = at.get(step.tag(at)?)?.items()?.get(step.item)?;
        }
        at.get(last.tag(at)?)
    }
}

/// At `.` and `>` that stand in no brackets or quotation marks.
fn split(text: &str) -> Vec<&str> {
    let (mut parts, mut start, mut inside, mut quoted) = (Vec::new(), 0, false, false);
    for (at, sign) in text.char_indices() {
        match sign {
            '"' => quoted = !quoted,
            '(' if !quoted => inside = true,
            ')' if !quoted => inside = false,
            '.' | '>' if !inside => {
                parts.push(&text[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.push(&text[start..]);
    parts
}

impl Step {
    fn parse(text: &str) -> Option<Self> {
        let (name, item) = match text.strip_suffix(']') {
            Some(open) => {
                let (name, number) = open.rsplit_once('[')?;
                (name.trim(), number.trim().parse().ok()?)
            }
            None => (text, 0),
        };
        let name = match name.strip_prefix('(').and_then(|name| name.strip_suffix(')')) {
            Some(tag) => Name::of_tag(tag)?,
            None => Name::Tag(StandardDataDictionary.by_name(name)?.tag()),
        };
        Some(Self { name, item })
    }

    /// The tag of this step in a data set; the block of a creator may be another in each.
    fn tag(&self, data_set: &InMemDicomObject) -> Option<Tag> {
        match &self.name {
            Name::Tag(tag) => Some(*tag),
            Name::Private { group, creator, element } => {
                let names = |block: &u16| {
                    let reserved = data_set.get(Tag(*group, *block));
                    let name = reserved.and_then(|element| element.to_str().ok());
                    name.is_some_and(|name| name.trim_matches(['\0', ' ']) == creator)
                };
                let block = (0x10..=0xFF).find(names)?;
                Some(Tag(*group, block << 8 | u16::from(*element)))
            }
        }
    }
}

impl Name {
    /// What stands between the brackets.
    fn of_tag(text: &str) -> Option<Self> {
        let hex = |digits: &str, length: usize| {
            let digits = digits.trim();
            let fits = digits.len() == length && digits.bytes().all(|b| b.is_ascii_hexdigit());
            fits.then(|| u16::from_str_radix(digits, 16).ok()).flatten()
        };
        let (group, rest) = text.split_once(',')?;
        let group = hex(group, 4)?;
        let Some((creator, element)) = rest.rsplit_once(',') else {
            return Some(Self::Tag(Tag(group, hex(rest, 4)?)));
        };
        let creator = creator.trim().strip_prefix('"')?.strip_suffix('"')?.trim();
        let element = u8::try_from(hex(element, 2)?).ok()?;
        (group % 2 == 1).then(|| Self::Private { group, creator: creator.to_owned(), element })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use dicom_core::value::DataSetSequence;
    use dicom_core::{DataElement, VR};
    use dicom_dictionary_std::tags;

    fn nested() -> InMemDicomObject {
        let code = |meaning: &str| {
            InMemDicomObject::from_element_iter([
                DataElement::new(tags::CODE_MEANING, VR::LO, meaning),
                DataElement::new(Tag(0x0009, 0x0011), VR::LO, "VENDOR, 1.0 (A)"),
                DataElement::new(Tag(0x0009, 0x1110), VR::LO, "private"),
            ])
        };
        let items = DataSetSequence::from(vec![code("first"), code("second")]);
        InMemDicomObject::from_element_iter([DataElement::new(
            tags::PROCEDURE_CODE_SEQUENCE,
            VR::SQ,
            items,
        )])
    }

    #[test]
    fn an_attribute_is_found_by_every_form_of_its_path() {
        let object = nested();
        for (path, value) in [
            ("ProcedureCodeSequence[1].CodeMeaning", Some("second")),
            ("ProcedureCodeSequence > CodeMeaning", Some("first")),
            ("(0008,1032)[0].(0008,0104)", Some("first")),
            ("(0008,1032)[1].(0009,\"VENDOR, 1.0 (A)\",10)", Some("private")),
            ("ProcedureCodeSequence[2].CodeMeaning", None),
            ("CodeMeaning", None),
        ] {
            let path = AttributePath::parse(path).expect(path);
            let found = path.find(&object).map(|element| element.to_str().expect("text"));
            assert_eq!(found.as_deref(), value, "{path:?}");
        }
        let path = AttributePath::parse("ProcedureCodeSequence[1].(0009,\"VENDOR\",10)");
        assert!(path.expect("valid").find(&object).is_none(), "of another creator");
    }

    #[test]
    fn what_is_no_path_is_refused() {
        for text in
            ["", "NoSuchKeyword", "(0008,103)", "StudyID[x]", "StudyID]", "(0008,\"A\",10)", ".."]
        {
            assert!(AttributePath::parse(text).is_err(), "{text}");
        }
        assert!(AttributePath::parse(&["StudyID"; 40].join(".")).is_err());
    }
}
