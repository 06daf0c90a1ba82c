//! `eval headers KEY`: scores de-identification against an answer key, in ten checks.
//!
//! ```text
//! KEY ─▶ items by source ─▶ results: the steps of `deid`, or --results of any tool
//!                 └────────────▶ source and result side by side ─▶ one Finding an item
//!                                 what is told of many files ─▶ Ledger ─▶ table, failed ids
//! ```
//! Invariants: nothing that is printed or written has a value, but for the file of `--mapping`, which is
//! asked for; an item that its own source refutes is an error of the key, never a pass; a source without
//! a result fails all of its items; a key without items is an error.
//!
//! The checks and their names are those of the MIDI-B challenge (Medical Image De-Identification
//! Benchmark, of NCI and TCIA at MICCAI 2024), whose validation script scores the same ten actions. What
//! differs, always to the stricter side:
//!
//! | check | MIDI-B | here |
//! |---|---|---|
//! | `tag_retained` | attribute is there | the same |
//! | `text_notnull` | it has a value | the same |
//! | `text_retained` | every word but stop words is somewhere in the value | all words, in their order, as words |
//! | `text_removed` | no word but stop words is in the value | the same without accents and signs; words that the source has elsewhere in the value do not count; `*` looks through the whole file |
//! | `date_shifted` | the value does not have the date | every date is there, moved by whole days, by the same number for all of a patient |
//! | `uid_changed` | the value does not have the UID | there is a UID, and it is another |
//! | `uid_consistent` | the UID is that of a mapping | the mapping is what all files say: one new UID for one old, and no two olds share one |
//! | `patid_consistent` | the ID is that of a mapping | likewise, and it is another |
//! | `pixels_hidden` | optical character recognition does not read the text in the box | the box has one colour |
//! | `pixels_retained` | a digest of Pixel Data is that of the reference | the box (or the picture) has the samples of the source |
//!
//! There a file that is missing passes what has to be gone; here it fails everything.
//!
//! The scorer shares with the gateway only the library that reads data sets and the scan before it; a
//! judge that shares nothing is `tests/judges`, which made the key.

mod checks;
mod data_set;
mod finding;
mod key;
mod ledger;
mod path;
mod pixels;
mod results;
mod score;
pub mod text;
mod words;

pub use finding::Failure;
pub use key::{Check, KeyFault};
pub use score::{Score, Tally};

use crate::config::{Config, ConfigError};
use crate::redact::RedactError;
use data_set::DataSet;
use key::{Item, Key};
use ledger::Ledger;
use results::Results;
use std::path::{Path, PathBuf};

/// Why there is no score.
#[derive(Debug, thiserror::Error)]
pub enum EvalError {
    /// The key, the mapping or a source cannot be used: where, and what is wrong.
    #[error("{}{}: {}", file.display(), fault.line.map_or(String::new(), |line| format!(" line {line}")), fault.what)]
    Input { file: PathBuf, fault: KeyFault },
    #[error(transparent)]
    Config(#[from] ConfigError),
    #[error(transparent)]
    Redact(#[from] RedactError),
    #[error("{}: {what}: {source}", path.display())]
    Path { path: PathBuf, what: &'static str, source: std::io::Error },
    /// The reader cannot be used.
    #[error("pictures cannot be read: {0}")]
    Reader(String),
    #[error("scoring was interrupted")]
    Interrupted,
}

impl EvalError {
    fn at(file: &Path, line: u64, what: String) -> Self {
        let fault = if line > 0 { KeyFault::at(line, what) } else { KeyFault::whole(what) };
        Self::Input { file: file.to_owned(), fault }
    }

    /// A picture is not what the truth says of it.
    fn truth(folder: &Path, image: &str, what: &str) -> Self {
        let file = folder.join("truth.json");
        Self::Input { file, fault: KeyFault::whole(format!("{image}: {what}")) }
    }

    /// Whether what was asked for is wrong, and not this machine.
    pub fn is_bad_input(&self) -> bool {
        matches!(self, Self::Input { .. } | Self::Config(_) | Self::Redact(RedactError::Config(_)))
    }
}

/// Where the results of the sources come from.
#[derive(Debug, Clone)]
pub enum Origin {
    /// They are made now, by the steps of `deid`.
    Deid {
        /// Under this profile; without it, that of the configuration.
        profile: Option<String>,
        /// Here they stay; without it they are removed again.
        out: Option<PathBuf>,
        /// Here it is written which result belongs to which source.
        mapping: Option<PathBuf>,
    },
    /// They are there, and this file says which belongs to which source.
    Mapping(PathBuf),
}

/// Scores the results of every source that the key names.
pub async fn run(
    config: &Config,
    key: &Path,
    origin: Origin,
    progress: bool,
) -> Result<Score, EvalError> {
    let answers = Key::read(key)?;
    let key = key.to_owned();
    // before hours may be spent on what is not worth it
    let valid = blocking(move || validate(&answers).map(|()| answers)).await?;
    let answers = valid.map_err(|fault| EvalError::Input { file: key.clone(), fault })?;
    let results = Results::get(config, &answers, origin, progress).await?;
    let scored = blocking(move || score(&answers, &results)).await?;
    scored.map_err(|fault| EvalError::Input { file: key, fault })
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, EvalError> {
    tokio::task::spawn_blocking(work).await.map_err(|_| EvalError::Interrupted)
}

fn open_source(source: &Path, items: &[&Item]) -> Result<DataSet, KeyFault> {
    let line = items.first().map_or(0, |item| item.line);
    DataSet::open(source).map_err(|why| KeyFault::at(line, format!("source: {why}")))
}

fn validate(key: &Key) -> Result<(), KeyFault> {
    for (source, items) in key.by_source() {
        let source = open_source(source, &items)?;
        for item in items {
            checks::validate(item, &source).map_err(|what| KeyFault::at(item.line, what))?;
        }
    }
    Ok(())
}

/// Opens one source and its result after the other.
fn score(key: &Key, results: &Results) -> Result<Score, KeyFault> {
    let mut score = Score::new(results.missing.clone());
    let mut ledger = Ledger::default();
    for (source, items) in key.by_source() {
        let original = open_source(source, &items)?;
        let result = results.of(source).map(DataSet::open).and_then(Result::ok);
        for item in items {
            ledger.take(item, checks::judge(item, &original, result.as_ref()));
        }
    }
    for (item, failure) in ledger.settle() {
        score.add(item, failure);
    }
    Ok(score)
}
