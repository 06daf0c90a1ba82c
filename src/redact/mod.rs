//! `redact INPUT...`: files, folders and S3 objects through the same steps, without a spool.
//!
//! ```text
//! inputs ─▶ fetch (S3: to a temporary file) ─▶ by content: object or picture ─▶ steps ─▶ name ─▶ put
//! ```
//! Invariants: an input is never written to; a result has its name only when it is whole; what is held or
//! fails leaves nothing behind and ends nothing else; inputs are known by their position, for a path may
//! itself carry a name.

mod error;
mod frames;
mod inputs;
mod key;
mod names;
mod one;
mod place;
mod reports;
mod s3;
mod summary;
mod target;

pub use error::RedactError;
pub use names::Naming;
pub use place::Place;
pub use summary::{Done, End, HeldInput, Summary, Told};

use crate::config::{Config, FillColour, Hide, Profile};
use crate::deid::header::ProjectKey;
use crate::patients::Patients;
use crate::phi::Phi;
use crate::worker::Steps;
use indicatif::{ProgressBar, ProgressStyle};
use inputs::Listed;
use names::Names;
use place::Store;
use reports::Reports;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use tokio::task::JoinSet;

/// What is asked for.
#[derive(Debug, Clone)]
pub struct Order {
    pub inputs: Vec<Place>,
    /// Where results go; without it, beside their inputs.
    pub out: Option<Place>,
    /// Where a report of each DICOM result goes.
    pub reports: Option<PathBuf>,
    pub naming: Naming,
    /// Whether results that are there are replaced, and not skipped.
    pub force: bool,
    /// Whether each frame of a DICOM result is written as a picture too.
    pub png: bool,
    /// Of boxes in pictures.
    pub colour: FillColour,
    /// Of boxes in objects, where it is not that of the profile.
    pub object_colour: Option<FillColour>,
    /// Which text is hidden, where it is not what the profile says.
    pub hide: Option<Hide>,
    pub dpi: u16,
    /// Whether a key is made for this run alone where there is no file of keys.
    pub may_forget_key: bool,
    pub progress: bool,
}

impl Order {
    /// Files and folders into a folder, results named by their new UIDs.
    pub fn by_uid(inputs: &[PathBuf], out: &Path) -> Self {
        Self {
            inputs: inputs.iter().cloned().map(Place::File).collect(),
            out: Some(Place::File(out.to_owned())),
            reports: None,
            naming: Naming::Uid,
            force: false,
            png: false,
            colour: FillColour([255, 0, 0]),
            object_colour: None,
            hide: None,
            dpi: 72,
            may_forget_key: false,
            progress: false,
        }
    }
}

/// All that the work on one input needs.
struct Run {
    order: Order,
    steps: Steps,
    profile: Profile,
    key: ProjectKey,
    patients: Patients,
    names: Names,
    reports: Option<Reports>,
    store: Store,
    /// While it is there, nobody destroys the key.
    _secrets: Option<crate::site_key::SiteSecrets>,
    scratch: tempfile::TempDir,
    /// What comes from S3: not where results lie, for it identifies.
    fetched: tempfile::TempDir,
    /// Where results of this run lie or will, and what it reads.
    claimed: Mutex<BTreeSet<Place>>,
    inputs: BTreeSet<Place>,
}

/// De-identifies every input.
pub async fn run(config: &Config, order: Order) -> Result<Summary, RedactError> {
    let store = Store::new(config);
    let listed = inputs::list(&order, &store).await?;
    let patients = Patients::load(&config.keys)?;
    let (key, secrets) = key::key(config, order.may_forget_key)?;
    let mut profile = config.profile()?;
    profile.fill = order.object_colour.unwrap_or(profile.fill);
    profile.hide = order.hide.unwrap_or(profile.hide);
    let local_out = match &order.out {
        Some(Place::File(path)) => Some(path.clone()),
        _ => None,
    };
    for directory in local_out.iter().chain(&order.reports) {
        std::fs::create_dir_all(directory)
            .map_err(RedactError::path(directory, "cannot be made"))?;
    }
    let scratch_in = local_out.unwrap_or_else(std::env::temp_dir);
    let scratch = tempfile::Builder::new().prefix(".deid-work-").tempdir_in(&scratch_in);
    let readable = listed.iter().filter_map(|listed| match listed {
        Listed::Input(input) => Some(input.place.resolved()),
        Listed::Failed { .. } => None,
    });
    let run = Arc::new(Run {
        names: Names::new(&profile, key.clone()),
        reports: order.reports.clone().map(|directory| Reports::new(directory, config, &key)),
        steps: Steps::new(config),
        profile,
        key,
        patients,
        store,
        _secrets: secrets,
        fetched: tempfile::tempdir()
            .map_err(RedactError::path(&std::env::temp_dir(), "cannot be written"))?,
        scratch: scratch.map_err(RedactError::path(&scratch_in, "cannot be written"))?,
        claimed: Mutex::default(),
        inputs: readable.collect(),
        order,
    });
    run.steps.confinement().await.map_err(RedactError::Sandbox)?;
    Ok(all(&run, listed, config.sandbox.workers).await)
}

async fn all(run: &Arc<Run>, listed: Vec<Listed>, at_once: usize) -> Summary {
    let bar = match run.order.progress {
        true => ProgressBar::new(listed.len() as u64),
        false => ProgressBar::hidden(),
    };
    if let Ok(style) = ProgressStyle::with_template("{bar:30} {pos}/{len} {elapsed} {msg}") {
        bar.set_style(style);
    }
    let mut summary = Summary::default();
    let mut waiting = listed.into_iter().enumerate();
    let mut in_work = JoinSet::new();
    loop {
        while in_work.len() < at_once
            && let Some((index, listed)) = waiting.next()
        {
            let run = Arc::clone(run);
            in_work.spawn(async move {
                let (place, end) = match listed {
                    Listed::Failed { place, why } => (place, End::Failed(why)),
                    Listed::Input(input) => {
                        let end = run.one(index, &input).await;
                        (input.place, end)
                    }
                };
                Told { position: index + 1, input: Phi::new(place), end }
            });
        }
        let Some(done) = in_work.join_next().await else { break };
        let stopped = |_| Told {
            position: 0,
            input: Phi::new(Place::File(PathBuf::new())),
            end: End::Failed("its task stopped".into()),
        };
        summary.add(done.unwrap_or_else(stopped));
        bar.set_message(format!("{} held", summary.held_count()));
        bar.inc(1);
    }
    bar.finish_and_clear();
    summary.sort();
    summary
}
