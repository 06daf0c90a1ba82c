//! How far the audit log was told elsewhere, and what a message tells beyond its line.

use super::local::LocalSpool;
use super::{SpoolError, files};
use rusqlite::{Connection, OptionalExtension, params};

/// The number of the last line that arrived, and why nothing does, among the facts of the spool.
const SENT: &str = "audit sent";
const TROUBLE: &str = "audit trouble";

/// How far the log was told.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AuditSending {
    /// The last line that arrived.
    pub sent: i64,
    /// Events behind it, written to the log or not.
    pub pending: i64,
    /// Why nothing arrives.
    pub trouble: Option<String>,
}

/// What a line is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AuditSubject {
    Original(String),
    Job(i64),
}

/// What the records tell of it; nothing of that is a value of an original.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AuditFacts {
    /// Keyed hashes, in hexadecimal.
    pub study_hash: Option<String>,
    pub patient_hash: Option<String>,
    /// Of the result.
    pub new_study: Option<String>,
    pub new_patient: Option<String>,
    pub sop_class: Option<String>,
}

impl LocalSpool {
    /// From here on the log is told: what was before is not, unless it was begun before.
    pub async fn begin_audit_sending(&self) -> Result<(), SpoolError> {
        let write = |c: &Connection| {
            let last = last(c)?.to_be_bytes().to_vec();
            c.execute("INSERT OR IGNORE INTO meta VALUES (?1, ?2)", params![SENT, last]).map(|_| ())
        };
        self.database.call(write).await
    }

    /// How far the log was told; none where that never began.
    pub async fn audit_sending(&self) -> Result<Option<AuditSending>, SpoolError> {
        let query = |c: &Connection| {
            let sent = meta(c, SENT)?.and_then(|bytes| bytes.try_into().ok());
            let Some(sent) = sent.map(i64::from_be_bytes) else { return Ok(None) };
            let pending = (last(c)? - sent).max(0);
            let trouble = meta(c, TROUBLE)?.and_then(|text| String::from_utf8(text).ok());
            Ok(Some(AuditSending { sent, pending, trouble }))
        };
        self.database.call(query).await
    }

    /// Every line up to this one arrived.
    pub async fn audit_sent(&self, seq: i64) -> Result<(), SpoolError> {
        let write = move |c: &Connection| {
            let sent = seq.to_be_bytes().to_vec();
            c.execute("INSERT OR REPLACE INTO meta VALUES (?1, ?2)", params![SENT, sent])
                .map(|_| ())
        };
        self.database.call(write).await
    }

    /// Why nothing arrives, in our words, or that it does.
    pub async fn note_audit_trouble(&self, trouble: Option<String>) -> Result<(), SpoolError> {
        let write = move |c: &Connection| match trouble {
            None => c.execute("DELETE FROM meta WHERE name = ?1", [TROUBLE]).map(|_| ()),
            Some(text) => c
                .execute(
                    "INSERT OR REPLACE INTO meta VALUES (?1, ?2)",
                    params![TROUBLE, text.into_bytes()],
                )
                .map(|_| ()),
        };
        self.database.call(write).await
    }

    /// What the records tell of each subject, in this order.
    pub async fn audit_facts(
        &self,
        subjects: Vec<Option<AuditSubject>>,
    ) -> Result<Vec<AuditFacts>, SpoolError> {
        let query =
            move |c: &Connection| subjects.iter().map(|one| facts(c, one.as_ref())).collect();
        self.database.call(query).await
    }
}

fn facts(c: &Connection, subject: Option<&AuditSubject>) -> rusqlite::Result<AuditFacts> {
    let hex = |hash: Option<Vec<u8>>| hash.map(|hash| files::hex(&hash));
    let found = match subject {
        None => None,
        Some(AuditSubject::Original(id)) => c
            .prepare_cached(
                "SELECT study_hash, (SELECT patient_hash FROM jobs WHERE original = originals.id
                 AND patient_hash IS NOT NULL ORDER BY id LIMIT 1) FROM originals WHERE id = ?1",
            )?
            .query_row([id], |row| {
                Ok(AuditFacts {
                    study_hash: hex(row.get(0)?),
                    patient_hash: hex(row.get(1)?),
                    ..AuditFacts::default()
                })
            })
            .optional()?,
        Some(AuditSubject::Job(id)) => c
            .prepare_cached("SELECT new_study, new_patient, sop_class FROM jobs WHERE id = ?1")?
            .query_row([id], |row| {
                Ok(AuditFacts {
                    new_study: row.get(0)?,
                    new_patient: row.get(1)?,
                    sop_class: row.get(2)?,
                    ..AuditFacts::default()
                })
            })
            .optional()?,
    };
    Ok(found.unwrap_or_default())
}

/// The number of the last event that ever was.
fn last(c: &Connection) -> rusqlite::Result<i64> {
    let sql = "SELECT seq FROM sqlite_sequence WHERE name = 'audit_events'";
    Ok(c.query_row(sql, [], |row| row.get(0)).optional()?.unwrap_or(0))
}

fn meta(c: &Connection, name: &str) -> rusqlite::Result<Option<Vec<u8>>> {
    c.query_row("SELECT value FROM meta WHERE name = ?1", [name], |row| row.get(0)).optional()
}
