//! Originals: receiving one durably, and the first step of its record.

use super::files::{self, hex};
use super::local::LocalSpool;
use super::{SpoolError, UnixMs, crash_point};
use crate::deid::hold::HoldReason;
use rusqlite::{Connection, OptionalExtension, params};
use sha2::{Digest, Sha256};
use std::collections::HashSet;
use std::fs::File;
use std::io::Write;
use std::path::PathBuf;

/// What intake knows of an object that it has received whole.
#[derive(Debug, Clone)]
pub struct NewOriginal {
    /// As received; stored only as a keyed hash.
    pub sop_instance_uid: String,
    pub sop_class_uid: String,
    pub transfer_syntax_uid: String,
    pub calling_ae: String,
    pub called_ae: String,
    pub peer: String,
}

/// What became of a received object; in every case it is durable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Accepted {
    /// Recorded, to be routed.
    New,
    /// The same object was recorded before: nothing more to do.
    Duplicate,
    /// The SOP Instance UID was recorded before with other content: recorded and marked.
    Changed,
}

/// A recorded Original.
#[derive(Debug, Clone)]
pub struct Original {
    pub id: String,
    /// Its payload.
    pub input: PathBuf,
    /// Digest of that payload as it was acknowledged.
    pub sha256: String,
    pub sop_class_uid: String,
    pub calling_ae: String,
    pub called_ae: String,
    pub peer: String,
    /// Its SOP Instance UID arrived before with other content.
    pub changed: bool,
}

/// A payload being written; dropped before `LocalSpool::accept` it leaves no trace.
pub struct IncomingFile {
    id: String,
    path: PathBuf,
    file: Option<File>,
    hasher: Sha256,
    bytes: u64,
}

impl IncomingFile {
    /// Appends bytes as they came.
    pub fn write(&mut self, bytes: &[u8]) -> Result<(), SpoolError> {
        let Some(file) = self.file.as_mut() else { return Err(SpoolError::Broken) };
        file.write_all(bytes).map_err(|e| SpoolError::file(&self.path, "cannot write", &e))?;
        self.hasher.update(bytes);
        self.bytes += bytes.len() as u64;
        Ok(())
    }

    /// Bytes written so far.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }
}

impl Drop for IncomingFile {
    fn drop(&mut self) {
        if self.file.is_some() {
            files::remove(&self.path);
        }
    }
}

impl LocalSpool {
    /// Starts a payload under a name that owes nothing to the peer.
    pub fn incoming(&self) -> Result<IncomingFile, SpoolError> {
        use std::os::unix::fs::OpenOptionsExt;
        let mut random = [0u8; 16];
        getrandom::fill(&mut random).map_err(|_| SpoolError::Broken)?;
        let id = hex(&random);
        let path = self.directories.original(&id);
        let opened = File::options().write(true).create_new(true).mode(0o600).open(&path);
        let file = opened.map_err(|e| SpoolError::file(&path, "cannot make this file", &e))?;
        Ok(IncomingFile { id, path, file: Some(file), hasher: Sha256::new(), bytes: 0 })
    }

    /// Syncs the payload and its directory, then commits the record. Only then may 0x0000 be told.
    pub async fn accept(
        &self,
        mut incoming: IncomingFile,
        original: NewOriginal,
        now_ms: UnixMs,
    ) -> Result<Accepted, SpoolError> {
        let (file, path) = (incoming.file.take(), incoming.path.clone());
        let sync = tokio::task::spawn_blocking(move || {
            let synced = file.map_or(Ok(()), |file| file.sync_all());
            synced.map_err(|e| SpoolError::file(&path, "cannot sync", &e))
        });
        let synced = sync.await.map_err(|_| SpoolError::Broken).and_then(|synced| synced);
        if let Err(error) = synced.and_then(|()| files::sync_directory(&self.directories.originals))
        {
            files::remove(&incoming.path);
            return Err(error);
        }
        crash_point("payload-synced");
        let id = incoming.id.clone();
        let sha256 = hex(&std::mem::take(&mut incoming.hasher).finalize());
        let sop_hash = self.keyed_hash(&original.sop_instance_uid);
        let bytes = incoming.bytes as i64;
        let record =
            move |c: &Connection| insert(c, &id, &original, &sha256, &sop_hash, bytes, now_ms);
        let accepted = self.database.call(record).await;
        // After an error the record may be there or not: the file stays, and the restart decides.
        if matches!(accepted, Ok(Accepted::Duplicate)) {
            files::remove(&incoming.path);
        }
        crash_point("accepted");
        self.originals_changed.notify_one();
        accepted
    }

    /// Up to `limit` Originals that are to be routed, oldest first, without those in `claimed`.
    pub async fn unrouted(
        &self,
        limit: usize,
        claimed: HashSet<String>,
    ) -> Result<Vec<Original>, SpoolError> {
        let directories = self.directories.clone();
        let query = move |c: &Connection| {
            let mut statement = c.prepare_cached(
                "SELECT id, sop_class, calling_ae, called_ae, peer, changed, sha256 FROM originals
                 WHERE state = 'received' ORDER BY received_ms, rowid LIMIT ?1",
            )?;
            let rows = statement.query_map([(limit + claimed.len()) as i64], |row| {
                let id: String = row.get(0)?;
                Ok(Original {
                    input: directories.original(&id),
                    id,
                    sop_class_uid: row.get(1)?,
                    calling_ae: row.get(2)?,
                    called_ae: row.get(3)?,
                    peer: row.get(4)?,
                    changed: row.get(5)?,
                    sha256: row.get(6)?,
                })
            })?;
            let free = rows.filter(|o| o.as_ref().map_or(true, |o| !claimed.contains(&o.id)));
            free.take(limit).collect()
        };
        self.database.call(query).await
    }
}

fn insert(
    c: &Connection,
    id: &str,
    original: &NewOriginal,
    sha256: &str,
    sop_hash: &[u8],
    bytes: i64,
    now_ms: UnixMs,
) -> rusqlite::Result<Accepted> {
    // What a person rejected, whom they excluded, or what the disk damaged, is no reason to turn the object away again.
    let known: Option<bool> = c
        .prepare_cached(
            "SELECT max(sha256 = ?2) FROM originals WHERE sop_hash = ?1 AND NOT EXISTS
             (SELECT 1 FROM jobs WHERE original = originals.id
              AND (state IN ('rejected', 'dropped') OR held_reason = ?3))
             HAVING count(*) > 0",
        )?
        .query_row(params![sop_hash, sha256, HoldReason::StorageDamaged.code()], |row| row.get(0))
        .optional()?;
    let accepted = match known {
        None => Accepted::New,
        Some(true) => return Ok(Accepted::Duplicate),
        Some(false) => Accepted::Changed,
    };
    c.prepare_cached(
        "INSERT INTO originals VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, 'received')",
    )?
    .execute(params![
        id,
        sop_hash,
        sha256,
        bytes,
        original.sop_class_uid,
        original.transfer_syntax_uid,
        original.calling_ae,
        original.called_ae,
        original.peer,
        now_ms,
        accepted == Accepted::Changed,
    ])?;
    Ok(accepted)
}
