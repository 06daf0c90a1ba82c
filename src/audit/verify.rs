//! Whether the log is whole.

use super::line::{BEGINNING, Link, digest};
use crate::spool::AuditHead;
use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::path::{Path, PathBuf};

/// Longer lines are none of ours.
const MAX_LINE_BYTES: u64 = 1 << 20;

/// A log that was read to its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    pub lines: u64,
    /// The number of its first line: what is before it was put away, or taken.
    pub first: i64,
    pub last: i64,
    /// Of the last line.
    pub sha256: String,
}

/// Where the chain is broken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Broken {
    pub file: PathBuf,
    /// From 1.
    pub line: u64,
    pub what: String,
}

/// Why a log is not whole, or not known to be.
#[derive(Debug, thiserror::Error)]
pub enum VerifyError {
    #[error("{}: line {}: {}", .0.file.display(), .0.line, .0.what)]
    Broken(Broken),
    #[error("{}: {source}", file.display())]
    Unreadable { file: PathBuf, source: io::Error },
    #[error("no audit log in {}", .0.display())]
    None(PathBuf),
    #[error(
        "the log ends with line {found}, and the records of the spool say {recorded}: the last lines were cut off"
    )]
    Cut { found: i64, recorded: i64 },
    #[error("line {0} is not the one that the records of the spool say")]
    Replaced(i64),
}

/// Reads the files of a log, in this order, and holds the end against `head` if it is known.
pub fn verify(files: &[PathBuf], head: Option<&AuditHead>) -> Result<Found, VerifyError> {
    let mut chain: Option<Found> = None;
    // The last line may be one that the records do not know yet: then an earlier one is theirs.
    let mut of_head = None;
    for (at, file) in files.iter().enumerate() {
        for (number, line) in lines(file)? {
            let broken = |what: &str| {
                let (file, what) = (file.clone(), what.to_owned());
                VerifyError::Broken(Broken { file, line: number, what })
            };
            // The gateway may be writing behind what its records say.
            let is_behind = |head: &AuditHead| of_head.is_some() || head.seq == 0;
            if line.is_none() && at + 1 == files.len() && head.is_some_and(is_behind) {
                break;
            }
            let text = line.ok_or_else(|| broken("is too long, or not ended"))?;
            let link: Link = serde_json::from_slice(&text)
                .map_err(|_| broken("is no line of an audit log: it was changed"))?;
            let sha256 = digest(&text);
            match &chain {
                None if link.seq == 1 && link.previous != BEGINNING => {
                    return Err(broken("is not the first of this log"));
                }
                None => {}
                Some(before) if link.previous != before.sha256 => {
                    let what = match link.seq == before.last + 1 {
                        true => "does not follow: this line or the one before it was changed",
                        false => "does not follow: lines before it were taken out, moved or put in",
                    };
                    return Err(broken(what));
                }
                Some(before) if link.seq <= before.last => {
                    return Err(broken("has a number that was there before"));
                }
                Some(_) => {}
            }
            if head.is_some_and(|head| head.seq == link.seq) {
                of_head = Some(sha256.clone());
            }
            let (lines, first) = chain.map_or((0, link.seq), |found| (found.lines, found.first));
            chain = Some(Found { lines: lines + 1, first, last: link.seq, sha256 });
        }
    }
    let found = chain.ok_or_else(|| {
        let directory = files.first().and_then(|file| file.parent()).map(Path::to_owned);
        VerifyError::None(directory.unwrap_or_default())
    })?;
    match (head, of_head) {
        (Some(head), None) if head.seq > 0 => {
            Err(VerifyError::Cut { found: found.last, recorded: head.seq })
        }
        (Some(head), Some(sha256)) if sha256 != head.sha256 => Err(VerifyError::Replaced(head.seq)),
        _ => Ok(found),
    }
}

type Line = (u64, Option<Vec<u8>>);

/// The lines of a file without their ends; none for one that is too long or has none.
fn lines(file: &Path) -> Result<impl Iterator<Item = Line> + use<>, VerifyError> {
    let path = file.to_owned();
    let unreadable = |source| VerifyError::Unreadable { file: path.clone(), source };
    let mut reader = BufReader::new(File::open(file).map_err(unreadable)?);
    let mut number = 0;
    let mut next = move || -> io::Result<Option<Line>> {
        let mut line = Vec::new();
        let read = io::Read::take(&mut reader, MAX_LINE_BYTES).read_until(b'\n', &mut line)?;
        number += 1;
        Ok((read > 0).then(|| (number, (line.pop() == Some(b'\n')).then_some(line))))
    };
    // A file that stops being readable ends in a line that is none.
    let mut ended = false;
    Ok(std::iter::from_fn(move || {
        if ended {
            return None;
        }
        let line = next().unwrap_or(Some((0, None)));
        ended = !matches!(line, Some((_, Some(_))));
        line
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::line::written;
    use crate::spool::AuditEvent;

    /// A log of five lines in two files, and its head.
    fn log(directory: &Path) -> (Vec<PathBuf>, AuditHead) {
        let (mut texts, mut head) = (vec![String::new(); 2], AuditHead::default());
        head.sha256 = BEGINNING.into();
        for seq in 1..=5 {
            let event = r#"{"event":"sent","job":7,"status":null}"#.to_owned();
            let (line, sha256) =
                written(&AuditEvent { seq, at_ms: 1_000 * seq, event }, &head.sha256);
            texts[usize::from(seq > 3)].push_str(&format!("{line}\n"));
            (head.seq, head.sha256) = (seq, sha256);
        }
        let files = [directory.join("audit-1.jsonl"), directory.join("audit-4.jsonl")];
        files
            .iter()
            .zip(&texts)
            .for_each(|(file, text)| std::fs::write(file, text).expect("written"));
        (files.to_vec(), head)
    }

    fn changed(change: impl Fn(Vec<String>) -> Vec<String>) -> Result<Found, VerifyError> {
        let directory = tempfile::tempdir().expect("a directory");
        let (files, head) = log(directory.path());
        let lines = |file: &PathBuf| {
            let text = std::fs::read_to_string(file).expect("read");
            text.lines().map(str::to_owned).collect::<Vec<_>>()
        };
        let all: Vec<_> = files.iter().flat_map(lines).collect();
        let text: String = change(all).into_iter().map(|line| line + "\n").collect();
        std::fs::write(&files[0], text).expect("written");
        verify(&files[..1], Some(&head))
    }

    #[test]
    fn a_whole_log_is_followed_over_its_files() {
        let directory = tempfile::tempdir().expect("a directory");
        let (files, head) = log(directory.path());
        let found = verify(&files, Some(&head)).expect("whole");
        assert_eq!((found.lines, found.first, found.last), (5, 1, 5));
        assert_eq!(found.sha256, head.sha256);
        // What was put away is no fault.
        assert_eq!(verify(&files[1..], Some(&head)).expect("whole").first, 4);
        assert!(matches!(verify(&files[..1], Some(&head)), Err(VerifyError::Cut { .. })));
        let reordered = [files[1].clone(), files[0].clone()];
        assert!(matches!(verify(&reordered, None), Err(VerifyError::Broken(_))));
    }

    #[test]
    fn every_change_is_found_at_its_line() {
        let at = |result: Result<Found, VerifyError>| match result {
            Err(VerifyError::Broken(broken)) => broken.line,
            other => panic!("{other:?}"),
        };
        assert!(changed(|lines| lines).is_ok());
        let edit = |mut lines: Vec<String>| {
            lines[1] = lines[1].replace("\"job\":7", "\"job\":8");
            lines
        };
        assert_eq!(at(changed(edit)), 3);
        assert_eq!(
            at(changed(|mut l| {
                l.remove(2);
                l
            })),
            3
        );
        assert_eq!(
            at(changed(|mut l| {
                l.swap(1, 2);
                l
            })),
            2
        );
        assert_eq!(
            at(changed(|mut l| {
                l.insert(3, l[2].clone());
                l
            })),
            4
        );
        assert_eq!(
            at(changed(|mut l| {
                l[3] = "gone".into();
                l
            })),
            4
        );
        let cut = changed(|mut l| {
            l.truncate(3);
            l
        });
        assert!(matches!(cut, Err(VerifyError::Cut { found: 3, recorded: 5 })), "{cut:?}");
        let last = changed(|mut l| {
            l[4] = l[4].replace("sent", "held");
            l
        });
        assert!(matches!(last, Err(VerifyError::Replaced(5))), "{last:?}");
    }
}
