//! Whose objects Jobs are, and whose are not wanted.
//!
//! Invariants: the database knows patients as keyed hashes alone; a Job is recorded with its
//! patient before its pixels are read, and one of an excluded patient is dropped in that very
//! commit; dropped Jobs are never sent, and their files go.

use super::deliveries::end_original;
use super::files;
use super::local::LocalSpool;
use super::{SpoolError, UnixMs};
use crate::deid::header::PatientIdentity;
use hmac::{Hmac, KeyInit, Mac};
use rusqlite::{Connection, OptionalExtension, Row, params};
use sha2::Sha256;

/// What a decision says of a dropped Job.
const DROPPED: &str = "drop: the patient is excluded";

/// Whose a Job is, as its record knows it.
const IS_OF: &str = "(patient_hash = ?1 OR patient_id_hash = ?1)";

/// A patient, or everyone of a PatientID, as a keyed hash.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PatientHash(Vec<u8>);

impl PatientHash {
    /// A patient of a PatientID and an issuer.
    pub fn exact(spool_key: &[u8; 32], patient: &PatientIdentity) -> Self {
        Self::of(spool_key, b"patient", &patient.parts())
    }

    /// Everyone of a PatientID, whatever issuer an object names.
    pub fn any_issuer(spool_key: &[u8; 32], patient: &PatientIdentity) -> Self {
        Self::of(spool_key, b"patient id", &patient.parts()[..1])
    }

    fn of(spool_key: &[u8; 32], kind: &[u8], parts: &[&[u8]]) -> Self {
        // HMAC takes a key of any length, so this cannot fail; an empty hash would match nothing.
        let mac = Hmac::<Sha256>::new_from_slice(spool_key);
        Self(mac.map_or_else(
            |_| Vec::new(),
            |mut mac| {
                for part in std::iter::once(kind).chain(parts.iter().copied()) {
                    mac.update(&(part.len() as u64).to_be_bytes());
                    mac.update(part);
                }
                mac.finalize().into_bytes().to_vec()
            },
        ))
    }

    /// The beginning of it, to tell one from another.
    pub fn short(&self) -> String {
        files::hex(&self.0[..self.0.len().min(6)])
    }
}

/// Whether work on a Job may go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Admission {
    Admitted,
    /// Its patient is excluded: it was dropped.
    Dropped,
    /// Somebody ended it meanwhile.
    Ended,
}

/// An entry of the exclusion list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exclusion {
    pub patient: PatientHash,
    pub who: String,
    pub at_ms: UnixMs,
}

/// What an exclusion did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Excluded {
    /// Whether the patient was not on the list before.
    pub new: bool,
    /// Jobs that were dropped.
    pub dropped: usize,
}

impl LocalSpool {
    /// Records whose object a Job is and under which PatientID its result goes, or drops it.
    pub async fn admit(
        &self,
        job: i64,
        patient: &PatientIdentity,
        new_patient: Option<String>,
        now_ms: UnixMs,
    ) -> Result<Admission, SpoolError> {
        let exact = PatientHash::exact(&self.hash_key, patient);
        let any = PatientHash::any_issuer(&self.hash_key, patient);
        let record = move |c: &Connection| {
            let recorded = c
                .prepare_cached(
                    "UPDATE jobs SET patient_hash = ?2, patient_id_hash = ?3, new_patient = ?4
                     WHERE id = ?1 AND state = 'waiting'",
                )?
                .execute(params![job, exact.0, any.0, new_patient])?;
            if recorded == 0 {
                return Ok((Admission::Ended, Vec::new()));
            }
            let who: Option<String> = c
                .prepare_cached("SELECT who FROM excluded WHERE patient_hash IN (?1, ?2)")?
                .query_row(params![exact.0, any.0], |row| row.get(0))
                .optional()?;
            let Some(who) = who else { return Ok((Admission::Admitted, Vec::new())) };
            let ended = drop_job(c, job, &who, now_ms)?;
            Ok((Admission::Dropped, vec![(job, ended)]))
        };
        let (admission, dropped) = self.database.call(record).await?;
        self.remove_dropped(dropped);
        Ok(admission)
    }

    /// Puts a patient on the exclusion list; what is known to be theirs and not yet delivered
    /// everywhere is dropped.
    pub async fn exclude(
        &self,
        patient: PatientHash,
        who: String,
        now_ms: UnixMs,
    ) -> Result<Excluded, SpoolError> {
        let record = move |c: &Connection| {
            let new = c.execute(
                "INSERT OR IGNORE INTO excluded VALUES (?1, ?2, ?3)",
                params![patient.0, who, now_ms],
            )?;
            let open = format!(
                "SELECT id FROM jobs WHERE {IS_OF} AND state IN ('waiting', 'ready', 'held')"
            );
            let mut statement = c.prepare(&open)?;
            let jobs = statement.query_map([&patient.0], |row| row.get::<_, i64>(0))?;
            let mut dropped = Vec::new();
            for job in jobs.collect::<rusqlite::Result<Vec<_>>>()? {
                dropped.push((job, drop_job(c, job, &who, now_ms)?));
            }
            Ok((new == 1, dropped))
        };
        let (new, dropped) = self.database.call(record).await?;
        let excluded = Excluded { new, dropped: dropped.len() };
        self.remove_dropped(dropped);
        Ok(excluded)
    }

    /// Takes a patient off the list; whether they were on it. What was dropped stays dropped, and is
    /// processed when it is sent again.
    pub async fn include(&self, patient: PatientHash) -> Result<bool, SpoolError> {
        let record = move |c: &Connection| {
            c.execute("DELETE FROM excluded WHERE patient_hash = ?1", [&patient.0])
        };
        Ok(self.database.call(record).await? == 1)
    }

    /// The exclusion list, oldest first.
    pub async fn excluded(&self) -> Result<Vec<Exclusion>, SpoolError> {
        let query = |c: &Connection| {
            let mut statement =
                c.prepare("SELECT patient_hash, who, at_ms FROM excluded ORDER BY at_ms, rowid")?;
            let rows = statement.query_map([], |row| {
                let patient = PatientHash(row.get(0)?);
                Ok(Exclusion { patient, who: row.get(1)?, at_ms: row.get(2)? })
            })?;
            rows.collect()
        };
        self.database.call(query).await
    }

    fn remove_dropped(&self, dropped: Vec<(i64, Option<String>)>) {
        for (job, original) in dropped {
            files::remove(&self.directories.result(job));
            self.remove_original(original);
        }
    }
}

/// Drops an open Job; returns the Original that this ended.
fn drop_job(
    c: &Connection,
    job: i64,
    who: &str,
    now_ms: UnixMs,
) -> rusqlite::Result<Option<String>> {
    c.prepare_cached(
        "UPDATE jobs SET state = 'dropped', held_reason = NULL, held_detail = NULL,
         result_kept = 0, updated_ms = ?2 WHERE id = ?1",
    )?
    .execute(params![job, now_ms])?;
    c.prepare_cached("INSERT INTO decisions (job, who, at_ms, what) VALUES (?1, ?2, ?3, ?4)")?
        .execute(params![job, who, now_ms, DROPPED])?;
    end_original(c, job)
}

/// A Job of a patient, without any value of its object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PatientJob {
    pub id: i64,
    pub state: String,
    pub held_reason: Option<String>,
    pub profile: String,
    pub project: String,
    pub key_id: String,
    pub received_ms: UnixMs,
    pub updated_ms: UnixMs,
    /// Of the result, if there was one.
    pub new_patient: Option<String>,
    pub new_study: Option<String>,
    pub new_series: Option<String>,
    pub new_sop: Option<String>,
    pub deliveries: Vec<PatientDelivery>,
    pub decisions: Vec<PatientDecision>,
}

/// What one destination has of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PatientDelivery {
    pub destination: String,
    pub state: String,
    pub updated_ms: UnixMs,
}

/// What a person decided on it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PatientDecision {
    pub who: String,
    pub what: String,
    pub at_ms: UnixMs,
}

impl LocalSpool {
    /// The Jobs of a patient, oldest first.
    pub async fn jobs_of(&self, patient: PatientHash) -> Result<Vec<PatientJob>, SpoolError> {
        let query = move |c: &Connection| {
            let mut statement = c.prepare(&format!(
                "SELECT jobs.id, jobs.state, held_reason, profile, project, key_id, received_ms,
                        updated_ms, new_patient, new_study, new_series, new_sop
                 FROM jobs JOIN originals ON originals.id = jobs.original
                 WHERE {IS_OF} ORDER BY jobs.id"
            ))?;
            let jobs = statement.query_map([&patient.0], patient_job)?;
            jobs.map(|job| {
                let mut job = job?;
                job.deliveries = deliveries_of(c, job.id)?;
                job.decisions = decisions_of(c, job.id)?;
                Ok(job)
            })
            .collect()
        };
        self.database.call(query).await
    }

    /// How many Jobs are open and not known by patient: not opened yet, or never to be opened.
    pub async fn jobs_of_nobody(&self) -> Result<i64, SpoolError> {
        let query = |c: &Connection| {
            c.query_row(
                "SELECT count(*) FROM jobs
                 WHERE patient_hash IS NULL AND state IN ('waiting', 'ready', 'held')",
                [],
                |row| row.get(0),
            )
        };
        self.database.call(query).await
    }
}

fn patient_job(row: &Row<'_>) -> rusqlite::Result<PatientJob> {
    Ok(PatientJob {
        id: row.get(0)?,
        state: row.get(1)?,
        held_reason: row.get(2)?,
        profile: row.get(3)?,
        project: row.get(4)?,
        key_id: row.get(5)?,
        received_ms: row.get(6)?,
        updated_ms: row.get(7)?,
        new_patient: row.get(8)?,
        new_study: row.get(9)?,
        new_series: row.get(10)?,
        new_sop: row.get(11)?,
        deliveries: Vec::new(),
        decisions: Vec::new(),
    })
}

fn deliveries_of(c: &Connection, job: i64) -> rusqlite::Result<Vec<PatientDelivery>> {
    let mut statement = c.prepare_cached(
        "SELECT destination, state, updated_ms FROM deliveries WHERE job = ?1 ORDER BY id",
    )?;
    let rows = statement.query_map([job], |row| {
        let (destination, state) = (row.get(0)?, row.get(1)?);
        Ok(PatientDelivery { destination, state, updated_ms: row.get(2)? })
    })?;
    rows.collect()
}

fn decisions_of(c: &Connection, job: i64) -> rusqlite::Result<Vec<PatientDecision>> {
    let mut statement =
        c.prepare_cached("SELECT who, what, at_ms FROM decisions WHERE job = ?1 ORDER BY id")?;
    let rows = statement.query_map([job], |row| {
        Ok(PatientDecision { who: row.get(0)?, what: row.get(1)?, at_ms: row.get(2)? })
    })?;
    rows.collect()
}
