//! Content items (PS3.3 Section C.17.3, and the macro of Section 10.2): which concept one tells, by a
//! value of which type, and whether it can go from its tree.
//!
//! Invariants: the tree stays one that PS3.3 and the templates of PS3.16 allow. An item goes only where
//! the table says X, which it says of no item that a template requires; where nothing stands below it,
//! nothing is found by its position, and another item stays beside it. Every other item keeps its place,
//! with a value that says nothing.

use super::content_table::{self, Concept, ContentRow, ValueType};
use super::rulebook::Treatment;
use super::values::text;
use super::{MAX_DEPTH, codes};
use dicom_core::header::Tag;
use dicom_dictionary_std::tags;
use dicom_object::InMemDicomObject;

/// A content item, as far as its value is concerned.
#[derive(Debug, Clone, Copy)]
pub struct ContentItem {
    concept: Concept,
    value_type: Option<ValueType>,
}

impl ContentItem {
    /// The content item that a data set is, if it is one.
    pub(super) fn of(data_set: &InMemDicomObject) -> Option<Self> {
        let names = data_set.get(tags::CONCEPT_NAME_CODE_SEQUENCE);
        if names.is_none() && data_set.get(tags::VALUE_TYPE).is_none() {
            return None;
        }
        let names = names.and_then(|element| element.items()).unwrap_or_default();
        let listed = names.iter().find_map(|name| {
            let scheme = text(name, tags::CODING_SCHEME_DESIGNATOR);
            let table = content_table::shipped().ok()?;
            codes::values(name).map(|code| table.concept(&code, &scheme)).find(|c| c.is_known())
        });
        let value_type = ValueType::parse(&text(data_set, tags::VALUE_TYPE));
        Some(Self { concept: listed.unwrap_or_default(), value_type })
    }

    /// The row of Table E.3.4-1 for the value in this attribute.
    pub(super) fn row(self, tag: Tag) -> Option<&'static ContentRow> {
        self.concept.row(self.value_type_in(tag)?)
    }

    /// Whether its text names a kind of thing.
    pub(super) fn names_a_thing(self) -> bool {
        self.concept.names_a_thing
    }

    /// What the value in an attribute is. The attribute tells it: a Value Type may be wrong.
    fn value_type_in(self, tag: Tag) -> Option<ValueType> {
        Some(match tag {
            tags::TEXT_VALUE => ValueType::Text,
            tags::PERSON_NAME => ValueType::PersonName,
            tags::DATE => ValueType::Date,
            tags::TIME => ValueType::Time,
            tags::DATE_TIME => ValueType::DateTime,
            tags::UID => ValueType::UidRef,
            tags::MEASURED_VALUE_SEQUENCE
            | tags::NUMERIC_VALUE
            | tags::FLOATING_POINT_VALUE
            | tags::RATIONAL_NUMERATOR_VALUE
            | tags::RATIONAL_DENOMINATOR_VALUE => ValueType::Num,
            tags::CONCEPT_CODE_SEQUENCE => ValueType::Code,
            tags::CONTINUITY_OF_CONTENT => ValueType::Container,
            tags::REFERENCED_SOP_SEQUENCE => match self.value_type {
                Some(of @ (ValueType::Image | ValueType::Waveform)) => of,
                _ => ValueType::Composite,
            },
            _ => return None,
        })
    }

    /// The attribute that holds the value; that of a container stands for the whole of it.
    fn value_tag(self) -> Option<Tag> {
        Some(match self.value_type? {
            ValueType::Text => tags::TEXT_VALUE,
            ValueType::PersonName => tags::PERSON_NAME,
            ValueType::Date => tags::DATE,
            ValueType::Time => tags::TIME,
            ValueType::DateTime => tags::DATE_TIME,
            ValueType::UidRef => tags::UID,
            ValueType::Num => tags::MEASURED_VALUE_SEQUENCE,
            ValueType::Code => tags::CONCEPT_CODE_SEQUENCE,
            ValueType::Container => tags::CONTINUITY_OF_CONTENT,
            ValueType::Image | ValueType::Composite | ValueType::Waveform => {
                tags::REFERENCED_SOP_SEQUENCE
            }
        })
    }
}

/// Whether an attribute holds the value of a content item.
pub(super) fn is_value(tag: Tag) -> bool {
    let any = ContentItem { concept: Concept::default(), value_type: None };
    tag != tags::CONTINUITY_OF_CONTENT && any.value_type_in(tag).is_some()
}

/// What leaves a value in its place without what it says: no measurement (Type 2), a dummy, a dummy
/// code, a UID under the key. References have UIDs of their own below.
pub(super) fn neutral(tag: Tag) -> Treatment {
    match tag {
        tags::MEASURED_VALUE_SEQUENCE => Treatment::Empty,
        tags::FLOATING_POINT_VALUE
        | tags::RATIONAL_NUMERATOR_VALUE
        | tags::RATIONAL_DENOMINATOR_VALUE => Treatment::Remove,
        tags::UID => Treatment::MapUid,
        tags::REFERENCED_SOP_SEQUENCE | tags::CONTINUITY_OF_CONTENT => Treatment::Keep,
        _ => Treatment::Dummy,
    }
}

/// The attribute with the value of an item that may go from its tree, if the table says so of it.
///
/// Coordinates require the item that they are selected from (PS3.3 Sections C.18.6, C.18.7); below any
/// other item stands what it was inferred from, which may be a measurement.
pub(super) fn removable(item: &InMemDicomObject) -> Option<(ContentItem, Tag)> {
    let content = ContentItem::of(item)?;
    let below = item.get(tags::CONTENT_SEQUENCE).and_then(|element| element.items());
    let is_leaf = below.unwrap_or_default().is_empty();
    let is_container = content.value_type == Some(ValueType::Container);
    let is_selected = text(item, tags::RELATIONSHIP_TYPE) == "SELECTED FROM";
    let may_go = (is_leaf || is_container) && !is_selected;
    content.value_tag().filter(|_| may_go).map(|tag| (content, tag))
}

/// Whether items of the tree are found by their position, which counts the items before them
/// (Referenced Content Item Identifier, PS3.3 Section C.17.3.2.5).
pub(super) fn has_positions(data_set: &InMemDicomObject) -> bool {
    has_positions_at(data_set, 0)
}

fn has_positions_at(data_set: &InMemDicomObject, depth: usize) -> bool {
    // nothing is removed from a tree that is not seen whole
    depth > MAX_DEPTH
        || data_set.get(tags::REFERENCED_CONTENT_ITEM_IDENTIFIER).is_some()
        || data_set
            .get(tags::CONTENT_SEQUENCE)
            .and_then(|element| element.items())
            .is_some_and(|items| items.iter().any(|item| has_positions_at(item, depth + 1)))
}
