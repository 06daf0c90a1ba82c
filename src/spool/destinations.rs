//! Destinations as a person sees and steers them: paused, tried again at once, how they are doing.
//!
//! Invariants: what a person asks is a record, so that it holds after a restart and reaches a
//! gateway in another process; an error is a word of ours, never a peer's.

use super::audit;
use super::local::LocalSpool;
use super::{SpoolError, UnixMs};
use rusqlite::{Connection, OptionalExtension, params};

/// What came with version 3: how deliveries go, and the commitments asked of us.
///
/// `first_ms` is the first attempt that was answered with a failure; `stored_ms` is when the
/// destination had it, where it still has to commit; `transaction_uid` is of that request.
pub(super) const FORWARD_3: &str = "
ALTER TABLE deliveries ADD COLUMN first_ms INTEGER;
ALTER TABLE deliveries ADD COLUMN stored_ms INTEGER;
ALTER TABLE deliveries ADD COLUMN transaction_uid TEXT;
CREATE INDEX deliveries_by_transaction ON deliveries (transaction_uid)
    WHERE transaction_uid IS NOT NULL;
CREATE INDEX deliveries_uncommitted ON deliveries (destination, stored_ms)
    WHERE stored_ms IS NOT NULL AND state = 'waiting';

CREATE TABLE destinations (
    name        TEXT PRIMARY KEY,
    paused_by   TEXT,
    paused_ms   INTEGER,
    retry_ms    INTEGER NOT NULL DEFAULT 0,
    error       TEXT,
    next_ms     INTEGER
) STRICT;

CREATE TABLE commitments (
    id              INTEGER PRIMARY KEY AUTOINCREMENT,
    transaction_uid TEXT NOT NULL,
    calling_ae      TEXT NOT NULL,
    payload         TEXT NOT NULL,
    received_ms     INTEGER NOT NULL,
    attempts        INTEGER NOT NULL DEFAULT 0,
    next_ms         INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX commitments_by_uid ON commitments (transaction_uid);
";

/// What a person wants of a destination.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct DestinationControl {
    pub paused: bool,
    /// When somebody last asked to try again at once.
    pub retry_ms: UnixMs,
}

/// A destination in numbers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DestinationCounts {
    pub name: String,
    /// Who paused it.
    pub paused_by: Option<String>,
    /// Deliveries that are ready to go.
    pub waiting: i64,
    /// When the oldest of these became ready.
    pub oldest_ms: Option<UnixMs>,
    /// Stored there, not committed yet.
    pub uncommitted: i64,
    pub sent: i64,
    pub refused: i64,
    /// Of the last response that was not a success.
    pub last_status: Option<u16>,
    /// Why it is not sent to at the moment.
    pub error: Option<String>,
    /// When it, or the next delivery to it, is tried.
    pub next_ms: Option<UnixMs>,
}

impl LocalSpool {
    /// What a person wants of a destination.
    pub async fn destination_control(&self, name: &str) -> Result<DestinationControl, SpoolError> {
        let name = name.to_owned();
        let query = move |c: &Connection| {
            c.prepare_cached(
                "SELECT paused_ms IS NOT NULL, retry_ms FROM destinations WHERE name = ?1",
            )?
            .query_row([name], |row| {
                Ok(DestinationControl { paused: row.get(0)?, retry_ms: row.get(1)? })
            })
            .optional()
        };
        Ok(self.database.call(query).await?.unwrap_or_default())
    }

    /// Nothing more is sent there until `resume`; whether that is new.
    pub async fn pause_destination(
        &self,
        name: &str,
        who: String,
        now_ms: UnixMs,
    ) -> Result<bool, SpoolError> {
        let name = name.to_owned();
        let record = move |c: &Connection| {
            c.execute("INSERT OR IGNORE INTO destinations (name) VALUES (?1)", [&name])?;
            let changed = c.execute(
                "UPDATE destinations SET paused_by = ?2, paused_ms = ?3
                 WHERE name = ?1 AND paused_ms IS NULL",
                params![name, who, now_ms],
            )?;
            Ok(changed == 1)
        };
        self.database.call(record).await
    }

    /// It is sent to again; whether it was paused.
    pub async fn resume_destination(
        &self,
        name: &str,
        who: String,
        now_ms: UnixMs,
    ) -> Result<bool, SpoolError> {
        let name = name.to_owned();
        let record = move |c: &Connection| {
            let changed = c.execute(
                "UPDATE destinations SET paused_by = NULL, paused_ms = NULL
                 WHERE name = ?1 AND paused_ms IS NOT NULL",
                [&name],
            )?;
            if changed == 1 {
                // The line of the record itself does not know who.
                steered(c, "resume", &name, &who, now_ms)?;
            }
            Ok(changed == 1)
        };
        self.database.call(record).await
    }

    /// Everything that waits for a destination is due now; how many deliveries that are.
    pub async fn retry_destination(
        &self,
        name: &str,
        who: String,
        now_ms: UnixMs,
    ) -> Result<usize, SpoolError> {
        let name = name.to_owned();
        let record = move |c: &Connection| {
            c.execute("INSERT OR IGNORE INTO destinations (name) VALUES (?1)", [&name])?;
            c.execute(
                "UPDATE destinations SET retry_ms = ?2 WHERE name = ?1",
                params![name, now_ms],
            )?;
            steered(c, "retry", &name, &who, now_ms)?;
            // A commitment that is being waited for is not asked for again.
            c.execute(
                "UPDATE deliveries SET next_ms = 0 WHERE destination = ?1 AND state = 'waiting'
                 AND transaction_uid IS NULL",
                [name],
            )
        };
        self.database.call(record).await
    }

    /// Remembers why a destination is not sent to, or that it is well.
    pub async fn note_destination(
        &self,
        name: &str,
        trouble: Option<(&'static str, UnixMs)>,
    ) -> Result<(), SpoolError> {
        let name = name.to_owned();
        let (error, next_ms) = trouble.unzip();
        let record = move |c: &Connection| {
            if error.is_none() {
                let well = "UPDATE destinations SET error = NULL, next_ms = NULL
                     WHERE name = ?1 AND error IS NOT NULL";
                c.prepare_cached(well)?.execute([name])?;
                return Ok(());
            }
            c.prepare_cached(
                "INSERT INTO destinations (name, error, next_ms) VALUES (?1, ?2, ?3)
                 ON CONFLICT (name) DO UPDATE SET error = ?2, next_ms = ?3",
            )?
            .execute(params![name, error, next_ms])?;
            Ok(())
        };
        self.database.call(record).await
    }

    /// Every destination that a record names, and those in `configured`.
    pub async fn destinations(
        &self,
        configured: Vec<String>,
    ) -> Result<Vec<DestinationCounts>, SpoolError> {
        let query = move |c: &Connection| {
            let mut statement = c.prepare(
                "SELECT name FROM destinations UNION SELECT DISTINCT destination FROM deliveries",
            )?;
            let named = statement.query_map([], |row| row.get::<_, String>(0))?;
            let mut names = configured;
            for name in named {
                let name = name?;
                if !names.contains(&name) {
                    names.push(name);
                }
            }
            names.into_iter().map(|name| counts(c, name)).collect()
        };
        self.database.call(query).await
    }
}

fn steered(
    c: &Connection,
    what: &str,
    name: &str,
    who: &str,
    now_ms: UnixMs,
) -> rusqlite::Result<()> {
    let event = serde_json::json!({"event": "destination-steered", "what": what,
                                   "destination": name, "who": who});
    audit::record(c, &event, now_ms)
}

fn counts(c: &Connection, name: String) -> rusqlite::Result<DestinationCounts> {
    let (paused_by, error, tried_ms) = c
        .query_row(
            "SELECT iif(paused_ms IS NULL, NULL, paused_by), error, next_ms FROM destinations
             WHERE name = ?1",
            [&name],
            |row| Ok((row.get(0)?, row.get(1)?, row.get::<_, Option<UnixMs>>(2)?)),
        )
        .optional()?
        .unwrap_or_default();
    let (uncommitted, sent, refused) = c.query_row(
        "SELECT count(*) FILTER (WHERE state = 'waiting' AND stored_ms IS NOT NULL),
                count(*) FILTER (WHERE state = 'sent'),
                count(*) FILTER (WHERE state = 'refused') FROM deliveries WHERE destination = ?1",
        [&name],
        |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)),
    )?;
    let (waiting, oldest_ms, due_ms) = c.query_row(
        &format!(
            "SELECT count(*), min(jobs.updated_ms), min(deliveries.next_ms) FROM deliveries
             JOIN jobs ON jobs.id = deliveries.job
             WHERE destination = ?1 AND deliveries.state = 'waiting' AND stored_ms IS NULL
             AND {}",
            super::ready::DELIVERABLE
        ),
        [&name],
        |row| Ok((row.get(0)?, row.get(1)?, row.get::<_, Option<UnixMs>>(2)?)),
    )?;
    let last_status = c
        .query_row(
            "SELECT status FROM deliveries WHERE destination = ?1 AND status IS NOT NULL
             AND status != 0 ORDER BY updated_ms DESC LIMIT 1",
            [&name],
            |row| row.get(0),
        )
        .optional()?;
    Ok(DestinationCounts {
        name,
        paused_by,
        waiting,
        oldest_ms,
        uncommitted,
        sent,
        refused,
        last_status,
        error,
        next_ms: tried_ms.max(due_ms),
    })
}
