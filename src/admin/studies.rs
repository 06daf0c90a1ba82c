//! `study list`: what waits to leave as a whole, and for what; never a value of it.

use super::time::utc;
use crate::spool::{LocalSpool, SpoolError, StudyState, UnixMs, WaitingStudy};
use std::fmt::Write as _;

/// One line for each study or series that has not left, those that wait longest first.
pub async fn list(spool: &LocalSpool, now_ms: UnixMs) -> Result<String, SpoolError> {
    let studies = spool.waiting_studies(now_ms).await?;
    if studies.is_empty() {
        return Ok("no study waits to leave as a whole\n".into());
    }
    let mut text = String::new();
    let _ = writeln!(
        text,
        "{:<12}  {:<12}  {:<16}  {:<20}  {:<20}  {:>7}  {:>7}  {:>7}  STATE",
        "STUDY", "SERIES", "PROJECT", "FIRST CAME", "LAST CAME", "WAITING", "READY", "HELD"
    );
    for study in &studies {
        let WaitingStudy { waiting, ready, held, .. } = study;
        let _ = writeln!(
            text,
            "{:<12}  {:<12}  {:<16}  {:<20}  {:<20}  {waiting:>7}  {ready:>7}  {held:>7}  {}",
            study.study,
            study.series.as_deref().unwrap_or("all"),
            study.project,
            utc(study.first_ms),
            utc(study.last_ms),
            in_words(study.state),
        );
    }
    let _ = writeln!(text, "{} wait to leave as a whole", studies.len());
    Ok(text)
}

fn in_words(state: StudyState) -> &'static str {
    match state {
        StudyState::Coming => "coming: not quiet yet",
        StudyState::Opening => "being opened",
        StudyState::Complete => "complete: work begins",
        StudyState::Working => "in work",
        StudyState::HeldBack => "held back: see held list",
        StudyState::Ready => "ready: leaves now",
    }
}
