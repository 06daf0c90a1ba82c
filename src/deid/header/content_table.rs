//! Content items as data: PS3.15 Table E.3.4-1 with the columns of its options, and the concepts whose
//! text names a kind of thing. Reading stops on an action, value type, column or row that it does not
//! know.

use super::table::{Action, Cell};
use crate::config::ProfileOption;
use std::collections::{HashMap, HashSet};
use std::sync::LazyLock;

const ITEMS: &str = include_str!("content_items.csv");
const THINGS: &str = include_str!("content_things.csv");

/// The columns after code, scheme, meaning, value type, retired and Basic Profile.
const COLUMNS: [(&str, ProfileOption); 7] = [
    ("retain_uids", ProfileOption::RetainUids),
    ("retain_device_identity", ProfileOption::RetainDeviceIdentity),
    ("retain_institution_identity", ProfileOption::RetainInstitutionIdentity),
    ("retain_patient_characteristics", ProfileOption::RetainPatientCharacteristics),
    ("retain_longitudinal_full_dates", ProfileOption::RetainFullDates),
    ("retain_longitudinal_modified_dates", ProfileOption::RetainModifiedDates),
    ("clean_descriptors", ProfileOption::CleanDescriptors),
];

/// Before these columns.
const HEAD: [&str; 6] = ["code_value", "scheme", "code_meaning", "value_type", "retired", "basic"];

/// What a content item holds (Value Type, PS3.3 Section C.17.3.2.1), of those that the table lists.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ValueType {
    Text,
    PersonName,
    Date,
    Time,
    DateTime,
    UidRef,
    Num,
    Code,
    Image,
    Composite,
    Waveform,
    Container,
}

impl ValueType {
    /// As the Standard writes it; `None` for one that no row has.
    pub fn parse(text: &str) -> Option<Self> {
        Some(match text {
            "TEXT" => Self::Text,
            "PNAME" => Self::PersonName,
            "DATE" => Self::Date,
            "TIME" => Self::Time,
            "DATETIME" => Self::DateTime,
            "UIDREF" => Self::UidRef,
            "NUM" => Self::Num,
            "CODE" => Self::Code,
            "IMAGE" => Self::Image,
            "COMPOSITE" => Self::Composite,
            "WAVEFORM" => Self::Waveform,
            "CONTAINER" => Self::Container,
            _ => return None,
        })
    }

    /// Whether one concept may be told by the other type as well.
    fn is_kin(self, other: Self) -> bool {
        use ValueType::{Code, Date, DateTime, Num, Text, Time};
        match self {
            Text => true,
            Date | Time | DateTime => matches!(other, Date | Time | DateTime),
            Num | Code => matches!(other, Num | Code),
            _ => false,
        }
    }
}

/// One row of Table E.3.4-1.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContentRow {
    value_type: ValueType,
    pub basic: Action,
    pub(super) cells: Vec<(ProfileOption, Cell)>,
}

/// What is known of a concept. The default is one that nothing lists.
#[derive(Debug, Clone, Copy, Default)]
pub struct Concept {
    rows: &'static [ContentRow],
    /// Its text names a kind of thing.
    pub names_a_thing: bool,
}

impl Concept {
    /// Whether a table lists it.
    pub fn is_known(self) -> bool {
        self.names_a_thing || !self.rows.is_empty()
    }

    /// The row of the concept with this value type. Where only another type is listed, its row is
    /// that of a text, and so are those of dates and times, of numbers and codes for each other:
    /// what the concept tells does not depend on how it is told.
    pub fn row(self, value_type: ValueType) -> Option<&'static ContentRow> {
        let exact = self.rows.iter().find(|row| row.value_type == value_type);
        exact.or_else(|| self.rows.iter().find(|row| value_type.is_kin(row.value_type)))
    }
}

/// Why the tables cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ContentTableError {
    #[error("the table of content items has other columns than {expected:?}")]
    Columns { expected: Vec<String> },
    #[error("row {row} of the table of content items does not parse")]
    Row { row: usize },
    #[error("row {row} of the table of content items has an unknown action {action:?}")]
    Action { row: usize, action: String },
    #[error("row {row} of the table of content items has an unknown value type {value_type:?}")]
    ValueType { row: usize, value_type: String },
    #[error("row {row} of the table of content items repeats one")]
    Repeated { row: usize },
}

type Code = (String, String);

/// The rows by code and scheme.
#[derive(Debug)]
pub struct ContentTable {
    rows: HashMap<Code, Vec<ContentRow>>,
    things: HashSet<Code>,
}

impl ContentTable {
    fn read(items: &str, things: &str) -> Result<Self, ContentTableError> {
        let mut rows: HashMap<Code, Vec<ContentRow>> = HashMap::new();
        let columns = HEAD.into_iter().chain(COLUMNS.map(|(name, _)| name));
        let records = records(items, &columns.collect::<Vec<_>>())?;
        for (index, record) in records.iter().enumerate() {
            let (code, found) = parse(index + 1, record)?;
            let of_code = rows.entry(code).or_default();
            if of_code.iter().any(|row| row.value_type == found.value_type) {
                return Err(ContentTableError::Repeated { row: index + 1 });
            }
            of_code.push(found);
        }
        let things = self::records(things, &HEAD[..3])?;
        let things = things.iter().map(|record| (record[0].to_string(), record[1].to_string()));
        Ok(Self { rows, things: things.collect() })
    }

    /// What is known of the concept of this code.
    pub fn concept(&'static self, code: &str, scheme: &str) -> Concept {
        let code = (code.to_string(), scheme.to_string());
        Concept {
            rows: self.rows.get(&code).map_or(&[], Vec::as_slice),
            names_a_thing: self.things.contains(&code),
        }
    }
}

/// The records of a table that has exactly these columns.
fn records(source: &str, columns: &[&str]) -> Result<Vec<csv::StringRecord>, ContentTableError> {
    let mut reader = csv::ReaderBuilder::new().comment(Some(b'#')).from_reader(source.as_bytes());
    let header = reader.headers().map_err(|_| ContentTableError::Row { row: 0 })?;
    if !header.iter().eq(columns.iter().copied()) {
        let expected = columns.iter().map(ToString::to_string).collect();
        return Err(ContentTableError::Columns { expected });
    }
    let records = reader.records().enumerate();
    records
        .map(|(index, record)| record.map_err(|_| ContentTableError::Row { row: index + 1 }))
        .collect()
}

fn parse(row: usize, record: &csv::StringRecord) -> Result<(Code, ContentRow), ContentTableError> {
    let unknown = |action: &str| ContentTableError::Action { row, action: action.to_string() };
    let value_type = ValueType::parse(&record[3])
        .ok_or_else(|| ContentTableError::ValueType { row, value_type: record[3].to_string() })?;
    let basic = Action::parse(&record[5]).ok_or_else(|| unknown(&record[5]))?;
    let mut cells = Vec::new();
    for ((_, option), cell) in COLUMNS.iter().zip(record.iter().skip(HEAD.len())) {
        match cell {
            "" => {}
            "K" => cells.push((*option, Cell::Keep)),
            "C" => cells.push((*option, Cell::Clean)),
            other => return Err(unknown(other)),
        }
    }
    // A scheme may stand there with the version of which its codes are: NCDR [2.0b].
    let scheme = record[1].split(" [").next().unwrap_or_default();
    let code = (record[0].to_string(), scheme.to_string());
    Ok((code, ContentRow { value_type, basic, cells }))
}

/// The shipped tables. Called once at start-up, so that damaged ones stop the gateway there.
pub fn shipped() -> Result<&'static ContentTable, ContentTableError> {
    static TABLE: LazyLock<Result<ContentTable, ContentTableError>> =
        LazyLock::new(|| ContentTable::read(ITEMS, THINGS));
    TABLE.as_ref().map_err(Clone::clone)
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// Code, scheme and value type of each record of Table E.3.4-1.
    pub(in crate::deid::header) fn listed() -> Vec<(String, String, String)> {
        let columns: Vec<_> = HEAD.into_iter().chain(COLUMNS.map(|(name, _)| name)).collect();
        let records = records(ITEMS, &columns).expect("it reads");
        let scheme = |record: &csv::StringRecord| {
            record[1].split(" [").next().expect("a scheme").to_string()
        };
        records.iter().map(|r| (r[0].to_string(), scheme(r), r[3].to_string())).collect()
    }

    #[test]
    fn the_shipped_table_is_whole() {
        let table = shipped().expect("it reads");
        assert_eq!(listed().len(), 214);
        assert_eq!(table.rows.values().map(Vec::len).sum::<usize>(), 214);
        assert_eq!(table.things.len(), 9);
        let row = |code, value_type| table.concept(code, "DCM").row(value_type);
        let age = row("121033", ValueType::Num).expect("listed");
        assert_eq!(age.basic, Action::X);
        assert_eq!(age.cells, [(ProfileOption::RetainPatientCharacteristics, Cell::Keep)]);
        let started = row("111526", ValueType::DateTime).expect("listed");
        let dates = [
            (ProfileOption::RetainFullDates, Cell::Keep),
            (ProfileOption::RetainModifiedDates, Cell::Clean),
        ];
        assert_eq!((started.basic, &started.cells[..]), (Action::XOrD, &dates[..]));
        assert!(!table.concept("15", "NCDR").rows.is_empty());
        assert!(table.concept("121015", "DCM").names_a_thing);
    }

    #[test]
    fn a_concept_is_the_same_told_by_a_value_of_another_type() {
        let table = shipped().expect("it reads");
        let row = |code, value_type| table.concept(code, "DCM").row(value_type);
        assert!(row("111060", ValueType::DateTime).is_some(), "Study Date, of type DATE");
        assert!(row("121033", ValueType::Text).is_some(), "Subject Age, of type NUM");
        assert!(row("121033", ValueType::Code).is_some());
        // A finding that is coded is no free text.
        assert!(row("121071", ValueType::Text).is_some());
        assert!(row("121071", ValueType::Code).is_none());
        assert!(row("121071", ValueType::Date).is_none());
    }

    #[test]
    fn an_unknown_action_value_type_or_column_stops_the_reading() {
        let names: Vec<_> = HEAD.into_iter().chain(COLUMNS.map(|(name, _)| name)).collect();
        let head = names.join(",");
        let things = HEAD[..3].join(",");
        let read = |rows: &str| {
            ContentTable::read(&format!("{head}\n{rows}\n"), &format!("{things}\n")).map(|_| ())
        };
        assert_eq!(read("1,DCM,A,TEXT,N,X,,,,,,,"), Ok(()));
        let action = |action: &str| ContentTableError::Action { row: 1, action: action.into() };
        assert_eq!(read("1,DCM,A,TEXT,N,Q,,,,,,,"), Err(action("Q")));
        assert_eq!(read("1,DCM,A,TEXT,N,X,,,,,,,Z"), Err(action("Z")));
        let value_type = ContentTableError::ValueType { row: 1, value_type: "TABLE".into() };
        assert_eq!(read("1,DCM,A,TABLE,N,X,,,,,,,"), Err(value_type));
        assert_eq!(read("1,DCM"), Err(ContentTableError::Row { row: 1 }));
        let twice = "1,DCM,A,TEXT,N,X,,,,,,,\n1,DCM,B,TEXT,N,D,,,,,,,";
        assert_eq!(read(twice), Err(ContentTableError::Repeated { row: 2 }));
        let lacking = ContentTable::read("code_value\n", &things).map(|_| ());
        assert!(matches!(lacking, Err(ContentTableError::Columns { .. })));
    }
}
