//! `eval DIR`: how well the text in pictures is found, read and hidden, against what is true of them.
//!
//! ```text
//! DIR/truth.json ─▶ every picture: open, examine, read, decide (the steps of `deid`, no result is made)
//!                     └─▶ each line: its ink under what was read? under boxes? ─▶ Score ─▶ table, page
//! ```
//! Invariants: a picture that could not be looked at is counted as held, never as found; a truth that
//! cannot be used is an error; what is printed has no text of a picture, the page of misses shows them.
//!
//! `tests/judges/generate_text_set.py` makes such a folder.

mod judge;
mod page;
mod score;
mod truth;

pub use score::TextScore;

use self::judge::{Verdict, judge};
use self::truth::Truth;
use super::EvalError;
use super::blocking;
use crate::config::{Config, Profile};
use crate::sandbox::RunError;
use crate::worker::{Look, Steps};
use indicatif::ProgressBar;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

/// Reads every picture that the truth names, one after the other, and scores what was found.
pub async fn run(
    config: &Config,
    folder: &Path,
    profile: Option<String>,
    progress: bool,
) -> Result<TextScore, EvalError> {
    let mut config = config.clone();
    config.deid.profile = profile.unwrap_or(config.deid.profile);
    let profile = config.profile()?;
    let truth = Truth::read(folder)?;
    let scratch = tempfile::Builder::new().prefix("deid-gateway-eval-").tempdir();
    let scratch = scratch.map_err(|source| EvalError::Path {
        path: std::env::temp_dir(),
        what: "cannot be written",
        source,
    })?;
    let steps = Steps::new(&config);
    // The models are loaded before the clock runs.
    steps.load().await.map_err(|error| EvalError::Reader(error.to_string()))?;
    let bar = match progress {
        true => ProgressBar::new(truth.images.len() as u64),
        false => ProgressBar::hidden(),
    };
    let mut score = TextScore::default();
    for image in truth.images {
        let path = folder.join(&image.file);
        let began = Instant::now();
        let look = look(&steps, &path, scratch.path(), &profile).await?;
        let took = began.elapsed();
        let image = Arc::new(image);
        let of = Arc::clone(&image);
        let judging = move || judge(&of, &path, look.as_ref());
        let verdict: Verdict = blocking(judging).await?;
        let verdict = verdict.map_err(|what| EvalError::truth(folder, &image.file, what))?;
        score.add(&image, verdict, took);
        bar.inc(1);
    }
    bar.finish_and_clear();
    Ok(score)
}

/// What was seen; nothing, where the object would be held.
async fn look(
    steps: &Steps,
    path: &Path,
    scratch: &Path,
    profile: &Profile,
) -> Result<Option<Look>, EvalError> {
    match steps.look(path, scratch, profile).await {
        Ok(look) => Ok(Some(look)),
        Err(RunError::Hold(hold)) => {
            tracing::warn!(reason = %hold.reason, detail = hold.detail, "a picture would be held");
            Ok(None)
        }
        Err(RunError::Failed(what) | RunError::Later(what)) => Err(EvalError::Reader(what)),
    }
}
