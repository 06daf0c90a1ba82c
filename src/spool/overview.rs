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
}

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
            Ok(Overview {
                counts,
                oldest_received_ms,
                oldest_ms: oldest.collect::<rusqlite::Result<_>>()?,
                held: held.collect::<rusqlite::Result<_>>()?,
            })
        };
        self.database.call(query).await
    }

    /// Whether the records can still be written; after a failed commit they cannot until a restart.
    pub fn is_stopped(&self) -> bool {
        self.database.is_stopped()
    }
}
