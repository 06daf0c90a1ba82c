//! What happened, as the audit log tells it: recorded by triggers in the very transaction in which it
//! happens, so that nothing can happen without it, whoever writes: the gateway or a command.
//!
//! Invariant: an event names nobody. It has new UIDs, keyed hashes, names of the configuration, counts,
//! codes, and who among the staff decided.

use super::local::LocalSpool;
use super::{SpoolError, UnixMs};
use rusqlite::{Connection, OptionalExtension, params};

/// Events that wait to be written to the log, and the last line of it.
pub(super) const AUDIT_5: &str = "
CREATE TABLE audit_events (
    seq             INTEGER PRIMARY KEY AUTOINCREMENT,
    at_ms           INTEGER NOT NULL,
    event           TEXT NOT NULL
) STRICT;
CREATE TABLE audit_head (
    id              INTEGER PRIMARY KEY CHECK (id = 1),
    seq             INTEGER NOT NULL,
    sha256          TEXT NOT NULL,
    file            TEXT NOT NULL,
    bytes           INTEGER NOT NULL
) STRICT;

CREATE TRIGGER audit_received AFTER INSERT ON originals BEGIN
    INSERT INTO audit_events (at_ms, event) VALUES (new.received_ms, json_object(
        'event', 'received', 'original', new.id, 'sop', lower(hex(new.sop_hash)),
        'bytes', new.bytes, 'sop_class', new.sop_class, 'transfer_syntax', new.transfer_syntax,
        'calling_ae', new.calling_ae, 'called_ae', new.called_ae, 'peer', new.peer,
        'changed', json(iif(new.changed, 'true', 'false'))));
END;
CREATE TRIGGER audit_routed AFTER INSERT ON jobs BEGIN
    INSERT INTO audit_events (at_ms, event) VALUES (new.updated_ms, json_object(
        'event', iif(new.state = 'waiting', 'routed', new.state), 'job', new.id,
        'original', new.original, 'route', new.route, 'profile', new.profile,
        'profile_sha256', new.profile_digest, 'project', new.project, 'key', new.key_id,
        'reason', new.held_reason));
END;
CREATE TRIGGER audit_job AFTER UPDATE OF state ON jobs WHEN new.state != old.state BEGIN
    INSERT INTO audit_events (at_ms, event) VALUES (new.updated_ms, CASE new.state
        WHEN 'ready' THEN json_object(
            'event', 'deidentified', 'job', new.id, 'original', new.original,
            'profile', new.profile, 'profile_sha256', new.profile_digest,
            'project', new.project, 'key', new.key_id,
            'boxes', json((SELECT json_group_object(reason, n) FROM (
                SELECT CAST(json_extract(value, '$.reason') AS TEXT) AS reason, count(*) AS n
                FROM json_each(new.report, '$.redaction.boxes') GROUP BY 1))),
            'treatment', json_extract(new.report, '$.redaction.treatment'),
            'study', new.new_study, 'series', new.new_series, 'sop', new.new_sop,
            'sha256', new.result_sha256, 'bytes', new.result_bytes)
        ELSE json_object(
            'event', iif(new.state = 'waiting', 'again', new.state), 'job', new.id,
            'original', new.original, 'reason', new.held_reason)
        END);
END;
CREATE TRIGGER audit_delivery AFTER UPDATE OF state ON deliveries WHEN new.state != old.state BEGIN
    INSERT INTO audit_events (at_ms, event) SELECT new.updated_ms, json_object(
        'event', iif(new.state = 'waiting', 'delivery-again', new.state), 'job', new.job,
        'destination', new.destination, 'status', new.status,
        'committed', json(iif(new.transaction_uid IS NULL, 'false', 'true')),
        'sop', jobs.new_sop) FROM jobs WHERE jobs.id = new.job;
END;
CREATE TRIGGER audit_decision AFTER INSERT ON decisions BEGIN
    INSERT INTO audit_events (at_ms, event) VALUES (new.at_ms, json_object(
        'event', 'decision', 'job', new.job, 'who', new.who, 'what', new.what));
END;
CREATE TRIGGER audit_excluded AFTER INSERT ON excluded BEGIN
    INSERT INTO audit_events (at_ms, event) VALUES (new.at_ms, json_object(
        'event', 'patient-excluded', 'patient', lower(hex(new.patient_hash)), 'who', new.who));
END;
CREATE TRIGGER audit_included AFTER DELETE ON excluded BEGIN
    INSERT INTO audit_events (at_ms, event) VALUES (
        CAST(unixepoch('subsec') * 1000 AS INTEGER), json_object(
        'event', 'patient-included', 'patient', lower(hex(old.patient_hash))));
END;
CREATE TRIGGER audit_paused AFTER UPDATE OF paused_by ON destinations
    WHEN new.paused_by IS NOT old.paused_by BEGIN
    INSERT INTO audit_events (at_ms, event) VALUES (
        coalesce(new.paused_ms, CAST(unixepoch('subsec') * 1000 AS INTEGER)), json_object(
        'event', iif(new.paused_by IS NULL, 'destination-resumed', 'destination-paused'),
        'destination', new.name, 'who', new.paused_by));
END;
";

/// An event that is not in the log yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditEvent {
    /// Without a gap, from 1.
    pub seq: i64,
    pub at_ms: UnixMs,
    /// A JSON object.
    pub event: String,
}

/// The last line of the log.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AuditHead {
    /// 0: there is no line.
    pub seq: i64,
    /// Of the line, in hexadecimal.
    pub sha256: String,
    /// The name of its file.
    pub file: String,
    /// The length of the file with it.
    pub bytes: u64,
}

impl LocalSpool {
    /// The first events that are not in the log yet.
    pub async fn audit_events(&self, limit: usize) -> Result<Vec<AuditEvent>, SpoolError> {
        let query = move |c: &Connection| {
            let mut events = c.prepare_cached(
                "SELECT seq, at_ms, event FROM audit_events ORDER BY seq LIMIT ?1",
            )?;
            let events = events.query_map([limit as i64], |row| {
                Ok(AuditEvent { seq: row.get(0)?, at_ms: row.get(1)?, event: row.get(2)? })
            })?;
            events.collect()
        };
        self.database.call(query).await
    }

    /// The last line of the log, as it was recorded.
    pub async fn audit_head(&self) -> Result<AuditHead, SpoolError> {
        self.database.call(head).await
    }

    /// Records that the log goes as far as `head`, on disk; the events until then are forgotten here.
    pub async fn audit_written(&self, head: AuditHead) -> Result<(), SpoolError> {
        let write = move |c: &Connection| {
            let AuditHead { seq, sha256, file, bytes } = &head;
            c.execute(
                "INSERT OR REPLACE INTO audit_head VALUES (1, ?1, ?2, ?3, ?4)",
                params![seq, sha256, file, *bytes as i64],
            )?;
            c.execute("DELETE FROM audit_events WHERE seq <= ?1", [seq])?;
            Ok(())
        };
        self.database.call(write).await
    }

    /// Records something that no other record tells: a start, a stop, a reload.
    pub async fn audit(&self, event: serde_json::Value, at_ms: UnixMs) -> Result<(), SpoolError> {
        let write = move |c: &Connection| {
            c.execute(
                "INSERT INTO audit_events (at_ms, event) VALUES (?1, ?2)",
                params![at_ms, event.to_string()],
            )
            .map(|_| ())
        };
        self.database.call(write).await
    }
}

/// The payload of an Original goes: in the transaction that decides so.
pub(super) fn removed(c: &Connection, original: &str) -> rusqlite::Result<()> {
    c.prepare_cached(
        "INSERT INTO audit_events (at_ms, event)
         SELECT CAST(unixepoch('subsec') * 1000 AS INTEGER), json_object(
         'event', 'removed', 'original', id, 'sop', lower(hex(sop_hash)), 'sop_class', sop_class)
         FROM originals WHERE id = ?1",
    )?
    .execute([original])
    .map(|_| ())
}

/// Another event in the transaction of what it tells.
pub(super) fn record(
    c: &Connection,
    event: &serde_json::Value,
    at_ms: UnixMs,
) -> rusqlite::Result<()> {
    c.prepare_cached("INSERT INTO audit_events (at_ms, event) VALUES (?1, ?2)")?
        .execute(params![at_ms, event.to_string()])
        .map(|_| ())
}

fn head(c: &Connection) -> rusqlite::Result<AuditHead> {
    let found = c
        .query_row("SELECT seq, sha256, file, bytes FROM audit_head", [], |row| {
            Ok(AuditHead {
                seq: row.get(0)?,
                sha256: row.get(1)?,
                file: row.get(2)?,
                bytes: row.get::<_, i64>(3)? as u64,
            })
        })
        .optional()?;
    Ok(found.unwrap_or_default())
}
