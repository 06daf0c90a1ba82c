//! Everything that is shown, at one moment.

use super::Watched;
use crate::config::DestinationKind;
use crate::durations::StepDurations;
use crate::intake::TallyCounts;
use crate::recognise::aws::AwsCounts;
use crate::spool::{AuditSending, DestinationCounts, Overview, SpoolError, UnixMs};
use crate::tls::Certificate;
use std::time::SystemTime;

/// What metrics and the page are made of.
pub struct Snapshot {
    pub now_ms: UnixMs,
    pub ae_title: String,
    pub overview: Overview,
    pub destinations: Vec<Destination>,
    pub intake: TallyCounts,
    /// Of the spool's disk.
    pub free_bytes: u64,
    pub min_free_bytes: u64,
    /// Of our certificates, by where they are used.
    pub certificates: Vec<(String, i64)>,
    pub not_ready: Option<&'static str>,
    /// How far the audit log was told, if it is.
    pub audit: Option<AuditSending>,
    /// What services were asked, if any are.
    pub aws: Option<AwsCounts>,
    pub durations: StepDurations,
}

/// A destination, and what it is.
pub struct Destination {
    /// None: records name it, and nobody sends to it.
    pub kind: Option<DestinationKind>,
    pub counts: DestinationCounts,
}

impl Snapshot {
    pub async fn take(watched: &Watched) -> Result<Self, SpoolError> {
        let config = watched.config.borrow().clone();
        let names = config.destinations.iter().map(|one| one.name.clone()).collect();
        let kind = |name: &str| {
            let found = config.destinations.iter().find(|one| one.name == name);
            found.map(|one| one.kind)
        };
        let counted = watched.spool.destinations(names).await?;
        let destinations =
            counted.into_iter().map(|counts| Destination { kind: kind(&counts.name), counts });
        let now_ms = now_ms();
        let files =
            config.intake.tls.iter().map(|tls| ("intake".to_owned(), &tls.certificate_file));
        let of_destinations = config.destinations.iter().filter_map(|one| {
            Some((one.name.clone(), one.tls.as_ref()?.certificate_file.as_ref()?))
        });
        let days = |(of, file): (String, &std::path::PathBuf)| {
            let certificate = Certificate::of_file(file).ok()?;
            Some((of, certificate.days_left(now_ms / 1_000)))
        };
        Ok(Self {
            now_ms,
            ae_title: config.intake.ae_title.clone(),
            overview: watched.spool.overview().await?,
            destinations: destinations.collect(),
            intake: watched.tally.counts(),
            free_bytes: watched.spool.free_bytes()?,
            min_free_bytes: config.intake.min_free_bytes,
            certificates: files.chain(of_destinations).filter_map(days).collect(),
            not_ready: not_ready(watched),
            audit: match config.audit.syslog.is_some() {
                true => watched.spool.audit_sending().await?,
                false => None,
            },
            aws: watched.aws.as_ref().map(|aws| aws.counts()),
            durations: watched.durations.clone(),
        })
    }

    /// Seconds since then.
    pub fn age_s(&self, since_ms: UnixMs) -> i64 {
        (self.now_ms - since_ms).max(0) / 1_000
    }
}

/// Why no object is taken at the moment.
pub fn not_ready(watched: &Watched) -> Option<&'static str> {
    let min_free_bytes = watched.config.borrow().intake.min_free_bytes;
    if *watched.stopping.borrow() {
        return Some("stopping");
    }
    if watched.spool.is_stopped() {
        return Some("the spool stopped after a failed write: mend the disk and restart");
    }
    match watched.spool.free_bytes() {
        Ok(free) if free >= min_free_bytes => None,
        Ok(_) => Some("the spool's disk has less than min_free_bytes"),
        Err(_) => Some("the spool's disk cannot be asked for its free space"),
    }
}

fn now_ms() -> UnixMs {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    since.map_or(0, |elapsed| elapsed.as_millis() as i64)
}
