//! Requests of senders to commit: durable before they are acknowledged, gone once answered.
//!
//! Invariants: the SOP Instance UIDs of a request are identifying; they are in its payload file
//! alone, which only its owner can read, and never in the database. A request is recorded only
//! after its file and directory are synced; a file without a record was never acknowledged.

use super::files::{self, hex};
use super::local::LocalSpool;
use super::{SpoolError, UnixMs};
use rusqlite::{Connection, OptionalExtension, params};
use std::io::Write;
use std::path::PathBuf;

/// Requests that are open at once; a further one is refused.
const MAX_OPEN: i64 = 10_000;

/// A request that was not answered yet.
#[derive(Debug, Clone)]
pub struct OpenCommitment {
    pub id: i64,
    pub calling_ae: String,
    /// Its data set in Explicit VR Little Endian. Identifying.
    pub payload: Vec<u8>,
    pub received_ms: UnixMs,
    pub attempts: u32,
    file: String,
}

/// Whether an object is kept by those that it was sent to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kept {
    /// Every destination has it, and committed where it was to.
    Yes,
    /// It is on its way.
    NotYet,
    /// It is held, or was rejected, dropped, or sent nowhere.
    No,
    /// No such object was received.
    Unknown,
    /// It was received as of another SOP class.
    OtherClass,
}

/// Longer than the pause between two looks at a request, or between two calls of its sender.
const LONGEST_PAUSE_MS: UnixMs = 3_600_000;

impl LocalSpool {
    /// Stores a request; false if it is open already, or too many are.
    pub async fn accept_commitment(
        &self,
        transaction_uid: &str,
        calling_ae: &str,
        payload: Vec<u8>,
        now_ms: UnixMs,
    ) -> Result<bool, SpoolError> {
        let mut random = [0u8; 16];
        getrandom::fill(&mut random).map_err(|_| SpoolError::Broken)?;
        let file = hex(&random);
        let path = self.request_file(&file);
        let written = path.clone();
        let write = tokio::task::spawn_blocking(move || write_private(&written, &payload));
        write.await.map_err(|_| SpoolError::Broken)??;
        let (uid, ae, name) = (transaction_uid.to_owned(), calling_ae.to_owned(), file);
        let record = move |c: &Connection| {
            c.execute(
                "INSERT INTO commitments (transaction_uid, calling_ae, payload, received_ms)
                 SELECT ?1, ?2, ?3, ?4 WHERE (SELECT count(*) FROM commitments) < ?5
                 AND NOT EXISTS (SELECT 1 FROM commitments
                                 WHERE transaction_uid = ?1 AND calling_ae = ?2)",
                params![uid, ae, name, now_ms, MAX_OPEN],
            )
        };
        // After an error the record may be there or not: the file stays, as that of an object does.
        let is_new = self.database.call(record).await? == 1;
        if !is_new {
            files::remove(&path);
        }
        Ok(is_new)
    }

    /// Requests that are to be looked at now.
    pub async fn open_commitments(
        &self,
        limit: usize,
        now_ms: UnixMs,
    ) -> Result<Vec<OpenCommitment>, SpoolError> {
        let query = move |c: &Connection| {
            let mut statement = c.prepare_cached(
                "SELECT id, calling_ae, payload, received_ms, attempts FROM commitments
                 WHERE next_ms NOT BETWEEN ?1 + 1 AND ?3 ORDER BY next_ms LIMIT ?2",
            )?;
            // Further away than any pause: the clock was set back since.
            let latest_ms = now_ms + LONGEST_PAUSE_MS;
            let rows = statement.query_map(params![now_ms, limit as i64, latest_ms], |row| {
                Ok(OpenCommitment {
                    id: row.get(0)?,
                    calling_ae: row.get(1)?,
                    payload: Vec::new(),
                    file: row.get(2)?,
                    received_ms: row.get(3)?,
                    attempts: row.get(4)?,
                })
            })?;
            rows.collect::<rusqlite::Result<Vec<_>>>()
        };
        let mut readable = Vec::new();
        for mut open in self.database.call(query).await? {
            match tokio::fs::read(self.request_file(&open.file)).await {
                Ok(payload) => {
                    open.payload = payload;
                    readable.push(open);
                }
                Err(error) => {
                    tracing::error!(kind = ?error.kind(), "a request to commit cannot be read: dropped");
                    self.end_commitment(&open).await?;
                }
            }
        }
        Ok(readable)
    }

    /// Whether each of these objects, by SOP Instance and SOP Class UID as received, is kept.
    pub async fn are_kept(&self, objects: Vec<(String, String)>) -> Result<Vec<Kept>, SpoolError> {
        let hashed: Vec<_> =
            objects.into_iter().map(|(uid, class)| (self.keyed_hash(&uid), class)).collect();
        let query = move |c: &Connection| {
            hashed.iter().map(|(hash, class)| is_kept(c, hash, class)).collect()
        };
        self.database.call(query).await
    }

    /// It is looked at again at `next_ms`; `tried` if its sender was called in vain.
    pub async fn look_at_commitment(
        &self,
        id: i64,
        tried: bool,
        next_ms: UnixMs,
    ) -> Result<(), SpoolError> {
        let record = move |c: &Connection| {
            c.prepare_cached(
                "UPDATE commitments SET attempts = attempts + ?2, next_ms = ?3 WHERE id = ?1",
            )?
            .execute(params![id, tried, next_ms])?;
            Ok(())
        };
        self.database.call(record).await
    }

    /// Its sender was told: the request goes, and then its file.
    pub async fn end_commitment(&self, open: &OpenCommitment) -> Result<(), SpoolError> {
        let id = open.id;
        let record = move |c: &Connection| {
            c.execute("DELETE FROM commitments WHERE id = ?1", [id])?;
            Ok(())
        };
        self.database.call(record).await?;
        files::remove(&self.request_file(&open.file));
        Ok(())
    }

    /// Removes the files of requests that were never recorded.
    pub async fn reconcile_commitments(&self) -> Result<(), SpoolError> {
        let query = |c: &Connection| {
            let mut statement = c.prepare("SELECT payload FROM commitments")?;
            let names = statement.query_map([], |row| row.get::<_, String>(0))?;
            names.collect::<rusqlite::Result<Vec<_>>>()
        };
        let known = self.database.call(query).await?;
        let directory = self.request_file("");
        let Some(directory) = directory.parent() else { return Ok(()) };
        let Ok(entries) = std::fs::read_dir(directory) else { return Ok(()) };
        for path in entries.flatten().map(|entry| entry.path()) {
            let stem = path.file_stem().map(|stem| stem.to_string_lossy().into_owned());
            if stem.is_none_or(|stem| !known.contains(&stem)) {
                files::remove(&path);
            }
        }
        Ok(())
    }

    fn request_file(&self, name: &str) -> PathBuf {
        let directory = self.directories.originals.with_file_name("commitments");
        directory.join(format!("{name}.request"))
    }
}

fn write_private(path: &std::path::Path, bytes: &[u8]) -> Result<(), SpoolError> {
    use std::os::unix::fs::OpenOptionsExt;
    let directory = path.parent().unwrap_or(path);
    if !directory.exists() {
        files::private_directory(directory)?;
        files::sync_directory(directory.parent().unwrap_or(directory))?;
    }
    let opened = std::fs::File::options().write(true).create_new(true).mode(0o600).open(path);
    let written = opened.and_then(|mut file| file.write_all(bytes).and_then(|()| file.sync_all()));
    if let Err(error) = written {
        files::remove(path);
        return Err(SpoolError::file(path, "cannot write", &error));
    }
    files::sync_directory(directory)
}

fn is_kept(c: &Connection, hash: &[u8], class: &str) -> rusqlite::Result<Kept> {
    let is_held = "SELECT 1 FROM jobs JOIN originals ON originals.id = jobs.original
                   WHERE sop_hash = ?1 AND jobs.state = 'held'";
    let is_open = "SELECT 1 FROM originals WHERE sop_hash = ?1 AND state != 'ended'";
    // The latest is what the sender has, and a clock does not say which that is. Sent nowhere is
    // not kept.
    let latest = c
        .prepare_cached(
            "SELECT sop_class,
                    EXISTS (SELECT 1 FROM jobs WHERE original = originals.id)
                    AND NOT EXISTS (SELECT 1 FROM jobs WHERE original = originals.id
                        AND (state != 'ended'
                             OR NOT EXISTS (SELECT 1 FROM deliveries WHERE job = jobs.id)
                             OR EXISTS (SELECT 1 FROM deliveries
                                        WHERE job = jobs.id AND state != 'sent')))
             FROM originals WHERE sop_hash = ?1 ORDER BY rowid DESC LIMIT 1",
        )?
        .query_row([hash], |row| Ok((row.get::<_, String>(0)?, row.get::<_, bool>(1)?)))
        .optional()?;
    Ok(match latest {
        None => Kept::Unknown,
        Some((found, _)) if found != class => Kept::OtherClass,
        Some(_) if c.prepare_cached(is_held)?.exists([hash])? => Kept::No,
        Some(_) if c.prepare_cached(is_open)?.exists([hash])? => Kept::NotYet,
        Some((_, true)) => Kept::Yes,
        Some((_, false)) => Kept::No,
    })
}
