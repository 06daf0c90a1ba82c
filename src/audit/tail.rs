//! The lines of the log behind a number, from its files.
//!
//! Invariant: lines come in their order, each once for each place that is asked for; what is missing or
//! damaged is told and passed over, for `verify` is who judges.

use super::files;
use super::line::Link;
use serde_json::Value;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

/// Longer lines are none of ours.
const MAX_LINE_BYTES: u64 = 1 << 20;

/// Where the line behind `seq` begins.
#[derive(Debug, Clone)]
struct Place {
    seq: i64,
    file: PathBuf,
    offset: u64,
}

/// A line, and its number.
pub(super) struct Line {
    pub seq: i64,
    pub value: Value,
}

/// Reads a log, and remembers where it was.
pub(super) struct Tail {
    directory: PathBuf,
    /// Where the last reading began and ended: what was not sent is read again.
    known: Vec<Place>,
}

impl Tail {
    pub fn new(directory: &Path) -> Self {
        Self { directory: directory.to_owned(), known: Vec::new() }
    }

    /// Up to `limit` lines behind number `after`, none behind `last`.
    pub fn read(&mut self, after: i64, last: i64, limit: usize) -> io::Result<Vec<Line>> {
        let mut lines = Vec::new();
        let mut seq = after;
        let begin = self.known.iter().find(|place| place.seq == after).cloned();
        for file in self.files_behind(after)? {
            let offset = begin.as_ref().filter(|place| place.file == file).map_or(0, |p| p.offset);
            let mut reader = BufReader::new(File::open(&file)?);
            let mut offset = reader.seek(SeekFrom::Start(offset))?;
            loop {
                let mut text = Vec::new();
                let read = Read::take(&mut reader, MAX_LINE_BYTES).read_until(b'\n', &mut text)?;
                if read == 0 || text.last() != Some(&b'\n') {
                    break;
                }
                offset += read as u64;
                let Ok(link) = serde_json::from_slice::<Link>(&text) else {
                    tracing::error!(file = %file.display(), "a line is none: see `audit verify`");
                    continue;
                };
                if link.seq <= seq {
                    continue;
                }
                if link.seq > last {
                    return Ok(lines);
                }
                if link.seq > seq + 1 {
                    let count = link.seq - seq - 1;
                    tracing::error!(
                        count,
                        "lines of the audit log were gone before they were sent"
                    );
                }
                seq = link.seq;
                let value = serde_json::from_slice(&text).unwrap_or_default();
                lines.push(Line { seq, value });
                if lines.len() == limit {
                    let place = Place { seq, file, offset };
                    self.known = begin.into_iter().chain([place]).collect();
                    return Ok(lines);
                }
            }
            let place = Place { seq, file, offset };
            self.known = begin.clone().into_iter().chain([place]).collect();
        }
        Ok(lines)
    }

    /// The file that has the next line, and those behind it.
    fn files_behind(&self, after: i64) -> io::Result<Vec<PathBuf>> {
        let mut all = match files(&self.directory) {
            // Nothing was written yet.
            Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
            all => all?,
        };
        let begins = |path: &PathBuf| first(path).is_some_and(|first| first <= after + 1);
        let from = all.iter().rposition(begins).unwrap_or(0);
        Ok(all.split_off(from.min(all.len())))
    }
}

/// The number in the name of a file.
fn first(file: &Path) -> Option<i64> {
    file.file_stem()?.to_str()?.strip_prefix("audit-")?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(directory: &Path, first: i64, last: i64) {
        let line = |seq| format!("{{\"seq\":{seq},\"previous\":\"x\",\"event\":\"sent\"}}\n");
        let text: String = (first..=last).map(line).collect();
        std::fs::write(directory.join(crate::audit::file_name(first)), text).expect("written");
    }

    fn numbers(lines: &[Line]) -> Vec<i64> {
        lines.iter().map(|line| line.seq).collect()
    }

    #[test]
    fn lines_come_in_order_over_files_and_again_where_they_were_not_sent() {
        let directory = tempfile::tempdir().expect("a directory");
        let mut tail = Tail::new(directory.path());
        assert!(tail.read(0, 9, 9).expect("no log yet").is_empty());
        write(directory.path(), 1, 4);
        write(directory.path(), 5, 9);
        assert_eq!(numbers(&tail.read(0, 8, 3).expect("read")), [1, 2, 3]);
        assert_eq!(numbers(&tail.read(0, 8, 3).expect("again")), [1, 2, 3]);
        assert_eq!(numbers(&tail.read(3, 8, 3).expect("read")), [4, 5, 6]);
        assert_eq!(numbers(&tail.read(3, 8, 9).expect("again")), [4, 5, 6, 7, 8]);
        assert_eq!(numbers(&tail.read(8, 9, 9).expect("the rest")), [9]);
        assert!(tail.read(9, 9, 9).expect("nothing").is_empty());
        write(directory.path(), 10, 11);
        assert_eq!(numbers(&tail.read(9, 11, 9).expect("another file")), [10, 11]);
    }

    #[test]
    fn what_was_put_away_or_damaged_is_passed_over() {
        let directory = tempfile::tempdir().expect("a directory");
        write(directory.path(), 5, 7);
        let mut tail = Tail::new(directory.path());
        assert_eq!(numbers(&tail.read(2, 9, 9).expect("read")), [5, 6, 7]);
        let file = directory.path().join(crate::audit::file_name(5));
        let text = std::fs::read_to_string(&file).expect("read").replace("\"seq\":6", "?");
        std::fs::write(&file, text + "{\"seq\":8").expect("written");
        assert_eq!(numbers(&tail.read(4, 9, 9).expect("read")), [5, 7]);
    }
}
