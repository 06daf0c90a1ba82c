//! What is recorded of a patient's Jobs: for finding what left, and where to.

use super::local::LocalSpool;
use super::patients::{IS_OF, PatientHash};
use super::{SpoolError, UnixMs};
use rusqlite::{Connection, Row};

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
