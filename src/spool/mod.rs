//! The durable records between receiving and delivering.
//!
//! ```text
//! Original ──route──▶ Job: waiting ─▶ ready ─▶ ended          Delivery: waiting ─▶ sent
//!                       │    ▲          │       (delivered                  └────▶ refused
//!                       ▼    │ person   │        or rejected)
//!                      held ─┴──────────┘    (each of these: ─▶ dropped, of an excluded patient)
//!     └──▶ Job without a profile: held, to be routed anew; or dropped by a route
//! ```
//! Invariants: a payload file is synced, and so is its directory, before the record that names it
//! is committed; a record is committed before its success is told to anyone; an Original's file is
//! removed only after the commit that ends its last Job; a failed commit or sync makes the spool
//! refuse everything until a restart; UIDs and patients are in the database only as keyed hashes or
//! as the new, pseudonymous ones. A `Ready` comes only from a file whose digest equals its record.

mod asked;
mod audit;
mod audit_sending;
mod commitment;
mod crash_point;
mod database;
pub mod deliveries;
mod destinations;
mod files;
mod forget;
pub mod held;
mod identifiers;
pub mod jobs;
pub mod local;
mod migrate;
mod originals;
mod overview;
mod part10;
mod patient_jobs;
pub mod patients;
mod ready;
mod reports;
mod routing;
mod schema;
mod sets;
mod studies;
#[cfg(test)]
mod study_tests;

pub use asked::{Kept, OpenCommitment};
pub use audit::{AuditEvent, AuditHead};
pub use audit_sending::{AuditFacts, AuditSending, AuditSubject};
pub use commitment::{CommitmentCounts, CommitmentResult, Uncommitted, new_transaction_uid};
pub use crash_point::crash_point;
pub use destinations::{DestinationControl, DestinationCounts};
pub use held::{HeldJob, HeldSelection, StateCounts};
pub use identifiers::Known;
pub use jobs::Job;
pub use local::LocalSpool;
pub use originals::{Accepted, IncomingFile, NewOriginal, Original, uid_or_nothing};
pub use overview::{LastStudy, Overview};
pub use part10::Identity;
pub use patient_jobs::{PatientDecision, PatientDelivery, PatientJob};
pub use patients::{Admission, Excluded, Exclusion, PatientHash};
pub use ready::{PendingDelivery, Ready};
pub use reports::{JobReport, ReportOf, StoredReport};
pub use routing::{DroppedByRoute, Fate, ObjectJob, Routed, Routing};
pub use studies::{StudyState, WaitingStudy};

use std::path::PathBuf;

/// Milliseconds since the Unix epoch.
pub type UnixMs = i64;

/// What went wrong in the spool. Only after `Broken` it cannot be known whether it was recorded.
#[derive(Debug, Clone, thiserror::Error)]
pub enum SpoolError {
    #[error("{}: {what}: {message}", path.display())]
    File { path: PathBuf, what: &'static str, message: String },
    #[error("the spool is in use by another gateway: {}", .0.display())]
    InUse(PathBuf),
    #[error("the spool's database: {0}")]
    Database(String),
    #[error("the spool's database is in use by another process; stop what reads it")]
    Busy,
    #[error("the disk of the spool is full or cannot be written")]
    Full,
    #[error("the spool stopped after a failed write; mend the disk and restart")]
    Stopped,
    #[error("a write of the spool failed; it stops: mend the disk and restart")]
    Broken,
    #[error("the spool's schema is version {found}, this program knows {known}")]
    Schema { found: i64, known: i64 },
    #[error(
        "{} is gone, and originals are there: restore it from a backup. Without one, an empty file in its place has them recorded again; exclusions and decisions stay lost",
        database.display()
    )]
    RecordsGone { database: PathBuf },
    #[error(
        "the spool was made under another site key: restore that one from a backup ([keys] site_key_file)"
    )]
    OtherKey,
    #[error("a stored payload no longer has the digest of its record")]
    Damaged,
    #[error("there is no such record")]
    NoSuchRecord,
}

impl SpoolError {
    pub(crate) fn file(
        path: impl Into<PathBuf>,
        what: &'static str,
        error: &std::io::Error,
    ) -> Self {
        Self::File { path: path.into(), what, message: error.to_string() }
    }
}
