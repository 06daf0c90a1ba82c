//! The spool in numbers: how much is in each state, how long the oldest has been there.

use super::local::LocalSpool;
use super::{SpoolError, StateCounts, UnixMs};
use rusqlite::Connection;
use std::collections::BTreeMap;

/// Everything at one moment.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Overview {
    pub counts: StateCounts,
    /// Since when the oldest Original has waited to be routed.
    pub oldest_received_ms: Option<UnixMs>,
    /// Since when the oldest Job has been in its state: waiting, ready, held.
    pub oldest_ms: BTreeMap<String, UnixMs>,
    /// Held Jobs by reason code.
    pub held: BTreeMap<String, i64>,
    /// The studies of the last results, the last one first; among `LAST_JOBS`, and `LAST_STUDIES` at most.
    pub last_studies: Vec<LastStudy>,
}

/// What was made of a study lately.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LastStudy {
    /// The Study Instance UID of the results, which is a pseudonym.
    pub new_uid: String,
    pub project: String,
    /// Results, and how many of them have not left.
    pub objects: i64,
    pub to_leave: i64,
    pub updated_ms: UnixMs,
}

const LAST_JOBS: i64 = 1_000;
const LAST_STUDIES: i64 = 10;

impl LocalSpool {
    /// Counts by state, ages and reasons.
    pub async fn overview(&self) -> Result<Overview, SpoolError> {
        let counts = self.counts().await?;
        let query = move |c: &Connection| {
            let oldest_received_ms = c.query_row(
                "SELECT min(received_ms) FROM originals WHERE state = 'received'",
                [],
                |row| row.get(0),
            )?;
            let mut oldest = c.prepare_cached(
                "SELECT state, min(updated_ms) FROM jobs
                 WHERE state IN ('waiting', 'ready', 'held') GROUP BY state",
            )?;
            let oldest = oldest.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
            let mut held = c.prepare_cached(
                "SELECT held_reason, count(*) FROM jobs WHERE state = 'held' GROUP BY held_reason",
            )?;
            let held = held.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
            let mut studies = c.prepare_cached(
                "SELECT new_study, project, count(*), sum(state = 'ready'), max(updated_ms)
                 FROM (SELECT * FROM jobs ORDER BY id DESC LIMIT ?1)
                 WHERE new_study IS NOT NULL AND state IN ('ready', 'ended')
                 GROUP BY new_study, project ORDER BY max(updated_ms) DESC, max(id) DESC LIMIT ?2",
            )?;
            let studies = studies.query_map([LAST_JOBS, LAST_STUDIES], |row| {
                Ok(LastStudy {
                    new_uid: row.get(0)?,
                    project: row.get(1)?,
                    objects: row.get(2)?,
                    to_leave: row.get(3)?,
                    updated_ms: row.get(4)?,
                })
            })?;
            Ok(Overview {
                counts,
                oldest_received_ms,
                oldest_ms: oldest.collect::<rusqlite::Result<_>>()?,
                held: held.collect::<rusqlite::Result<_>>()?,
                last_studies: studies.collect::<rusqlite::Result<_>>()?,
            })
        };
        self.database.call(query).await
    }

    /// Whether the records can still be written; after a failed commit they cannot until a restart.
    pub fn is_stopped(&self) -> bool {
        self.database.is_stopped()
    }
}
