//! Originals: receiving one durably, and the first step of its record.
//!
//! Invariants: a payload is `ID.part` until it is whole and synced, then `ID.dcm`; whatever fails
//! before its commit leaves neither, and after a commit of unknown outcome the file stays.

use super::files::{self, hex};
use super::local::{LocalSpool, keyed_hash};
use super::part10::Identity;
use super::studies::{series_hash, study_hash};
use super::{SpoolError, UnixMs, crash_point};
use crate::deid::hold::HoldReason;
use rusqlite::{Connection, OptionalExtension, params};
use sha2::{Digest, Sha256};
use std::collections::HashSet;
use std::fs::File;
use std::io::{Read, Write};
use std::path::PathBuf;

/// Of a payload that is not whole yet.
pub(super) const PART: &str = "part";
/// Our header of a payload is shorter.
const HEADER_BYTES: u64 = 16 * 1024;

/// What intake knows of an object that it has received whole.
#[derive(Debug, Clone)]
pub struct NewOriginal {
    /// As received; stored only as a keyed hash.
    pub sop_instance_uid: String,
    /// As received; stored only as a keyed hash.
    pub study_instance_uid: String,
    /// As received; stored only as a keyed hash.
    pub series_instance_uid: String,
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
        let Some(file) = self.file.as_mut() else { return Err(SpoolError::Stopped) };
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
    /// Starts a payload under a name that owes nothing to the peer, with a Part 10 header of ours.
    pub fn incoming(&self, identity: &Identity) -> Result<IncomingFile, SpoolError> {
        use std::os::unix::fs::OpenOptionsExt;
        if self.database.is_stopped() {
            return Err(SpoolError::Stopped);
        }
        let mut random = [0u8; 16];
        getrandom::fill(&mut random).map_err(|e| SpoolError::Database(e.to_string()))?;
        let id = hex(&random);
        let path = self.directories.original(&id).with_extension(PART);
        let opened = File::options().write(true).create_new(true).mode(0o600).open(&path);
        let file = opened.map_err(|e| SpoolError::file(&path, "cannot make this file", &e))?;
        let mut incoming =
            IncomingFile { id, path, file: Some(file), hasher: Sha256::new(), bytes: 0 };
        incoming.write(&identity.header())?;
        Ok(incoming)
    }

    /// Syncs the payload and its directory, then commits the record. Only then may 0x0000 be told.
    pub async fn accept(
        &self,
        mut incoming: IncomingFile,
        original: NewOriginal,
        now_ms: UnixMs,
    ) -> Result<Accepted, SpoolError> {
        let (id, bytes) = (incoming.id.clone(), incoming.bytes as i64);
        let sha256 = hex(&std::mem::take(&mut incoming.hasher).finalize());
        let payload = self.directories.original(&id);
        self.settle(incoming, payload.clone()).await?;
        crash_point("payload-synced");
        let hashes = Hashes::of(&self.hash_key, &original);
        let record =
            move |c: &Connection| insert(c, &id, &original, &hashes, &sha256, bytes, now_ms);
        let accepted = self.database.call(record).await;
        match &accepted {
            // The record may be there or not: the file stays, and the restart decides.
            Ok(Accepted::New | Accepted::Changed) | Err(SpoolError::Broken) => {}
            Ok(Accepted::Duplicate) | Err(_) => files::remove(&payload),
        }
        crash_point("accepted");
        self.originals_changed.notify_one();
        accepted
    }

    /// Makes a payload durable under its final name, or removes it.
    async fn settle(&self, incoming: IncomingFile, payload: PathBuf) -> Result<(), SpoolError> {
        let originals = self.directories.originals.clone();
        let settled = tokio::task::spawn_blocking(move || {
            let path = &incoming.path;
            let synced = incoming.file.as_ref().map_or(Ok(()), File::sync_all);
            synced.map_err(|e| SpoolError::file(path, "cannot sync", &e))?;
            std::fs::rename(path, &payload)
                .map_err(|e| SpoolError::file(path, "cannot rename", &e))?;
            files::sync_directory(&originals).inspect_err(|_| files::remove(&payload))
        });
        settled.await.map_err(|_| SpoolError::Stopped)?
    }

    /// Records a payload again whose record was lost; false if it is no payload of ours.
    pub(super) async fn adopt(&self, id: String, now_ms: UnixMs) -> Result<bool, SpoolError> {
        let payload = self.directories.original(&id);
        let path = payload.clone();
        let read = tokio::task::spawn_blocking(move || -> std::io::Result<_> {
            let mut head = Vec::new();
            File::open(&path)?.take(HEADER_BYTES).read_to_end(&mut head)?;
            let bytes = path.metadata()?.len() as i64;
            Ok((Identity::of_header(&head), bytes, files::digest(&path)?))
        });
        let unreadable = |e| SpoolError::file(&payload, "cannot read", &e);
        let (identity, bytes, sha256) =
            read.await.map_err(|_| SpoolError::Stopped)?.map_err(unreadable)?;
        let Some(identity) = identity else { return Ok(false) };
        let original = NewOriginal {
            sop_instance_uid: identity.sop_instance_uid,
            // It is known once the object is opened.
            study_instance_uid: String::new(),
            series_instance_uid: String::new(),
            sop_class_uid: uid_or_nothing(&identity.sop_class_uid),
            transfer_syntax_uid: uid_or_nothing(&identity.transfer_syntax_uid),
            calling_ae: String::new(),
            called_ae: String::new(),
            peer: String::new(),
        };
        let hashes = Hashes::of(&self.hash_key, &original);
        let record =
            move |c: &Connection| insert(c, &id, &original, &hashes, &sha256, bytes, now_ms);
        if self.database.call(record).await? == Accepted::Duplicate {
            files::remove(&payload);
        }
        Ok(true)
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

/// How the database knows an object, its study and its series.
struct Hashes {
    sop: Vec<u8>,
    /// Where it states one.
    study: Option<Vec<u8>>,
    series: Option<Vec<u8>>,
}

impl Hashes {
    fn of(key: &[u8; 32], original: &NewOriginal) -> Self {
        let (study, series) = (&original.study_instance_uid, &original.series_instance_uid);
        let known = !study.is_empty();
        Self {
            sop: keyed_hash(key, &original.sop_instance_uid),
            study: known.then(|| study_hash(key, study)),
            series: known.then(|| series_hash(key, study, series)),
        }
    }
}

/// What is recorded in clear and shown to people is a UID, whatever a command says.
pub fn uid_or_nothing(uid: &str) -> String {
    let is_uid = uid.len() <= 64 && uid.bytes().all(|b| b.is_ascii_digit() || b == b'.');
    if is_uid { uid.to_owned() } else { String::new() }
}

fn insert(
    c: &Connection,
    id: &str,
    original: &NewOriginal,
    hashes: &Hashes,
    sha256: &str,
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
        .query_row(params![hashes.sop, sha256, HoldReason::StorageDamaged.code()], |row| row.get(0))
        .optional()?;
    let accepted = match known {
        None => Accepted::New,
        Some(true) => return Ok(Accepted::Duplicate),
        Some(false) => Accepted::Changed,
    };
    c.prepare_cached(
        "INSERT INTO originals VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, 'received',
         ?12, ?13)",
    )?
    .execute(params![
        id,
        hashes.sop,
        sha256,
        bytes,
        original.sop_class_uid,
        original.transfer_syntax_uid,
        original.calling_ae,
        original.called_ae,
        original.peer,
        now_ms,
        accepted == Accepted::Changed,
        hashes.study,
        hashes.series,
    ])?;
    Ok(accepted)
}
