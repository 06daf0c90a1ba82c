//! The Type of an attribute in the IOD of a SOP class (PS3.5 Section 7.4), where Table E.1-1 leaves
//! the choice of its action to it.

use super::table::Action;
use dicom_core::dictionary::{DataDictionary, DataDictionaryEntry};
use dicom_core::header::Tag;
use dicom_dictionary_std::{StandardDataDictionary, tags};
use std::collections::HashMap;
use std::sync::LazyLock;

const TYPES: &str = include_str!("types.csv");

/// Retired SOP classes, and the class whose IOD is like theirs.
const SUCCESSORS: [(&str, &str); 9] = [
    // Ultrasound Multi-frame, Nuclear Medicine, Ultrasound (Retired)
    ("1.2.840.10008.5.1.4.1.1.3", "1.2.840.10008.5.1.4.1.1.3.1"),
    ("1.2.840.10008.5.1.4.1.1.5", "1.2.840.10008.5.1.4.1.1.20"),
    ("1.2.840.10008.5.1.4.1.1.6", "1.2.840.10008.5.1.4.1.1.6.1"),
    // X-Ray Angiographic Bi-Plane (Retired)
    ("1.2.840.10008.5.1.4.1.1.12.3", "1.2.840.10008.5.1.4.1.1.12.1"),
    // VL and VL Multi-frame (Trial, Retired)
    ("1.2.840.10008.5.1.4.1.1.77.1", "1.2.840.10008.5.1.4.1.1.77.1.4"),
    ("1.2.840.10008.5.1.4.1.1.77.2", "1.2.840.10008.5.1.4.1.1.77.1.4"),
    // Text, Detail and Comprehensive SR (Trial, Retired)
    ("1.2.840.10008.5.1.4.1.1.88.1", "1.2.840.10008.5.1.4.1.1.88.11"),
    ("1.2.840.10008.5.1.4.1.1.88.3", "1.2.840.10008.5.1.4.1.1.88.22"),
    ("1.2.840.10008.5.1.4.1.1.88.4", "1.2.840.10008.5.1.4.1.1.88.33"),
];

/// Attributes inside sequences whose Type decides, where an item of one is asked for (PS3.3
/// C.17.2): the sequence around, the attribute, its Type.
const NESTED: [(Tag, Tag, AttributeType); 1] =
    [(tags::REFERENCED_REQUEST_SEQUENCE, tags::REFERENCED_STUDY_SEQUENCE, AttributeType::Two)];

/// Required with a value, required but it may be empty, optional. A condition (1C, 2C) counts as
/// met, because the attribute is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum AttributeType {
    One,
    Two,
    Three,
}

impl AttributeType {
    /// With its condition, as it stands in PS3.3.
    pub fn in_words(self) -> &'static str {
        match self {
            Self::One => "Type 1, 1C",
            Self::Two => "Type 2, 2C",
            Self::Three => "Type 3",
        }
    }
}

type Types = HashMap<&'static str, HashMap<Tag, AttributeType>>;

static READ: LazyLock<Types> = LazyLock::new(|| read(TYPES).unwrap_or_default());

/// The Types that a top level attribute has in any SOP class, each with such a class.
pub fn all_of(tag: Tag) -> Vec<(AttributeType, &'static str)> {
    let types = [AttributeType::One, AttributeType::Two, AttributeType::Three];
    let class_with = |of: AttributeType| {
        // the least, so that the same is found each time
        READ.iter().filter(|(_, types)| types.get(&tag) == Some(&of)).map(|(uid, _)| *uid).min()
    };
    types.into_iter().filter_map(|of| class_with(of).map(|uid| (of, uid))).collect()
}

/// The Type of a top level attribute; `None` where it is not known.
pub fn of(sop_class_uid: &str, tag: Tag) -> Option<AttributeType> {
    let successor = SUCCESSORS.iter().find(|(retired, _)| *retired == sop_class_uid);
    let class = successor.map_or(sop_class_uid, |(_, successor)| *successor);
    READ.get(class)?.get(&tag).copied()
}

/// The Type of an attribute in the items of a sequence; `None` where it is not known.
pub fn nested(around: Tag, tag: Tag) -> Option<AttributeType> {
    let found =
        NESTED.iter().find(|(sequence, attribute, _)| (*sequence, *attribute) == (around, tag));
    found.map(|(_, _, of)| *of)
}

impl Action {
    /// The one action that an attribute of this Type gets (PS3.15 Table E.1-1a). Where the Type is
    /// not known: what is valid for every Type, a dummy before empty before removal.
    pub fn for_type(self, of: Option<AttributeType>) -> Self {
        use AttributeType::{One, Three, Two};
        match (self, of) {
            (Self::ZOrD, Some(Two | Three)) => Self::Z,
            (Self::ZOrD, Some(One) | None) => Self::D,
            (Self::XOrZ | Self::XOrD | Self::XOrZOrD | Self::XOrZOrU, Some(Three)) => Self::X,
            (Self::XOrZ, _) => Self::Z,
            (Self::XOrD, _) => Self::D,
            (Self::XOrZOrD, Some(Two)) | (Self::XOrZOrU, Some(Two)) => Self::Z,
            (Self::XOrZOrD, _) => Self::D,
            (Self::XOrZOrU, _) => Self::U,
            (single, _) => single,
        }
    }
}

/// `None` if anything in the data is not known.
fn read(source: &'static str) -> Option<Types> {
    let mut lines = source.lines().filter(|line| !line.starts_with('#'));
    let tags = lines
        .next()?
        .split(',')
        .skip(1)
        .map(|keyword| StandardDataDictionary.by_name(keyword).map(|entry| entry.tag()))
        .collect::<Option<Vec<_>>>()?;
    let mut types = Types::new();
    for line in lines {
        let mut fields = line.split(',');
        let of_class = types.entry(fields.next()?).or_default();
        let fields: Vec<_> = fields.collect();
        if fields.len() != tags.len() {
            return None;
        }
        for (tag, field) in tags.iter().zip(fields) {
            let of = match field {
                "" => continue,
                "1" | "1C" => AttributeType::One,
                "2" | "2C" => AttributeType::Two,
                "3" => AttributeType::Three,
                _ => return None,
            };
            of_class.insert(*tag, of);
        }
    }
    Some(types)
}

#[cfg(test)]
mod tests {
    use super::*;

    const CT: &str = "1.2.840.10008.5.1.4.1.1.2";
    const ENHANCED_CT: &str = "1.2.840.10008.5.1.4.1.1.2.1";

    #[test]
    fn the_shipped_types_read_and_an_unknown_one_does_not() {
        let types = read(TYPES).expect("they read");
        assert_eq!(types.len(), 179);
        assert_eq!(types.values().map(HashMap::len).sum::<usize>(), 3361);
        assert!(read("sop_class_uid,PatientID\n1.2,4\n").is_none());
        assert!(read("sop_class_uid,PatientNumber\n1.2,3\n").is_none());
    }

    #[test]
    fn the_type_of_an_attribute_depends_on_the_class() {
        assert_eq!(of(CT, tags::DEVICE_SERIAL_NUMBER), Some(AttributeType::Three));
        assert_eq!(of(ENHANCED_CT, tags::DEVICE_SERIAL_NUMBER), Some(AttributeType::One));
        assert_eq!(of(CT, tags::CONTENT_DATE), Some(AttributeType::Two));
        assert_eq!(of("1.2.3", tags::CONTENT_DATE), None);
        let retired = "1.2.840.10008.5.1.4.1.1.6";
        assert_eq!(
            of(retired, tags::PATIENT_ID),
            of("1.2.840.10008.5.1.4.1.1.6.1", tags::PATIENT_ID)
        );
    }

    #[test]
    fn every_type_that_an_attribute_has_is_told_with_a_class() {
        use AttributeType::{One, Three};
        let all = all_of(tags::DEVICE_SERIAL_NUMBER);
        assert_eq!(all.iter().map(|(of, _)| *of).collect::<Vec<_>>(), [One, Three]);
        for (expected, class) in all {
            assert_eq!(of(class, tags::DEVICE_SERIAL_NUMBER), Some(expected));
        }
        assert!(all_of(tags::ROWS).is_empty());
    }

    #[test]
    fn every_successor_is_in_the_table() {
        let types = read(TYPES).expect("they read");
        for (retired, successor) in SUCCESSORS {
            assert!(types.contains_key(successor) && !types.contains_key(retired), "{retired}");
        }
    }

    #[test]
    fn combined_actions_resolve_by_the_type() {
        use AttributeType::{One, Three, Two};
        let all = [Some(One), Some(Two), Some(Three), None];
        let of = |action: Action| all.map(|of| action.for_type(of).code());
        assert_eq!(of(Action::ZOrD), ["D", "Z", "Z", "D"]);
        assert_eq!(of(Action::XOrZ), ["Z", "Z", "X", "Z"]);
        assert_eq!(of(Action::XOrD), ["D", "D", "X", "D"]);
        assert_eq!(of(Action::XOrZOrD), ["D", "Z", "X", "D"]);
        assert_eq!(of(Action::XOrZOrU), ["U", "Z", "X", "U"]);
        assert_eq!(of(Action::D), ["D"; 4]);
    }
}
