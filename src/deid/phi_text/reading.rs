//! A text as it is searched: runs of letters or of digits, folded, each with its place in the
//! original. Letters of a script without spaces between words are runs of one.

use super::fold::{clusters, fold, is_wordless, likeness};
use std::ops::Range;

/// What a run consists of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Signs {
    Letters,
    Digits,
    /// One sign of a script without spaces.
    Ideograph,
}

/// A run, and where it is.
#[derive(Debug, Clone)]
pub(super) struct Run {
    /// Bytes of the original.
    pub range: Range<usize>,
    /// Bytes of the folded text.
    folded: Range<usize>,
    /// Where it begins in the likenesses.
    pub alike: usize,
    pub signs: Signs,
}

/// A text, read.
pub(super) struct Reading<'a> {
    pub text: &'a str,
    pub runs: Vec<Run>,
    folded: String,
    /// All runs by their likenesses, one after the other.
    pub alike: String,
}

impl<'a> Reading<'a> {
    pub fn of(text: &'a str) -> Self {
        let mut reading = Self {
            text,
            runs: Vec::new(),
            folded: String::with_capacity(text.len()),
            alike: String::with_capacity(text.len()),
        };
        let (mut apart, mut lower) = (true, false);
        clusters(text, |at, cluster| {
            let range = at..at + cluster.len();
            let mut sign = |c: char, was_lower: bool, is_lower: bool| {
                if c == ' ' {
                    apart = true;
                    return;
                }
                reading.push(c, range.clone(), apart || (was_lower && !is_lower));
                apart = false;
            };
            match *cluster.as_bytes() {
                [byte] if byte.is_ascii_alphanumeric() => {
                    let is_lower = byte.is_ascii_lowercase() || byte.is_ascii_digit();
                    sign(byte.to_ascii_uppercase().into(), lower, is_lower);
                    lower = byte.is_ascii_lowercase();
                }
                [_] => sign(' ', false, false),
                _ => {
                    let first = cluster.chars().next();
                    let is_upper = first.is_some_and(char::is_uppercase);
                    fold(cluster, |c| sign(c, lower, !is_upper));
                    lower = first.is_some_and(char::is_lowercase);
                }
            }
        });
        reading
    }

    fn push(&mut self, c: char, range: Range<usize>, apart: bool) {
        let signs = match c {
            c if c.is_ascii_digit() => Signs::Digits,
            c if is_wordless(c) => Signs::Ideograph,
            _ => Signs::Letters,
        };
        let at = self.folded.len();
        self.folded.push(c);
        let alike = self.alike.len();
        self.alike.push(likeness(c));
        match self.runs.last_mut() {
            Some(run) if !apart && run.signs == signs && signs != Signs::Ideograph => {
                run.range.end = range.end;
                run.folded.end = self.folded.len();
            }
            _ => self.runs.push(Run { range, folded: at..self.folded.len(), alike, signs }),
        }
    }

    /// The run as it is compared.
    pub fn word(&self, run: usize) -> &str {
        self.runs.get(run).map_or("", |run| &self.folded[run.folded.clone()])
    }

    /// The run as it stands.
    pub fn original(&self, run: usize) -> &'a str {
        self.runs.get(run).map_or("", |run| &self.text[run.range.clone()])
    }

    /// Whether a run consists of these signs.
    pub fn is(&self, run: usize, signs: Signs) -> bool {
        self.runs.get(run).is_some_and(|run| run.signs == signs)
    }

    /// What stands before a run: after the run before it, or from the beginning.
    pub fn before(&self, run: usize) -> &'a str {
        let start = match run.checked_sub(1) {
            Some(before) => self.runs.get(before).map_or(self.text.len(), |run| run.range.end),
            None => 0,
        };
        let end = self.runs.get(run).map_or(self.text.len(), |run| run.range.start);
        self.text.get(start..end).unwrap_or_default()
    }

    /// The bytes of the original from one run to another, inclusive.
    pub fn range(&self, first: usize, last: usize) -> Range<usize> {
        match (self.runs.get(first), self.runs.get(last)) {
            (Some(first), Some(last)) => first.range.start..last.range.end.max(first.range.end),
            _ => 0..0,
        }
    }

    /// The folded signs of some runs.
    pub fn folded(&self, first: usize, last: usize) -> &str {
        match (self.runs.get(first), self.runs.get(last)) {
            (Some(first), Some(last)) => &self.folded[first.folded.start..last.folded.end],
            _ => "",
        }
    }

    /// The run in which a place of `alike` lies.
    pub fn run_at(&self, alike: usize) -> usize {
        self.runs.partition_point(|run| run.alike <= alike).saturating_sub(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<String> {
        let reading = Reading::of(text);
        (0..reading.runs.len()).map(|run| reading.word(run).to_string()).collect()
    }

    #[test]
    fn letters_digits_and_ideographs_are_runs() {
        assert_eq!(words("O'Brien_12mm"), ["O", "BRIEN", "12", "MM"]);
        assert_eq!(words("患者様x"), ["患", "者", "様", "X"]);
        assert_eq!(words("scoutHopper"), ["SCOUT", "HOPPER"]);
        assert_eq!(words("½ ﬁn Müller"), ["1", "2", "FIN", "MULLER"]);
    }

    #[test]
    fn a_run_knows_its_place() {
        let reading = Reading::of(" Jürgen, 12");
        assert_eq!(
            (reading.original(0), reading.before(1), reading.before(2)),
            ("Jürgen", ", ", "")
        );
        assert_eq!(&reading.text[reading.range(0, 1)], "Jürgen, 12");
    }
}
