//! The lookup file: a CSV of the site that says how its patients appear in the results.

use crate::config::ConfigError;
use crate::deid::header::PatientIdentity;
use csv::{ErrorKind, ReaderBuilder, StringRecord, Trim};
use std::collections::HashMap;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

const COLUMNS: [&str; 5] = ["patient_id", "issuer", "new_id", "new_name", "date_offset_days"];
/// An LO, and a component group of a PN (PS3.5 section 6.2).
const MAX_CHARS: usize = 64;
/// The components of a name (PS3.5 section 6.2.1).
const MAX_COMPONENTS: usize = 5;
/// A hundred years.
const MAX_OFFSET_DAYS: i32 = 36_525;

/// What the table says of one patient; `None` is derived from the key.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Entry {
    pub new_id: String,
    pub new_name: Option<String>,
    pub date_offset_days: Option<i32>,
}

/// The table. Its `Debug` shows how many rows there are.
#[derive(Clone, Default)]
pub(super) struct Lookup(HashMap<PatientIdentity, Entry>);

impl Lookup {
    /// Reads and checks a file that not everybody may read: it says who is who.
    pub(super) fn read(path: &Path) -> Result<Self, ConfigError> {
        let refused = |message: String| {
            ConfigError::value("keys", format!("lookup_file {}: {message}", path.display()))
        };
        let metadata =
            std::fs::metadata(path).map_err(|error| refused(error.kind().to_string()))?;
        let mode = metadata.permissions().mode();
        if mode & 0o007 != 0 {
            let (mode, path) = (mode & 0o777, path.display());
            return Err(refused(format!(
                "mode {mode:03o} lets everybody read who is who; run: chmod o= {path}"
            )));
        }
        let bytes = std::fs::read(path).map_err(|error| refused(error.kind().to_string()))?;
        Self::parse(path, &bytes)
    }

    /// Reads and checks a table; `path` is for its errors.
    pub(super) fn parse(path: &Path, bytes: &[u8]) -> Result<Self, ConfigError> {
        // The reader's own count of lines is wrong after empty ones and with CR LF.
        let line = |at: Option<&csv::Position>| {
            let at = at.map_or(0, |position| position.byte() as usize).min(bytes.len());
            let blank = bytes[at..].iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
            bytes[..at + blank].iter().filter(|byte| **byte == b'\n').count() + 1
        };
        let invalid = |(line, message): (usize, String)| ConfigError::Invalid {
            file: path.to_owned(),
            line,
            message,
        };
        let unreadable = |error: &csv::Error| invalid((line(error.position()), fault(error)));
        let mut reader = ReaderBuilder::new().trim(Trim::All).has_headers(false).from_reader(bytes);
        let mut records = reader.records();
        let header = records.next().transpose().map_err(|error| unreadable(&error))?;
        let is_header = |record: &StringRecord| {
            let first = record.get(0).map(|name| name.trim_start_matches('\u{feff}'));
            first == Some(COLUMNS[0]) && record.iter().skip(1).eq(COLUMNS[1..].iter().copied())
        };
        if !header.as_ref().is_some_and(is_header) {
            let message = format!("the first line must be: {}", COLUMNS.join(","));
            return Err(invalid((1, message)));
        }
        let mut table = Table::default();
        for record in records {
            let record = record.map_err(|error| unreadable(&error))?;
            let line = line(record.position());
            table.add(line, &record).map_err(|message| invalid((line, message)))?;
        }
        table.finish().map_err(invalid)
    }

    /// The row of a patient: of the very issuer, else that without an issuer. With the identity
    /// that stands in the row.
    pub(super) fn find(&self, patient: &PatientIdentity) -> Option<(&PatientIdentity, &Entry)> {
        let own = self.0.get_key_value(patient);
        own.or_else(|| self.0.get_key_value(&patient.without_issuer()?))
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }
}

impl std::fmt::Debug for Lookup {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Lookup({} rows)", self.0.len())
    }
}

/// A table in the making, with the lines for what is wrong between rows.
#[derive(Default)]
struct Table {
    entries: HashMap<PatientIdentity, Entry>,
    line_of: HashMap<PatientIdentity, usize>,
    /// PatientIDs whatever their issuer.
    line_of_id: HashMap<PatientIdentity, usize>,
    line_of_new_id: HashMap<PatientIdentity, usize>,
}

impl Table {
    fn add(&mut self, line: usize, record: &StringRecord) -> Result<(), String> {
        let fields: Vec<&str> = record.iter().collect();
        let [id, issuer, new_id, new_name, offset] = fields[..] else {
            return Err(format!("{} fields, and there must be {}", fields.len(), COLUMNS.len()));
        };
        for (name, value) in [("patient_id", id), ("issuer", issuer)] {
            if value.contains('\\') || value.chars().any(char::is_control) {
                return Err(format!("{name} holds a backslash or a control character"));
            }
        }
        if id.is_empty() {
            return Err("patient_id is empty".into());
        }
        check_new("new_id", new_id, "\\")?;
        let components = new_name.split('^').count();
        if !new_name.is_empty() {
            check_new("new_name", new_name, "\\=")?;
        }
        if components > MAX_COMPONENTS {
            return Err(format!("new_name has more than {MAX_COMPONENTS} components"));
        }
        let entry = Entry {
            new_id: new_id.to_owned(),
            new_name: Some(new_name.to_owned()).filter(|name| !name.is_empty()),
            date_offset_days: date_offset(offset)?,
        };
        let patient = PatientIdentity::new(id, issuer);
        if let Some(first) = self.line_of.insert(patient.clone(), line) {
            return Err(format!("patient_id and issuer are those of line {first}"));
        }
        if let Some(first) = self.line_of_new_id.insert(PatientIdentity::new(new_id, ""), line) {
            return Err(format!("new_id is that of line {first}: two patients would become one"));
        }
        self.line_of_id.insert(PatientIdentity::new(id, ""), line);
        self.entries.insert(patient, entry);
        Ok(())
    }

    /// No row may give away what another one hides.
    fn finish(self) -> Result<Lookup, (usize, String)> {
        let told = self.line_of_new_id.iter().filter_map(|(new_id, line)| {
            let of = self.line_of_id.get(new_id)?;
            Some((*line, format!("new_id is the patient_id of line {of}")))
        });
        match told.min() {
            Some(told) => Err(told),
            None => Ok(Lookup(self.entries)),
        }
    }
}

/// What goes into results: printable ASCII, which every receiver reads alike.
fn check_new(name: &str, value: &str, forbidden: &str) -> Result<(), String> {
    let printable = |c: char| (' '..='~').contains(&c) && !forbidden.contains(c);
    if value.is_empty() || value.len() > MAX_CHARS || !value.chars().all(printable) {
        let but = forbidden.chars().map(String::from).collect::<Vec<_>>().join(" and ");
        return Err(format!(
            "{name} must be 1 to {MAX_CHARS} printable ASCII characters but {but}"
        ));
    }
    Ok(())
}

fn date_offset(text: &str) -> Result<Option<i32>, String> {
    if text.is_empty() {
        return Ok(None);
    }
    match text.parse() {
        Ok(0) => Err("date_offset_days is 0: dates would stay as they are".into()),
        Ok(days) if (-MAX_OFFSET_DAYS..=MAX_OFFSET_DAYS).contains(&days) => Ok(Some(days)),
        _ => {
            let range = format!("-{MAX_OFFSET_DAYS} to {MAX_OFFSET_DAYS}");
            Err(format!("date_offset_days must be a whole number of days, {range}"))
        }
    }
}

/// What is wrong with the file, without what the reader would quote.
fn fault(error: &csv::Error) -> String {
    match error.kind() {
        ErrorKind::Utf8 { .. } => "not UTF-8".into(),
        ErrorKind::UnequalLengths { len, .. } => {
            format!("{len} fields, and there must be {}", COLUMNS.len())
        }
        _ => "cannot be read as CSV".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEADER: &str = "patient_id,issuer,new_id,new_name,date_offset_days\n";

    fn error(text: &str) -> String {
        let parsed = Lookup::parse(Path::new("table.csv"), text.as_bytes());
        parsed.expect_err("it is wrong").to_string()
    }

    #[test]
    fn what_is_wrong_is_named_by_line_and_without_a_value() {
        let long = "x".repeat(65);
        for (rows, line, words) in [
            ("p1,,SECRET,,0\n", 2, "date_offset_days is 0"),
            ("p1,,SECRET,,soon\n", 2, "whole number of days"),
            ("p1,,SECRET,,99999\n", 2, "36525"),
            ("p1,,,SECRET,\n", 2, "new_id must be 1 to 64"),
            ("p1,,SEC\\RET,,\n", 2, "new_id must be"),
            ("p1,,S\u{c9}CRET,,\n", 2, "printable ASCII"),
            (&format!("p1,,{long},,\n"), 2, "new_id must be 1 to 64"),
            ("p1,,n1,SECRET=X,\n", 2, "new_name must be"),
            ("p1,,n1,A^B^C^D^E^SECRET,\n", 2, "more than 5 components"),
            (",,SECRET,,\n", 2, "patient_id is empty"),
            ("p1,,n1,,\nsec\\ret,,n2,,\n", 3, "patient_id holds a backslash"),
            ("p1,,n1,,\n\nP1 ,,SECRET,,\n", 4, "those of line 2"),
            ("p1,,SECRET,,\np2,,secret,,\n", 3, "new_id is that of line 2"),
            ("p1,,n1,,\np2,,P1,,\n", 3, "new_id is the patient_id of line 2"),
            ("SECRET,,secret,,\n", 2, "new_id is the patient_id of line 2"),
            ("p1,SECRET\n", 2, "2 fields"),
            ("p1,,\"n\n1\",,\np1,,SECRET,,\n", 2, "printable ASCII"),
        ] {
            let said = error(&format!("{HEADER}{rows}"));
            assert!(said.starts_with(&format!("table.csv:{line}: ")), "{rows}: {said}");
            assert!(said.contains(words), "{rows}: {said}");
            assert!(!said.to_lowercase().contains("secret") && !said.contains(&long), "{said}");
        }
    }

    #[test]
    fn bytes_that_are_no_text_are_refused() {
        let mut bytes = HEADER.as_bytes().to_vec();
        bytes.extend_from_slice(b"p1,,n1,,\np\xe9,,n2,,\n");
        let parsed = Lookup::parse(Path::new("table.csv"), &bytes);
        let said = parsed.expect_err("Latin-1").to_string();
        assert_eq!(said, "table.csv:3: not UTF-8");
    }

    #[test]
    fn lines_are_counted_as_an_editor_counts_them() {
        let rows = "p1,,n1,,\np2,,n2,,\n\np3,,n3,,0\n";
        for newline in ["\n", "\r\n"] {
            let said = error(&format!("{HEADER}{rows}").replace('\n', newline));
            assert!(said.starts_with("table.csv:5: "), "{said}");
        }
    }

    #[test]
    fn another_header_is_refused() {
        for text in ["", "p1,,n1,,\n", "patient_id;issuer;new_id;new_name;date_offset_days\n"] {
            assert!(error(text).contains("table.csv:1: the first line must be: patient_id,issuer"));
        }
        let excel = format!("\u{feff}{HEADER}p1,,n1,,\n");
        assert_eq!(Lookup::parse(Path::new("t"), excel.as_bytes()).expect("a table").len(), 1);
    }

    #[test]
    fn a_table_that_everybody_can_read_is_refused() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("table.csv");
        std::fs::write(&path, HEADER).expect("written");
        let mode = |mode| std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode));
        mode(0o644).expect("set");
        let said = Lookup::read(&path).expect_err("open to all").to_string();
        assert!(said.contains("mode 644") && said.contains("chmod o= "), "{said}");
        mode(0o640).expect("set");
        assert_eq!(Lookup::read(&path).expect("read").len(), 0);
        let missing = Lookup::read(Path::new("/nowhere/table.csv")).expect_err("none").to_string();
        assert!(missing.contains("/nowhere/table.csv: entity not found"), "{missing}");
    }
}
