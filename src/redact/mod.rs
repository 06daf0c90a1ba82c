//! `deid INPUT... --out DIR [--reports DIR]`: files and folders through the same steps, without a spool.
//!
//! Invariants: an output is named by new UIDs alone; an input is never written to; what is held is
//! counted by reason and leaves nothing behind.

use crate::config::{Config, ConfigError, Profile};
use crate::deid::accept::Deidentified;
use crate::deid::header::ProjectKey;
use crate::deid::hold::{Hold, HoldReason};
use crate::deid::identifiers::Identifiers;
use crate::forward::object_path;
use crate::patients::Patients;
use crate::phi::Phi;
use crate::sandbox::RunError;
use crate::site_key::{self, SiteKeyError, SiteSecrets};
use crate::worker::{Object, ObjectReport, Steps, WorkReport};
use indicatif::{ProgressBar, ProgressStyle};
use std::collections::BTreeMap;
use std::io::{ErrorKind, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tempfile::NamedTempFile;
use tokio::task::JoinSet;

/// Why nothing could be done at all.
#[derive(Debug, thiserror::Error)]
pub enum RedactError {
    #[error(transparent)]
    Config(#[from] ConfigError),
    #[error(transparent)]
    SiteKey(#[from] SiteKeyError),
    #[error("{}: {what}: {source}", path.display())]
    Path { path: PathBuf, what: &'static str, source: std::io::Error },
    #[error("{}: nothing to do: no file here", .0.display())]
    Empty(PathBuf),
    #[error("cannot start child processes: {0}")]
    Sandbox(std::io::Error),
}

/// What became of the inputs.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Summary {
    pub delivered: usize,
    pub boxes: usize,
    /// Where the result of each input is.
    pub results: BTreeMap<Phi<PathBuf>, PathBuf>,
    /// The held inputs by reason.
    pub held: BTreeMap<HoldReason, Vec<HeldInput>>,
}

/// An input that was held.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct HeldInput {
    /// Among all inputs, from 1.
    pub position: usize,
    /// A path may itself carry a name.
    pub path: Phi<PathBuf>,
    /// Why it was held.
    pub detail: String,
}

impl Summary {
    /// Whether every input was de-identified.
    pub fn is_clean(&self) -> bool {
        self.held.is_empty()
    }

    /// How many inputs were held.
    pub fn held_count(&self) -> usize {
        self.held.values().map(Vec::len).sum()
    }
}

/// Where things go.
#[derive(Debug, Clone, Copy)]
pub struct Output<'a> {
    /// Results.
    pub results: &'a Path,
    /// A report of each result, if they are wanted.
    pub reports: Option<&'a Path>,
}

/// A result under its name.
struct Kept {
    boxes: usize,
    path: PathBuf,
}

struct Run {
    steps: Steps,
    profile: Profile,
    profile_sha256: String,
    project: String,
    key: ProjectKey,
    patients: Patients,
    /// While it is there, nobody destroys the key.
    _secrets: SiteSecrets,
    out: PathBuf,
    reports: Option<PathBuf>,
    scratch: tempfile::TempDir,
}

/// De-identifies every file of `inputs` into `output`. Inputs are known by their position: a path may
/// itself carry a name.
pub async fn run(
    config: &Config,
    inputs: &[PathBuf],
    output: Output<'_>,
    progress: bool,
) -> Result<Summary, RedactError> {
    let failed = |path: &Path, what: &'static str| {
        let path = path.to_owned();
        move |source| RedactError::Path { path, what, source }
    };
    let out = output.results;
    let files = list(inputs, output)?;
    let patients = Patients::load(&config.keys)?;
    let secrets = site_key::open(&config.keys, &config.deid.project)?;
    let key = secrets.in_force(&config.deid.project)?;
    for directory in std::iter::once(out).chain(output.reports) {
        std::fs::create_dir_all(directory).map_err(failed(directory, "cannot be made"))?;
    }
    let profile = config.profile()?;
    let scratch = tempfile::Builder::new().prefix(".deid-work-").tempdir_in(out);
    let run = Arc::new(Run {
        steps: Steps::new(config),
        profile_sha256: profile.digest(),
        profile,
        project: config.deid.project.clone(),
        key,
        patients,
        _secrets: secrets,
        out: out.to_owned(),
        reports: output.reports.map(Path::to_owned),
        scratch: scratch.map_err(failed(out, "cannot be written"))?,
    });
    run.steps.confinement().await.map_err(RedactError::Sandbox)?;
    let bar = if progress { ProgressBar::new(files.len() as u64) } else { ProgressBar::hidden() };
    if let Ok(style) = ProgressStyle::with_template("{bar:30} {pos}/{len} {elapsed} {msg}") {
        bar.set_style(style);
    }
    let mut summary = Summary::default();
    let mut waiting = files.into_iter().enumerate();
    let mut in_work = JoinSet::new();
    loop {
        while in_work.len() < config.sandbox.workers
            && let Some((index, file)) = waiting.next()
        {
            let run = Arc::clone(&run);
            in_work.spawn(async move {
                let outcome = run.one(index, &file).await;
                (index, file, outcome)
            });
        }
        let Some(done) = in_work.join_next().await else { break };
        let (index, file, outcome) = done.unwrap_or_else(|_| (0, PathBuf::new(), Err(stopped())));
        match outcome {
            Ok(kept) => {
                summary.delivered += 1;
                summary.boxes += kept.boxes;
                summary.results.insert(Phi::new(file), kept.path);
            }
            Err(hold) => {
                let (position, path) = (index + 1, Phi::new(file));
                let input = HeldInput { position, path, detail: hold.detail };
                summary.held.entry(hold.reason).or_default().push(input);
            }
        }
        bar.set_message(format!("{} held", summary.held_count()));
        bar.inc(1);
    }
    bar.finish_and_clear();
    summary.held.values_mut().for_each(|inputs| inputs.sort());
    Ok(summary)
}

fn unreported(error: &std::io::Error) -> Hold {
    let detail = format!("the reports folder cannot be written: {:?}", error.kind());
    Hold::new(HoldReason::VerificationFailed, detail)
}

fn stopped() -> Hold {
    Hold::new(HoldReason::SandboxCrashed, "its task stopped")
}

impl Run {
    async fn one(&self, index: usize, input: &Path) -> Result<Kept, Hold> {
        let scratch = self.scratch.path();
        let object = Object { input, scratch, profile: &self.profile, key: &self.key };
        let output = |round| scratch.join(format!("{index}.{round}.dcm"));
        match self.deidentify(&object, output).await {
            Ok((result, report)) => {
                // the report lies ready before the result does, and replaces none of another's
                let told = self.report(&result, &report)?;
                let path = self.keep(&result)?;
                self.keep_report(told, &result)?;
                Ok(Kept { boxes: report.redaction.count(), path })
            }
            Err(RunError::Hold(hold)) => Err(hold),
            Err(RunError::Later(why)) => Err(Hold::new(HoldReason::DetectionFailed, why)),
            Err(RunError::Failed(kind)) => {
                Err(Hold::new(HoldReason::SandboxCrashed, format!("a step could not run: {kind}")))
            }
        }
    }

    async fn deidentify(
        &self,
        object: &Object<'_>,
        output: impl Fn(usize) -> PathBuf,
    ) -> Result<(Deidentified, WorkReport), RunError> {
        let opened = self.steps.open(object).await?;
        let subject = object.subject(&self.patients, &opened.told.patient)?;
        let known = Identifiers::default();
        self.steps.deidentify(object, opened, &known, &subject, output).await
    }

    /// Moves a result to its name. Another object of the same name stays: both would be one to a
    /// receiver.
    fn keep(&self, result: &Deidentified) -> Result<PathBuf, Hold> {
        let to = object_path(
            &self.out,
            result.study_uid(),
            result.series_uid(),
            result.sop_instance_uid(),
        );
        let failed = |error: std::io::Error| {
            let detail = format!("the output folder cannot be written: {:?}", error.kind());
            Hold::new(HoldReason::VerificationFailed, detail)
        };
        if let Some(directory) = to.parent() {
            std::fs::create_dir_all(directory).map_err(failed)?;
        }
        result.check_intact()?;
        // A link never replaces a file, so that two inputs cannot overwrite one another unseen.
        match std::fs::hard_link(result.path(), &to) {
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
                let same = std::fs::read(&to).map_err(failed)?
                    == std::fs::read(result.path()).map_err(failed)?;
                if !same {
                    let detail = "the output folder holds another object with the same new UID";
                    return Err(Hold::new(HoldReason::ChangedDuplicate, detail));
                }
            }
            linked => linked.map_err(failed)?,
        }
        std::fs::remove_file(result.path()).map_err(failed)?;
        Ok(to)
    }

    /// Writes the report of a result beside those of others, without a name yet.
    fn report(
        &self,
        result: &Deidentified,
        work: &WorkReport,
    ) -> Result<Option<NamedTempFile>, Hold> {
        let Some(directory) = &self.reports else { return Ok(None) };
        let report = ObjectReport {
            sop_instance_uid: result.sop_instance_uid().to_owned(),
            sop_class_uid: result.sop_class_uid().to_owned(),
            profile: self.profile.name.clone(),
            profile_sha256: self.profile_sha256.clone(),
            project: self.project.clone(),
            key_id: self.key.key_id(),
            work,
        };
        let written = || -> std::io::Result<NamedTempFile> {
            // readable by whom the results are, and not by its owner alone
            let mode = std::fs::Permissions::from_mode(0o666);
            let mut file = tempfile::Builder::new().permissions(mode).tempfile_in(directory)?;
            file.write_all(report.json()?.as_bytes())?;
            Ok(file)
        };
        written().map(Some).map_err(|error| unreported(&error))
    }

    fn keep_report(&self, report: Option<NamedTempFile>, of: &Deidentified) -> Result<(), Hold> {
        let Some((file, directory)) = report.zip(self.reports.as_ref()) else { return Ok(()) };
        let to = directory.join(format!("{}.json", of.sop_instance_uid()));
        file.persist(to).map(|_| ()).map_err(|error| unreported(&error.error))
    }
}

/// Every file of the inputs, folders walked in order and links followed; what lies in the output is
/// left out. What cannot be read is listed too: it will be held.
fn list(inputs: &[PathBuf], output: Output<'_>) -> Result<Vec<PathBuf>, RedactError> {
    let ours = std::iter::once(output.results).chain(output.reports);
    let ours: Vec<PathBuf> = ours.filter_map(|path| path.canonicalize().ok()).collect();
    let mut files = Vec::new();
    for input in inputs {
        let before = files.len();
        for entry in walkdir::WalkDir::new(input).follow_links(true).sort_by_file_name() {
            let entry = match entry {
                Ok(entry) => entry,
                // the folder that the link leads back to is listed already
                Err(error) if error.loop_ancestor().is_some() => continue,
                Err(error) if error.depth() > 0 => {
                    files.extend(error.path().map(Path::to_owned));
                    continue;
                }
                Err(error) => {
                    // its message would name a path inside
                    let kind = error.io_error().map_or(ErrorKind::Other, std::io::Error::kind);
                    let (path, what) = (input.clone(), "cannot be read");
                    return Err(RedactError::Path { path, what, source: kind.into() });
                }
            };
            let inside = !ours.is_empty()
                && entry
                    .path()
                    .canonicalize()
                    .is_ok_and(|path| ours.iter().any(|ours| path.starts_with(ours)));
            if entry.file_type().is_file() && !inside {
                files.push(entry.into_path());
            }
        }
        if files.len() == before {
            return Err(RedactError::Empty(input.clone()));
        }
    }
    Ok(files)
}
