//! Which result belongs to which source: made now, or named by a mapping.
//!
//! A mapping is CSV with the columns `source` (as in the key) and `result` (relative to the folder of
//! the mapping). One that is written links results to their sources: its owner alone may read it.

use super::key::{Key, KeyFault, read_text};
use super::{EvalError, Origin};
use crate::config::Config;
use crate::phi::Phi;
use crate::redact::{self, Order};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// The results of the sources of a key.
#[derive(Default)]
pub struct Results {
    files: BTreeMap<Phi<PathBuf>, PathBuf>,
    /// Sources without one, by why.
    pub missing: BTreeMap<String, usize>,
    /// Where they lie, if nobody wants them afterwards.
    _temporary: Option<TempDir>,
}

#[derive(Deserialize)]
struct Row {
    source: PathBuf,
    result: PathBuf,
}

impl Results {
    /// Makes or finds them.
    pub async fn get(
        config: &Config,
        key: &Key,
        origin: Origin,
        progress: bool,
    ) -> Result<Self, EvalError> {
        match origin {
            Origin::Mapping(file) => Self::mapped(key, &file),
            Origin::Deid { profile, out, mapping } => {
                let mut config = config.clone();
                config.deid.profile = profile.unwrap_or(config.deid.profile);
                Self::made(&config, key, out, mapping.as_deref(), progress).await
            }
        }
    }

    /// The result of a source.
    pub fn of(&self, source: &Path) -> Option<&Path> {
        self.files.get(&Phi::new(source.to_owned())).map(PathBuf::as_path)
    }

    async fn made(
        config: &Config,
        key: &Key,
        out: Option<PathBuf>,
        mapping: Option<&Path>,
        progress: bool,
    ) -> Result<Self, EvalError> {
        let sources: Vec<PathBuf> = key.by_source().into_keys().map(Path::to_owned).collect();
        let mut temporary = None;
        let out = match out {
            Some(out) => out,
            None => {
                let made = tempfile::Builder::new().prefix("deid-gateway-eval-").tempdir();
                let made = made.map_err(failed(&std::env::temp_dir(), "cannot be written"))?;
                temporary.insert(made).path().to_owned()
            }
        };
        let order = Order { progress, ..Order::by_uid(&sources, &out) };
        let summary = redact::run(config, order).await?;
        let held = summary.held.iter();
        let missing = held.map(|(reason, inputs)| (format!("held as {reason}"), inputs.len()));
        let results = Self {
            missing: missing.collect(),
            files: summary.results.into_iter().collect(),
            _temporary: temporary,
        };
        if let Some(to) = mapping {
            results.write(key, to).map_err(failed(to, "cannot be written"))?;
        }
        Ok(results)
    }

    fn write(&self, key: &Key, to: &Path) -> std::io::Result<()> {
        let mut file = std::fs::File::options()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(to)?;
        let mut writer = csv::Writer::from_writer(Vec::new());
        writer.write_record(["source", "result"])?;
        for (source, result) in &self.files {
            let source = source.reveal().strip_prefix(&key.folder).unwrap_or(source.reveal());
            let result = std::fs::canonicalize(result)?;
            writer.write_record(
                [source.as_os_str(), result.as_os_str()]
                    .map(std::os::unix::ffi::OsStrExt::as_bytes),
            )?;
        }
        file.write_all(&writer.into_inner().map_err(csv::IntoInnerError::into_error)?)?;
        file.sync_all()
    }

    fn mapped(key: &Key, file: &Path) -> Result<Self, EvalError> {
        let text = read_text(file)?;
        let input = |fault| EvalError::Input { file: file.to_owned(), fault };
        let mut reader = csv::Reader::from_reader(text.as_bytes());
        let mut results = Self::default();
        let folder = file.parent().unwrap_or(Path::new(""));
        for row in reader.deserialize() {
            let row: Row = row.map_err(|error| {
                let line = error.position().map(csv::Position::line);
                input(KeyFault { line, what: "the columns are source and result".into() })
            })?;
            let source = Phi::new(key.folder.join(row.source));
            if results.files.insert(source, folder.join(row.result)).is_some() {
                return Err(input(KeyFault::whole("a source has two results")));
            }
        }
        let sources = key.by_source();
        if !sources.keys().any(|source| results.of(source).is_some()) {
            return Err(input(KeyFault::whole("it has a result of no source of the key")));
        }
        let missing = sources.keys().filter(|s| !results.of(s).is_some_and(Path::is_file)).count();
        if missing > 0 {
            results.missing.insert("no file, or not in the mapping".into(), missing);
        }
        Ok(results)
    }
}

fn failed(path: &Path, what: &'static str) -> impl FnOnce(std::io::Error) -> EvalError + use<> {
    let path = path.to_owned();
    move |source| EvalError::Path { path, what, source }
}
