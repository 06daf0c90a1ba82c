//! The answer key: a row an item, as CSV with a head line or as JSON Lines.
//!
//! | column | is |
//! |---|---|
//! | `check` | one of the ten |
//! | `source` | a DICOM file, relative to the folder of the key |
//! | `attribute` | a path as [`AttributePath`] reads it; `*` with `text_removed` for the whole file; empty for pixels, and with `patid_consistent` for PatientID |
//! | `text` | of `text_removed` and `text_retained` |
//! | `boxes` | of `pixels_hidden` and `pixels_retained`: `left,top,right,bottom` in pixels, right and bottom outside, with `@FRAME` from 1 for one frame alone, several apart by `;` |
//! | `id` | what the item is called where it fails; without it, the number of its line |
//!
//! Invariant: an error names a line and a column, never what stands there.

use super::EvalError;
use super::path::AttributePath;
use super::pixels::Region;
use crate::phi::Phi;
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;
use std::path::{Path, PathBuf};

/// A longer key is refused.
const MAX_KEY_BYTES: u64 = 256 << 20;

/// What is asked of a result.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs)]
pub enum Check {
    TagRetained,
    TextNotnull,
    TextRetained,
    PixelsRetained,
    TextRemoved,
    DateShifted,
    UidChanged,
    PixelsHidden,
    UidConsistent,
    PatidConsistent,
}

impl Check {
    /// All ten, in the order of the table.
    pub const ALL: [Self; 10] = [
        Self::TagRetained,
        Self::TextNotnull,
        Self::TextRetained,
        Self::PixelsRetained,
        Self::TextRemoved,
        Self::DateShifted,
        Self::UidChanged,
        Self::PixelsHidden,
        Self::UidConsistent,
        Self::PatidConsistent,
    ];

    /// As a key names it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::TagRetained => "tag_retained",
            Self::TextNotnull => "text_notnull",
            Self::TextRetained => "text_retained",
            Self::PixelsRetained => "pixels_retained",
            Self::TextRemoved => "text_removed",
            Self::DateShifted => "date_shifted",
            Self::UidChanged => "uid_changed",
            Self::PixelsHidden => "pixels_hidden",
            Self::UidConsistent => "uid_consistent",
            Self::PatidConsistent => "patid_consistent",
        }
    }

    const fn is_of_text(self) -> bool {
        matches!(self, Self::TextRetained | Self::TextRemoved)
    }

    const fn is_of_pixels(self) -> bool {
        matches!(self, Self::PixelsRetained | Self::PixelsHidden)
    }
}

/// What is wrong with an input, and in which line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyFault {
    pub line: Option<u64>,
    pub what: String,
}

impl KeyFault {
    pub(super) fn at(line: u64, what: impl Into<String>) -> Self {
        Self { line: Some(line), what: what.into() }
    }

    pub(super) fn whole(what: impl Into<String>) -> Self {
        Self { line: None, what: what.into() }
    }
}

/// Where in the data set an item looks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    Attribute(AttributePath),
    /// Everything that the file has.
    File,
    /// The pictures: these regions, or all of them if there is none.
    Pixels(Vec<Region>),
}

/// One row.
#[derive(Debug, Clone)]
pub struct Item {
    pub id: String,
    pub line: u64,
    pub check: Check,
    /// With the folder of the key in front.
    pub source: Phi<PathBuf>,
    pub place: Place,
    pub text: Phi<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    #[serde(default)]
    id: String,
    check: String,
    source: String,
    #[serde(default)]
    attribute: String,
    #[serde(default)]
    text: String,
    #[serde(default)]
    boxes: String,
}

/// All items of a key.
#[derive(Debug)]
pub struct Key {
    pub items: Vec<Item>,
    /// That of the key; sources are relative to it.
    pub folder: PathBuf,
}

impl Key {
    /// Reads a key whole, or says in which line it cannot be read.
    pub fn read(path: &Path) -> Result<Self, EvalError> {
        let text = read_text(path)?;
        let folder = path.parent().unwrap_or(Path::new("")).to_owned();
        let rows = match text.trim_start().starts_with('{') {
            true => json_rows(&text),
            false => csv_rows(&text),
        };
        let items = rows.and_then(|rows| items(rows, &folder));
        let input = |fault| EvalError::Input { file: path.to_owned(), fault };
        Ok(Self { items: items.map_err(input)?, folder })
    }

    /// The items of each source, in the order of the sources' paths.
    pub fn by_source(&self) -> BTreeMap<&Path, Vec<&Item>> {
        let mut sources: BTreeMap<&Path, Vec<&Item>> = BTreeMap::new();
        for item in &self.items {
            sources.entry(item.source.reveal()).or_default().push(item);
        }
        sources
    }
}

/// Reads a text file of an operator.
pub(super) fn read_text(path: &Path) -> Result<String, EvalError> {
    let failed = |what| move |source| EvalError::Path { path: path.to_owned(), what, source };
    let file = std::fs::File::open(path).map_err(failed("cannot be read"))?;
    let mut bytes = Vec::new();
    file.take(MAX_KEY_BYTES + 1).read_to_end(&mut bytes).map_err(failed("cannot be read"))?;
    let input =
        |what: &str| EvalError::Input { file: path.to_owned(), fault: KeyFault::whole(what) };
    if bytes.len() as u64 > MAX_KEY_BYTES {
        return Err(input("longer than 256 MiB"));
    }
    let text = String::from_utf8(bytes).map_err(|_| input("not UTF-8"))?;
    Ok(text.strip_prefix('\u{FEFF}').map_or(text.clone(), str::to_owned))
}

fn csv_rows(text: &str) -> Result<Vec<(u64, Row)>, KeyFault> {
    const COLUMNS: &str = "the columns are check, source, attribute, text, boxes and id";
    let mut reader =
        csv::ReaderBuilder::new().trim(csv::Trim::Headers).from_reader(text.as_bytes());
    let head = reader.headers().map_err(|_| KeyFault::at(1, COLUMNS))?.clone();
    let known = ["id", "check", "source", "attribute", "text", "boxes"];
    let unknown = head.iter().any(|column| !known.contains(&column));
    if unknown || !["check", "source"].iter().all(|needed| head.iter().any(|c| c == *needed)) {
        return Err(KeyFault::at(1, COLUMNS));
    }
    let mut rows = Vec::new();
    let mut lines = Lines { text, at: 0, line: 1 };
    for record in reader.records() {
        let record = record.map_err(|error| {
            let line = error.position().map(|position| lines.of(position));
            KeyFault { line, what: "it has not as many columns as the head line".into() }
        })?;
        let line = record.position().map_or(0, |position| lines.of(position));
        let row = record.deserialize(Some(&head)).map_err(|_| KeyFault::at(line, COLUMNS))?;
        rows.push((line, row));
    }
    Ok(rows)
}

/// The numbers of lines. The reader's own are one behind where lines end with CR LF.
struct Lines<'a> {
    text: &'a str,
    at: usize,
    line: u64,
}

impl Lines<'_> {
    /// The line where a record begins; of records in their order.
    fn of(&mut self, position: &csv::Position) -> u64 {
        let bytes = self.text.as_bytes();
        let mut to = position.byte() as usize;
        while matches!(bytes.get(to), Some(b'\r' | b'\n')) {
            to += 1;
        }
        let passed = bytes.get(self.at..to).unwrap_or_default();
        self.line += passed.iter().filter(|byte| **byte == b'\n').count() as u64;
        self.at = to.max(self.at);
        self.line
    }
}

fn json_rows(text: &str) -> Result<Vec<(u64, Row)>, KeyFault> {
    let lines = (1..).zip(text.lines()).filter(|(_, line)| !line.trim().is_empty());
    let row = |(number, line): (u64, &str)| match serde_json::from_str(line) {
        Ok(row) => Ok((number, row)),
        // its message quotes
        Err(error) if error.is_data() => Err(KeyFault::at(
            number,
            "an object of the strings check, source, attribute, text, boxes and id is expected",
        )),
        Err(error) => Err(KeyFault::at(number, format!("no JSON at column {}", error.column()))),
    };
    lines.map(row).collect()
}

fn items(rows: Vec<(u64, Row)>, folder: &Path) -> Result<Vec<Item>, KeyFault> {
    let mut ids = BTreeSet::new();
    let mut items = Vec::with_capacity(rows.len());
    for (line, row) in rows {
        let item = item(line, row, folder).map_err(|what| KeyFault::at(line, what))?;
        if !ids.insert(item.id.clone()) {
            return Err(KeyFault::at(line, "id: another item is called the same"));
        }
        items.push(item);
    }
    if items.is_empty() {
        return Err(KeyFault::whole("no items: a key without any proves nothing"));
    }
    Ok(items)
}

fn item(line: u64, row: Row, folder: &Path) -> Result<Item, String> {
    let check = Check::ALL.into_iter().find(|check| check.name() == row.check.trim());
    let check = check.ok_or_else(|| {
        format!("check: no such check; there are {}", Check::ALL.map(Check::name).join(", "))
    })?;
    if row.source.trim().is_empty() {
        return Err("source: empty".into());
    }
    let has_words = !super::words::of(&row.text).is_empty();
    match (check.is_of_text(), has_words, row.text.is_empty()) {
        (true, false, _) => return Err("text: this check needs one with letters or digits".into()),
        (false, _, false) => return Err("text: this check has none".into()),
        _ => {}
    }
    if !check.is_of_pixels() && !row.boxes.is_empty() {
        return Err("boxes: this check has none".into());
    }
    let place = match (check, row.attribute.trim()) {
        (Check::PixelsHidden, _) if row.boxes.trim().is_empty() => {
            return Err("boxes: this check needs them".into());
        }
        (check, "") if check.is_of_pixels() => Place::Pixels(Region::parse_all(&row.boxes)?),
        (check, _) if check.is_of_pixels() => return Err("attribute: this check has none".into()),
        (Check::TextRemoved, "*") => Place::File,
        (Check::PatidConsistent, "") => Place::Attribute(AttributePath::parse("PatientID")?),
        (_, path) => Place::Attribute(AttributePath::parse(path)?),
    };
    let id = row.id.trim();
    Ok(Item {
        id: if id.is_empty() { line.to_string() } else { id.to_owned() },
        line,
        check,
        source: Phi::new(folder.join(row.source.trim())),
        place,
        text: Phi::new(row.text),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Key, String> {
        let folder = tempfile::tempdir().expect("a directory");
        let path = folder.path().join("key");
        std::fs::write(&path, text).expect("written");
        Key::read(&path)
            .map_err(|error| error.to_string().replace(&path.display().to_string(), "key"))
    }

    #[test]
    fn both_forms_give_the_same_items() {
        let csv = "check,source,attribute,text,boxes\n\
            text_removed,a/1.dcm,StudyDescription,\"Doe, Jane\",\n\
            pixels_hidden,a/2.dcm,,,\"1,2,3,4;5,6,7,8@2\"\n";
        let json = "{\"check\":\"text_removed\",\"source\":\"a/1.dcm\",\
            \"attribute\":\"StudyDescription\",\"text\":\"Doe, Jane\",\"id\":\"2\"}\n\
            {\"check\":\"pixels_hidden\",\"source\":\"a/2.dcm\",\"boxes\":\"1,2,3,4; 5,6,7,8 @2\",\
            \"id\":\"3\"}";
        let (csv, json) = (read(csv).expect("valid"), read(json).expect("valid"));
        assert_eq!(csv.items.len(), 2);
        for (one, other) in csv.items.iter().zip(&json.items) {
            assert_eq!((&one.id, &one.place, &one.text), (&other.id, &other.place, &other.text));
            assert_eq!(one.check, other.check);
        }
        assert_eq!(csv.by_source().len(), 2);
    }

    #[test]
    fn the_key_in_the_readme_is_valid() {
        let readme = include_str!("../../README.md");
        let example = readme.split("```csv\n").nth(1).and_then(|rest| rest.split("```").next());
        let key = read(example.expect("an example")).expect("valid");
        assert_eq!(key.items.len(), 5);
        for check in Check::ALL {
            assert!(readme.contains(&format!("| `{}` |", check.name())), "{}", check.name());
        }
    }

    #[test]
    fn a_wrong_row_is_named_by_its_line_and_never_quoted() {
        for (text, said) in [
            ("check,source\n", "key: no items"),
            ("check,sauce\ntag_retained,secret\n", "key line 1: the columns are"),
            ("check,source\nsecret,secret\n", "key line 2: check: no such check; there are"),
            ("check,source\ntag_retained,\n", "key line 2: source: empty"),
            ("check,source,attribute\ntag_retained,a,\n", "key line 2: attribute: "),
            ("check,source,attribute\ntag_retained,a,Secret\n", "key line 2: attribute: "),
            ("check,source\ntext_removed,a,secret\n", "key line 2: it has not as many columns"),
            ("check,source,attribute\ntext_removed,a,StudyID\n", "key line 2: text: this check"),
            ("check,source,attribute,text\nuid_changed,a,StudyID,x\n", "key line 2: text: this"),
            ("check,source,attribute,text\ntag_retained,a,*,\n", "key line 2: attribute: "),
            ("check,source,boxes\npixels_hidden,a,\n", "key line 2: boxes: this check needs"),
            ("check,source,boxes\npixels_hidden,a,\"3,2,1,4\"\n", "key line 2: boxes: "),
            (
                "id,check,source\n7,patid_consistent,a\n7,patid_consistent,b\n",
                "key line 3: id: another item",
            ),
            (
                "check,source\r\ntag_retained,a\r\n\r\nsecret,a\r\n",
                "key line 2: attribute: this check needs one",
            ),
            ("check,source\r\npatid_consistent,a\r\n\r\nsecret,a\r\n", "key line 4: check: no"),
            ("{\"check\":\"tag_retained\"}\n", "key line 1: an object of the strings"),
            ("{\"check\":\n", "key line 1: no JSON at column"),
        ] {
            let error = read(text).expect_err(text);
            assert!(error.starts_with(said), "{text:?}: {error}");
            assert!(!error.to_lowercase().contains("secret"), "{error}");
        }
    }
}
