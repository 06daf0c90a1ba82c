//! The profile as data: PS3.15 Table E.1-1, column Basic Profile, and the project's own stricter
//! rows. Reading stops on an action, tag or row that it does not know.

use dicom_core::VR;
use dicom_core::header::Tag;
use std::collections::HashMap;
use std::sync::LazyLock;

const PROFILE: &str = include_str!("profile.csv");
const STRICTER: &str = include_str!("stricter.csv");

/// An action code of Table E.1-1a. Combined codes leave the choice to the attribute's Type.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Action {
    X,
    Z,
    D,
    U,
    ZOrD,
    XOrZ,
    XOrD,
    XOrZOrD,
    XOrZOrU,
}

/// What is done, once the action is applied to a value representation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// The attribute goes.
    Remove,
    /// The attribute stays with zero length.
    Empty,
    /// A dummy of the VR takes the place of a value; of a sequence, its items are scrubbed.
    Dummy,
    /// UIDs are replaced under the key.
    MapUid,
    /// The sequence stays and each item is scrubbed.
    Descend,
}

/// Why the table cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TableError {
    #[error("row {row} of the profile table does not parse")]
    Row { row: usize },
    #[error("row {row} of the profile table has an unknown action {action:?}")]
    Action { row: usize, action: String },
    #[error("row {row} of the profile table has an unreadable tag {tag:?}")]
    Tag { row: usize, tag: String },
    #[error("row {row} of the profile table repeats the tag {tag:?}")]
    Repeated { row: usize, tag: String },
}

/// The actions by tag.
#[derive(Debug)]
pub struct Table {
    exact: HashMap<Tag, Action>,
    /// (high byte of the group, element or any) -> action, for `50xx` and `60xx`.
    repeating: Vec<(u16, Option<u16>, Action)>,
    private: Action,
}

impl Action {
    fn parse(code: &str) -> Option<Self> {
        Some(match code {
            "X" => Self::X,
            "Z" => Self::Z,
            "D" => Self::D,
            "U" => Self::U,
            "Z/D" => Self::ZOrD,
            "X/Z" => Self::XOrZ,
            "X/D" => Self::XOrD,
            "X/Z/D" => Self::XOrZOrD,
            "X/Z/U*" => Self::XOrZOrU,
            _ => return None,
        })
    }

    /// The outcome for an attribute of this VR. The Type of the attribute depends on the IOD and
    /// on conditions, so the choice is the one valid for every Type: D before Z before X.
    pub fn outcome(self, vr: VR) -> Outcome {
        match (self, vr) {
            (Self::X, _) => Outcome::Remove,
            (Self::XOrD, VR::SQ) => Outcome::Remove,
            (Self::Z | Self::XOrZ | Self::ZOrD | Self::XOrZOrD, VR::SQ) => Outcome::Empty,
            (Self::D, VR::SQ) => Outcome::Dummy,
            (Self::U | Self::XOrZOrU, VR::SQ) => Outcome::Descend,
            (Self::D | Self::ZOrD | Self::XOrD | Self::XOrZOrD | Self::U, VR::UI) => {
                Outcome::MapUid
            }
            (Self::D | Self::ZOrD | Self::XOrD | Self::XOrZOrD, _) => Outcome::Dummy,
            (Self::Z | Self::XOrZ | Self::XOrZOrU, _) => Outcome::Empty,
            // no row of another VR asks for U; a value that is no UID must not pass as one
            (Self::U, _) => Outcome::Empty,
        }
    }
}

impl Table {
    fn read(sources: &[&str]) -> Result<Self, TableError> {
        let mut table = Self { exact: HashMap::new(), repeating: Vec::new(), private: Action::X };
        let mut row = 0;
        for source in sources {
            let mut reader =
                csv::ReaderBuilder::new().comment(Some(b'#')).from_reader(source.as_bytes());
            for record in reader.records() {
                row += 1;
                let record = record.map_err(|_| TableError::Row { row })?;
                let (Some(tag), Some(code)) = (record.get(0), record.get(2)) else {
                    return Err(TableError::Row { row });
                };
                let action = Action::parse(code)
                    .ok_or_else(|| TableError::Action { row, action: code.to_string() })?;
                table.add(row, tag, action)?;
            }
        }
        Ok(table)
    }

    fn add(&mut self, row: usize, tag: &str, action: Action) -> Result<(), TableError> {
        let unreadable = || TableError::Tag { row, tag: tag.to_string() };
        if tag == "(gggg,eeee)" {
            self.private = action;
        } else if let Some((high, element)) = tag
            .strip_prefix('(')
            .and_then(|inner| inner.strip_suffix(')'))
            .and_then(|inner| inner.split_once("xx,"))
        {
            let high = u16::from_str_radix(high, 16).map_err(|_| unreadable())?;
            let element = match element {
                "xxxx" => None,
                hex => Some(u16::from_str_radix(hex, 16).map_err(|_| unreadable())?),
            };
            self.repeating.push((high, element, action));
        } else {
            let parsed: Tag = tag.parse().map_err(|_| unreadable())?;
            if self.exact.insert(parsed, action).is_some() {
                return Err(TableError::Repeated { row, tag: tag.to_string() });
            }
        }
        Ok(())
    }

    /// The action of an attribute; `None` where the profile keeps it.
    pub fn action(&self, tag: Tag) -> Option<Action> {
        if tag.group() % 2 == 1 {
            return Some(self.private);
        }
        self.exact.get(&tag).copied().or_else(|| {
            self.repeating
                .iter()
                .find(|(high, element, _)| {
                    tag.group() >> 8 == *high && element.is_none_or(|e| e == tag.element())
                })
                .map(|(_, _, action)| *action)
        })
    }
}

/// The shipped table. Called once at start-up, so that a damaged table stops the gateway there.
pub fn shipped() -> Result<&'static Table, TableError> {
    static TABLE: LazyLock<Result<Table, TableError>> =
        LazyLock::new(|| Table::read(&[PROFILE, STRICTER]));
    TABLE.as_ref().map_err(Clone::clone)
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// The rows of Table E.1-1 as (tag pattern, action code).
    pub(in crate::deid::header) fn rows() -> Vec<(String, String)> {
        let mut reader =
            csv::ReaderBuilder::new().comment(Some(b'#')).from_reader(PROFILE.as_bytes());
        reader
            .records()
            .map(|record| {
                let record = record.expect("the shipped table parses");
                (record[0].to_string(), record[2].to_string())
            })
            .collect()
    }

    #[test]
    fn the_shipped_table_is_whole() {
        assert_eq!(rows().len(), 657);
        let table = shipped().expect("the shipped table reads");
        assert_eq!(table.exact.len(), 653 + 35);
        assert_eq!(table.action(Tag(0x0010, 0x0020)), Some(Action::ZOrD));
        assert_eq!(table.action(Tag(0x5002, 0x3000)), Some(Action::X));
        assert_eq!(table.action(Tag(0x6004, 0x3000)), Some(Action::X));
        assert_eq!(table.action(Tag(0x0009, 0x1001)), Some(Action::X));
        assert_eq!(table.action(Tag(0x0008, 0x0060)), None);
    }

    #[test]
    fn an_unknown_action_or_tag_stops_the_reading() {
        let head = "tag,keyword,action\n";
        let read = |row: &str| Table::read(&[&format!("{head}{row}\n")]).map(|_| ());
        let action = TableError::Action { row: 1, action: "K".into() };
        assert_eq!(read("\"(0010,0010)\",PatientName,K"), Err(action));
        let tag = TableError::Tag { row: 1, tag: "(0010,00x0)".into() };
        assert_eq!(read("\"(0010,00x0)\",Odd,X"), Err(tag));
        assert_eq!(read("\"(0010,0010)\""), Err(TableError::Row { row: 1 }));
        let repeated = TableError::Repeated { row: 2, tag: "(0010,0010)".into() };
        assert_eq!(read("\"(0010,0010)\",A,X\n\"(0010,0010)\",A,X"), Err(repeated));
    }
}
