//! The profile as data: PS3.15 Table E.1-1 with the columns of its options, and the project's own
//! stricter rows. Reading stops on an action, tag or row that it does not know.

use super::content_table::ContentTableError;
use crate::config::ProfileOption;
use dicom_core::header::Tag;
use std::collections::HashMap;
use std::sync::LazyLock;

const PROFILE: &str = include_str!("profile.csv");
const STRICTER: &str = include_str!("stricter.csv");

/// The columns after tag, keyword and Basic Profile.
const COLUMNS: [(&str, ProfileOption); 10] = [
    ("safe_private", ProfileOption::RetainSafePrivate),
    ("uids", ProfileOption::RetainUids),
    ("device", ProfileOption::RetainDeviceIdentity),
    ("institution", ProfileOption::RetainInstitutionIdentity),
    ("patient", ProfileOption::RetainPatientCharacteristics),
    ("full_dates", ProfileOption::RetainFullDates),
    ("modified_dates", ProfileOption::RetainModifiedDates),
    ("descriptors", ProfileOption::CleanDescriptors),
    ("structured", ProfileOption::CleanStructuredContent),
    ("graphics", ProfileOption::CleanGraphics),
];

/// An action code of Table E.1-1a. Combined codes leave the choice to the attribute's Type.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
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

/// What an option asks of a row instead.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Cell {
    /// K: keep.
    Keep,
    /// C: clean.
    Clean,
}

/// One row of Table E.1-1.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    pub basic: Action,
    cells: Vec<(ProfileOption, Cell)>,
}

/// Why the table cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TableError {
    #[error("the profile table lacks the column {column:?}")]
    Column { column: String },
    #[error("row {row} of the profile table does not parse")]
    Row { row: usize },
    #[error("row {row} of the profile table has an unknown action {action:?}")]
    Action { row: usize, action: String },
    #[error("row {row} of the profile table has an unreadable tag {tag:?}")]
    Tag { row: usize, tag: String },
    #[error("row {row} of the profile table repeats the tag {tag:?}")]
    Repeated { row: usize, tag: String },
    #[error(transparent)]
    Content(#[from] ContentTableError),
}

/// The rows by tag.
#[derive(Debug)]
pub struct Table {
    exact: HashMap<Tag, Row>,
    /// (high byte of the group, element or any) -> row, for `50xx` and `60xx`.
    repeating: Vec<(u16, Option<u16>, Row)>,
}

impl Action {
    pub(super) fn parse(code: &str) -> Option<Self> {
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

    /// As the Standard writes it.
    pub fn code(self) -> &'static str {
        match self {
            Self::X => "X",
            Self::Z => "Z",
            Self::D => "D",
            Self::U => "U",
            Self::ZOrD => "Z/D",
            Self::XOrZ => "X/Z",
            Self::XOrD => "X/D",
            Self::XOrZOrD => "X/Z/D",
            Self::XOrZOrU => "X/Z/U*",
        }
    }
}

impl Row {
    /// What the options in force ask of the row, and which of them. Cleaning goes before keeping:
    /// it is what two options that differ can agree on.
    pub fn option(&self, options: &[ProfileOption]) -> Option<(ProfileOption, Cell)> {
        asked(&self.cells, options)
    }
}

/// What the options in force ask of a row of either table.
pub(super) fn asked(
    cells: &[(ProfileOption, Cell)],
    options: &[ProfileOption],
) -> Option<(ProfileOption, Cell)> {
    let mut asked = cells.iter().filter(|(option, _)| options.contains(option));
    let first = asked.clone().next().copied();
    asked.find(|(_, cell)| *cell == Cell::Clean).copied().or(first)
}

impl Table {
    /// Table E.1-1: every column by its name, so that none is taken for another.
    fn read(source: &str) -> Result<Self, TableError> {
        let mut table = Self { exact: HashMap::new(), repeating: Vec::new() };
        let mut reader = reader(source);
        let header = reader.headers().map_err(|_| TableError::Row { row: 0 })?.clone();
        let column = |name: &str| {
            let found = header.iter().position(|found| found == name);
            found.ok_or_else(|| TableError::Column { column: name.to_string() })
        };
        let (tag, basic) = (column("tag")?, column("basic")?);
        let columns = COLUMNS
            .iter()
            .map(|(name, option)| Ok((column(name)?, *option)))
            .collect::<Result<Vec<_>, TableError>>()?;
        for (index, record) in reader.records().enumerate() {
            let row = index + 1;
            let record = record.map_err(|_| TableError::Row { row })?;
            let unknown = |action: &str| TableError::Action { row, action: action.to_string() };
            let mut cells = Vec::new();
            for (column, option) in &columns {
                match &record[*column] {
                    "" => {}
                    "K" => cells.push((*option, Cell::Keep)),
                    "C" => cells.push((*option, Cell::Clean)),
                    other => return Err(unknown(other)),
                }
            }
            let code = &record[basic];
            let basic = Action::parse(code).ok_or_else(|| unknown(code))?;
            table.add(row, &record[tag], Row { basic, cells })?;
        }
        Ok(table)
    }

    fn add(&mut self, row: usize, tag: &str, found: Row) -> Result<(), TableError> {
        let unreadable = || TableError::Tag { row, tag: tag.to_string() };
        if tag == "(gggg,eeee)" {
            // private attributes are decided by their creators
            return Ok(());
        }
        if let Some((high, element)) = tag
            .strip_prefix('(')
            .and_then(|inner| inner.strip_suffix(')'))
            .and_then(|inner| inner.split_once("xx,"))
        {
            let high = u16::from_str_radix(high, 16).map_err(|_| unreadable())?;
            let element = match element {
                "xxxx" => None,
                hex => Some(u16::from_str_radix(hex, 16).map_err(|_| unreadable())?),
            };
            self.repeating.push((high, element, found));
            return Ok(());
        }
        let parsed: Tag = tag.parse().map_err(|_| unreadable())?;
        if self.exact.insert(parsed, found).is_some() {
            return Err(TableError::Repeated { row, tag: tag.to_string() });
        }
        Ok(())
    }

    /// The row of a standard attribute; `None` where the Standard's profile keeps it.
    pub fn row(&self, tag: Tag) -> Option<&Row> {
        if tag.group() % 2 == 1 {
            return None;
        }
        self.exact.get(&tag).or_else(|| {
            self.repeating
                .iter()
                .find(|(high, element, _)| {
                    tag.group() >> 8 == *high && element.is_none_or(|e| e == tag.element())
                })
                .map(|(_, _, row)| row)
        })
    }
}

fn reader(source: &str) -> csv::Reader<&[u8]> {
    csv::ReaderBuilder::new().comment(Some(b'#')).from_reader(source.as_bytes())
}

/// The project's own rows: what is done, and why.
pub type Stricter = HashMap<Tag, (Action, String)>;

fn read_stricter(source: &str) -> Result<Stricter, TableError> {
    let mut rows = HashMap::new();
    for (index, record) in reader(source).records().enumerate() {
        let row = index + 1;
        let record = record.map_err(|_| TableError::Row { row })?;
        let (tag, code, reason) = (&record[0], &record[2], &record[3]);
        let parsed: Tag = tag.parse().map_err(|_| TableError::Tag { row, tag: tag.to_string() })?;
        let action = Action::parse(code)
            .ok_or_else(|| TableError::Action { row, action: code.to_string() })?;
        if rows.insert(parsed, (action, reason.to_string())).is_some() {
            return Err(TableError::Repeated { row, tag: tag.to_string() });
        }
    }
    Ok(rows)
}

/// The shipped table. Called once at start-up, so that a damaged table stops the gateway there.
pub fn shipped() -> Result<&'static Table, TableError> {
    static TABLE: LazyLock<Result<Table, TableError>> = LazyLock::new(|| Table::read(PROFILE));
    TABLE.as_ref().map_err(Clone::clone)
}

/// The attributes that the Standard's table does not list and that do not stay here.
pub fn stricter() -> Result<&'static Stricter, TableError> {
    static ROWS: LazyLock<Result<Stricter, TableError>> = LazyLock::new(|| read_stricter(STRICTER));
    ROWS.as_ref().map_err(Clone::clone)
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// Tag pattern, action code, cells by option.
    type Record = (String, String, Vec<(ProfileOption, String)>);

    /// The records of Table E.1-1.
    pub(in crate::deid::header) fn rows() -> Vec<Record> {
        let mut reader = reader(PROFILE);
        let header = reader.headers().expect("a header").clone();
        reader
            .records()
            .map(|record| {
                let record = record.expect("the shipped table parses");
                let cells = COLUMNS.iter().map(|(name, option)| {
                    let at = header.iter().position(|found| found == *name).expect("a column");
                    (*option, record[at].to_string())
                });
                let cells = cells.filter(|(_, cell)| !cell.is_empty()).collect();
                (record[0].to_string(), record[2].to_string(), cells)
            })
            .collect()
    }

    #[test]
    fn the_shipped_table_is_whole() {
        assert_eq!(rows().len(), 657);
        let table = shipped().expect("the shipped table reads");
        assert_eq!(table.exact.len(), 653);
        let basic = |group, element| table.row(Tag(group, element)).map(|row| row.basic);
        assert_eq!(basic(0x0010, 0x0020), Some(Action::ZOrD));
        assert_eq!(basic(0x5002, 0x3000), Some(Action::X));
        assert_eq!(basic(0x6004, 0x3000), Some(Action::X));
        assert_eq!(basic(0x0008, 0x0060), None);
        let dates = [ProfileOption::RetainModifiedDates];
        let study_date = table.row(Tag(0x0008, 0x0020)).expect("listed");
        assert_eq!(study_date.option(&dates), Some((dates[0], Cell::Clean)));
        assert_eq!(stricter().expect("they read").len(), 36);
    }

    #[test]
    fn each_column_has_as_many_cells_as_the_standard() {
        let count = |option: ProfileOption, cell: &str| {
            rows().iter().filter(|(_, _, cells)| cells.contains(&(option, cell.into()))).count()
        };
        assert_eq!(count(ProfileOption::RetainSafePrivate, "C"), 1);
        assert_eq!(count(ProfileOption::RetainUids, "K"), 60);
        assert_eq!(count(ProfileOption::RetainDeviceIdentity, "K"), 48);
        assert_eq!(count(ProfileOption::RetainDeviceIdentity, "C"), 11);
        assert_eq!(count(ProfileOption::RetainInstitutionIdentity, "K"), 10);
        assert_eq!(count(ProfileOption::RetainPatientCharacteristics, "K"), 14);
        assert_eq!(count(ProfileOption::RetainPatientCharacteristics, "C"), 5);
        assert_eq!(count(ProfileOption::RetainFullDates, "K"), 169);
        assert_eq!(count(ProfileOption::RetainModifiedDates, "C"), 169);
        assert_eq!(count(ProfileOption::CleanDescriptors, "C"), 141);
        assert_eq!(count(ProfileOption::CleanStructuredContent, "C"), 4);
        assert_eq!(count(ProfileOption::CleanGraphics, "C"), 4);
    }

    #[test]
    fn an_unknown_action_tag_or_column_stops_the_reading() {
        let names: Vec<_> = COLUMNS.iter().map(|(name, _)| *name).collect();
        let head = format!("tag,keyword,basic,{}\n", names.join(","));
        let read = |row: &str| Table::read(&format!("{head}{row},,,,,,,,,,\n")).map(|_| ());
        let action = TableError::Action { row: 1, action: "K".into() };
        assert_eq!(read("\"(0010,0010)\",PatientName,K"), Err(action));
        let tag = TableError::Tag { row: 1, tag: "(0010,00x0)".into() };
        assert_eq!(read("\"(0010,00x0)\",Odd,X"), Err(tag));
        assert_eq!(read("\"(0010,0010)\""), Err(TableError::Row { row: 1 }));
        let twice = format!("{head}\"(0010,0010)\",A,X,,,,,,,,,,\n\"(0010,0010)\",A,X,,,,,,,,,,\n");
        let repeated = TableError::Repeated { row: 2, tag: "(0010,0010)".into() };
        assert_eq!(Table::read(&twice).map(|_| ()), Err(repeated));
        let cell = format!("{head}\"(0010,0010)\",A,X,,Q,,,,,,,,\n");
        let unknown = TableError::Action { row: 1, action: "Q".into() };
        assert_eq!(Table::read(&cell).map(|_| ()), Err(unknown));
        let lacking = Table::read("tag,keyword,basic\n").map(|_| ());
        assert_eq!(lacking, Err(TableError::Column { column: "safe_private".into() }));
    }
}
