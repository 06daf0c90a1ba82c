//! `route dropped|object`: what routes dropped, and what became of an object; never a value of it.

use super::time::utc;
use crate::phi::Phi;
use crate::spool::{LocalSpool, SpoolError};
use std::fmt::Write as _;

/// Lines shown at the most.
const SHOWN: usize = 100;

/// How many objects each route dropped, and the last of them.
pub async fn dropped(spool: &LocalSpool, route: Option<String>) -> Result<String, SpoolError> {
    let mut text = String::new();
    let counts = spool.drops_by_route().await?;
    let counts: Vec<_> =
        counts.into_iter().filter(|(name, _)| route.as_ref().is_none_or(|r| r == name)).collect();
    if counts.is_empty() {
        return Ok("no route has dropped anything\n".into());
    }
    for (name, count) in counts {
        let _ = writeln!(text, "{count:>8}  dropped by route {name:?}");
    }
    let last = spool.dropped_by_routes(route, SHOWN).await?;
    let _ = writeln!(
        text,
        "\n{:>8}  {:<20}  {:<20}  {:<16}  {:<20}  SOP CLASS",
        "JOB", "RECEIVED", "DROPPED", "FROM", "ROUTE"
    );
    for one in last {
        let (received, dropped) = (utc(one.received_ms), utc(one.dropped_ms));
        let _ = writeln!(
            text,
            "{:>8}  {received:<20}  {dropped:<20}  {:<16}  {:<20}  {}",
            one.job, one.calling_ae, one.route, one.sop_class_uid
        );
    }
    Ok(text)
}

/// What became of every object that arrived with this SOP Instance UID.
pub async fn object(
    spool: &LocalSpool,
    spool_key: &[u8; 32],
    sop_instance_uid: &Phi<String>,
) -> Result<String, SpoolError> {
    let jobs = spool.jobs_of_object(spool_key, sop_instance_uid.reveal().trim()).await?;
    if jobs.is_empty() {
        return Err(SpoolError::NoSuchRecord);
    }
    let mut text = String::new();
    for job in jobs {
        let (received, changed) = (utc(job.received_ms), utc(job.updated_ms));
        let reason = job.held_reason.map_or_else(String::new, |reason| format!(" ({reason})"));
        let _ = writeln!(
            text,
            "job {}  {}{reason}  received {received}  changed {changed}",
            job.job, job.state
        );
        let _ = writeln!(text, "  route    {}", job.route.as_deref().unwrap_or("none"));
        if !job.project.is_empty() {
            let _ = writeln!(text, "  project  {}", job.project);
        }
    }
    Ok(text)
}
